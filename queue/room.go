package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

// StreamStats is what metrics show of a stream.
type StreamStats struct {
	Name                      string
	Messages, Bytes, MaxBytes uint64 // MaxBytes 0: no bound of its own
	FirstSeq, LastSeq         uint64
	First                     time.Time // when its first message was stored; zero: empty
}

// Stats returns the figures of every stream of ours.
func (q *Queue) Stats(ctx context.Context) ([]StreamStats, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	names := q.streamNames()
	all := make([]StreamStats, len(names))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i, name := range names {
		g.Go(func() error {
			s, err := q.js[0].Stream(ctx, name)
			if err != nil {
				return fmt.Errorf("stream %s: %w", name, err)
			}
			info := s.CachedInfo()
			all[i] = StreamStats{
				Name: name, Messages: info.State.Msgs, Bytes: info.State.Bytes, MaxBytes: uint64(max(info.Config.MaxBytes, 0)),
				FirstSeq: info.State.FirstSeq, LastSeq: info.State.LastSeq,
			}
			if info.State.Msgs > 0 {
				all[i].First = info.State.FirstTime
			}
			return nil
		})
	}
	return all, g.Wait()
}

func (q *Queue) streamNames() []string {
	var names []string
	for _, c := range q.layout.config() {
		names = append(names, c.Name)
	}
	return names
}

// roomAge is how old the figures may be that Room goes by.
const roomAge = 250 * time.Millisecond

// storeShare is how much of the whole store may be used before everything but the records is refused: a commit that finds no room
// ends the process.
const storeShare = 0.95

type roomCache struct {
	mu     sync.Mutex
	at     time.Time
	shares map[string]float64 // by the names of the constants: Deliveries, not DELIVERIES_hubspot
	store  float64
	tight  bool // a stream that Trim empties has reached its level
	err    error

	diskMu sync.Mutex
	diskAt time.Time
	free   int64
}

// Room returns nil if the stream has less than share (0 to 1) of its bytes used and the disk has more than MinFree free, for what
// comes in from outside; half of MinFree is enough for what empties a stream, Facts and Fetches. Otherwise it is ErrFull with the
// reason. Of Deliveries and Fetches the sources' streams count together: one source that has used its own part up is refused by
// PublishDelivery. The figures are up to 250 ms old.
func (q *Queue) Room(stream string, share float64) error {
	floor := 0.5
	if stream == Deliveries {
		floor = 1
	}
	if err := q.disk(floor); err != nil {
		return err
	}
	used, store, err := q.shares()
	if err != nil {
		return err
	}
	if store >= storeShare {
		return fmt.Errorf("the store has %.0f %% of its bytes used; raise WINNOW_QUEUE_MAX_STORE: %w", 100*store, ErrFull)
	}
	if used[stream] >= share {
		return fmt.Errorf("%s has %.0f %% of its bytes used: %w", stream, 100*used[stream], ErrFull)
	}
	return nil
}

// Tight reports whether room is short, of one source's stream or of all: what is kept for convenience should go. The figures are those of
// Room.
func (q *Queue) Tight() bool {
	_, store, err := q.shares()
	return err == nil && (q.room.isTight() || store >= storeShare) || q.disk(1) != nil
}

func (c *roomCache) isTight() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tight
}

func (q *Queue) shares() (map[string]float64, float64, error) {
	c := &q.room
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.at) < roomAge {
		return c.shares, c.store, c.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c.shares, c.store, c.tight, c.err = q.measure(ctx)
	c.at = time.Now()
	return c.shares, c.store, c.err
}

func (q *Queue) measure(ctx context.Context) (_ map[string]float64, store float64, tight bool, _ error) {
	stats, err := q.Stats(ctx)
	if err != nil {
		return nil, 0, false, fmt.Errorf("room: %w", err)
	}
	type sum struct{ used, most uint64 }
	sums := map[string]sum{}
	for _, s := range stats {
		name, _, _ := strings.Cut(s.Name, "_")
		was := sums[name]
		sums[name] = sum{was.used + s.Bytes, was.most + s.MaxBytes}
		switch name {
		case Deliveries, Fetches, Facts:
			tight = tight || float64(s.Bytes) >= fullEnough*float64(s.MaxBytes)
		}
	}
	shares := map[string]float64{}
	for name, s := range sums {
		if s.most > 0 {
			shares[name] = float64(s.used) / float64(s.most)
		}
	}
	acc, err := q.js[0].AccountInfo(ctx)
	if err != nil {
		return nil, 0, false, fmt.Errorf("room: %w", err)
	}
	most := acc.Limits.MaxStore
	if q.embedded != nil {
		most = q.cfg.MaxStore
	}
	if most > 0 {
		store = float64(acc.Store) / float64(most)
	}
	shares[Contacts] = store // the records have what the others leave
	return shares, store, tight, nil
}

// disk returns ErrFull where less than share of MinFree is free on the embedded store's disk.
func (q *Queue) disk(share float64) error {
	if q.embedded == nil {
		return nil
	}
	c := &q.room
	c.diskMu.Lock()
	defer c.diskMu.Unlock()
	if time.Since(c.diskAt) >= roomAge {
		free, _, err := diskSpace(q.cfg.Dir)
		if err != nil {
			return err
		}
		c.free, c.diskAt = free, time.Now()
	}
	if floor := int64(share * float64(q.cfg.MinFree)); c.free < floor {
		return fmt.Errorf("the disk has %s free, the floor (WINNOW_QUEUE_MIN_FREE) is %s: %w", size(c.free), size(floor), ErrFull)
	}
	return nil
}

// Healthy returns what is wrong with the queue, nil where all is well: the connection, the server's own health with each stream's
// write errors, the free disk, and one durable publish into every stream.
func (q *Queue) Healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var errs []error
	for _, nc := range q.conns {
		if s := nc.Status(); s != nats.CONNECTED {
			return fmt.Errorf("queue: the connection is %s", strings.ToLower(s.String()))
		}
	}
	if q.embedded != nil {
		if h := q.embedded.health(&server.HealthzOptions{}); h.Error != "" {
			err := fmt.Errorf("queue: %s", h.Error)
			// A stream that met a write error stays as it is until the process starts again, which helps once the disk has room.
			if q.stopped() || strings.Contains(h.Error, "write error") && q.disk(0.5) == nil {
				q.fail(err)
			}
			errs = append(errs, err)
		}
		errs = append(errs, q.disk(1))
	}
	names := q.streamNames()
	probes := make([]error, len(names))
	var g errgroup.Group
	for i, name := range names {
		if name == Leases {
			continue // in memory
		}
		g.Go(func() error { probes[i] = q.probe(ctx, name); return nil })
	}
	_ = g.Wait() // each has put its error in its place
	return errors.Join(append(errs, probes...)...)
}

// stopped reports whether the embedded server has given up JetStream, as it does when it may not write any more.
func (q *Queue) stopped() bool { return q.embedded != nil && !q.embedded.srv.JetStreamEnabled() }

// probe stores a small message in a stream in place of the one before.
func (q *Queue) probe(ctx context.Context, stream string) error {
	m := nats.NewMsg(probeSubject(stream))
	m.Header[headerRollup] = []string{"sub"}
	m.Data = []byte(q.cfg.Name)
	_, err := q.js[0].PublishMsg(ctx, m, jetstream.WithRetryAttempts(1))
	return publishError(stream, err)
}
