package jet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Log reads the messages of one subject, as the bundles of a partition, in their order. It is for one goroutine.
type Log struct {
	s      *Server
	stream string
	filter string
	lost   func(*Msg)
	conn   int
	last   uint64 // sequence of the last message returned
	order  uint64 // how many the present consumer has delivered
	mark   uint64 // how many it will have delivered with all that was there at the last Mark
	name   string
	puller *puller
}

// idle is how long the server keeps a log's consumer that nobody asks.
const idle = 5 * time.Minute

// logBytes is how many bytes of bundles come at once.
const logBytes = 32 << 20

// unreached is the mark of a log whose end is not known.
const unreached = ^uint64(0)

// OpenLog returns the reader of a subject's messages with sequences above from, over connection conn. What is not
// what was stored goes to lost.
func (s *Server) OpenLog(ctx context.Context, stream, filter string, conn int, from uint64,
	lost func(*Msg),
) (*Log, error) {
	l := &Log{s: s, stream: stream, filter: filter, lost: lost, conn: conn, last: from}
	if err := l.open(ctx); err != nil {
		return nil, fmt.Errorf("log of %s: %w", filter, err)
	}
	return l, nil
}

// Last is the sequence of the last message that Next returned.
func (l *Log) Last() uint64 { return l.last }

// open makes a consumer in the server's memory that begins behind what was read.
func (l *Log) open(ctx context.Context) error {
	ctx, cancel := Bounded(ctx)
	defer cancel()
	l.Close()
	c, err := l.s.JS(l.conn).CreateConsumer(ctx, l.stream, jetstream.ConsumerConfig{
		FilterSubject: l.filter, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: l.last + 1,
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: idle,
	})
	if err != nil {
		return err
	}
	l.order, l.mark, l.name = 0, unreached, c.CachedInfo().Name
	l.puller, err = newPuller(l.s.Conn(l.conn), l.stream, l.name)
	return err
}

// Next returns up to most bundles as soon as there is one, none after wait. The order has no gaps: what was lost on the
// way is read again. An error other than ctx's means that the log cannot go on; Failed has it too.
func (l *Log) Next(ctx context.Context, most int, wait time.Duration) ([]*Msg, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if l.puller == nil {
		return nil, l.reopen(ctx, wait)
	}
	raw, err := l.puller.pull(ctx, max(most, 1), logBytes, wait)
	switch {
	case errors.Is(err, errNoConsumer):
		return nil, l.reopen(ctx, wait)
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		err = fmt.Errorf("log of %s: %w", l.filter, err)
		l.s.Fail(err)
		return nil, err
	}
	msgs := make([]*Msg, 0, len(raw))
	for _, r := range raw {
		m := newMsg(l.puller.nc, r)
		if m == nil || m.Seq <= l.last {
			continue
		}
		if m.order != l.order+1 { // one was lost between the server and here
			return msgs, l.reopen(ctx, wait)
		}
		m.reply = ""
		l.order, l.last = m.order, m.Seq
		if m.Damaged {
			l.lost(m)
			continue
		}
		msgs = append(msgs, m)
	}
	return msgs, nil
}

// Mark notes how far the log goes now. It costs one request.
func (l *Log) Mark(ctx context.Context) error {
	ctx, cancel := Bounded(ctx)
	defer cancel()
	l.mark = unreached
	c, err := l.s.JS(l.conn).Consumer(ctx, l.stream, l.name)
	if err != nil {
		return fmt.Errorf("end of the log of %s: %w", l.filter, err)
	}
	info := c.CachedInfo()
	l.mark = info.Delivered.Consumer + info.NumPending
	return nil
}

// Reached reports whether Next has returned all that was there at the last Mark. Without one, since the log was opened
// or had to be opened anew, that is not known: false.
func (l *Log) Reached() bool { return l.order >= l.mark }

// reopen makes the consumer anew. While the server cannot answer it waits, for no longer than wait, and the next Next
// tries again.
func (l *Log) reopen(ctx context.Context, wait time.Duration) error {
	try, cancel := context.WithTimeout(ctx, max(wait, time.Second))
	defer cancel()
	err := l.open(try)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case l.s.Conn(l.conn).IsClosed(), IsCode(err, CodeStreamNotFound):
		err = fmt.Errorf("log of %s: %w", l.filter, err)
		l.s.Fail(err)
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(min(wait, 250*time.Millisecond)):
		return nil
	}
}

// Close gives up the reader. The server forgets its consumer at once if it can be told, else when it has been idle.
func (l *Log) Close() {
	if l.puller == nil {
		return
	}
	l.puller.close()
	l.puller = nil
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if l.s.Conn(l.conn).IsConnected() {
		_ = l.s.JS(l.conn).DeleteConsumer(ctx, l.stream, l.name) // if this fails the idle time ends it
	}
}

// Name is the server's name for the reader's consumer.
func (l *Log) Name() string { return l.name }
