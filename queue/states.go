package queue

import (
	"context"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// AnyState is the expected sequence that takes whatever is there.
const AnyState = ^uint64(0)

// States are small values under a name.
type States struct {
	base
	moves *moves
	mu    sync.Mutex // one Put at a time
}

// Put stores a small value under a name, durably, and returns its sequence. expected is the sequence of the value that
// it replaces: 0 for none, AnyState for whatever is there; otherwise ErrConflict, and nothing is stored.
func (s *States) Put(ctx context.Context, name string, data []byte, expected uint64) (seq uint64, err error) {
	if !ValidID(name) {
		return 0, fmt.Errorf("a state's name of %d bytes: %w", len(name), ErrTooLarge)
	}
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	m := jet.NewMsg(layout.StateSubject(name), data)
	var opts []jetstream.PublishOpt
	if expected != AnyState {
		opts = append(opts, jetstream.WithExpectLastSequencePerSubject(s.moves.current(m.Subject, expected)))
	}
	ack, err := s.srv.JS(0).PublishMsg(ctx, m, opts...)
	if jet.IsOutrun(err) {
		return 0, fmt.Errorf("state %s: %w", name, ErrConflict)
	}
	if err != nil {
		return 0, fmt.Errorf("state %s: %w", name, jet.PublishError(layout.ContactsStream(0), err))
	}
	return ack.Sequence, nil
}

// Get returns the value and its sequence; nil and 0 where there is none.
func (s *States) Get(ctx context.Context, name string) (data []byte, seq uint64, err error) {
	if !ValidID(name) {
		return nil, 0, fmt.Errorf("a state's name of %d bytes: %w", len(name), ErrTooLarge)
	}
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	m, err := s.srv.Last(ctx, layout.ContactsStream(0), layout.StateSubject(name))
	if err != nil {
		return nil, 0, fmt.Errorf("state %s: %w", name, err)
	}
	if m == nil {
		return nil, 0, nil
	}
	if m.Damaged {
		s.lost(layout.ContactsStream(0), m.Subject, m.Seq, m.Time)
	}
	return m.Data, m.Seq, nil
}
