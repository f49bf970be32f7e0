package operate

import (
	"context"
	"errors"
	"slices"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// Eraser takes forgotten contacts out of the store.
type Eraser struct {
	Queue     *queue.Queue
	Sources   map[string]watermark.Source
	Publisher *stored.Publisher
	Tombs     *stored.Tombs
}

// Erase takes a forgotten contact out of the store: what waits to be fetched of it, the dead letters that name it or
// hold its id, its rating and its record. Its tombstone stands already, and is kept beside the store from now on. The
// record goes last: while it is there, a part that failed is done again.
func (e *Eraser) Erase(ctx context.Context, part int, key queue.Key) error {
	if err := e.Queue.Contacts.Keep(part, e.Tombs.Put(key)); err != nil {
		return err
	}
	if err := e.eraseWaiting(ctx, key); err != nil {
		return err
	}
	if err := errors.Join(stored.StrikeBreaker(ctx, e.Queue, key), stored.StrikeActs(ctx, e.Queue, key)); err != nil {
		return err
	}
	err := stored.ChangeRemovals(ctx, e.Queue, key.Source, func(list []stored.Removal) []stored.Removal {
		return slices.DeleteFunc(list, func(r stored.Removal) bool { return r.Contact == key.Contact })
	})
	if err != nil {
		return err
	}
	if _, _, err = e.eraseLetters(ctx, key, traceOf(e.Sources[key.Source], key.Contact)); err != nil {
		return err
	}
	return e.Queue.Contacts.Purge(ctx, part, key)
}

// eraseWaiting takes out what waits to be fetched of a contact. What others wait for too waits on without it.
func (e *Eraser) eraseWaiting(ctx context.Context, key queue.Key) error {
	s, ok := e.Sources[key.Source]
	if !ok {
		return nil // without the source there is no stream of it
	}
	var gone []queue.FetchRef
	out := e.Publisher.Output(key.Source)
	err := waitingFor(ctx, e.Queue, s, key.Contact, func(m queue.FetchMsg, ref crm.Ref, done bool) error {
		gone = append(gone, queue.FetchRef{Type: m.Type, ID: m.ID})
		if rest, left := watermark.Without(s, ref, key.Contact); left && !done {
			out.Add(crm.Notice{Ref: &rest})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := out.Publish(ctx); err != nil {
		return err
	}
	return e.Queue.Fetches.Purge(ctx, key.Source, gone...)
}

// waitingFor calls fn with every reference that names a contact. One that cannot be decoded, which
// nothing waits for any more, names those whose ids stand in it.
func waitingFor(
	ctx context.Context, q *queue.Queue, s watermark.Source, contact string, fn func(m queue.FetchMsg, ref crm.Ref, done bool) error,
) error {
	return q.Fetches.Each(ctx, s.Name, func(m queue.FetchMsg, done bool) error {
		ref, err := stored.Decode[crm.Ref](m.Data)
		if err != nil {
			if t := traceOf(s, contact); t.in(m.Data) || t.in([]byte(m.ID)) {
				return fn(m, crm.Ref{}, true)
			}
			return nil
		}
		if watermark.OfPerson(s, ref, contact) || slices.Contains(watermark.Named(s, []crm.Notice{{Ref: &ref}}), contact) {
			return fn(m, ref, done)
		}
		return nil
	})
}

// keepForOthers puts a letter of a record that could not be fetched in once more without the contact that is erased,
// where others wait for it too.
func (e *Eraser) keepForOthers(ctx context.Context, d queue.DeadLetter, contact string) error {
	if !watermark.Strike(e.Sources[d.Source], &d, contact) {
		return nil
	}
	_, err := e.Queue.DeadLetters.Bury(ctx, d, "")
	return err
}
