package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/winnow-crm/winnow/queue/internal/jet"
)

// committer stores the batches of one stream's partitions together. For each atomic batch the server makes a store of
// its own on the disk and deletes it again, which costs as much as a few hundred messages: so while one is on its way,
// those that come wait for the next, which takes them all. Each batch's expectation is checked separately; all batches
// are stored or none.
type committer struct {
	send    func(context.Context, []*nats.Msg) (uint64, error)
	most    int             // messages together
	run     func(func())    // starts a goroutine that Close waits for
	closing <-chan struct{} // ends the pause

	mu      sync.Mutex
	waiting []*pending
	busy    bool
	more    chan struct{} // one more waits
}

// pending is one partition's batch on its way.
type pending struct {
	ctx  context.Context //nolint:containedctx // who waits for the answer may give up before it is sent
	msgs []*nats.Msg
	done chan outcome
}

type outcome struct {
	seq uint64 // of its last message
	err error
}

// The pace of commits. A large one goes at once and by itself: there the cost of the server's own store is small. Small
// ones go together, and then leave the stream to others for four times as long as the last one took, though never long
// enough for a person to notice.
const (
	commitEnough = 500 // messages that go by themselves, and of a group for which there is no waiting
	commitShare  = 4
	commitPause  = 200 * time.Millisecond
)

func newCommitter(
	send func(context.Context, []*nats.Msg) (uint64, error), most int, run func(func()), closing <-chan struct{},
) *committer {
	return &committer{send: send, most: most, run: run, closing: closing, more: make(chan struct{}, 1)}
}

// commit returns the sequence of the last of msgs once all are stored.
func (c *committer) commit(ctx context.Context, msgs []*nats.Msg) (uint64, error) {
	if len(msgs) >= commitEnough {
		return c.send(ctx, msgs)
	}
	w := &pending{ctx: ctx, msgs: msgs, done: make(chan outcome, 1)}
	c.mu.Lock()
	c.waiting = append(c.waiting, w)
	lead := !c.busy
	c.busy = true
	c.mu.Unlock()
	select {
	case c.more <- struct{}{}:
	default: // said already
	}
	if lead {
		c.run(c.lead)
	}
	select {
	case r := <-w.done:
		return r.seq, r.err
	case <-ctx.Done():
		return 0, fmt.Errorf("%w: %w", ErrUnknown, ctx.Err())
	}
}

// lead sends what waits, group after group, until nobody waits any more and the pause after the last group is over.
func (c *committer) lead() {
	var pause time.Duration
	for {
		c.gather(pause)
		group := c.take()
		if group == nil {
			return
		}
		began := time.Now()
		c.store(group)
		pause = min(commitShare*time.Since(began), commitPause)
	}
}

// gather returns when the pause is over or enough waits.
func (c *committer) gather(pause time.Duration) {
	over := time.NewTimer(pause)
	defer over.Stop()
	for {
		c.mu.Lock()
		n := 0
		for _, w := range c.waiting {
			n += len(w.msgs)
		}
		c.mu.Unlock()
		if n >= commitEnough {
			return
		}
		select {
		case <-over.C:
			return
		case <-c.closing:
			return
		case <-c.more:
		}
	}
}

// take returns the next group, or nil and the lead is given up.
func (c *committer) take() []*pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, msgs := 0, 0
	for n < len(c.waiting) && (n == 0 || msgs+len(c.waiting[n].msgs) <= c.most) {
		msgs += len(c.waiting[n].msgs)
		n++
	}
	if n == 0 {
		c.busy = false
		return nil
	}
	group := c.waiting[:n:n]
	c.waiting = append([]*pending(nil), c.waiting[n:]...)
	return group
}

// store sends a group as one atomic batch. If it is refused because one of them is fenced, each is tried by itself.
func (c *committer) store(group []*pending) {
	var msgs []*nats.Msg
	live := group[:0]
	for _, w := range group {
		if w.ctx.Err() == nil { // who gave up has looked elsewhere by now
			msgs, live = append(msgs, w.msgs...), append(live, w)
		}
	}
	if len(live) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), jet.CommitWait)
	defer cancel()
	seq, err := c.send(ctx, msgs)
	if errors.Is(err, ErrFenced) && len(live) > 1 {
		for _, w := range live {
			c.store([]*pending{w})
		}
		return
	}
	for i := len(live) - 1; i >= 0; i-- { // seq is that of the very last message
		live[i].done <- outcome{seq, err}
		seq -= uint64(len(live[i].msgs))
	}
}
