package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// removals are the records of one source that are gone, as long as something of them may turn up.
type removals struct {
	List []removal `cbor:"1,keyasint,omitempty"`
}

type removal struct {
	crm.Removal
	Swept crm.Millis `cbor:"4,keyasint,omitempty"` // when the first sweep that looked for it began; 0: none has
}

// due reports whether a sweep has to look for something at now.
func (l removals) due(now time.Time) bool {
	return slices.ContainsFunc(l.List, func(r removal) bool { return r.Swept == 0 || r.over(now) })
}

// over reports whether the sweep that begins at now is the last one to look for r.
func (r removal) over(now time.Time) bool {
	return r.Swept != 0 && now.Sub(r.Swept.Time()) >= SweepAgain
}

// changeRemovals replaces a source's list by what change makes of it.
func changeRemovals(ctx context.Context, q *queue.Queue, source string, change func([]removal) []removal) error {
	for {
		old, rev, err := removedState(source).get(ctx, q)
		if err != nil {
			return err
		}
		list := change(slices.Clone(old.List))
		if len(list) > MaxRemovals { // what was looked for once gives way
			list = slices.DeleteFunc(list, func(r removal) bool { return r.Swept != 0 })
		}
		switch {
		case slices.Equal(list, old.List):
			return nil
		case len(list) > MaxRemovals && len(list) > len(old.List):
			return &connectors.Error{Op: "retract", Kind: connectors.Unavailable, Err: fmt.Errorf("%d deleted records wait to be taken back: no more until they are", len(old.List))}
		}
		if err := removedState(source).put(ctx, q, removals{list}, rev); !errors.Is(err, queue.ErrConflict) {
			return err
		}
	}
}

// noteRemovals puts records that are gone on their source's list.
func noteRemovals(ctx context.Context, q *queue.Queue, source string, gone []crm.Removal) error {
	return changeRemovals(ctx, q, source, func(list []removal) []removal {
		for _, r := range gone {
			i := slices.IndexFunc(list, func(o removal) bool { return o.ID == r.ID && o.Contact == r.Contact })
			if i < 0 {
				list = append(list, removal{Removal: r})
			} else if r.Version > list[i].Version {
				list[i] = removal{Removal: r}
			}
		}
		return list
	})
}
