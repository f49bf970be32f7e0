package rating

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// owners are the partitions that this process rates just now.
type owners struct {
	rated prometheus.Gauge // how many they are

	mu sync.Mutex
	by map[int]*owner
}

func (o *owners) add(w *owner) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.by == nil {
		o.by = map[int]*owner{}
	}
	o.by[w.part] = w
	o.rated.Set(float64(len(o.by)))
}

func (o *owners) remove(w *owner) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.by[w.part] == w {
		delete(o.by, w.part)
		o.rated.Set(float64(len(o.by)))
	}
}

// of returns the owner of part here, nil if it is elsewhere.
func (o *owners) of(part int) *owner {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.by[part]
}

// Run shares the partitions out with the other processes: each takes free ones up to its share and gives up one at a
// time what it has beyond it.
func (p *Rating) Run(ctx context.Context) error {
	mine, err := p.joinEpoch(ctx)
	for ; queue.Unanswered(err) && ctx.Err() == nil; mine, err = p.joinEpoch(ctx) {
		p.Troubles.Warns("epoch", "cannot tell whether another process has newer settings", err)
		timing.Sleep(ctx, timing.StoreAgain)
	}
	if err != nil {
		return timing.IgnoreDone(ctx, fmt.Errorf("settings epoch: %w", err))
	}
	g, ctx := errgroup.WithContext(ctx)
	held := map[int]context.CancelFunc{}
	gone := make(chan int, p.Queue.Partitions())
	stop := func(part int) { held[part]() }
	defer func() {
		_ = g.Wait()
		retire, done := context.WithTimeout(context.WithoutCancel(ctx), timing.LeaveWithin)
		defer done()
		// The announcement ends by itself otherwise, and until then the others leave our share alone.
		_ = p.Queue.Leases.Retire(retire)
	}()
	for first := true; ctx.Err() == nil; first = false {
		for n := len(gone); n > 0; n-- {
			delete(held, <-gone)
		}
		share, outdated, err := p.share(ctx, mine)
		if err != nil {
			p.Troubles.Warns("members", "cannot see the other processes", err)
		} else if outdated {
			p.Log.Warn("another process has newer settings: this one gives up its partitions until it is restarted with the same")
			share = 0
		}
		for part := 0; part < p.Queue.Partitions() && err == nil && len(held) < share; part++ {
			if _, ok := held[part]; ok {
				continue
			}
			lease, err := p.Queue.Leases.Acquire(ctx, fmt.Sprintf("lease.%d", part), p.LeaseTTL)
			if errors.Is(err, queue.ErrHeld) {
				continue
			}
			if err != nil {
				p.Troubles.Warns("lease", "cannot take a partition", err, zap.Int("partition", part))
				break
			}
			owning, cancel := context.WithCancel(ctx)
			held[part] = cancel
			g.Go(func() error {
				defer func() { cancel(); gone <- part }()
				return p.ownUnder(owning, part, lease)
			})
		}
		for part := range held {
			if err == nil && len(held) > share {
				stop(part)
				if !outdated { // one at a time, so that the others find one at a time
					break
				}
			}
		}
		pause := p.LeaseTTL / 3
		if first && len(held) < p.Queue.Partitions() {
			pause = p.Tick // others may just be leaving
		}
		timing.Sleep(ctx, pause)
	}
	return g.Wait()
}

// ownUnder rates part while the lease is renewed and the server answers. Whoever takes it next begins with the
// checkpoint that stands, so that nobody goes on from one whose commit got no answer.
func (p *Rating) ownUnder(ctx context.Context, part int, lease *queue.Lease) error {
	ctx, cancel := context.WithCancel(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		lease.Keep(ctx)
		cancel()
	}()
	p.Log.Debug("partition taken", zap.Int("partition", part))
	err := p.own(ctx, part, lease.Valid)
	cancel()
	<-renewed
	lease.GiveUp(ctx)
	switch {
	case errors.Is(err, errTurnedBack):
		p.Log.Info("the clock was turned back: a partition is looked through again", zap.Int("partition", part))
	case errors.Is(err, errFenced):
		p.Log.Warn("partition lost to another process", zap.Int("partition", part))
	case queue.Unanswered(err):
		p.Troubles.Warns("partition", "partitions are given up until the queue answers", err)
	default:
		return err
	}
	return nil
}

// share is how many partitions this process should have, and whether its settings are older than another's.
func (p *Rating) share(ctx context.Context, mine uint64) (n int, outdated bool, err error) {
	members, err := p.Clock.Meet(ctx, p.Queue, stored.Member{Epoch: mine, Rates: true}, 2*p.LeaseTTL)
	if err != nil {
		return 0, false, err
	}
	count := 0
	for _, other := range members {
		if !other.Rates {
			continue
		}
		if other.Epoch > mine {
			return 0, true, nil
		}
		if other.Epoch == mine {
			count++
		}
	}
	count = max(count, 1)
	return (p.Queue.Partitions() + count - 1) / count, false, nil
}

// joinEpoch finds the epoch of this process's settings, and of the form in which it writes records: a new one where
// either is new.
func (p *Rating) joinEpoch(ctx context.Context) (uint64, error) {
	for {
		e, rev, err := stored.EpochState().Get(ctx, p.Queue)
		if err != nil {
			return 0, err
		}
		same := e.Model == p.Rules.Version()
		if same && e.Form >= stored.Form {
			return e.Number, nil
		}
		e = stored.Epoch{Number: e.Number + 1, Model: p.Rules.Version(), Form: stored.Form}
		switch err := stored.EpochState().Put(ctx, p.Queue, e, rev); {
		case err == nil:
			if !same && e.Number > 1 {
				p.noteSettings(ctx)
			}
			return e.Number, nil
		case !errors.Is(err, queue.ErrConflict):
			return 0, err
		}
	}
}

// noteSettings notes among what people did that they gave the rules other settings.
func (p *Rating) noteSettings(ctx context.Context) {
	act := stored.Act{
		At:   crm.At(p.Now()),
		Who:  "settings",
		What: stored.ActSettings,
		Note: "rules " + p.Rules.Version(),
	}
	if err := stored.NoteAct(ctx, p.Queue, act); err != nil {
		p.Log.Warn(
			"that the settings changed is in the log alone",
			zap.String("model", p.Rules.Version()),
			zap.Error(err),
		)
	}
}
