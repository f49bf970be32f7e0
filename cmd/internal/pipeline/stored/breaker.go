package stored

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// Breaker is the mass-change breaker of one source, kept in the store. Once tripped, nothing is announced against
// anyone until a person releases it, or refuses what waits and lets it stay.
type Breaker struct {
	Recent   []crm.Millis `cbor:"1,keyasint,omitempty"` // announcements within the window, oldest first
	Tripped  crm.Millis   `cbor:"2,keyasint,omitempty"`
	Released crm.Millis   `cbor:"3,keyasint,omitempty"`
	Refused  crm.Millis   `cbor:"4,keyasint,omitempty"`
	Let      []string     `cbor:"5,keyasint,omitempty"` // contacts whom a person lets through while it is open
}

// Open reports whether the breaker holds announcements back.
func (b Breaker) Open() bool { return b.Tripped != 0 }

// Lets reports whether a person lets a contact through although the breaker is open.
func (b Breaker) Lets(contact string) bool { return b.Open() && slices.Contains(b.Let, contact) }

func (b Breaker) released(now time.Time) bool {
	return b.Released != 0 && now.Sub(b.Released.Time()) < timing.ReleasedFor
}

// Admit reports whether n announcements may be made at now, or trips where they are more than most allows.
func (b *Breaker) Admit(now time.Time, window time.Duration, n, most int) bool {
	if b.Open() {
		return false
	}
	if b.released(now) {
		return true
	}
	recent := b.Recent[:0]
	for _, at := range b.Recent {
		// What has yet to come was announced by a clock that was wrong, and is void.
		if age := now.Sub(at.Time()); age < window && age > -timing.ClocksApart {
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

// Count notes n announcements that were made at now. What a person has let through does not speak against what
// follows, however much it is.
func (b *Breaker) Count(now time.Time, n int) {
	if b.released(now) {
		return
	}
	for range n {
		b.Recent = append(b.Recent, crm.At(now))
	}
}

// BreakerLimits bound how many contacts may newly become pending or disqualified within Window: Count, or Share of
// the rated contacts, whichever is more (G11). Zero fields take the defaults: 20, 5 %, 24 h.
type BreakerLimits struct {
	Count  int
	Share  float64
	Window time.Duration
}

// Most is how many may be announced within the window where so many contacts are rated.
func (l BreakerLimits) Most(rated int) int { return max(l.Count, int(l.Share*float64(rated))) }

// OrDefaults fills zero fields with the defaults.
func (l BreakerLimits) OrDefaults() BreakerLimits {
	return BreakerLimits{cmp.Or(l.Count, 20), cmp.Or(l.Share, 0.05), cmp.Or(l.Window, 24*time.Hour)}
}

// ChangeBreaker replaces the breaker of a source by what change makes of it.
func ChangeBreaker(ctx context.Context, q *queue.Queue, source string, change func(*Breaker) error) error {
	for {
		b, rev, err := BreakerState(source).Get(ctx, q)
		if err != nil {
			return err
		}
		if err := change(&b); err != nil {
			return err
		}
		if err := BreakerState(source).Put(ctx, q, b, rev); !errors.Is(err, queue.ErrConflict) {
			return err
		}
	}
}

// StrikeBreaker takes a forgotten contact out of the breaker of its source.
func StrikeBreaker(ctx context.Context, q *queue.Queue, key queue.Key) error {
	if b, _, err := BreakerState(key.Source).Get(ctx, q); err != nil || !slices.Contains(b.Let, key.Contact) {
		return err
	}
	return ChangeBreaker(ctx, q, key.Source, func(b *Breaker) error {
		b.Let = slices.DeleteFunc(b.Let, func(c string) bool { return c == key.Contact })
		return nil
	})
}
