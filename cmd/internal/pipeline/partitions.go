package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/queue"
)

// member is what a process says of itself to the others.
type member struct {
	Epoch uint64 `cbor:"1,keyasint"`
	Rates bool   `cbor:"2,keyasint"`
}

// epoch rises with each new hash of the settings, so that processes with different ones do not rate the same contacts in turns.
type epoch struct {
	Number uint64 `cbor:"1,keyasint"`
	Model  string `cbor:"2,keyasint"`
}

// owners are the partitions that this process rates just now.
type owners struct {
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
}

func (o *owners) remove(w *owner) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.by[w.part] == w {
		delete(o.by, w.part)
	}
}

// of returns the owner of part here, nil if it is elsewhere.
func (o *owners) of(part int) *owner {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.by[part]
}

// ratePartitions shares the partitions out with the other processes: each takes free ones up to its share and gives up one at a
// time what it has beyond it.
func (p *Pipeline) ratePartitions(ctx context.Context) error {
	mine, err := p.joinEpoch(ctx)
	for ; queue.Unanswered(err) && ctx.Err() == nil; mine, err = p.joinEpoch(ctx) {
		p.warns("epoch", "cannot tell whether another process has newer settings", err)
		sleep(ctx, time.Second)
	}
	if err != nil {
		return ignoreDone(ctx, fmt.Errorf("settings epoch: %w", err))
	}
	g, ctx := errgroup.WithContext(ctx)
	held := map[int]context.CancelFunc{}
	gone := make(chan int, p.q.Partitions())
	stop := func(part int) { held[part]() }
	defer func() {
		_ = g.Wait()
		retire, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer done()
		_ = p.q.Retire(retire) // the announcement ends by itself otherwise, and until then the others leave our share alone
	}()
	for first := true; ctx.Err() == nil; first = false {
		for n := len(gone); n > 0; n-- {
			delete(held, <-gone)
		}
		share, outdated, err := p.share(ctx, mine)
		if err != nil {
			p.warns("members", "cannot see the other processes", err)
		} else if outdated {
			p.log.Warn("another process has newer settings: this one gives up its partitions until it is restarted with the same")
			share = 0
		}
		for part := 0; part < p.q.Partitions() && err == nil && len(held) < share; part++ {
			if _, ok := held[part]; ok {
				continue
			}
			lease, err := p.q.Acquire(ctx, fmt.Sprintf("lease.%d", part), p.leaseTTL)
			if errors.Is(err, queue.ErrHeld) {
				continue
			}
			if err != nil {
				p.warns("lease", "cannot take a partition", err, zap.Int("partition", part))
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
		p.metrics.partitions.Set(float64(len(held)))
		pause := p.leaseTTL / 3
		if first && len(held) < p.q.Partitions() {
			pause = p.tick // others may just be leaving
		}
		sleep(ctx, pause)
	}
	return g.Wait()
}

// ownUnder rates part while the lease is renewed and the server answers. Whoever takes it next begins with the checkpoint that stands, so
// that nobody goes on from one whose commit got no answer.
func (p *Pipeline) ownUnder(ctx context.Context, part int, lease *queue.Lease) error {
	ctx, cancel := context.WithCancel(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		p.renew(ctx, lease)
		cancel()
	}()
	p.log.Debug("partition taken", zap.Int("partition", part))
	err := p.own(ctx, part, lease.Valid)
	cancel()
	<-renewed
	release, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer done()
	_ = lease.Release(release) // it ends by itself otherwise
	switch {
	case errors.Is(err, errFenced):
		p.log.Warn("partition lost to another process", zap.Int("partition", part))
	case queue.Unanswered(err):
		if p.warns("partition", "partitions are given up until the queue answers", err) {
			_ = p.q.Healthy(context.WithoutCancel(ctx)) // which ends the process where only a start helps, as after a full disk
		}
	default:
		return err
	}
	return nil
}

// renew keeps a lease until ctx ends or it is lost.
func (p *Pipeline) renew(ctx context.Context, lease *queue.Lease) {
	for {
		sleep(ctx, p.leaseTTL/3)
		if ctx.Err() != nil {
			return
		}
		if err := lease.Renew(ctx); err != nil && (errors.Is(err, queue.ErrLost) || !lease.Valid()) {
			return
		}
	}
}

// share is how many partitions this process should have, and whether its settings are older than another's.
func (p *Pipeline) share(ctx context.Context, mine uint64) (n int, outdated bool, err error) {
	if err := p.q.Announce(ctx, encode(member{Epoch: mine, Rates: true}), 2*p.leaseTTL); err != nil {
		return 0, false, err
	}
	members, err := p.q.Members(ctx)
	if err != nil {
		return 0, false, err
	}
	count := 0
	for _, m := range members {
		other, err := decode[member](m.Data)
		if err != nil || !other.Rates {
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
	return (p.q.Partitions() + count - 1) / count, false, nil
}

// joinEpoch finds the epoch of this process's settings, a new one where they are new.
func (p *Pipeline) joinEpoch(ctx context.Context) (uint64, error) {
	for {
		e, rev, err := getState[epoch](ctx, p.q, "epoch")
		if err != nil {
			return 0, err
		}
		if e.Model == p.rules.Version() {
			return e.Number, nil
		}
		e = epoch{Number: e.Number + 1, Model: p.rules.Version()}
		switch err := putState(ctx, p.q, "epoch", e, rev); {
		case err == nil:
			return e.Number, nil
		case !errors.Is(err, queue.ErrConflict):
			return 0, err
		}
	}
}
