package exchange

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/tracing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// writer brings the ratings of one source to the CRM. The queue keeps the latest rating of each contact, so however
// long the CRM is away, what waits is never more than one message a contact.
type writer struct {
	*Exchange
	valid func() bool // the lease

	mu      sync.Mutex
	waiting map[string]*parcel // the newest of each contact
	order   []string           // contacts in the order in which they came
	flying  map[string]bool    // contacts in a call: no other call may name them
	pause   time.Time          // the CRM is left alone until then
	wake    chan struct{}      // capacity 1: something changed
	since   time.Time          // when the first of those that wait came
	began   time.Time          // when the last batch was taken
	taken   int                // batches under way
	held    int                // announcements in calls, which the breaker does not know yet
}

// parcel is one rating on its way to the CRM.
type parcel struct {
	msg  *queue.Msg
	key  queue.Key
	out  stored.Outgoing
	held bool // its announcement is in the writer's held
}

// record is its name among the records that fail by themselves.
func (c *parcel) record() string { return "rating/" + c.key.Contact }

func (x *Exchange) write(ctx context.Context, valid func() bool) error {
	w := &writer{Exchange: x, valid: valid, waiting: map[string]*parcel{}, flying: map[string]bool{}, wake: make(chan struct{}, 1)}
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range x.Queue.Ratings.Consumers(x.s.Name) {
		g.Go(func() error { return w.pull(ctx, c) })
	}
	for range w.calls() {
		g.Go(func() error { return w.work(ctx) })
	}
	err := g.Wait()
	for _, c := range w.waiting {
		_ = c.msg.Nak(0) // whoever writes next need not wait for them to come back by themselves
	}
	return err
}

// pull takes ratings in while there is room and the CRM is not being left alone.
func (w *writer) pull(ctx context.Context, c *queue.Consumer) error {
	defer c.Close()
	most := w.most()
	for ctx.Err() == nil {
		if wait := w.full(most * w.calls() * 2); wait > 0 {
			timing.Sleep(ctx, wait)
			continue
		}
		msgs, err := c.Fetch(ctx, 2*most, 0, timing.PullWait)
		if err != nil {
			return timing.IgnoreDone(ctx, fmt.Errorf("ratings of %s: %w", w.s.Name, err))
		}
		for _, m := range msgs {
			w.take(m)
		}
		w.nudge()
	}
	return nil
}

// full is how long not to pull: something is waiting long enough, or the CRM is left alone.
func (w *writer) full(most int) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if wait := time.Until(w.pause); wait > 0 {
		return min(wait, time.Second)
	}
	if len(w.order) >= most {
		return 5 * time.Millisecond
	}
	return 0
}

// most is how many ratings are worth gathering.
func (w *writer) most() int { return max(w.s.CRM.Write.WriteLimits().Batch, 1) }

// calls is how many batches may be in flight together; the budget decides how fast they go.
func (w *writer) calls() int { return max(w.s.CRM.Write.WriteLimits().Calls, 1) }

