package operate

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// Keeper trims the queues behind what has been processed.
type Keeper struct {
	Queue    *queue.Queue
	Rules    *rules.Settings
	LeaseTTL time.Duration
	Now      func() time.Time
	Log      *zap.Logger

	counted time.Time // when it was last counted how contacts stand
}

// Run trims the queues behind what has been processed and compacts the records once a day, in one process of all.
func (k *Keeper) Run(ctx context.Context) error {
	trimAt, compactAt, reviewAt := time.Now().Add(timing.TrimEvery), time.Now().Add(timing.Jitter(timing.CompactEvery)), time.Now().Add(timing.TrimEvery)
	for ctx.Err() == nil {
		lease, err := k.Queue.Leases.Acquire(ctx, "lease.tidy", k.LeaseTTL)
		if err != nil {
			if !errors.Is(err, queue.ErrHeld) && ctx.Err() == nil {
				k.Log.Warn("cannot take the lease for trimming", zap.Error(err))
			}
			timing.Sleep(ctx, k.LeaseTTL)
			continue
		}
		holding, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() { defer close(done); lease.Keep(holding); cancel() }()
		for holding.Err() == nil {
			timing.Sleep(holding, timing.TrimTight)
			if holding.Err() != nil {
				break
			}
			k.count(holding)
			keep := timing.KeepDeliveries
			if k.Queue.Tight() {
				keep = 0
			} else if time.Now().Before(trimAt) {
				continue
			}
			trimAt = time.Now().Add(timing.TrimEvery)
			if err := k.Trim(holding, keep); err != nil {
				k.Log.Warn("queues not trimmed", zap.Error(err))
			}
			if time.Now().After(reviewAt) {
				reviewAt = time.Now().Add(timing.ReviewEvery)
				if err := k.reviewShares(holding); err != nil {
					k.Log.Warn("the share of flagged contacts is not known", zap.Error(err))
				}
			}
			if time.Now().After(compactAt) {
				compactAt = time.Now().Add(timing.CompactEvery)
				n, err := k.Queue.Contacts.Compact(holding, queue.CompactOptions{})
				k.Log.Info("records compacted", zap.Int("rewritten", n), zap.Error(err))
			}
		}
		cancel()
		<-done
		lease.GiveUp(ctx)
	}
	return nil
}

// count notes now and then how contacts stand, for who looks back.
func (k *Keeper) count(ctx context.Context) {
	if time.Since(k.counted) < timing.CountEvery {
		return
	}
	k.counted = time.Now()
	if err := stored.NoteDay(ctx, k.Queue, k.Now()); err != nil {
		k.Log.Warn("it is not counted how contacts stand", zap.Error(err))
	}
}

// reviewShares warns where the share of contacts that are pending or disqualified lies outside the band that the
// settings expect (A53): the numbers may not fit this account. Few contacts prove nothing.
func (k *Keeper) reviewShares(ctx context.Context) error {
	low, high := k.Rules.FlagBand()
	t, err := stored.Totals(ctx, k.Queue)
	if err != nil {
		return err
	}
	for source := range t.Rated {
		n := t.All(source)
		if n < timing.ReviewLeast {
			continue
		}
		if share := 100 * t.Flagged[source] / n; share < low || share > high {
			k.Log.Warn("the share of flagged contacts is outside the expected band: see winnow backtest and winnow rules", zap.String("source", source),
				zap.Int("flagged", t.Flagged[source]), zap.Int("rated", n), zap.Int("share_percent", share), zap.Int("band_low", low), zap.Int("band_high", high))
		}
	}
	return nil
}

// Trim removes what has been processed: facts that were rated, deliveries that were read longer than keep ago, and at
// once those that hold words of a message.
func (k *Keeper) Trim(ctx context.Context, keep time.Duration) error {
	if n, err := k.Queue.Deliveries.EraseText(ctx); err != nil {
		k.Log.Warn("deliveries with text not erased yet", zap.Int("erased", n), zap.Error(err))
	}
	before := map[int]uint64{}
	for part := range k.Queue.Partitions() {
		at, err := k.Queue.Contacts.Checkpoint(ctx, part)
		if err != nil {
			return err
		}
		before[part] = at.Facts
	}
	return errors.Join(k.Queue.Facts.Trim(ctx, before), k.Queue.Deliveries.Trim(ctx, keep), k.Queue.Fetches.Trim(ctx))
}
