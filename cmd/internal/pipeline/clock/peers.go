package clock

import (
	"context"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/queue"
)

// Run tells the other processes about this one's clock, and learns about theirs, until ctx ends. It is for a process
// that has no other reason to be a member.
func (c *Clock) Run(ctx context.Context, q *queue.Queue, ttl time.Duration) error {
	for ctx.Err() == nil {
		_, _ = c.Meet(ctx, q, stored.Member{}, 2*ttl) // whoever needs the members for more says why they cannot be seen
		timing.Sleep(ctx, ttl/3)
	}
	return nil
}

// Meet announces this process as a member for ttl, with its clock, and returns all members.
func (c *Clock) Meet(
	ctx context.Context, q *queue.Queue, own stored.Member, ttl time.Duration,
) (all []stored.Member, err error) {
	w := c.Word()
	own.Clock, own.Skew, own.Told, own.Roles = w.At.UnixNano(), w.Skew, w.Known, c.roles
	if err := q.Leases.Announce(ctx, stored.Encode(own), ttl); err != nil {
		return nil, err
	}
	there, err := q.Leases.Members(ctx)
	if err != nil {
		return nil, err
	}
	var mine Said
	var others []Said
	for _, m := range there {
		other, err := stored.Decode[stored.Member](m.Data)
		if err != nil {
			continue
		}
		all = append(all, other)
		said := Said{Word{time.Unix(0, other.Clock), other.Skew, other.Told}, m.Stored}
		switch {
		case m.ID == q.Leases.Name():
			mine = said
		case other.Clock != 0: // one of an older build says nothing
			others = append(others, said)
		}
	}
	if !mine.Stored.IsZero() {
		c.Compare(mine, others)
	}
	return all, nil
}

// Word is what a process tells the others about its clock.
type Word struct {
	At    time.Time     // what it showed
	Skew  time.Duration // how far it was ahead by what CRMs have told this process itself
	Known bool
}

// Said is the word of a process and when the shared server received it, by the server's clock: the one clock that all
// processes can compare their own with.
type Said struct {
	Word
	Stored time.Time
}

// peer is another process.
type peer struct {
	zero  time.Time     // what the CRMs' clock showed when ours that nobody sets stood at zero, by what it knows
	told  bool          // it knows that
	ahead time.Duration // how far the machine's clock is ahead of its machine's
}

// Word is what to tell the others. It repeats nothing that they have told us, so that no process hears its own word
// back as a second witness.
func (c *Clock) Word() Word {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := Word{At: c.now()}
	c.spoke = c.since()
	var own []time.Duration
	for _, of := range c.crms {
		if !of.zero.IsZero() {
			own = append(own, w.At.Sub(of.zero.Add(c.since())))
		}
	}
	w.Skew, w.Known = verdict(own)
	return w
}

// Compare takes in what the processes said last, this one with its last Word among them.
func (c *Clock) Compare(own Said, others []Said) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.peers = nil
	mine := own.At.Sub(own.Stored)
	for _, o := range others {
		p := peer{told: o.Known, ahead: mine - o.At.Sub(o.Stored)}
		if p.told {
			p.zero = own.At.Add(-p.ahead - o.Skew).Add(-c.spoke)
		}
		c.peers = append(c.peers, p)
	}
}

// apart are how far this machine's clock is ahead of the others'.
func apart(peers []peer) (all []time.Duration) {
	for _, p := range peers {
		all = append(all, p.ahead)
	}
	return all
}
