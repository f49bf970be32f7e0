package exchange

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/tracing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// fetch completes references over the vendor's API, as many calls of a type at once as the vendor allows. It runs
// only where the source's lease is held.
func (x *Exchange) fetch(ctx context.Context) error {
	fetches := x.Queue.Fetches.Consumer(x.s.Name)
	defer fetches.Close()
	f := &fetcher{Exchange: x, lanes: map[string]chan struct{}{}}
	defer f.calls.Wait()
	for ctx.Err() == nil {
		if !x.Troubles.RoomFor(ctx, x.Queue.Facts) {
			continue
		}
		most := timing.FetchMost - int(f.waits.Load())
		if most < timing.FetchMost/2 || f.queued() {
			timing.Sleep(ctx, timing.FetchTurn)
			continue
		}
		patience := timing.Together
		if f.under.Load() > 0 {
			patience = timing.Patience
		}
		msgs, err := fetches.Gather(ctx, most, 1<<20, time.Time{}, patience)
		if err != nil {
			return timing.IgnoreDone(ctx, fmt.Errorf("fetch %s: %w", x.s.Name, err))
		}
		for _, batch := range byType(msgs, x.s.CRM.Fetch, x.recent) {
			f.start(ctx, batch)
		}
	}
	return nil
}

// fetcher has several batches of one source in flight.
type fetcher struct {
	*Exchange
	lanes map[string]chan struct{} // by type, with room for the calls that the vendor allows at once
	calls sync.WaitGroup
	waits atomic.Int64 // references that there is no room for yet
	under atomic.Int64 // batches that wait or are under way

	mu    sync.Mutex
	pause time.Time // the CRM is left alone until then
}

// queued says whether another batch would only wait behind those under way. What it would hold gathers in the store
// meanwhile, and comes with fewer calls.
func (f *fetcher) queued() bool {
	return f.s.CRM.Budget != nil && f.under.Load() > 0 && f.s.CRM.Budget.Queued()
}

// start has a batch fetched once there is room for a call of its type.
func (f *fetcher) start(ctx context.Context, batch []wanted) {
	typ := batch[0].ref.Type
	lane, ok := f.lanes[typ]
	if !ok {
		lane = make(chan struct{}, max(f.s.CRM.Fetch.FetchLimits(typ).Calls, 1))
		f.lanes[typ] = lane
	}
	f.waits.Add(int64(len(batch)))
	f.under.Add(1)
	letGo := queue.Hold(msgsOf(batch)) // a call may have to wait for the budget longer than a message is in hand
	f.calls.Go(func() {
		defer letGo()
		defer f.under.Add(-1)
		select {
		case lane <- struct{}{}:
			defer func() { <-lane }()
		case <-ctx.Done():
		}
		f.waits.Add(-int64(len(batch)))
		if f.rest(ctx); ctx.Err() != nil { // the grace is for what has begun
			for _, w := range batch {
				_ = w.msg.Nak(0) // whoever fetches next need not wait for it
			}
			return
		}
		hold, cancel := timing.Finish(ctx, f.Grace)
		defer cancel()
		f.leaveAlone(f.fetchBatch(hold, batch))
	})
}

// leaveAlone begins no call for d.
func (f *fetcher) leaveAlone(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if until := time.Now().Add(d); d > 0 && until.After(f.pause) {
		f.pause = until
	}
}

// rest returns when the CRM is left alone no more.
func (f *fetcher) rest(ctx context.Context) {
	for ctx.Err() == nil {
		f.mu.Lock()
		wait := time.Until(f.pause)
		f.mu.Unlock()
		if wait <= 0 {
			return
		}
		timing.Sleep(ctx, wait)
	}
}

// wanted is one reference and the message that stands for it.
type wanted struct {
	ref   crm.Ref
	msg   *queue.Msg
	trail tracing.Trail // by its newest call
}

// record is its name among the records that fail by themselves.
func (w wanted) record() string { return w.ref.Type + "/" + w.ref.ID }

// byType groups messages into batches of one type, none larger than the vendor takes. Types go by turns, so that none
// starves.
func byType(msgs []*queue.Msg, c connectors.Fetcher, lately *recent) [][]wanted {
	groups := map[string][]wanted{}
	var types []string
	for _, m := range msgs {
		ref, err := stored.Decode[crm.Ref](m.Data)
		if err != nil {
			_ = m.Term() // only our own encoding is ever put here: bytes that are not cannot be repaired by waiting
			continue
		}
		if wait := lately.wait(ref, time.Now()); wait > 0 {
			_ = m.Nak(wait) // without it the message comes again after the consumer's wait
			continue
		}
		if _, ok := groups[ref.Type]; !ok {
			types = append(types, ref.Type)
		}
		groups[ref.Type] = append(groups[ref.Type], wanted{ref: ref, msg: m})
	}
	var batches [][]wanted
	for len(types) > 0 {
		for _, t := range slices.Clone(types) {
			n := min(max(c.FetchLimits(t).Batch, 1), len(groups[t]))
			batches = append(batches, groups[t][:n])
			if groups[t] = groups[t][n:]; len(groups[t]) == 0 {
				types = slices.DeleteFunc(types, func(x string) bool { return x == t })
			}
		}
	}
	return batches
}

