package stored

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// Removals lists the records of one source that are gone, for as long as facts of them may still arrive.
type Removals struct {
	List []Removal `cbor:"1,keyasint,omitempty"`
}

// Removal is one record that is gone.
type Removal struct {
	crm.Removal
	Swept crm.Millis `cbor:"4,keyasint,omitempty"` // when the first sweep that looked for it began; 0: none has
}

// Due reports whether a sweep has to look for something at now.
func (l Removals) Due(now time.Time) bool {
	return slices.ContainsFunc(l.List, func(r Removal) bool { return r.Swept == 0 || r.Over(now) })
}

// Over reports whether the sweep that begins at now is the last one to look for r.
func (r Removal) Over(now time.Time) bool {
	return r.Swept != 0 && now.Sub(r.Swept.Time()) >= timing.SweepAgain
}

// ChangeRemovals replaces a source's list by what change makes of it.
func ChangeRemovals(ctx context.Context, q *queue.Queue, source string, change func([]Removal) []Removal) error {
	for {
		old, rev, err := RemovedState(source).Get(ctx, q)
		if err != nil {
			return err
		}
		list := change(slices.Clone(old.List))
		if len(list) > timing.MaxRemovals { // what was looked for once gives way
			list = slices.DeleteFunc(list, func(r Removal) bool { return r.Swept != 0 })
		}
		switch {
		case slices.Equal(list, old.List):
			return nil
		case len(list) > timing.MaxRemovals && len(list) > len(old.List):
			return &connectors.Error{
				Op: "retract", Kind: connectors.Unavailable,
				Err: fmt.Errorf("%d deleted records wait to be taken back: no more until they are", len(old.List)),
			}
		}
		if err := RemovedState(source).Put(ctx, q, Removals{list}, rev); !errors.Is(err, queue.ErrConflict) {
			return err
		}
	}
}

// noteRemovals puts records that are gone on their source's list.
func noteRemovals(ctx context.Context, q *queue.Queue, source string, gone []crm.Removal) error {
	return ChangeRemovals(ctx, q, source, func(list []Removal) []Removal {
		for _, r := range gone {
			i := slices.IndexFunc(list, func(o Removal) bool { return o.ID == r.ID && o.Contact == r.Contact })
			if i < 0 {
				list = append(list, Removal{Removal: r})
			} else if r.Version > list[i].Version {
				list[i] = Removal{Removal: r}
			}
		}
		return list
	})
}
