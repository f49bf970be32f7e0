package operate

import (
	"context"
	"errors"
	"fmt"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// ResolveBreaker lets what the breaker of a source holds go out, or refuses it: it then stays held until it is
// released.
func (p *Operate) ResolveBreaker(ctx context.Context, source string, release bool) error {
	if err := p.Known(source); err != nil {
		return err
	}
	for {
		b, rev, err := stored.BreakerState(source).Get(ctx, p.Queue)
		if err != nil {
			return err
		}
		if !b.Open() {
			return fmt.Errorf("the breaker of %s is not tripped", source)
		}
		now := crm.At(p.Now())
		if release {
			b = stored.Breaker{Released: now}
		} else {
			b.Refused = now
		}
		if err := stored.BreakerState(source).Put(ctx, p.Queue, b, rev); !errors.Is(err, queue.ErrConflict) {
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
func (p *Operate) Breaker(ctx context.Context, source string) (BreakerState, error) {
	if err := p.Known(source); err != nil {
		return BreakerState{}, err
	}
	b, _, err := stored.BreakerState(source).Get(ctx, p.Queue)
	if err != nil {
		return BreakerState{}, err
	}
	n, err := stored.Rated(ctx, p.Queue, source)
	return BreakerState{
		Open: b.Open(), Tripped: b.Tripped, Released: b.Released, Refused: b.Refused, Announced: len(b.Recent),
		Most: p.Limits.Most(n),
	}, err
}
