package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// BreakerLimits bound how many contacts may newly become pending or disqualified within Window: Count, or Share of the rated
// contacts, whichever is more (G11). Zero fields take the defaults: 20, 5 %, 24 h.
type BreakerLimits struct {
	Count  int
	Share  float64
	Window time.Duration
}

// releasedFor is how long a release lets everything through.
const releasedFor = 24 * time.Hour

// breaker is the mass-change breaker of one source, kept in the store. Once tripped, nothing is announced against anyone until a
// person releases it, or refuses what waits and lets it stay.
type breaker struct {
	Recent   []crm.Millis `cbor:"1,keyasint,omitempty"` // announcements within the window, oldest first
	Tripped  crm.Millis   `cbor:"2,keyasint,omitempty"`
	Released crm.Millis   `cbor:"3,keyasint,omitempty"`
	Refused  crm.Millis   `cbor:"4,keyasint,omitempty"`
}

func (b breaker) open() bool { return b.Tripped != 0 }

func (b breaker) released(now time.Time) bool {
	return b.Released != 0 && now.Sub(b.Released.Time()) < releasedFor
}

// admit reports whether n announcements may be made at now, or trips where they are more than most allows.
func (b *breaker) admit(now time.Time, window time.Duration, n, most int) bool {
	if b.open() {
		return false
	}
	if b.released(now) {
		return true
	}
	recent := b.Recent[:0]
	for _, at := range b.Recent {
		if now.Sub(at.Time()) < window {
			recent = append(recent, at)
		}
	}
	b.Recent = recent
	if len(b.Recent)+n > most {
		b.Tripped = crm.At(now)
		return false
	}
	return true
}

// count notes n announcements that were made at now. What a person has let through does not speak against what follows, however much
// it is.
func (b *breaker) count(now time.Time, n int) {
	if b.released(now) {
		return
	}
	for range n {
		b.Recent = append(b.Recent, crm.At(now))
	}
}

// announceable returns the part of batch that may be written: where its announcements would be more than the breaker admits, the part
// that announces nothing. The owners rate the others again without their decision, which takes the place of what waits here. What is
// admitted is held until release, or until announced counts it once the CRM shows it, so that an announcement that has to be tried
// ten times counts once.
func (w *writer) announceable(ctx context.Context, batch []*parcel) ([]*parcel, error) {
	n := 0
	for _, c := range batch {
		if c.out.announces() {
			n++
		}
	}
	if n == 0 {
		return batch, nil
	}
	rated, err := w.p.rated(ctx, w.s.Name)
	if err != nil {
		w.againAll(batch, time.Second)
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	name := "breaker." + w.s.Name
	b, rev, err := getState[breaker](ctx, w.p.q, name)
	if err != nil {
		w.againAll(batch, time.Second)
		return nil, fmt.Errorf("breaker: %w", err)
	}
	was := b.open()
	limits := w.p.limits
	most := max(limits.Count, int(limits.Share*float64(rated)))
	if b.admit(w.p.now(), limits.Window, w.held+n, most) {
		for _, c := range batch {
			c.held = c.out.announces()
		}
		w.held += n
		return batch, nil
	}
	if !was {
		if err := putState(ctx, w.p.q, name, b, rev); err != nil {
			w.againAll(batch, time.Second)
			return nil, fmt.Errorf("breaker: %w", err)
		}
		w.p.log.Error("mass-change breaker tripped: nothing is announced until a person releases it (winnow breaker)",
			zap.String("source", w.s.Name), zap.Int("would_announce", n), zap.Int("within_window", len(b.Recent)), zap.Int("most", most))
	}
	rest := batch[:0:0]
	for _, c := range batch {
		if c.out.announces() {
			_ = c.msg.Nak(time.Minute)
			continue
		}
		rest = append(rest, c)
	}
	return rest, nil
}

// release gives back what announceable has held of batch and announced has not counted.
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

// announced counts announcements that the CRM now shows. They are held no more, so that no other batch finds them twice.
func (w *writer) announced(ctx context.Context, shown []*parcel) error {
	if len(shown) == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		b, rev, err := getState[breaker](ctx, w.p.q, "breaker."+w.s.Name)
		if err != nil {
			return fmt.Errorf("breaker: %w", err)
		}
		b.count(w.p.now(), len(shown))
		switch err := putState(ctx, w.p.q, "breaker."+w.s.Name, b, rev); {
		case err == nil:
			w.unhold(shown)
			return nil
		case !errors.Is(err, queue.ErrConflict): // a person released or refused in between: once more
			return fmt.Errorf("breaker: %w", err)
		}
	}
}

// against reports whether a decision takes something from the contact.
func against(d *crm.Decision) bool {
	return d != nil && (d.Status == crm.Pending || d.Status == crm.Disqualified)
}

// rated counts the rated contacts of a source.
func (p *Pipeline) rated(ctx context.Context, source string) (int, error) {
	t, err := p.totals(ctx)
	return t.rated(source), err
}

// ResolveBreaker lets what the breaker of a source holds go out, or refuses it: it then stays held until it is released.
func (p *Pipeline) ResolveBreaker(ctx context.Context, source string, release bool) error {
	if err := p.Known(source); err != nil {
		return err
	}
	for {
		b, rev, err := getState[breaker](ctx, p.q, "breaker."+source)
		if err != nil {
			return err
		}
		if !b.open() {
			return fmt.Errorf("the breaker of %s is not tripped", source)
		}
		now := crm.At(p.now())
		if release {
			b = breaker{Released: now}
		} else {
			b.Refused = now
		}
		if err := putState(ctx, p.q, "breaker."+source, b, rev); !errors.Is(err, queue.ErrConflict) {
			return err
		}
	}
}

// BreakerState is the breaker of a source as people see it.
type BreakerState struct {
	Open                       bool
	Tripped, Released, Refused crm.Millis
	Announced                  int // within the window
	Most                       int // that may be
}

// Breaker tells how the breaker of a source stands.
func (p *Pipeline) Breaker(ctx context.Context, source string) (BreakerState, error) {
	if err := p.Known(source); err != nil {
		return BreakerState{}, err
	}
	b, _, err := getState[breaker](ctx, p.q, "breaker."+source)
	if err != nil {
		return BreakerState{}, err
	}
	rated, err := p.rated(ctx, source)
	return BreakerState{
		Open: b.open(), Tripped: b.Tripped, Released: b.Released, Refused: b.Refused, Announced: len(b.Recent),
		Most: max(p.limits.Count, int(p.limits.Share*float64(rated))),
	}, err
}
