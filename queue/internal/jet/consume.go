package jet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Consumer takes messages from a durable pull consumer. Each message goes to one taker, in this process or another, and
// comes again if it is not acknowledged. It is safe for concurrent use, one Fetch at a time.
type Consumer struct {
	s      *Server
	stream string
	config jetstream.ConsumerConfig
	skip   string // messages with this header are acknowledged unseen
	lost   func(*Msg)
	nc     *nats.Conn

	mu     sync.Mutex
	puller *puller
}

// Consumer returns the taker of a durable consumer's messages, over connection conn. Messages with the header skip are
// acknowledged unseen; an empty one stands for none. What is not what was stored goes to lost, and is acknowledged too.
func (s *Server) Consumer(stream string, config jetstream.ConsumerConfig, skip string, conn int,
	lost func(*Msg),
) *Consumer {
	return &Consumer{s: s, stream: stream, config: config, skip: skip, lost: lost, nc: s.Conn(conn)}
}

// Fetch returns up to most messages, of maxBytes together where it is not 0, as soon as there is one; none after wait.
// Nothing may be there although something waits: while the connection is lost, or the server elects. An error other
// than ctx's means that the consumer cannot go on; Failed has it too.
func (c *Consumer) Fetch(ctx context.Context, most, maxBytes int, wait time.Duration) ([]*Msg, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	end := time.Now().Add(wait)
	for {
		raw, err := c.pull(ctx, most, maxBytes, time.Until(end))
		switch {
		case errors.Is(err, errNoConsumer):
			return nil, c.recover(ctx, time.Until(end))
		case err != nil && ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			err = fmt.Errorf("consumer %s of %s: %w", c.config.Durable, c.stream, err)
			c.s.Fail(err)
			return nil, err
		}
		msgs := c.take(raw)
		// What was skipped is taken out, and there may be more behind it.
		if len(msgs) > 0 || len(raw) == 0 || time.Until(end) <= 0 {
			return msgs, nil
		}
	}
}

func (c *Consumer) pull(ctx context.Context, most, maxBytes int, wait time.Duration) ([]*nats.Msg, error) {
	if c.puller == nil {
		p, err := newPuller(c.nc, c.stream, c.config.Durable)
		if err != nil {
			return nil, err
		}
		c.puller = p
	}
	return c.puller.pull(ctx, max(most, 1), maxBytes, wait)
}

// take makes Msgs, and acknowledges by itself what shall be skipped.
func (c *Consumer) take(raw []*nats.Msg) []*Msg {
	msgs := make([]*Msg, 0, len(raw))
	for _, r := range raw {
		m := newMsg(c.nc, r)
		if m == nil {
			continue
		}
		m.wait = c.config.AckWait
		if c.skip != "" && r.Header.Get(c.skip) != "" {
			_ = m.Ack() // unacknowledged it comes again, to the same end
			continue
		}
		if m.Damaged {
			c.lost(m)
			_ = m.Ack()
			continue
		}
		msgs = append(msgs, m)
	}
	return msgs
}

// recover makes the durable consumer anew if it is gone. Made anew it begins with the first message of the stream: what
// was acknowledged and not yet trimmed comes again. While the server cannot answer it waits, for no longer than wait.
func (c *Consumer) recover(ctx context.Context, wait time.Duration) error {
	try, cancel := context.WithTimeout(ctx, max(wait, time.Second))
	defer cancel()
	_, err := c.s.js[0].CreateOrUpdateConsumer(try, c.stream, c.config)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case c.nc.IsClosed(), IsCode(err, CodeStreamNotFound):
		c.s.Fail(err)
		return err
	}
	select { // elections and lost connections end by themselves
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(min(max(wait, 0), 250*time.Millisecond)):
		return nil
	}
}

// Close gives up the consumer's subscription; the durable consumer stays. What is on its way here goes to the next
// taker at once.
func (c *Consumer) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.puller != nil {
		for _, m := range c.puller.drain() {
			if m := newMsg(c.nc, m); m != nil {
				_ = m.Nak(0) // one that gets lost comes again after the consumer's wait
			}
		}
		c.puller = nil
	}
}

// Oldest returns the first message of filter that the stream's consumer has not seen acknowledged; nil if there is
// none.
func (s *Server) Oldest(ctx context.Context, stream, consumer, filter string) (*Stored, error) {
	c, err := s.js[0].Consumer(ctx, stream, consumer)
	if err != nil {
		return nil, err
	}
	// The floor lies below the first message that is not acknowledged, so the next one that is there is that message;
	// none where it was acknowledged or replaced between the two requests. Whether anything waits is not asked of the
	// consumer: in a cluster its leader may not have heard yet of what the stream's has stored.
	return s.Next(ctx, stream, filter, c.CachedInfo().AckFloor.Stream+1)
}

// Waiting is how many messages a consumer has not seen acknowledged; all of the stream's where there is no consumer.
func (s *Server) Waiting(ctx context.Context, stream, name string) (uint64, error) {
	c, err := s.js[0].Consumer(ctx, stream, name)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		st, err := s.js[0].Stream(ctx, stream)
		if err != nil {
			return 0, err
		}
		return st.CachedInfo().State.Msgs, nil
	}
	if err != nil {
		return 0, err
	}
	return c.CachedInfo().NumPending + uint64(c.CachedInfo().NumAckPending), nil
}
