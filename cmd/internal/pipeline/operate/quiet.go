package operate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
)

// Idle returns once nothing is left to do at the pipeline's present instant: all that was received is read, fetched,
// rated and written, and neither a poll nor anybody is due. It is for those who move the clock themselves, in the
// process that does everything. Where the CRM is away on purpose, but names stages that are not waited for: fetch,
// and with it the poll, and write.
func (p *Operate) Idle(ctx context.Context, but ...string) error {
	return p.quiet(ctx, p.Now, 2*time.Millisecond, but)
}

// Drained is Idle for a clock that runs: it returns once nothing is left to do of what was there, or due, when it was
// called.
func (p *Operate) Drained(ctx context.Context) error {
	called := p.Now()
	return p.quiet(ctx, func() time.Time { return called }, 10*time.Millisecond, nil)
}

// quiet waits until no stage has anything to do at the instant at, looking every pause.
func (p *Operate) quiet(ctx context.Context, at func() time.Time, pause time.Duration, but []string) error {
	// When nothing is left to do the sources are looked at once more: that they have been read further may leave
	// somebody to be rated.
	var last time.Time
	for {
		rated := !last.IsZero() && p.rated(last)
		busy, err := p.busy(ctx, at(), but)
		switch {
		case err != nil:
			return err
		case busy != "":
			last = time.Time{}
		case rated:
			return nil
		case last.Sub(p.Now()) > time.Minute: // dated by a clock that has been set back since: nobody gets there
			last = time.Time{}
		case last.IsZero():
			if err := p.Watermark.Refresh(ctx); err != nil {
				return err
			}
			last = p.Watermark.Sight().Looked()
		}
		if ctx.Err() != nil {
			return fmt.Errorf("still busy: %s: %w", busy, ctx.Err())
		}
		timing.Sleep(ctx, pause)
	}
}

// rated reports whether all partitions have nothing left to rate as of a look at the sources.
func (p *Operate) rated(look time.Time) bool {
	for part := range p.Queue.Partitions() {
		if _, all := p.Rated.Done(part, look); !all {
			return false
		}
	}
	return true
}

// busy names a stage that has something to do at an instant, "" if none has.
func (p *Operate) busy(ctx context.Context, at time.Time, but []string) (string, error) {
	if !p.rated(at) { // asks nobody, so that waiting takes little from the work
		return watermark.StageRate, nil
	}
	for name := range p.Sources {
		if n, err := p.Queue.Deliveries.Waiting(ctx, name); err != nil || n > 0 {
			return watermark.StageRead, err
		}
		if !slices.Contains(but, watermark.StageFetch) {
			if p.Polls(name, at) {
				return "poll", nil
			}
			if n, err := p.Queue.Fetches.Waiting(ctx, name); err != nil || n > 0 {
				return watermark.StageFetch, err
			}
		}
		if l, _, err := stored.RemovedState(name).Get(ctx, p.Queue); err != nil || l.Due(at) {
			return "retract", err
		}
		if v := p.Watermark.Of(name); v.Now.Before(at) {
			return "horizon", nil
		}
	}
	for part := range p.Queue.Partitions() {
		last, err := p.Queue.Facts.Last(ctx, part)
		if err != nil {
			return "", err
		}
		if facts, all := p.Rated.Done(part, at); !all || facts < last {
			return watermark.StageRate, nil
		}
	}
	for name := range p.Sources {
		if slices.Contains(but, watermark.StageWrite) {
			break
		}
		if n, err := p.Queue.Ratings.Waiting(ctx, name); err != nil || n > 0 {
			return watermark.StageWrite, err
		}
	}
	return "", nil
}
