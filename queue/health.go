package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// Stats returns the figures of every stream of ours.
func (q *Queue) Stats(ctx context.Context) ([]StreamStats, error) { return q.gauge.stats(ctx) }

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
			err := fmt.Errorf("queue: %s", h)
			// A stream that met a write error stays as it is until the process starts again, which helps once the disk
			// has room.
			if q.srv.Stopped() || strings.Contains(h, "write error") && q.gauge.disk(0.5) == nil {
				q.srv.Fail(err)
			}
			errs = append(errs, err)
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

// probe stores a small message in a stream in place of the one before.
func (q *Queue) probe(ctx context.Context, stream string) error {
	m := nats.NewMsg(layout.ProbeSubject(stream))
	m.Header[jet.HeaderRollup] = []string{"sub"}
	m.Data = []byte(q.cfg.Name)
	_, err := q.srv.JS(0).PublishMsg(ctx, m, jetstream.WithRetryAttempts(1))
	return jet.PublishError(stream, err)
}
