package queue

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Load returns the records of the keys, all of partition p; a key without a record is absent.
func (q *Queue) Load(ctx context.Context, p int, keys []Key) (map[Key]Record, error) {
	return q.load(ctx, kindContact, p, keys)
}

// LoadRatings returns the latest ratings that were put for the keys, all of partition p; a key without one is absent.
func (q *Queue) LoadRatings(ctx context.Context, p int, keys []Key) (map[Key]Record, error) {
	return q.load(ctx, kindRating, p, keys)
}

// staleTries is how often a read is repeated that was answered by a copy of the stream that lags behind.
const staleTries = 50

var errStale = errors.New("the answer came from a copy that lags behind")

func (q *Queue) load(ctx context.Context, kind string, p int, keys []Key) (map[Key]Record, error) {
	if err := q.checkPartition(p); err != nil {
		return nil, err
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	out := make(map[Key]Record, len(keys))
	for len(keys) > 0 {
		subjects, bytes := []string{checkpointSubject(p)}, 0
		for len(subjects) <= min(len(keys), mostSubjects) && bytes < mostSubjectBytes {
			k := keys[len(subjects)-1]
			if err := k.check(); err != nil {
				return nil, err
			}
			s := contactSubject(kind, p, k)
			subjects, bytes = append(subjects, s), bytes+len(s)
		}
		if err := q.loadChunk(ctx, p, subjects, out); err != nil {
			return nil, fmt.Errorf("load %d records of partition %d: %w", len(subjects)-1, p, ended(ctx, err))
		}
		keys = keys[len(subjects)-1:]
	}
	return out, nil
}

// loadChunk reads the subjects, the first of which is the partition's checkpoint. In a cluster any copy of the stream may answer.
// The checkpoint in the same answer shows how far that copy is: every record is committed together with one.
func (q *Queue) loadChunk(ctx context.Context, p int, subjects []string, out map[Key]Record) error {
	seen := q.parts[p].seen.Load()
	for range staleTries {
		var at uint64
		err := q.multiLast(ctx, q.conn(p), q.stream(p), subjects, func(m stored) {
			if m.Subject == subjects[0] {
				at = m.Seq
			} else if k, ok := keyOf(m.Subject); ok {
				out[k] = Record{Key: k, Data: m.Data, Seq: m.Seq, Time: m.Time}
			}
		})
		if err != nil && !errors.Is(err, nats.ErrNoResponders) {
			return err
		}
		if err == nil && at >= seen {
			return nil
		}
		clear(out)
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return errStale
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// scanBatch is how many records Scan asks for at once, and scanBytes how many bytes of them.
const (
	scanBatch = 5000
	scanBytes = 16 << 20
)

// Scan calls fn with every record of the partition, in the order in which they were stored, and stops at fn's error. It is for the
// partition's owner: what is committed meanwhile may or may not be seen.
func (q *Queue) Scan(ctx context.Context, p int, fn func(Record) error) error {
	if err := q.checkPartition(p); err != nil {
		return err
	}
	filter := fmt.Sprintf("%s.%d.*.*", kindContact, p)
	err := q.walk(ctx, walk{stream: q.stream(p), filter: filter, conn: p}, func(m *nats.Msg, at *Msg) error {
		k, ok := keyOf(m.Subject)
		if !ok {
			return fmt.Errorf("the subject of message %d is not ours", at.Seq)
		}
		return fn(Record{Key: k, Data: m.Data, Seq: at.Seq, Time: at.Time})
	})
	if err != nil {
		return fmt.Errorf("scan partition %d: %w", p, err)
	}
	return nil
}

// walk is a way through the messages of filter.
type walk struct {
	stream, filter string
	after          uint64 // the sequence behind which it begins
	conn           int
	most           int  // messages asked for at once; 0: scanBatch
	bare           bool // without what they hold
}

// walk calls fn with the messages of w until there are no more.
func (q *Queue) walk(ctx context.Context, w walk, fn func(*nats.Msg, *Msg) error) error {
	if err := q.settled(ctx, w.stream); err != nil {
		return err
	}
	for {
		done, err := q.walkOnce(ctx, &w, fn)
		if done || err != nil {
			return err
		}
		// The consumer was lost on the way; another one goes on.
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

func (q *Queue) walkOnce(ctx context.Context, w *walk, fn func(*nats.Msg, *Msg) error) (done bool, err error) {
	js, nc := q.jetstream(w.conn), q.conn(w.conn)
	open, cancel := bounded(ctx)
	c, err := js.CreateConsumer(open, w.stream, jetstream.ConsumerConfig{
		FilterSubject: w.filter, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: w.after + 1,
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: idle, HeadersOnly: w.bare,
	})
	cancel()
	if err != nil {
		return false, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = js.DeleteConsumer(ctx, w.stream, c.CachedInfo().Name) // if this fails the idle time ends it
	}()
	if c.CachedInfo().NumPending == 0 {
		return true, nil
	}
	p, err := newPuller(nc, w.stream, c.CachedInfo().Name)
	if err != nil {
		return false, err
	}
	defer p.close()
	order := uint64(0)
	for {
		raw, err := p.pull(ctx, cmp.Or(w.most, scanBatch), scanBytes, 2*time.Second)
		if errors.Is(err, errNoConsumer) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if len(raw) == 0 { // what was pending has been deleted meanwhile, or the server is slow: look again
			info, err := c.Info(ctx)
			if err != nil {
				return false, nil //nolint:nilerr // the consumer is lost, the caller makes another
			}
			if info.NumPending == 0 {
				return true, nil
			}
		}
		for _, m := range raw {
			at := newMsg(nc, m)
			if at == nil || at.order != order+1 {
				return false, nil // one was lost on the way
			}
			order, w.after = at.order, at.Seq
			if err := fn(m, at); err != nil {
				return false, err
			}
			if at.left == 0 {
				return true, nil
			}
		}
	}
}

// settled waits until the copies of a stream that are there have caught up with its leader, because a consumer may be put beside any
// of them.
func (q *Queue) settled(ctx context.Context, stream string) error {
	if q.layout.replicas == 1 {
		return nil
	}
	for range staleTries {
		s, err := q.js[0].Stream(ctx, stream)
		if err != nil {
			return err
		}
		lagging := false
		if c := s.CachedInfo().Cluster; c != nil {
			for _, r := range c.Replicas {
				lagging = lagging || !r.Offline && !r.Current
			}
		}
		if !lagging {
			return nil
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return errStale
}

// Checkpoint is how far a partition has been rated.
type Checkpoint struct {
	Facts uint64 // sequence of the last bundle that was rated
	Data  []byte // the owner's own
	Seq   uint64 // of the checkpoint itself: the next commit expects it; 0: there is none yet
}

func (c Checkpoint) encode() []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(c.Data)), c.Facts), c.Data...)
}

// ReadCheckpoint returns the partition's latest checkpoint, the zero one where there is none. Facts never lies ahead of the stream of
// facts: after a loss of data there sequences are used again, and what they then stand for has to be rated.
func (q *Queue) ReadCheckpoint(ctx context.Context, p int) (Checkpoint, error) {
	if err := q.checkPartition(p); err != nil {
		return Checkpoint{}, err
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	m, err := q.lastMsg(ctx, q.stream(p), checkpointSubject(p))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint of partition %d: %w", p, err)
	}
	if m == nil {
		return Checkpoint{}, nil
	}
	if len(m.Data) < 8 {
		return Checkpoint{}, fmt.Errorf("checkpoint of partition %d: %d bytes", p, len(m.Data))
	}
	s, err := q.js[0].Stream(ctx, Facts)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint of partition %d: %w", p, err)
	}
	q.parts[p].saw(m.Seq)
	return Checkpoint{Facts: min(binary.BigEndian.Uint64(m.Data), s.CachedInfo().State.LastSeq), Data: m.Data[8:], Seq: m.Seq}, nil
}
