package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// Lease is the ownership of a name for a while: lease.<p> of a partition, crm.<source> of a CRM's REST traffic. Two
// processes may both believe in one for a moment, when clocks stand still; what must not happen twice is fenced by the
// commit.
type Lease struct {
	leases  *Leases
	subject string
	ttl     time.Duration

	until atomic.Pointer[time.Time] // by the local monotonic clock; nil: given up or lost

	mu  sync.Mutex // of who asks the server
	seq uint64
}

// leaseMargin is the part of a lease's time by which we believe in it shorter than the server does.
const leaseMargin = 10

// leaseSubject is where a lease stands: its kind, and the rest as one token.
func leaseSubject(name string) (string, error) {
	kind, rest, ok := strings.Cut(name, ".")
	if !ok || !slices.Contains([]string{"lease", "crm", "member"}, kind) || !ValidID(rest) {
		return "", fmt.Errorf("queue: no lease can be called %.40q", name)
	}
	return kind + "." + layout.Token(rest), nil
}

// Leases say who owns what for a while, and which processes are there. They stand in memory; correctness never depends
// on them.
type Leases struct {
	base
	name string // of this process
}

// Acquire takes the lease for ttl. ErrHeld: another has it, or this process by another Lease.
func (s *Leases) Acquire(ctx context.Context, name string, ttl time.Duration) (*Lease, error) {
	subject, err := leaseSubject(name)
	if err != nil {
		return nil, err
	}
	l := &Lease{leases: s, subject: subject, ttl: ttl}
	if err := l.put(ctx, 0); err != nil {
		if jet.IsOutrun(err) {
			err = ErrHeld
		}
		return nil, fmt.Errorf("lease %s: %w", name, err)
	}
	return l, nil
}

// put writes the lease in place of the message with the sequence expected. The time runs from before the request: the
// server's runs from after it, so ours ends first.
func (l *Lease) put(ctx context.Context, expected uint64) error {
	ctx, cancel := context.WithTimeout(ctx, max(l.ttl/2, time.Second))
	defer cancel()
	start := time.Now()
	m := jet.NewMsg(l.subject, []byte(l.leases.name))
	m.Header[jet.HeaderTTL] = []string{ttlHeader(l.ttl)}
	ack, err := l.leases.publish(ctx, m, jetstream.WithExpectLastSequencePerSubject(expected))
	if err != nil {
		return err
	}
	until := start.Add(l.ttl - l.ttl/leaseMargin)
	l.seq = ack.Sequence
	l.until.Store(&until)
	return nil
}

// publish publishes into LEASES, and makes the stream anew if it went with the memory of a server.
func (s *Leases) publish(ctx context.Context, m *nats.Msg, opts ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	ack, err := s.srv.JS(0).PublishMsg(ctx, m, opts...)
	if !errors.Is(err, jetstream.ErrNoStreamResponse) {
		return ack, err
	}
	if err := s.srv.PutStream(ctx, s.layout.Memory()); err != nil {
		return nil, err
	}
	return s.srv.JS(0).PublishMsg(ctx, m, opts...)
}

// ttlHeader is a time to live as the server wants it: whole seconds, one at least.
func ttlHeader(d time.Duration) string {
	return strconv.FormatInt(int64(max((d+time.Second-1)/time.Second, 1)), 10) + "s"
}

// Renew takes the lease for another ttl. ErrLost: it ran out, or another has it. After any other error it still holds
// until its time ends, and Renew may be tried again.
func (l *Lease) Renew(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.until.Load() == nil {
		return fmt.Errorf("%s: %w", l.subject, ErrLost)
	}
	err := l.put(ctx, l.seq)
	if jet.IsOutrun(err) {
		// A renewal whose answer was lost may have been stored: then the lease is ours all the same.
		if m, err := l.leases.srv.Last(ctx, layout.Leases, l.subject); err == nil && m != nil &&
			string(m.Data) == l.leases.name && m.Seq > l.seq && l.Valid() {
			l.seq = m.Seq
			if err := l.put(ctx, l.seq); err == nil {
				return nil
			}
		}
		l.until.Store(nil)
		return fmt.Errorf("%s: %w", l.subject, ErrLost)
	}
	if err != nil {
		return fmt.Errorf("renew %s: %w", l.subject, err)
	}
	return nil
}

// Release gives the lease up. One that another has taken meanwhile is left alone.
func (l *Lease) Release(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.until.Load() == nil {
		return nil
	}
	l.until.Store(nil)
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	s, err := l.leases.srv.JS(0).Stream(ctx, layout.Leases)
	if err == nil {
		err = jet.UnlessGone(ctx, s, l.seq, s.DeleteMsg(ctx, l.seq)) // it may have run out
	}
	if err != nil {
		return fmt.Errorf("release %s: %w", l.subject, err)
	}
	return nil
}

// Valid reports whether the lease still holds by this process's clock, a tenth of its time before it ends at the
// server. It does not wait for a renewal that is under way.
func (l *Lease) Valid() bool {
	until := l.until.Load()
	return until != nil && time.Now().Before(*until)
}

// Keep renews the lease until ctx ends or the lease is lost.
func (l *Lease) Keep(ctx context.Context) {
	t := time.NewTicker(l.ttl / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if err := l.Renew(ctx); err != nil && (errors.Is(err, ErrLost) || !l.Valid()) {
			return
		}
	}
}

// GiveUp releases the lease although ctx may have ended. One that cannot be released ends by itself.
func (l *Lease) GiveUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = l.Release(ctx)
}

// Member is one process that uses the store.
type Member struct {
	ID     string
	Data   []byte
	Stored time.Time // by the server's clock
}

// Name is what this process is called among the members.
func (s *Leases) Name() string { return s.name }

// Announce says for ttl that this process is there, with data of its own.
func (s *Leases) Announce(ctx context.Context, data []byte, ttl time.Duration) error {
	subject, err := leaseSubject("member." + s.name)
	if err != nil {
		return err
	}
	m := jet.NewMsg(subject, data)
	m.Header[jet.HeaderTTL] = []string{ttlHeader(ttl)}
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	if _, err := s.publish(ctx, m); err != nil {
		return jet.PublishError(layout.Leases, err)
	}
	return nil
}

// Retire takes this process's announcement back.
func (s *Leases) Retire(ctx context.Context) error {
	subject, err := leaseSubject("member." + s.name)
	if err != nil {
		return err
	}
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	st, err := s.srv.JS(0).Stream(ctx, layout.Leases)
	if err != nil {
		return fmt.Errorf("retire: %w", err)
	}
	return st.Purge(ctx, jetstream.WithPurgeSubject(subject))
}

// Members returns the processes that have announced themselves, by their ids.
func (s *Leases) Members(ctx context.Context) ([]Member, error) {
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	var all []Member
	err := s.srv.MultiLast(ctx, 0, layout.Leases, []string{"member.*"}, func(m jet.Stored) {
		if id, ok := layout.Untoken(strings.TrimPrefix(m.Subject, "member.")); ok {
			all = append(all, Member{ID: id, Data: m.Data, Stored: m.Time})
		}
	})
	if err != nil {
		return nil, fmt.Errorf("members: %w", err)
	}
	slices.SortFunc(all, func(a, b Member) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}
