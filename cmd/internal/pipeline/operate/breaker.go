package operate

import (
	"context"
	"fmt"
	"slices"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// mostLet is how many contacts are let through one by one: who wants more releases the breaker.
const mostLet = 1000

// ReleaseBreaker lets what the breaker of a source holds go out: all of it, and whatever comes within a day, or what it
// holds of the contacts that are named.
func (p *Operate) ReleaseBreaker(ctx context.Context, source string, contacts []string) error {
	return p.changeBreaker(ctx, source, func(b *stored.Breaker) error {
		if len(contacts) == 0 {
			*b = stored.Breaker{Released: crm.At(p.Now())}
			return nil
		}
		for _, name := range contacts {
			ref, err := p.Person(source, name)
			if err != nil {
				return err
			}
			if !slices.Contains(b.Let, ref.Contact) {
				b.Let = append(b.Let, ref.Contact)
			}
		}
		if len(b.Let) > mostLet {
			return fmt.Errorf("%d contacts are let through one by one: release the breaker instead", mostLet)
		}
		return nil
	})
}

// RefuseBreaker keeps what the breaker of a source holds, knowingly, until it is released.
func (p *Operate) RefuseBreaker(ctx context.Context, source string) error {
	return p.changeBreaker(ctx, source, func(b *stored.Breaker) error {
		b.Refused = crm.At(p.Now())
		return nil
	})
}

func (p *Operate) changeBreaker(ctx context.Context, source string, change func(*stored.Breaker) error) error {
	if err := p.Known(source); err != nil {
		return err
	}
	return stored.ChangeBreaker(ctx, p.Queue, source, func(b *stored.Breaker) error {
		if !b.Open() {
			return fmt.Errorf("the breaker of %s is not tripped", source)
		}
		return change(b)
	})
}

// BreakerState is the breaker of a source as people see it.
type BreakerState struct {
	Open      bool       `json:"open"`
	Tripped   crm.Millis `json:"tripped"`
	Released  crm.Millis `json:"released"`
	Refused   crm.Millis `json:"refused"`
	Let       []string   `json:"let,omitempty"` // contacts whom a person lets through meanwhile
	Announced int        `json:"announced"`     // within the window
	Most      int        `json:"most"`          // that may be
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
		Open: b.Open(), Tripped: b.Tripped, Released: b.Released, Refused: b.Refused, Let: b.Let,
		Announced: len(b.Recent),
		Most:      p.Limits.Most(n),
	}, err
}
