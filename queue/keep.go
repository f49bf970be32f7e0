package queue

import (
	"context"
	"errors"
	"time"
)

// Keep renews the lease until ctx ends or the lease is lost.
func (l *Lease) Keep(ctx context.Context) {
	t := time.NewTicker(l.ttl / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if err := l.Renew(ctx); err != nil && (errors.Is(err, ErrLost) || !l.Valid()) {
			return
		}
	}
}

// GiveUp releases the lease although ctx may have ended. One that cannot be released ends by itself.
func (l *Lease) GiveUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = l.Release(ctx)
}
