package operate

import (
	"context"
	"fmt"
	"slices"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/queue"
)

// Eraser takes forgotten contacts out of the store.
type Eraser struct {
	Queue   *queue.Queue
	Sources map[string]watermark.Source
}

// Erase takes a forgotten contact out of the store: what waits to be fetched of it, the dead letters that name it, its rating and its
// record. Its tombstone stands already. The record goes last: while it is there, a part that failed is done again.
func (e *Eraser) Erase(ctx context.Context, part int, key queue.Key) error {
	s := e.Sources[key.Source]
	if ref, ok := s.CRM.ProfileRef(key.Contact); ok {
		if err := e.Queue.Fetches.Purge(ctx, key.Source, queue.FetchRef{Type: ref.Type, ID: ref.ID}); err != nil {
			return err
		}
	}
	err := stored.ChangeRemovals(ctx, e.Queue, key.Source, func(list []stored.Removal) []stored.Removal {
		return slices.DeleteFunc(list, func(r stored.Removal) bool { return r.Contact == key.Contact })
	})
	if err != nil {
		return err
	}
	err = lettersOf(ctx, e.Queue, key, func(d queue.DeadLetter) error {
		if err := e.keepForOthers(ctx, d, key.Contact); err != nil {
			return fmt.Errorf("dead letter %d: %w", d.Seq, err)
		}
		return e.Queue.DeadLetters.Discard(ctx, d.Seq)
	})
	if err != nil {
		return err
	}
	return e.Queue.Contacts.Purge(ctx, part, key)
}

// keepForOthers puts a letter of a record that could not be fetched in once more without the contact that is erased, where others wait
// for it too.
func (e *Eraser) keepForOthers(ctx context.Context, d queue.DeadLetter, contact string) error {
	if !watermark.Strike(e.Sources[d.Source], &d, contact) {
		return nil
	}
	_, err := e.Queue.DeadLetters.Bury(ctx, d, "")
	return err
}
