package jet

import (
	"context"
	"time"
)

// How long the server may take to answer where the caller's context sets no deadline. A request to a cluster that is
// electing a leader is lost, so reads wait less than commits, which are slow on a slow disk.
const (
	RequestWait = 15 * time.Second
	CommitWait  = time.Minute
)

// Bounded gives ctx an end where it has none.
func Bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return BoundedBy(ctx, RequestWait)
}

// BoundedBy is Bounded with a wait of the caller's.
func BoundedBy(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, d)
}

// Pause waits for d, or until ctx ends.
func Pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Ended returns why ctx ended where that is why err came about, else err.
func Ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
