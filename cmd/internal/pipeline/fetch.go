package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

const (
	// maxDepth bounds what one notice can set off: contact, deal, the deal's other contacts, their messages.
	maxDepth = 5
	// fetchSlow is how long a record waits whose kind is refused for want of a scope or a valid token.
	fetchSlow = time.Minute
)

// fetch completes references over the vendor's API. It runs only where the source's lease is held.
func (p *Pipeline) fetch(ctx context.Context, s Source) error {
	fetches := p.q.FetchConsumer(s.Name)
	defer fetches.Close()
	for ctx.Err() == nil {
		if !p.roomFor(ctx, queue.Facts) {
			continue
		}
		msgs, err := pull(ctx, fetches, 4*s.CRM.Fetch.MaxFetch(), 1<<20, patience)
		if err != nil {
			return ignoreDone(ctx, fmt.Errorf("fetch %s: %w", s.Name, err))
		}
		for _, batch := range byType(msgs, s.CRM.Fetch.MaxFetch()) {
			if ctx.Err() != nil { // the grace is for what has begun
				for _, w := range batch {
					_ = w.msg.Nak(0) // whoever fetches next need not wait for it
				}
				continue
			}
			hold, cancel := p.finish(ctx)
			wait := p.fetchBatch(hold, s, batch)
			cancel()
			sleep(ctx, wait)
		}
	}
	return nil
}

// wanted is one reference and the message that stands for it.
type wanted struct {
	ref crm.Ref
	msg *queue.Msg
}

// byType groups messages into batches of one type, none larger than most. Types go by turns, so that none starves.
func byType(msgs []*queue.Msg, most int) [][]wanted {
	groups := map[string][]wanted{}
	var types []string
	for _, m := range msgs {
		ref, err := decode[crm.Ref](m.Data)
		if err != nil {
			_ = m.Term() // only our own encoding is ever put here: bytes that are not cannot be repaired by waiting
			continue
		}
		if _, ok := groups[ref.Type]; !ok {
			types = append(types, ref.Type)
		}
		groups[ref.Type] = append(groups[ref.Type], wanted{ref, m})
	}
	var batches [][]wanted
	for len(types) > 0 {
		for _, t := range slices.Clone(types) {
			n := min(most, len(groups[t]))
			batches = append(batches, groups[t][:n])
			if groups[t] = groups[t][n:]; len(groups[t]) == 0 {
				types = slices.DeleteFunc(types, func(x string) bool { return x == t })
			}
		}
	}
	return batches
}

// fetchBatch fetches one batch, in parts where one of it is at fault, and returns how long to leave the CRM alone. The parts go by turns:
// halves that work come between those that fail, or the CRM would be taken for away.
func (p *Pipeline) fetchBatch(ctx context.Context, s Source, batch []wanted) (wait time.Duration) {
	for todo := [][]wanted{batch}; len(todo) > 0; todo = todo[1:] {
		pause, split := p.fetchOnce(ctx, s, todo[0])
		wait = max(wait, pause)
		if half := len(todo[0]) / 2; split {
			todo = append(todo, todo[0][:half], todo[0][half:])
		}
	}
	return wait
}

