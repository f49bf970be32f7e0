package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// Consumer takes messages from a durable pull consumer. Each message goes to one taker, in this process or another, and comes again
// if it is not acknowledged. It is safe for concurrent use, one Fetch at a time.
type Consumer struct {
	q    *Queue
	spec consumer
	nc   *nats.Conn

	mu     sync.Mutex
	puller *puller
}

// DeliveryConsumer takes the deliveries of a source.
func (q *Queue) DeliveryConsumer(source string) *Consumer {
	return q.consumer(deliveryConsumer(source), 1)
}

// FetchConsumer takes the records of a source that have to be fetched. A message that is replaced while it is in hand is done with:
// the newer one comes at once, and the late acknowledgement of the older does nothing.
func (q *Queue) FetchConsumer(source string) *Consumer { return q.consumer(fetchConsumer(source), 2) }

// RatingConsumers take the ratings of a source, one for each stream of records. A rating that is replaced while it is in hand is
// done with, and the newer one comes at once: who writes must do one thing at a time for a contact. Ratings that compaction has
// moved do not come again.
func (q *Queue) RatingConsumers(source string) []*Consumer {
	all := make([]*Consumer, q.layout.streams)
	for i := range all {
		all[i] = q.consumer(ratingConsumer(source, i), 3+i)
	}
	return all
}

func (q *Queue) consumer(spec consumer, conn int) *Consumer {
	return &Consumer{q: q, spec: spec, nc: q.conn(conn)}
}

// Fetch returns up to most messages, of maxBytes together where it is not 0, as soon as there is one; none after wait. Nothing may
// be there although something waits: while the connection is lost, or the server elects. An error other than ctx's means that the
// consumer cannot go on; Failed has it too.
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
			err = fmt.Errorf("consumer %s of %s: %w", c.spec.name, c.spec.stream, err)
			c.q.fail(err)
			return nil, err
		}
		msgs := c.take(raw)
		// What compaction moved was taken out, and there may be more behind it.
		if len(msgs) > 0 || len(raw) == 0 || time.Until(end) <= 0 {
			return msgs, nil
		}
	}
}

func (c *Consumer) pull(ctx context.Context, most, maxBytes int, wait time.Duration) ([]*nats.Msg, error) {
	if c.puller == nil {
		p, err := newPuller(c.nc, c.spec.stream, c.spec.name)
		if err != nil {
			return nil, err
		}
		c.puller = p
	}
	return c.puller.pull(ctx, max(most, 1), maxBytes, wait)
}

// take makes Msgs, and acknowledges by itself what compaction has moved: those ratings were written before.
func (c *Consumer) take(raw []*nats.Msg) []*Msg {
	msgs := make([]*Msg, 0, len(raw))
	for _, r := range raw {
		m := newMsg(c.nc, r)
		if m == nil {
			continue
		}
		if r.Header.Get(HeaderCompacted) != "" {
			_ = m.Ack() // unacknowledged it comes again, to the same end
			continue
		}
		msgs = append(msgs, m)
	}
	return msgs
}

// recover makes the durable consumer anew if it is gone. Made anew it begins with the first message of the stream: what was
// acknowledged and not yet trimmed comes again. While the server cannot answer it waits, for no longer than wait.
func (c *Consumer) recover(ctx context.Context, wait time.Duration) error {
	try, cancel := context.WithTimeout(ctx, max(wait, time.Second))
	defer cancel()
	err := c.q.putConsumer(try, c.spec)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case c.nc.IsClosed(), isCode(err, codeStreamNotFound), c.q.stopped():
		c.q.fail(err)
		return err
	}
	select { // elections and lost connections end by themselves
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(min(max(wait, 0), 250*time.Millisecond)):
		return nil
	}
}

// Close gives up the consumer's subscription; the durable consumer stays. What is on its way here goes to the next taker at once.
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

// Oldest returns the oldest message of source that its consumer has not seen acknowledged, in Deliveries or Fetches, and when it was
// stored; nil and the zero time where nothing waits. Messages in hand and messages put off count. It costs two requests.
func (q *Queue) Oldest(ctx context.Context, stream, source string) (data []byte, stored time.Time, err error) {
	var spec consumer
	switch stream {
	case Deliveries:
		spec = deliveryConsumer(source)
	case Fetches:
		spec = fetchConsumer(source)
	default:
		return nil, time.Time{}, fmt.Errorf("queue: no oldest message of %s", stream)
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	m, err := q.oldest(ctx, spec)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("oldest of %s: %w", spec.stream, err)
	}
	if m == nil {
		return nil, time.Time{}, nil
	}
	return m.Data, m.Time, nil
}

// oldest returns the first message that a consumer has not seen acknowledged; nil if there is none.
func (q *Queue) oldest(ctx context.Context, spec consumer) (*stored, error) {
	c, err := q.js[0].Consumer(ctx, spec.stream, spec.name)
	if err != nil {
		return nil, err
	}
	// The floor lies below the first message that is not acknowledged, so the next one that is there is that message; none where it was
	// acknowledged or replaced between the two requests. Whether anything waits is not asked of the consumer: in a cluster its leader may
	// not have heard yet of what the stream's has stored.
	return q.nextMsg(ctx, spec.stream, spec.filter, c.CachedInfo().AckFloor.Stream+1, time.Time{})
}
