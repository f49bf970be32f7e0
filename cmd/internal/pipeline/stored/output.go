package stored

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/tracing"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// Publisher makes outputs.
type Publisher struct {
	q   *queue.Queue
	now func() time.Time
}

// NewPublisher returns a Publisher; now is the domain clock.
func NewPublisher(q *queue.Queue, now func() time.Time) *Publisher { return &Publisher{q, now} }

// Output gathers what a stage has to say and publishes it, a message a partition.
type Output struct {
	p      *Publisher
	source string
	facts  map[int][]crm.Fact
	Refs   map[string]crm.Ref
	gone   []crm.Removal
	Count  int

	trail  tracing.Trail            // of what is added just now
	ofFact map[int]tracing.Trail    // by partition
	ofRef  map[string]tracing.Trail // as Refs

	came   crm.Millis         // see Came
	cameOf map[int]crm.Millis // by partition
}

// Output returns what a stage is to say of a source; it is empty as yet.
func (p *Publisher) Output(source string) *Output {
	return &Output{
		p: p, source: source, facts: map[int][]crm.Fact{}, Refs: map[string]crm.Ref{},
		ofFact: map[int]tracing.Trail{}, ofRef: map[string]tracing.Trail{},
		cameOf: map[int]crm.Millis{},
	}
}

// Follow sets the traces of everything that is added from now on.
func (o *Output) Follow(trail tracing.Trail) { o.trail = trail }

// Came sets when the webhook came that told of the facts that are added from now on; 0: none did.
func (o *Output) Came(at crm.Millis) { o.came = at }

// Add adds what a notice says. References of one record become one.
func (o *Output) Add(n crm.Notice) {
	switch {
	case n.Fact != nil && n.Fact.Contact != "":
		o.AddFact(*n.Fact)
	case n.Ref != nil:
		key := n.Ref.Type + "/" + n.Ref.ID
		if n.Ref.Noticed == 0 {
			n.Ref.Noticed = crm.At(o.p.now())
		}
		if old, ok := o.Refs[key]; ok {
			n.Ref.Contacts, n.Ref.Left = append(n.Ref.Contacts, old.Contacts...), append(n.Ref.Left, old.Left...)
			n.Ref.AsOf, n.Ref.Changed = max(n.Ref.AsOf, old.AsOf), max(n.Ref.Changed, old.Changed)
			n.Ref.Heard = n.Ref.Heard && old.Heard
			n.Ref.Noticed = min(n.Ref.Noticed, old.Noticed)
		}
		o.Refs[key] = *n.Ref
		if len(o.trail) > 0 {
			o.ofRef[key] = o.ofRef[key].With(o.trail)
		}
	case n.Removed != nil:
		o.gone = append(o.gone, *n.Removed)
	}
}

// AddFact adds a fact.
func (o *Output) AddFact(f crm.Fact) {
	part := o.p.q.PartitionOf(o.source, f.Contact)
	o.facts[part] = append(o.facts[part], f)
	if len(o.trail) > 0 {
		o.ofFact[part] = o.ofFact[part].With(o.trail)
	}
	o.cameOf[part] = Earlier(o.cameOf[part], o.came)
	o.Count++
}

// Publish returns when everything is durable. Facts first: a fact twice is no harm, a reference lost would be.
func (o *Output) Publish(ctx context.Context) error {
	var bundles []queue.Bundle
	for part, facts := range o.facts {
		for _, data := range packed(o.p.q, Bundle{Source: o.source, Facts: facts, Came: o.cameOf[part]}) {
			bundles = append(bundles, queue.Bundle{Partition: part, Data: data, Header: o.ofFact[part].In(nil)})
		}
	}
	if len(bundles) > 0 {
		if err := o.p.q.Facts.Publish(ctx, bundles); err != nil {
			return fmt.Errorf("publish facts: %w", err)
		}
	}
	if len(o.gone) > 0 {
		if err := noteRemovals(ctx, o.p.q, o.source, o.gone); err != nil {
			return fmt.Errorf("note what is gone: %w", err)
		}
	}
	if len(o.Refs) == 0 {
		return nil
	}
	fetches := make([]queue.FetchMsg, 0, len(o.Refs))
	for key, ref := range o.Refs {
		m := ToFetch(o.source, ref)
		m.Header = o.ofRef[key].In(nil)
		fetches = append(fetches, m)
	}
	if err := o.p.q.Fetches.Publish(ctx, fetches, SinceEarlier); err != nil {
		return fmt.Errorf("publish fetches: %w", err)
	}
	return nil
}

// ToFetch is the message of a reference. Of several of one record the latest replaces those that wait, so one that
// says more than which record it is, as that a contact has no longer to do with it, is a message of its own: what
// comes after it may not say so again.
func ToFetch(source string, ref crm.Ref) queue.FetchMsg {
	m := queue.FetchMsg{Source: source, Type: ref.Type, ID: ref.ID, Data: Encode(ref)}
	if said := (crm.Ref{Contacts: ref.Contacts, Left: ref.Left, AsOf: ref.AsOf}); len(said.Contacts)+len(said.Left) > 0 || said.AsOf != 0 {
		sum := sha256.Sum256(Encode(said))
		m.ID += "~" + hex.EncodeToString(sum[:8])
	}
	return m
}

// SinceEarlier is the latest reference of a record in the place of an earlier one that may not have been fetched: the
// record has been unread since that one, and is fetched as soon as either would be.
func SinceEarlier(earlier, latest []byte) []byte {
	was, err1 := Decode[crm.Ref](earlier)
	ref, err2 := Decode[crm.Ref](latest)
	if err1 != nil || err2 != nil {
		return latest
	}
	if was.Noticed != 0 {
		ref.Noticed = min(ref.Noticed, was.Noticed)
	}
	ref.Changed, ref.Heard = max(ref.Changed, was.Changed), ref.Heard && was.Heard
	return Encode(ref)
}

// packed encodes facts as bundles none of which is larger than a message may be, nor of more facts than a commit takes.
func packed(q *queue.Queue, b Bundle) [][]byte {
	data := Encode(b)
	if len(b.Facts) <= 1 || (len(data) <= q.MaxBundle() && len(b.Facts) <= StepFacts(q)) {
		return [][]byte{data}
	}
	first, rest := b, b
	half := len(b.Facts) / 2
	first.Facts, rest.Facts = b.Facts[:half], b.Facts[half:]
	return append(packed(q, first), packed(q, rest)...)
}

// StepFacts is RateFacts, or less where the server takes smaller batches: a contact may need three messages.
func StepFacts(q *queue.Queue) int { return min(timing.RateFacts, q.Contacts.MaxBatch()/4) }
