package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// ErrUnknownContact says that nothing is known of a contact.
var ErrUnknownContact = errors.New("nothing is known of this contact")

// Explanation is what explain shows: the rating as it would be now, and what the CRM was last told.
type Explanation struct {
	Source   string
	Contact  string
	MergedTo string `json:",omitempty"`
	rules.Explanation
	Written  map[crm.Field]string // as last put out for the CRM
	ReadUpTo crm.Millis           // how far the source has been read
}

// Explain rates a contact now and says how the rating comes about. Nothing is changed.
func (p *Pipeline) Explain(ctx context.Context, ref crm.ContactRef) (Explanation, error) {
	key := queue.Key{Source: ref.Source, Contact: ref.Contact}
	part := p.q.PartitionOf(ref.Source, ref.Contact)
	found, err := p.q.Load(ctx, part, []queue.Key{key})
	if err != nil {
		return Explanation{}, err
	}
	r, ok := found[key]
	if !ok {
		if strings.Contains(ref.Contact, "@") {
			return Explanation{}, fmt.Errorf("%s: %w; want the id of its record, which stands at the end of its address in the CRM", ref.Source, ErrUnknownContact)
		}
		return Explanation{}, fmt.Errorf("%s: %w", ref, ErrUnknownContact)
	}
	c, err := decode[contact](r.Data)
	if err != nil {
		return Explanation{}, err
	}
	e := Explanation{Source: ref.Source, Contact: ref.Contact, MergedTo: c.Redirect, Written: c.Values}
	if c.Redirect != "" {
		return e, nil
	}
	if err := p.horizon.refresh(ctx); err != nil {
		return e, err
	}
	at := p.instant(p.horizon.sight(), key, p.now(), &c)
	e.ReadUpTo = crm.At(at.Read)
	e.Explanation = rules.Explain(p.rules, p.visible(&c.Record), at)
	return e, nil
}

// SourceState is how one source stands, as people see it.
type SourceState struct {
	Name, Vendor       string
	ReadUpTo           time.Time
	Read, Fetch, Write uint64         // what waits at each stage
	Rated              map[string]int // contacts by letter
	Flagged, Overdue   int
	Held               string // backfill, breaker: why nothing is announced
}

// State tells how every source stands, by name.
func (p *Pipeline) State(ctx context.Context) ([]SourceState, error) {
	if err := p.horizon.refresh(ctx); err != nil {
		return nil, err
	}
	sum, err := p.totals(ctx)
	if err != nil {
		return nil, err
	}
	var list []SourceState
	for _, name := range slices.Sorted(maps.Keys(p.sources)) {
		v := p.horizon.of(name)
		s := SourceState{
			Name: name, Vendor: string(p.sources[name].Vendor), ReadUpTo: v.read, Held: v.hold,
			Rated: sum.Rated[name], Flagged: sum.Flagged[name], Overdue: sum.Overdue[name],
		}
		for stream, n := range map[string]*uint64{queue.Deliveries: &s.Read, queue.Fetches: &s.Fetch, queue.Contacts: &s.Write} {
			if *n, err = p.q.Waiting(ctx, stream, name); err != nil {
				return nil, err
			}
		}
		list = append(list, s)
	}
	return list, nil
}

// Resend puts a dead letter back where it came from and takes it off the list.
func (p *Pipeline) Resend(ctx context.Context, seq uint64) error {
	d, err := p.q.DeadLetter(ctx, seq)
	if err != nil {
		return err
	}
	switch d.Stage {
	case stageRead:
		err = p.q.PublishDelivery(ctx, d.Source, encode([]delivery{{Received: crm.At(p.now()), Body: d.Payload}}), nil)
	case stageFetch:
		ref, e := decode[crm.Ref](d.Payload)
		if e != nil {
			return e
		}
		err = p.q.PublishFetches(ctx, []queue.FetchMsg{toFetch(d.Source, ref)}, sinceEarlier)
	case stageWrite, stageRate:
		key, e := decode[queue.Key](d.Payload)
		if e != nil {
			return e
		}
		if d.Stage == stageWrite {
			err = p.q.TouchRating(ctx, p.q.PartitionOf(key.Source, key.Contact), key)
		} else { // no facts are needed: any bundle that names the contact has it rated again
			err = p.q.PublishBundles(ctx, []queue.Bundle{{Partition: p.q.PartitionOf(key.Source, key.Contact), Data: encode(bundle{
				Source: key.Source, Facts: []crm.Fact{{Contact: key.Contact, ID: "again", Kind: crm.KindLasting, Lasting: &crm.Lasting{}}},
			})}})
		}
	default:
		return fmt.Errorf("dead letter %d is of stage %q, which nothing can be sent to", seq, d.Stage)
	}
	if err != nil {
		return fmt.Errorf("send dead letter %d again: %w", seq, err)
	}
	return p.q.DiscardDeadLetter(ctx, seq)
}

