package operate

import (
	"context"
	"slices"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// Forget has a contact erased everywhere: its owner executes it in the order of its facts, so nothing that is under
// way brings it back.
func (p *Operate) Forget(ctx context.Context, ref crm.ContactRef) error {
	at := crm.At(p.Now())
	f := crm.Fact{Contact: ref.Contact, ID: "forget", Version: int64(at), Kind: crm.KindForget, At: at}
	return p.Queue.Facts.Publish(ctx, []queue.Bundle{{
		Partition: p.Queue.PartitionOf(ref.Source, ref.Contact), Data: stored.Encode(stored.Bundle{
			Source: ref.Source, Facts: []crm.Fact{f},
		}),
	}})
}

// Knows reports whether anything is kept of a contact that Forget would erase, or has erased before: a record, a dead
// letter or a waiting reference that names it, or its tombstone.
func (p *Operate) Knows(ctx context.Context, ref crm.ContactRef) (bool, error) {
	key := queue.Key{Source: ref.Source, Contact: ref.Contact}
	found, err := p.Queue.Contacts.Load(ctx, p.Queue.PartitionOf(ref.Source, ref.Contact),
		[]queue.Key{key, p.Tombs.Of(key)})
	if err != nil || len(found) > 0 {
		return err == nil, err
	}
	named := false
	trace := traceOf(p.Sources[ref.Source], ref.Contact)
	err = p.Queue.DeadLetters.Each(ctx, 0, "", ref.Source, func(d queue.DeadLetter) error {
		named = named || slices.Contains(d.Contacts, ref.Contact) || trace.inLetter(&d)
		return nil
	})
	if err != nil || named {
		return named, err
	}
	return p.awaited(ctx, key)
}

// awaited reports whether something waits to be fetched that names a contact.
func (p *Operate) awaited(ctx context.Context, key queue.Key) (found bool, err error) {
	if s, ok := p.Sources[key.Source]; ok {
		err = waitingFor(ctx, p.Queue, s, key.Contact, func(queue.FetchMsg, crm.Ref, bool) error {
			found = true
			return nil
		})
	}
	return found, err
}

// Forgotten reports whether nothing of a contact is left: no record, and nothing that waits to be fetched. What came
// to wait after the record had gone, because it was on its way, is taken out now.
func (p *Operate) Forgotten(ctx context.Context, ref crm.ContactRef) (bool, error) {
	part, key := p.Queue.PartitionOf(ref.Source, ref.Contact), queue.Key{Source: ref.Source, Contact: ref.Contact}
	found, err := p.Queue.Contacts.Load(ctx, part, []queue.Key{key, p.Tombs.Of(key)})
	_, left := found[key]
	_, entombed := found[p.Tombs.Of(key)]
	if err != nil || left || !entombed {
		return false, err
	}
	waits, err := p.awaited(ctx, key)
	if waits {
		err = p.Eraser.eraseWaiting(ctx, key)
	}
	return !waits, err
}
