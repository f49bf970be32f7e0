package stored

import (
	"cmp"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// Breaker is the mass-change breaker of one source, kept in the store. Once tripped, nothing is announced against
// anyone until a person releases it, or refuses what waits and lets it stay.
type Breaker struct {
	Recent   []crm.Millis `cbor:"1,keyasint,omitempty"` // announcements within the window, oldest first
	Tripped  crm.Millis   `cbor:"2,keyasint,omitempty"`
	Released crm.Millis   `cbor:"3,keyasint,omitempty"`
	Refused  crm.Millis   `cbor:"4,keyasint,omitempty"`
}

// Open reports whether the breaker holds announcements back.
func (b Breaker) Open() bool { return b.Tripped != 0 }

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
