package exchange

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// schedule is when a source is polled next, for the one who polls and for those who wait for it.
type schedule struct{ at atomic.Int64 } // crm.Millis by the pipeline's clock; 0: at once

func (s *schedule) set(at crm.Millis) { s.at.Store(int64(at)) }

func (s *schedule) due(now time.Time) bool { return int64(crm.At(now)) >= s.at.Load() }

// poll looks for what webhooks missed or never send, and steps the backfill. It runs only where the source's lease is
// held.
func (x *Exchange) poll(ctx context.Context) error {
	poller, filler := x.s.CRM.Poll, x.s.CRM.Backfill
	if poller == nil && filler == nil {
		return nil
	}
	next := x.next
	if next != nil {
		next.set(0) // at once, for what came while nobody polled
	}
	for attempt := 1; ctx.Err() == nil; {
		pause := x.Tick
		if next != nil && next.due(x.Now()) {
			// The next poll goes by when this one began: what changes while it runs is seen by that one only, and the
			// source has been read no further than that.
			begun := x.Now()
			err := x.pollOnce(ctx, poller, begun)
			if attempt++; err == nil {
				attempt = 1
				x.trials.works("poll")
				x.Troubles.Well(ctx, x.s, "poll")
				next.set(crm.At(begun.Add(*x.s.PollEvery)))
			} else if ctx.Err() == nil {
				x.Troubles.Ails(ctx, x.s, "poll", "poll not finished", err)
				next.set(crm.At(x.Now().Add(min(*x.s.PollEvery,
					timing.Jitter(max(disposalOf(err, attempt).again, timing.Backoff(attempt, timing.BackoffFirst,
						timing.BackoffMost)))))))
			}
		}
		if filler != nil {
			moved, err := x.fillOnce(ctx, filler)
			if err != nil && ctx.Err() == nil {
				x.Troubles.Ails(ctx, x.s, "backfill", "backfill stands still", err)
				pause = timing.Jitter(max(disposalOf(err, 3).again, timing.FillAgain))
			} else if moved {
				x.Troubles.Well(ctx, x.s, "backfill")
				pause = 0
			}
		}
		timing.Sleep(ctx, pause)
	}
	return nil
}

// pollOnce polls, from begun on, until nothing more is waiting. Its notices are durable before the cursor moves.
func (x *Exchange) pollOnce(ctx context.Context, poller connectors.Poller, begun time.Time) error {
	state := stored.PollState(x.s.Name)
	at, rev, err := state.Get(ctx, x.Queue)
	if err != nil {
		return err
	}
	if at.Through == 0 { // the first start: what was before is the backfill's
		at.Through = crm.At(begun)
		if err := state.Put(ctx, x.Queue, at, rev); err != nil {
			return err
		}
	}
	for more := true; more && ctx.Err() == nil; {
		if err := x.Queue.Fetches.Room(timing.EmptyShare); err != nil {
			return err
		}
		var notices []crm.Notice
		asked := time.Now()
		notices, at.Cursor, more, err = poller.Poll(ctx, at.Cursor, at.Through.Time())
		if x.Calls.Done(x.s.Name, watermark.CallPoll, asked, err, nil); err != nil {
			return err
		}
		if err := x.note(ctx, notices); err != nil {
			return err
		}
		x.Metrics.polled.WithLabelValues(x.s.Name).Add(float64(len(notices)))
		if !more {
			at.Through = crm.At(begun)
		}
		if err := state.Put(ctx, x.Queue, at, stored.AnyRevision); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// note publishes notices that did not come in a delivery.
func (x *Exchange) note(ctx context.Context, notices []crm.Notice) error {
	out := x.Publisher.Output(x.s.Name)
	for _, n := range notices {
		out.Add(n)
	}
	return out.Publish(ctx)
}

// fillOnce reads one page of history, where a backfill was asked for, and reports whether it did.
func (x *Exchange) fillOnce(ctx context.Context, filler connectors.Backfiller) (moved bool, err error) {
	state := stored.BackfillState(x.s.Name)
	f, rev, err := state.Get(ctx, x.Queue)
	if err != nil || f.Since == 0 || f.Done {
		return false, err
	}
	// history never takes the room that webhooks need
	if err := x.Queue.Fetches.Room(timing.EmptyShare / 2); err != nil {
		return false, nil
	}
	asked := time.Now()
	page, err := filler.Backfill(ctx, f.Cursor, f.Since.Time(), f.Until.Time())
	if x.Calls.Done(x.s.Name, watermark.CallBackfill, asked, err, nil); err != nil {
		f.Error = err.Error()
		return false, errors.Join(err, state.Put(ctx, x.Queue, f, rev))
	}
	if err := x.note(ctx, page.Notices); err != nil {
		return false, err
	}
	f.Cursor, f.Read, f.Total, f.Stage, f.Moved, f.Done, f.Error = page.Next, page.Read, page.Total, page.Stage,
		crm.At(x.Now()), page.Next == "", ""
	if f.Done {
		x.Log.Info("backfill read", zap.String("source", x.s.Name), zap.Int("records", f.Read))
	}
	return !f.Done, state.Put(ctx, x.Queue, f, rev)
}