// fetchBatch fetches one batch, in parts where one of it is at fault, and returns how long to leave the CRM alone.
func (x *Exchange) fetchBatch(ctx context.Context, batch []wanted) (wait time.Duration) {
	byTurns([][]wanted{batch}, func(part []wanted) [][]wanted {
		pause, parts := x.fetchOnce(ctx, part)
		wait = max(wait, pause)
		return parts
	})
	return wait
}

// fetchOnce makes one call for a batch. What came is published and acknowledged; what failed is disposed of, each by
// itself where the vendor tells them apart. It returns the parts that are to be tried again at once.
func (x *Exchange) fetchOnce(ctx context.Context, batch []wanted) (pause time.Duration, parts [][]wanted) {
	refs := refsOf(batch)
	steps := make(tracing.Steps, len(batch))
	for i, w := range batch {
		steps[i] = x.Tracer.Call(tracing.Of(w.msg.Header), "fetch", x.s.Name)
	}
	began := time.Now()
	results := x.fetchRefs(ctx, refs)
	x.Calls.Done(x.s.Name, watermark.StageFetch, began, endOf(results), steps.Any())
	var fetched, together []wanted
	var notices [][]crm.Notice
	var err error
	for i, r := range results {
		batch[i].trail = steps[i].Trail()
		steps[i].End(watermark.ResultOf(r.Err), attribute.String("winnow.type", batch[i].ref.Type))
		e, ok := errors.AsType[*connectors.Error](r.Err)
		switch {
		case r.Err == nil:
			x.recent.note(refs[i], began)
			fetched, notices = append(fetched, batch[i]), append(notices, r.Notices)
		case ok && e.Whole:
			together, err = append(together, batch[i]), r.Err
		default:
			wait, _ := x.unfetched(ctx, batch[i:i+1], r.Err)
			pause = max(pause, wait)
		}
	}
	if len(fetched) > 0 {
		wait, again := x.fetchedAll(ctx, fetched, notices)
		pause, parts = max(pause, wait), append(parts, again...)
	}
	if len(together) > 0 {
		wait, again := x.unfetched(ctx, together, err)
		pause, parts = max(pause, wait), append(parts, again...)
	}
	return pause, parts
}

func msgsOf(batch []wanted) []*queue.Msg {
	msgs := make([]*queue.Msg, len(batch))
	for i, w := range batch {
		msgs[i] = w.msg
	}
	return msgs
}

func refsOf(batch []wanted) []crm.Ref {
	refs := make([]crm.Ref, len(batch))
	for i, w := range batch {
		refs[i] = w.ref
	}
	return refs
}

// fetchedAll publishes what came of a batch and acknowledges it.
func (x *Exchange) fetchedAll(
	ctx context.Context, batch []wanted, notices [][]crm.Notice,
) (pause time.Duration, parts [][]wanted) {
	refs, trials, what := refsOf(batch), x.trials, watermark.StageFetch+" "+batch[0].ref.Type
	trials.works(what)
	trials.gave(refs[0])
	x.Troubles.Well(ctx, x.s, what)
	err := x.give(ctx, batch, notices)
	if errors.Is(err, queue.ErrTooLarge) { // which it will be again; else no record is at fault
		return x.unfetched(ctx, batch, err)
	}
	if err != nil {
		x.Troubles.Warns("store "+x.s.Name, "records not stored, they come again", err, zap.String("source", x.s.Name), zap.Int("records", len(batch)))
		for _, w := range batch {
			_ = w.msg.Nak(timing.StoreAgain)
		}
		return timing.StoreAgain, nil
	}
	x.Metrics.fetch(x.s.Name, refs[0].Type, nil, len(batch))
	for _, w := range batch {
		trials.over(w.record())
		_ = w.msg.Ack() // an acknowledgement that gets lost brings the reference again: one call more, no harm
	}
	return 0, nil
}

