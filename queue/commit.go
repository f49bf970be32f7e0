package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// HeaderCompacted marks a rating that compaction has moved. It was written before, and consumers pass over it.
const HeaderCompacted = "Winnow-Compacted"

// Put is one message of a batch.
type Put struct {
	Key    Key
	Data   []byte
	Header map[string]string
}

// Batch is what one commit stores: all of it or nothing. Checkpoint.Seq is the sequence of the checkpoint that it
// follows.
type Batch struct {
	Contacts   []Put
	Bases      []Put // what a record is read together with, and is long and seldom changes; empty data: nothing
	Ratings    []Put
	Checkpoint Checkpoint
}

// Len is how many messages the batch has, the checkpoint left out.
func (b *Batch) Len() int { return len(b.Contacts) + len(b.Bases) + len(b.Ratings) }

// Commit stores the batch and returns its checkpoint with the sequence that the next commit must follow. ErrFenced:
// another owner has committed since Checkpoint.Seq, and nothing was stored. ErrUnknown: no clear answer came, and only
// the checkpoint tells whether the batch was stored. ErrTooLarge: more than MaxBatch messages, or a larger one than
// MaxBundle. Any other error is a refusal that will come again.
func (c *Contacts) Commit(ctx context.Context, p int, b Batch) (Checkpoint, error) {
	if err := c.layout.Check(p); err != nil {
		return Checkpoint{}, err
	}
	msgs, err := c.batchMsgs(p, b)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("commit of partition %d: %w", p, err)
	}
	ctx, cancel := jet.BoundedBy(ctx, jet.CommitWait)
	defer cancel()
	part := c.parts[p]
	part.mu.Lock()
	defer part.mu.Unlock()
	last := msgs[len(msgs)-1]
	last.Header[jet.HeaderExpected] = []string{strconv.FormatUint(c.moves.current(last.Subject, b.Checkpoint.Seq), 10)}
	seq, err := c.commits[p%c.layout.Shards].commit(ctx, msgs)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("commit of partition %d: %w", p, err)
	}
	part.saw(seq)
	return Checkpoint{Facts: b.Checkpoint.Facts, Data: b.Checkpoint.Data, Seq: seq}, nil
}

// batchMsgs are the messages of a batch, to be sealed.
func (c *Contacts) batchMsgs(p int, b Batch) ([]*nats.Msg, error) {
	n := b.Len()
	if n > c.MaxBatch() {
		return nil, fmt.Errorf("%d messages, the server takes %d: %w", n, c.MaxBatch(), ErrTooLarge)
	}
	msgs := make([]*nats.Msg, 0, n+1)
	add := func(kind string, puts []Put) error {
		for _, put := range puts {
			if err := put.Key.check(); err != nil {
				return err
			}
			if len(put.Data) > c.srv.MaxMessage() {
				return fmt.Errorf("%d bytes: %w", len(put.Data), ErrTooLarge)
			}
			m := nats.NewMsg(put.Key.subject(kind, p))
			m.Data = put.Data
			setHeader(m, put.Header)
			msgs = append(msgs, m)
		}
		return nil
	}
	if err := errors.Join(add(layout.KindContact, b.Contacts), add(layout.KindBase, b.Bases),
		add(layout.KindRating, b.Ratings)); err != nil {
		return nil, err
	}
	m := nats.NewMsg(layout.CheckpointSubject(p))
	m.Data = b.Checkpoint.encode()
	return append(msgs, m), nil
}

// setHeader puts the caller's own headers into a message.
func setHeader(m *nats.Msg, header map[string]string) {
	for k, v := range header {
		m.Header[k] = []string{v}
	}
}

// moves knows which messages compaction has put again, so that who expects the former sequence is not taken for a
// stranger. It is used under the lock of the partition, or of the states, that the subject belongs to.
type moves struct {
	mu sync.Mutex
	at map[string]move
}

type move struct{ from, to uint64 }

func (m *moves) add(subject string, from, to uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at == nil {
		m.at = map[string]move{}
	}
	if was, ok := m.at[subject]; ok && was.to == from {
		from = was.from // moved twice since anybody wrote it
	}
	m.at[subject] = move{from, to}
}

// current is the sequence that a message with sequence seq has now.
func (m *moves) current(subject string, seq uint64) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if was, ok := m.at[subject]; ok && was.from == seq && seq != 0 {
		return was.to
	}
	return seq
}
