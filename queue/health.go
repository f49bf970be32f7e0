package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// Stats returns the figures of every stream of ours.
func (q *Queue) Stats(ctx context.Context) ([]StreamStats, error) { return q.gauge.stats(ctx) }

// DiskOf is how many bytes are free on the embedded store's disk, and below how many nothing more is taken in. Over an
// outside server, whose disk cannot be seen from here, ok is false.
func DiskOf(q *Queue) (free, floor int64, ok bool, err error) {
	if q.local == nil {
		return 0, 0, false, nil
	}
	free, err = q.gauge.space()
	return free, q.gauge.minFree, true, err
}

// Tight reports whether room is short, of one source's stream or of all: what is kept for convenience should go. The
// figures are up to 250 ms old.
func (q *Queue) Tight() bool { return q.gauge.isTight() }

// Healthy returns what is wrong with the queue, nil where all is well: the connection, the server's own health with
// each stream's write errors, the free disk, and one durable publish into every stream.
func (q *Queue) Healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var errs []error
	if err := q.srv.Connected(); err != nil {
		return err
	}
	if q.local != nil {
		if h := q.local.Health(); h != "" {
			errs = append(errs, fmt.Errorf("queue: %s", h))
		}
		if len(errs) == 0 {
			errs = append(errs, q.srv.Broken())
		}
		errs = append(errs, q.gauge.disk(1))
	}
	names := q.layout.Names()
	probes := make([]error, len(names))
	var g errgroup.Group
	for i, name := range names {
		if name == layout.Leases {
			continue // in memory
		}
		g.Go(func() error { probes[i] = q.probe(ctx, name); return nil })
	}
	_ = g.Wait() // each has put its error in its place
	return errors.Join(append(errs, probes...)...)
}

// awaitRoom ends the queue with ErrReopen once the server is broken, as it could not write, and the disk has room: a
// stream that met a write error stays as it is until the store is opened again.
func (g *gauge) awaitRoom(broken context.Context) {
	select {
	case <-g.srv.Closing():
		return
	case <-broken.Done():
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for g.disk(0.5) != nil {
		select {
		case <-g.srv.Closing():
			return
		case <-tick.C:
		}
	}
	g.srv.Fail(fmt.Errorf("%w: %w", ErrReopen, context.Cause(broken)))
}

// probe stores a small message in a stream in place of the one before.
func (q *Queue) probe(ctx context.Context, stream string) error {
	m := nats.NewMsg(layout.ProbeSubject(stream))
	m.Header[jet.HeaderRollup] = []string{"sub"}
	m.Data = []byte(q.cfg.Name)
	_, err := q.srv.JS(0).PublishMsg(ctx, m, jetstream.WithRetryAttempts(1))
	return jet.PublishError(stream, err)
}