// unfetched disposes of a batch that failed together, or says into which parts it is to be split.
func (x *Exchange) unfetched(ctx context.Context, batch []wanted, err error) (pause time.Duration, parts [][]wanted) {
	refs, trials, what := refsOf(batch), x.trials, watermark.StageFetch+" "+batch[0].ref.Type
	records := make([]string, len(batch))
	for i, w := range batch {
		records[i] = w.record()
	}
	x.Metrics.fetch(x.s.Name, refs[0].Type, err, len(batch))
	record := zap.String("record", refs[0].Type+"/"+x.Tombs.Plain(refs[0].ID))
	d := x.fetchDisposal(ctx, err, what, batch[0].msg.Deliveries, refs, records...)
	switch {
	case d.split && len(batch) > 1:
		return 0, halves(batch)
	case d.again > 0:
		if d.split {
			x.Troubles.AilsOne(x.s, what, "fetch put off", err, record, d.again)
		} else {
			x.Troubles.Ails(ctx, x.s, what, "fetch put off", err, zap.String("type", refs[0].Type), zap.Int("records", len(refs)), zap.Duration("wait", d.again))
			x.Troubles.Again(x.s, what, d.again)
		}
		for _, w := range batch {
			_ = w.msg.Nak(d.again)
		}
		return d.pause, nil
	case d.drop:
		trials.over(records[0])
		_ = batch[0].msg.Ack()
	default:
		contacts, all, later := x.concerned(ctx, refs[0])
		if later != nil { // whom it holds is found out once the CRM answers; until then the record counts as unread
			if d := x.fetchDisposal(ctx, later, what, batch[0].msg.Deliveries, refs, whom+records[0]); d.again > 0 {
				x.Troubles.AilsOne(x.s, what+" "+whom, "cannot tell whom a record concerns that is not given", later, record, d.again)
				_ = batch[0].msg.Nak(d.again)
				return d.pause, nil
			}
		}
		letter := queue.DeadLetter{Stage: watermark.StageFetch, Contacts: contacts, Nobody: all && len(contacts) == 0, Keep: true, Payload: batch[0].msg.Data}
		if err := x.buryUnread(ctx, batch[0].msg, letter, err, record); err != nil {
			_ = batch[0].msg.Nak(timing.StoreAgain)
			return timing.StoreAgain, nil
		}
		trials.over(records[0])
		_ = batch[0].msg.Ack()
	}
	return 0, nil
}

// came is when the webhook came that told of the record; 0: none did.
func (w wanted) came() crm.Millis {
	if !w.ref.Heard {
		return 0
	}
	return w.ref.Noticed
}

// give publishes what the CRM gave for each of a batch.
func (x *Exchange) give(ctx context.Context, batch []wanted, given [][]crm.Notice) error {
	depth, noticed := 0, batch[0].ref.Noticed
	for _, w := range batch {
		depth, noticed = max(depth, w.ref.Depth), min(noticed, w.ref.Noticed)
	}
	out := x.Publisher.Output(x.s.Name)
	for i, notices := range given {
		out.Follow(batch[i].trail)
		out.Came(batch[i].came())
		for _, n := range notices {
			if n.Ref != nil {
				if n.Ref.Depth = depth + 1; n.Ref.Depth > timing.MaxDepth {
					continue
				}
				n.Ref.Noticed = noticed // what was heard of is not read before all that follows from it is
			}
			out.Add(n)
		}
	}
	return out.Publish(ctx)
}

// fetchDisposal is what becomes of references that were not fetched. Where it is in doubt whether the CRM fails at
// one of them or at all of their type, it is asked for another. What it gives then is kept: it may be news, and a
// connector may remember what it has read.
func (x *Exchange) fetchDisposal(ctx context.Context, err error, what string, deliveries int, refs []crm.Ref, records ...string) disposal {
	return x.trials.judge(err, what, deliveries, func() bool {
		other := wanted{ref: x.trials.another(refs)}
		got := x.fetchRefs(ctx, []crm.Ref{other.ref})[0]
		return got.Err == nil && x.give(ctx, []wanted{other}, [][]crm.Notice{got.Notices}) == nil
	}, records...)
}

// buryUnread keeps the letter of a record that could not be fetched, without those it names who were forgotten
// meanwhile: nothing may be kept of them.
func (x *Exchange) buryUnread(ctx context.Context, m *queue.Msg, letter queue.DeadLetter, reason error, record zap.Field) error {
	for _, contact := range letter.Contacts {
		gone, err := x.Tombs.Entombed(ctx, queue.Key{Source: x.s.Name, Contact: contact})
		if err != nil {
			return err
		}
		if gone && !watermark.Strike(x.s, &letter, contact) {
			return nil
		}
	}
	return x.Letters.Bury(ctx, x.s, fmt.Sprintf("%s.%d", m.Stream, m.Seq), letter, reason, record)
}

func (x *Exchange) fetchRefs(ctx context.Context, refs []crm.Ref) (results []connectors.Result) {
	fault := func(what string) []connectors.Result {
		return connectors.Together(len(refs), nil, &connectors.Error{Vendor: x.s.Vendor, Op: "fetch", Kind: connectors.Internal, Err: errors.New(what)})
	}
	defer func() {
		if r := recover(); r != nil {
			results = fault(fmt.Sprintf("panic: %T", r))
		}
	}()
	if results = x.s.CRM.Fetch.Fetch(ctx, refs); len(results) != len(refs) {
		return fault(fmt.Sprintf("%d results for %d references", len(results), len(refs)))
	}
	return results
}

// endOf is the error of a call: none where it was answered for a single record.
func endOf(results []connectors.Result) (err error) {
	for _, r := range results {
		if r.Err == nil {
			return nil
		}
		err = r.Err
	}
	return err
}