func (w *writer) take(m *queue.Msg) {
	key, err := queue.RatingKey(m.Subject)
	if err != nil {
		_ = m.Term() // only our own subjects are ever put here
		return
	}
	out, err := stored.Decode[stored.Outgoing](m.Data)
	if err != nil {
		_ = m.Term() // only our own encoding is ever put here
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if wait := time.Until(w.pause); wait > 0 {
		_ = m.Nak(wait) // it may be superseded before the pause is over
		return
	}
	old, ok := w.waiting[key.Contact]
	if ok && old.msg.Seq > m.Seq {
		return // superseded on its way; the queue has dropped it
	}
	if !ok {
		if len(w.order) == 0 {
			w.since = time.Now()
		}
		w.order = append(w.order, key.Contact)
	}
	w.waiting[key.Contact] = &parcel{msg: m, key: key, out: out}
}

func (w *writer) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// work writes batch after batch.
func (w *writer) work(ctx context.Context) error {
	for ctx.Err() == nil {
		batch, wait := w.next()
		if len(batch) == 0 {
			select {
			case <-ctx.Done():
			case <-w.wake:
			case <-time.After(wait):
			}
			continue
		}
		w.nudge() // there may be enough for another
		hold, cancel := timing.Finish(ctx, w.Grace)
		err := w.deliver(hold, batch)
		cancel()
		w.landed(batch)
		if err != nil {
			w.Troubles.Warns("settle "+w.s.Name, "ratings not settled, they come again", err, zap.String("source", w.s.Name))
		}
	}
	return nil
}

// next takes a batch of contacts that no call names, nothing while the CRM is left alone. A full one goes at once, and
// so does what comes while nothing is written; else one that is not full goes when more is no longer worth waiting for.
// Without a batch it returns when to ask again.
func (w *writer) next() ([]*parcel, time.Duration) {
	const idle = 50 * time.Millisecond
	if !w.valid() {
		return nil, idle
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if now.Before(w.pause) || len(w.order) == 0 {
		return nil, idle
	}
	var batch []*parcel
	var rest []string
	for _, contact := range w.order {
		if len(batch) == w.most() || w.flying[contact] {
			rest = append(rest, contact)
			continue
		}
		batch = append(batch, w.waiting[contact])
	}
	if wait := w.ripe().Sub(now); len(batch) < w.most() && wait > 0 {
		return nil, wait
	}
	if len(batch) == 0 {
		return nil, idle
	}
	for _, c := range batch {
		w.flying[c.key.Contact] = true
		delete(w.waiting, c.key.Contact)
	}
	w.order, w.since, w.began = rest, now, now
	w.taken++
	return batch, 0
}

// ripe is when a batch goes that is not full.
func (w *writer) ripe() time.Time {
	if w.taken > 0 {
		return w.since.Add(timing.WriteAgain)
	}
	if at := w.began.Add(timing.WriteLinger); at.After(w.since.Add(timing.Together)) {
		return at
	}
	return w.since.Add(timing.Together)
}

func (w *writer) landed(batch []*parcel) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range batch {
		delete(w.flying, c.key.Contact)
	}
	w.taken--
	w.nudge()
}

// deliver writes a batch and settles each of its messages.
func (w *writer) deliver(ctx context.Context, batch []*parcel) error {
	if batch = w.void(ctx, batch); len(batch) == 0 {
		return nil
	}
	batch, err := w.announceable(ctx, batch)
	if err != nil || len(batch) == 0 {
		return err
	}
	defer w.release(batch)
	if w.s.Mode == watermark.Shadow {
		return w.settle(ctx, batch, make([]error, len(batch)))
	}
	return w.send(ctx, batch)
}

// void settles the parcels that have nothing to write, of contacts that were deleted or merged, and returns the others.
// They have replaced what waited for the same contact. A call for a merged contact that was under way may have reached
// the winner, so the winner's newest rating is written once more.
func (w *writer) void(ctx context.Context, batch []*parcel) []*parcel {
	rest := batch[:0:0]
	for _, c := range batch {
		if len(c.out.Values) > 0 {
			rest = append(rest, c)
			continue
		}
		if into := c.out.Into; into != "" {
			if err := w.again(ctx, into); err != nil {
				w.Log.Warn("the winner's rating was not put out again, it is tried once more", zap.String("source", w.s.Name), zap.Error(err))
				_ = c.msg.Nak(timing.StoreAgain) // without it the message comes again after the consumer's wait
				continue
			}
		}
		_ = c.msg.Ack() // one that gets lost brings the message again, to the same end
	}
	return rest
}

// again has the newest rating of a contact written once more, where there is one.
func (w *writer) again(ctx context.Context, contact string) error {
	return w.Queue.Ratings.Touch(ctx, w.Queue.PartitionOf(w.s.Name, contact), queue.Key{Source: w.s.Name, Contact: contact})
}

// send makes the calls of batch, and more where the CRM refuses all of a call because of one.
func (w *writer) send(ctx context.Context, batch []*parcel) error {
	var failed []error
	byTurns(w.split(batch), func(part []*parcel) [][]*parcel {
		parts, err := w.sendOnce(ctx, part)
		failed = append(failed, err)
		return parts
	})
	return errors.Join(failed...)
}

// split divides a batch into the vendor's calls. Each change that the connector leaves out, or every change where it
// panics, gets a call of its own.
func (w *writer) split(batch []*parcel) (parts [][]*parcel) {
	left := make(map[string]*parcel, len(batch))
	for _, c := range batch {
		left[c.key.Contact] = c
	}
	for _, call := range w.divided(changesOf(batch)) {
		var part []*parcel
		for _, ch := range call {
			if c, ok := left[ch.Contact]; ok {
				part = append(part, c)
				delete(left, ch.Contact)
			}
		}
		if len(part) > 0 {
			parts = append(parts, part)
		}
	}
	for _, c := range left {
		parts = append(parts, []*parcel{c})
	}
	return parts
}

func (w *writer) divided(changes []crm.Change) (calls [][]crm.Change) {
	defer func() {
		if recover() != nil {
			calls = nil // Write meets the fault again, with one change, and it is named
		}
	}()
	return w.s.CRM.Write.Split(changes)
}

func changesOf(batch []*parcel) []crm.Change {
	changes := make([]crm.Change, len(batch))
	for i, c := range batch {
		changes[i] = crm.Change{Contact: c.key.Contact, Values: c.out.Values}
	}
	return changes
}

// sendOnce makes one call of batch and settles it, but for the parts that are still to be sent.
func (w *writer) sendOnce(ctx context.Context, batch []*parcel) (parts [][]*parcel, _ error) {
	if !w.valid() {
		return nil, errors.New("the source's lease has ended")
	}
	steps := make(tracing.Steps, len(batch))
	for i, c := range batch {
		steps[i] = w.Tracer.Call(tracing.Of(c.msg.Header), "write", w.s.Name)
	}
	began := time.Now()
	errs, trials := w.call(ctx, changesOf(batch)), w.trials
	var end error // none where a single rating was taken
	if !slices.Contains(errs, nil) {
		end = errs[0]
	}
	w.Calls.Done(w.s.Name, watermark.StageWrite, began, end, steps.Any())
	for i, err := range errs {
		steps[i].End(watermark.ResultOf(err))
	}
	if slices.Contains(errs, nil) {
		trials.works(watermark.StageWrite)
		w.Troubles.Well(ctx, w.s, watermark.StageWrite)
	}
	if !w.valid() {
		// The call may have landed after another process wrote a newer rating: have the newest written once more.
		for _, c := range batch {
			if err := w.Queue.Ratings.Touch(ctx, w.Queue.PartitionOf(w.s.Name, c.key.Contact), c.key); err != nil {
				return nil, fmt.Errorf("put a rating out again: %w", err)
			}
		}
		return nil, errors.New("the source's lease ended during the call")
	}
	if !whole(errs) || len(batch) == 1 {
		return nil, w.settle(ctx, batch, errs)
	}
	var probed error
	rest := batch
	d := trials.judge(errs[0], watermark.StageWrite, batch[0].msg.Deliveries, func() bool { // where any is written alone, the CRM is well
		i, before := rand.IntN(len(batch)), trials.answers(watermark.StageWrite)
		batch[0], batch[i] = batch[i], batch[0]
		_, probed = w.sendOnce(ctx, batch[:1])
		rest = batch[1:]
		return trials.answers(watermark.StageWrite) > before
	}, recordsOf(batch...)...)
	if d.split && len(rest) > 1 { // one of them is at fault: find it
		return halves(rest), probed
	}
	return nil, errors.Join(probed, w.settle(ctx, rest, errs[:len(rest)]))
}

// recordsOf are the names of ratings among the records that fail by themselves.
func recordsOf(batch ...*parcel) []string {
	records := make([]string, len(batch))
	for i, c := range batch {
		records[i] = c.record()
	}
	return records
}

func (w *writer) call(ctx context.Context, changes []crm.Change) (errs []error) {
	fault := func(what string) []error {
		err := &connectors.Error{Vendor: w.s.Vendor, Op: "write", Whole: true, Err: errors.New(what)}
		return slices.Repeat([]error{err}, len(changes))
	}
	defer func() {
		if r := recover(); r != nil {
			errs = fault(fmt.Sprintf("panic: %T", r))
		}
	}()
	if errs = w.s.CRM.Write.Write(ctx, changes); len(errs) != len(changes) {
		return fault(fmt.Sprintf("%d results for %d changes", len(errs), len(changes)))
	}
	return errs
}

func whole(errs []error) bool {
	e, ok := errors.AsType[*connectors.Error](errs[0])
	return ok && e.Whole
}

// settle publishes the decisions that the CRM now shows, acknowledges what was written and disposes of the rest.
func (w *writer) settle(ctx context.Context, batch []*parcel, errs []error) error {
	out := w.Publisher.Output(w.s.Name)
	at := crm.At(w.Now())
	var shown []*parcel
	for i, c := range batch {
		if into := connectors.IntoOf(errs[i]); into != "" {
			// The call may have written this rating to the winner. The profile of that one tells of the merge, if
			// nothing else did yet.
			if ref, ok := w.s.CRM.ProfileRef(into); ok {
				out.Add(crm.Notice{Ref: &ref})
			}
		}
		if d := c.out.Decide; connectors.WroteOurs(errs[i]) && d != nil {
			if c.out.Announces() {
				shown = append(shown, c)
			}
			w.Metrics.decide(w.s.Name, d)
			out.Add(crm.Notice{Fact: &crm.Fact{
				Contact: c.key.Contact, ID: "decision/" + string(d.Status) + "/" + strconv.FormatInt(int64(at), 10),
				Version: int64(at), Kind: crm.KindDecision, At: at, Decision: d,
			}})
		}
	}
	if err := errors.Join(out.Publish(ctx), w.announced(ctx, shown)); err != nil {
		w.againAll(batch, timing.StoreAgain)
		return err
	}
	var failed []error
	for i, c := range batch {
		w.Metrics.wrote(w.s.Name, c.out.Came, w.Now(), errs[i])
		if err := w.dispose(ctx, c, errs[i]); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func (w *writer) dispose(ctx context.Context, c *parcel, err error) error {
	if into := connectors.IntoOf(err); into != "" {
		if again := w.again(ctx, into); again != nil {
			return errors.Join(again, c.msg.Nak(timing.StoreAgain))
		}
		err = nil
	}
	if connectors.WroteOurs(err) {
		if err != nil {
			w.Troubles.Warns("native "+w.s.Name, "the CRM's own status was refused, the rating is written", err, zap.String("source", w.s.Name))
		}
		w.trials.over(c.record())
		return c.msg.Ack()
	}
	d := w.trials.disposal(err, watermark.StageWrite, c.msg.Deliveries, c.record())
	if d.rest > 0 {
		w.Troubles.Ails(ctx, w.s, watermark.StageWrite, "the CRM is left alone for a while", err, zap.Duration("pause", d.rest))
		w.Troubles.Again(w.s, watermark.StageWrite, d.rest)
		w.rest(d.rest)
		return c.msg.Nak(min(d.again, max(d.rest, time.Second))) // all of them are back when the pause is over
	}
	if d.again > 0 {
		w.Troubles.AilsOne(w.s, watermark.StageWrite, "write put off", err, zap.String("contact", w.Tombs.Plain(c.key.Contact)), d.again)
		return c.msg.Nak(d.again)
	}
	defer w.trials.over(c.record())
	if gone, err := w.Tombs.Entombed(ctx, c.key); err == nil && gone {
		return c.msg.Ack() // it was forgotten meanwhile: nothing may be kept of it
	}
	// Parked with its reason, as where it is rejected, or gone. The next change of this contact's rating is tried again
	// by itself.
	letter := queue.DeadLetter{Stage: watermark.StageWrite, Contacts: []string{c.key.Contact}, Payload: stored.Encode(c.key)}
	if err := w.Letters.Bury(ctx, w.s, fmt.Sprintf("%s.%d", c.msg.Stream, c.msg.Seq), letter, err); err != nil {
		return errors.Join(err, c.msg.Nak(timing.StoreAgain))
	}
	return c.msg.Ack()
}

// rest leaves the CRM alone for d.
func (w *writer) rest(d time.Duration) {
	if d <= 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if until := time.Now().Add(d); until.After(w.pause) {
		w.pause = until
		// What waits here is given back: when the pause is over the queue knows what has been superseded meanwhile, and
		// we would not.
		for _, c := range w.waiting {
			_ = c.msg.Nak(d) // without it the message comes again after the consumer's wait
		}
		clear(w.waiting)
		w.order = w.order[:0]
	}
}

func (w *writer) againAll(batch []*parcel, delay time.Duration) {
	for _, c := range batch {
		_ = c.msg.Nak(delay)
	}
}
