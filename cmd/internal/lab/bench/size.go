package bench

import (
	"context"
	"errors"
	"os"
	"time"
)

// size measures the same flow over stores of many contacts: time to start, memory, and the rate when most contacts are
// not in memory.
func (r *run) size(ctx context.Context) error {
	for _, n := range r.Sizes {
		row, err := r.sizeOf(ctx, n)
		if err != nil {
			return err
		}
		r.report.Size = append(r.report.Size, row)
	}
	return nil
}

func (r *run) sizeOf(ctx context.Context, n int) (row SizeRow, err error) {
	row.Contacts = n
	p, err := newPortal(n, "winnow_rating")
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	dir := r.store()
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	began := time.Now()
	if err := r.seed(ctx, p, dir); err != nil {
		return row, err
	}
	row.Seeded = time.Since(began).Seconds()
	r.Progress("size: %d contacts stored in %.1f s", n, row.Seeded)

	began = time.Now()
	c, err := r.start(ctx, winnow, dir, p.url)
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	row.Ready = c.Ready.Seconds()
	if err := c.drained(ctx); err != nil {
		return row, err
	}
	row.Started = time.Since(began).Seconds()
	idle, err := c.live(ctx)
	if err != nil {
		return row, err
	}
	row.IdleRSS, row.IdleHeap = idle.RSS, idle.Heap
	r.Progress("size: %d contacts, ready after %.2f s, every partition after %.2f s, %.0f MiB", n, row.Ready,
		row.Started, idle.RSS/(1<<20))

	// Each round takes the contacts in another order, so the first ones are all cold, and of the later ones as many as
	// do not fit.
	events := max(int(aimOfHundred*r.Duration.Seconds()), 1000)
	for range r.Rounds {
		t := p.changes(events, 1, 100)
		round, err := r.flowRound(ctx, p, c, t, profileName("size", n))
		if err != nil {
			return row, err
		}
		row.Winnow = append(row.Winnow, round)
	}
	after, err := c.stats(ctx)
	if err != nil {
		return row, err
	}
	live, err := c.live(ctx)
	row.RSS, row.Heap = after.RSS, live.Heap
	r.Progress("size: %d contacts: %s facts/s, %.0f MiB", n, numbers(rates(row.Winnow)), after.RSS/(1<<20))
	return row, err
}
