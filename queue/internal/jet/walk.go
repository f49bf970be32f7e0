package jet

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// walkBatch is how many messages a walk asks for at once, and walkBytes how many bytes of them.
const (
	walkBatch = 5000
	walkBytes = 16 << 20
)

// Walk is a way through the messages of a stream.
type Walk struct {
	Stream, Filter string
	After          uint64 // the sequence behind which it begins
	Conn           int
	Most           int  // messages asked for at once; 0: walkBatch
	Bare           bool // without what they hold
}

// Walk calls fn with the messages of w until there are no more.
func (s *Server) Walk(ctx context.Context, w Walk, fn func(*nats.Msg, *Msg) error) error {
	if err := s.settled(ctx, w.Stream); err != nil {
		return err
	}
	for {
		done, err := s.walkOnce(ctx, &w, fn)
		if done || err != nil {
			return err
		}
		// The consumer was lost on the way; another one goes on.
		if err := Pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

func (s *Server) walkOnce(ctx context.Context, w *Walk, fn func(*nats.Msg, *Msg) error) (done bool, err error) {
	js, nc := s.JS(w.Conn), s.Conn(w.Conn)
	open, cancel := Bounded(ctx)
	c, err := js.CreateConsumer(open, w.Stream, jetstream.ConsumerConfig{
		FilterSubject: w.Filter, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: w.After + 1,
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: idle,
		HeadersOnly: w.Bare,
	})
	cancel()
	if err != nil {
		return false, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = js.DeleteConsumer(ctx, w.Stream, c.CachedInfo().Name) // if this fails the idle time ends it
	}()
	if c.CachedInfo().NumPending == 0 {
		return true, nil
	}
	p, err := newPuller(nc, w.Stream, c.CachedInfo().Name)
	if err != nil {
		return false, err
	}
	defer p.close()
	order := uint64(0)
	for {
		raw, err := p.pull(ctx, min(cmp.Or(w.Most, walkBatch), walkBatch), walkBytes, 2*time.Second)
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
			order, w.After = at.order, at.Seq
			if err := fn(m, at); err != nil {
				return false, err
			}
			if at.left == 0 {
				return true, nil
			}
		}
	}
}

// settled waits until the copies of a stream that are there have caught up with its leader, because a consumer may be
// put beside any of them.
func (s *Server) settled(ctx context.Context, stream string) error {
	if s.replicas == 1 {
		return nil
	}
	for range StaleTries {
		st, err := s.js[0].Stream(ctx, stream)
		if err != nil {
			return err
		}
		lagging := false
		if c := st.CachedInfo().Cluster; c != nil {
			for _, r := range c.Replicas {
				lagging = lagging || !r.Offline && !r.Current
			}
		}
		if !lagging {
			return nil
		}
		if err := Pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return ErrStale
}