// fetchOnce makes one call for a batch, publishes what came and acknowledges, or disposes of the failure; or says that the batch is to be
// split.
func (p *Pipeline) fetchOnce(ctx context.Context, s Source, batch []wanted) (pause time.Duration, split bool) {
	refs, records, trials := make([]crm.Ref, len(batch)), make([]string, len(batch)), p.trials[s.Name]
	what := stageFetch + " " + batch[0].ref.Type
	for i, w := range batch {
		refs[i], records[i] = w.ref, w.ref.Type+"/"+w.ref.ID
	}
	notices, err := p.fetchRefs(ctx, s, refs)
	if err == nil {
		trials.works(what)
		trials.gave(refs[0])
		p.well(ctx, s, what)
		if err = p.give(ctx, s, refs, notices); err != nil && !errors.Is(err, queue.ErrTooLarge) { // which it will be again; else no record is at fault
			p.warns("store "+s.Name, "records not stored, they come again", err, zap.String("source", s.Name), zap.Int("records", len(batch)))
			for _, w := range batch {
				_ = w.msg.Nak(time.Second)
			}
			return time.Second, false
		}
	}
	p.metrics.fetch(s.Name, refs[0].Type, err, len(batch))
	if err == nil {
		for i, w := range batch {
			trials.over(records[i])
			_ = w.msg.Ack() // an acknowledgement that gets lost brings the reference again: one call more, no harm
		}
		return 0, false
	}
	record := zap.String("record", refs[0].Type+"/"+p.plain(refs[0].ID))
	d := p.fetchDisposal(ctx, s, err, what, batch[0].msg.Deliveries, refs, records...)
	switch {
	case d.split && len(batch) > 1:
		return 0, true
	case d.again > 0:
		if d.split {
			p.ailsOne(s, what, "fetch put off", err, record, d.again)
		} else {
			p.ails(ctx, s, what, "fetch put off", err, zap.String("type", refs[0].Type), zap.Int("records", len(refs)), zap.Duration("wait", d.again))
		}
		for _, w := range batch {
			_ = w.msg.Nak(d.again)
		}
		return d.pause, false
	case d.drop:
		trials.over(records[0])
		_ = batch[0].msg.Ack()
	default:
		contacts, all, later := p.concerned(ctx, s, refs[0])
		if later != nil { // whom it holds is found out once the CRM answers; until then the record counts as unread
			if d := p.fetchDisposal(ctx, s, later, what, batch[0].msg.Deliveries, refs, whom+records[0]); d.again > 0 {
				p.ailsOne(s, what+" "+whom, "cannot tell whom a record concerns that is not given", later, record, d.again)
				_ = batch[0].msg.Nak(d.again)
				return d.pause, false
			}
		}
		letter := queue.DeadLetter{Stage: stageFetch, Contacts: contacts, Nobody: all && len(contacts) == 0, Keep: true, Payload: batch[0].msg.Data}
		if err := p.buryUnread(ctx, s, batch[0].msg, letter, err, record); err != nil {
			_ = batch[0].msg.Nak(time.Second)
			return time.Second, false
		}
		trials.over(records[0])
		_ = batch[0].msg.Ack()
	}
	return 0, false
}

// give publishes what the CRM gave for refs.
func (p *Pipeline) give(ctx context.Context, s Source, refs []crm.Ref, notices []crm.Notice) error {
	depth, noticed := 0, refs[0].Noticed
	for _, r := range refs {
		depth, noticed = max(depth, r.Depth), min(noticed, r.Noticed)
	}
	out := p.newOutput(s)
	for _, n := range notices {
		if n.Ref != nil {
			if n.Ref.Depth = depth + 1; n.Ref.Depth > maxDepth {
				continue
			}
			n.Ref.Noticed = noticed // what was heard of is not read before all that follows from it is
		}
		out.add(n)
	}
	return out.publish(ctx)
}

// fetchDisposal is what becomes of references that were not fetched. Where it is in doubt whether the CRM fails at one of them or at all of
// their type, it is asked for another. What it gives then is kept: it may be news, and a connector may remember what it has read.
func (p *Pipeline) fetchDisposal(ctx context.Context, s Source, err error, what string, deliveries int, refs []crm.Ref, records ...string) disposal {
	trials := p.trials[s.Name]
	d := trials.disposal(err, what, deliveries, records...)
	if !d.doubt {
		return d
	}
	other := []crm.Ref{trials.another(refs)}
	notices, failed := p.fetchRefs(ctx, s, other)
	if failed == nil {
		failed = p.give(ctx, s, other, notices)
	}
	if failed != nil {
		return d
	}
	trials.works(what)
	return trials.disposal(err, what, deliveries, records...)
}

// buryUnread keeps the letter of a record that could not be fetched, without those it names who were forgotten meanwhile: nothing may be
// kept of them.
func (p *Pipeline) buryUnread(ctx context.Context, s Source, m *queue.Msg, letter queue.DeadLetter, reason error, record zap.Field) error {
	for _, contact := range letter.Contacts {
		gone, err := p.entombed(ctx, queue.Key{Source: s.Name, Contact: contact})
		if err != nil {
			return err
		}
		if gone && !strike(&letter, contact) {
			return nil
		}
	}
	return p.bury(ctx, s, fmt.Sprintf("%s.%d", m.Stream, m.Seq), letter, reason, record)
}

func (p *Pipeline) fetchRefs(ctx context.Context, s Source, refs []crm.Ref) (notices []crm.Notice, err error) {
	defer func() {
		if r := recover(); r != nil {
			notices, err = nil, &connectors.Error{Vendor: s.Vendor, Op: "fetch", Kind: connectors.Internal, Err: fmt.Errorf("panic: %T", r)}
		}
	}()
	return s.CRM.Fetch.Fetch(ctx, refs)
}
