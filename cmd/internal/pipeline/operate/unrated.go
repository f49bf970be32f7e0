package operate

import (
	"context"
	"fmt"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/queue"
)

// Unrated is what waits to be rated in one partition, of all sources together.
type Unrated struct {
	Partition int       `json:"partition"`
	Bundles   uint64    `json:"bundles"`        // of facts
	Since     time.Time `json:"since,omitzero"` // when the oldest was stored, by the store's clock; zero: none waits
}

// Age is for how long the oldest facts have waited.
func (u Unrated) Age() time.Duration {
	if u.Since.IsZero() {
		return 0
	}
	return max(0, time.Since(u.Since))
}

// Unrated tells of every partition what waits to be rated, whether anybody rates it or not. The look serves all who ask
// within a second.
func (p *Operate) Unrated(ctx context.Context) ([]Unrated, error) { return p.unratedNow.Get(ctx) }

func lookUnrated(ctx context.Context, q *queue.Queue) ([]Unrated, error) {
	return stored.EachPartition(ctx, q, func(ctx context.Context, part int) (Unrated, error) {
		at, err := q.Contacts.Checkpoint(ctx, part)
		if err != nil {
			return Unrated{}, err
		}
		n, since, err := q.Facts.Waiting(ctx, part, at.Facts)
		if err != nil {
			return Unrated{}, fmt.Errorf("facts of partition %d: %w", part, err)
		}
		return Unrated{part, n, since}, nil
	})
}

// Late is the error of facts that have waited to be rated for longer than they ever should; nil: there are none.
func (p *Operate) Late(ctx context.Context) error {
	all, err := p.Unrated(ctx)
	if err != nil {
		return err
	}
	var oldest Unrated
	parts := 0
	for _, u := range all {
		if u.Age() <= p.RateLate {
			continue
		}
		if parts++; u.Age() > oldest.Age() {
			oldest = u
		}
	}
	if parts == 0 {
		return nil
	}
	return fmt.Errorf("facts of %d of %d partitions are not rated: those of partition %d for %s", parts, len(all),
		oldest.Partition, oldest.Age().Truncate(time.Second))
}
