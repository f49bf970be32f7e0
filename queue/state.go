package queue

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// AnyState is the expected sequence that takes whatever is there.
const AnyState = ^uint64(0)

func stateSubject(name string) string { return kindState + "." + token(name) }

// PutState stores a small value under a name, durably, and returns its sequence. expected is the sequence of the value that it
// replaces: 0 for none, AnyState for whatever is there; otherwise ErrConflict, and nothing is stored.
func (q *Queue) PutState(ctx context.Context, name string, data []byte, expected uint64) (seq uint64, err error) {
	if !ValidID(name) {
		return 0, fmt.Errorf("a state's name of %d bytes: %w", len(name), ErrTooLarge)
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	q.states.Lock()
	defer q.states.Unlock()
	m := &nats.Msg{Subject: stateSubject(name), Data: data}
	var opts []jetstream.PublishOpt
	if expected != AnyState {
		opts = append(opts, jetstream.WithExpectLastSequencePerSubject(q.moves.current(m.Subject, expected)))
	}
	ack, err := q.js[0].PublishMsg(ctx, m, opts...)
	if isCode(err, codeWrongSequence, codeWrongSequenceOne) {
		return 0, fmt.Errorf("state %s: %w", name, ErrConflict)
	}
	if err != nil {
		return 0, fmt.Errorf("state %s: %w", name, publishError(contactsStream(0), err))
	}
	return ack.Sequence, nil
}

// GetState returns the value and its sequence; nil and 0 where there is none.
func (q *Queue) GetState(ctx context.Context, name string) (data []byte, seq uint64, err error) {
	if !ValidID(name) {
		return nil, 0, fmt.Errorf("a state's name of %d bytes: %w", len(name), ErrTooLarge)
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	m, err := q.lastMsg(ctx, contactsStream(0), stateSubject(name))
	if err != nil {
		return nil, 0, fmt.Errorf("state %s: %w", name, err)
	}
	if m == nil {
		return nil, 0, nil
	}
	return m.Data, m.Seq, nil
}
