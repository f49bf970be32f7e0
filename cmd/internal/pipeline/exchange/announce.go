package exchange

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/queue"
)

// announceable returns the part of batch that may be written. Where the breaker does not admit its announcements, that
// is the part that announces nothing; the owners then rate the other contacts again without a decision, and those
// ratings replace the ones waiting here. What the breaker admits stays reserved until release, or until announced
// counts it once the CRM shows it, so that an announcement that takes ten tries counts once.
func (w *writer) announceable(ctx context.Context, batch []*parcel) ([]*parcel, error) {
	if !slices.ContainsFunc(batch, announces) {
		return batch, nil
	}
	if w.Clock.State().Holds() { // the owner's clock may be right, but it is ours that dates what is shown
		return putOff(batch, announces), nil
	}
	rated, err := stored.Rated(ctx, w.Queue, w.s.Name)
	if err != nil {
		w.againAll(batch, timing.StoreAgain)
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	state := stored.BreakerState(w.s.Name)
	b, rev, err := state.Get(ctx, w.Queue)
	if err != nil {
		w.againAll(batch, timing.StoreAgain)
		return nil, fmt.Errorf("breaker: %w", err)
	}
	asks := func(c *parcel) bool { return announces(c) && !b.Lets(c.key.Contact) }
	n := 0
	for _, c := range batch {
		if asks(c) {
			n++
		}
	}
	if n == 0 {
		return batch, nil
	}
	was := b.Open()
	most := w.Limits.Most(rated)
	if b.Admit(w.Now(), w.Limits.Window, w.held+n, most) {
		for _, c := range batch {
			c.held = asks(c)
		}
		w.held += n
		return batch, nil
	}
	if !was {
		if err := state.Put(ctx, w.Queue, b, rev); err != nil {
			w.againAll(batch, timing.StoreAgain)
			return nil, fmt.Errorf("breaker: %w", err)
		}
		w.Log.Error("mass-change breaker tripped: nothing is announced until a person releases it (winnow breaker)",
			zap.String("source", w.s.Name), zap.Int("would_announce", n), zap.Int("within_window", len(b.Recent)),
			zap.Int("most", most))
	}
	return putOff(batch, asks), nil
}

func announces(c *parcel) bool { return c.out.Announces() }

// putOff is batch without what asks: that comes again.
func putOff(batch []*parcel, asks func(*parcel) bool) (rest []*parcel) {
	for _, c := range batch {
		if asks(c) {
			_ = c.msg.Nak(timing.HeldAgain)
			continue
		}
		rest = append(rest, c)
	}
	return rest
}

// release gives back what announceable reserved for batch and announced has not counted.
func (w *writer) release(batch []*parcel) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unhold(batch)
}

func (w *writer) unhold(batch []*parcel) {
	for _, c := range batch {
		if c.held {
			c.held = false
			w.held--
		}
	}
}

// announced counts announcements that the CRM now shows. They are held no more, so that no other batch finds them
// twice.
func (w *writer) announced(ctx context.Context, shown []*parcel) error {
	if len(shown) == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		b, rev, err := stored.BreakerState(w.s.Name).Get(ctx, w.Queue)
		if err != nil {
			return fmt.Errorf("breaker: %w", err)
		}
		b.Count(w.Now(), len(shown))
		switch err := stored.BreakerState(w.s.Name).Put(ctx, w.Queue, b, rev); {
		case err == nil:
			w.unhold(shown)
			return nil
		case !errors.Is(err, queue.ErrConflict): // a person released or refused in between: once more
			return fmt.Errorf("breaker: %w", err)
		}
	}
}