// Idle returns once nothing is left to do at the pipeline's present instant: all that was received is read, fetched, rated and
// written, and neither a poll nor anybody is due. It is for those who move the clock themselves, in the process that does everything.
// Where the CRM is away on purpose, but names stages that are not waited for: fetch, and with it the poll, and write.
func (p *Pipeline) Idle(ctx context.Context, but ...string) error {
	return p.quiet(ctx, p.now, 2*time.Millisecond, but)
}

// Drained is Idle for a clock that runs: it returns once nothing is left to do of what was there, or due, when it was called.
func (p *Pipeline) Drained(ctx context.Context) error {
	called := p.now()
	return p.quiet(ctx, func() time.Time { return called }, 10*time.Millisecond, nil)
}

// quiet waits until no stage has anything to do at the instant at, looking every pause.
func (p *Pipeline) quiet(ctx context.Context, at func() time.Time, pause time.Duration, but []string) error {
	// When nothing is left to do the sources are looked at once more: that they have been read further may leave somebody to be rated.
	var last time.Time
	for {
		rated := !last.IsZero() && p.ratedAsOf(last)
		busy, err := p.busy(ctx, at(), but)
		switch {
		case err != nil:
			return err
		case busy != "":
			last = time.Time{}
		case rated:
			return nil
		case last.IsZero():
			if err := p.horizon.refresh(ctx); err != nil {
				return err
			}
			last = p.horizon.sight().looked()
		}
		if ctx.Err() != nil {
			return fmt.Errorf("still busy: %s: %w", busy, ctx.Err())
		}
		sleep(ctx, pause)
	}
}

// ratedAsOf reports whether all partitions have nothing left to rate as of a look at the sources.
func (p *Pipeline) ratedAsOf(look time.Time) bool {
	for part := range p.q.Partitions() {
		if o := p.owners.of(part); o == nil || !o.done.Load().rated(look) {
			return false
		}
	}
	return true
}

// busy names a stage that has something to do at an instant, "" if none has.
func (p *Pipeline) busy(ctx context.Context, at time.Time, but []string) (string, error) {
	if !p.ratedAsOf(at) { // asks nobody, so that waiting takes little from the work
		return stageRate, nil
	}
	for name := range p.sources {
		if n, err := p.q.Waiting(ctx, queue.Deliveries, name); err != nil || n > 0 {
			return stageRead, err
		}
		if !slices.Contains(but, stageFetch) {
			if next := p.polls[name]; next != nil && next.due(at) {
				return "poll", nil
			}
			if n, err := p.q.Waiting(ctx, queue.Fetches, name); err != nil || n > 0 {
				return stageFetch, err
			}
		}
		if l, _, err := getState[removals](ctx, p.q, removalsOf(name)); err != nil || l.due(at) {
			return "retract", err
		}
		if v := p.horizon.of(name); v.now.Before(at) {
			return "horizon", nil
		}
	}
	for part := range p.q.Partitions() {
		o := p.owners.of(part)
		if o == nil {
			return "partitions", nil
		}
		last, err := p.q.LastFact(ctx, part)
		if err != nil {
			return "", err
		}
		if done := o.done.Load(); !done.rated(at) || done.facts < last {
			return stageRate, nil
		}
	}
	for name := range p.sources {
		if slices.Contains(but, stageWrite) {
			break
		}
		if n, err := p.q.Waiting(ctx, queue.Contacts, name); err != nil || n > 0 {
			return stageWrite, err
		}
	}
	return "", nil
}
