package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// Headers of the server. It compares them byte by byte. Source: NATS architecture and design records, ADR-50 (atomic batches),
// ADR-43 (time to live).
const (
	headerBatchID       = "Nats-Batch-Id"
	headerBatchSequence = "Nats-Batch-Sequence"
	headerBatchCommit   = "Nats-Batch-Commit"
	headerExpected      = "Nats-Expected-Last-Subject-Sequence"
	headerTTL           = "Nats-TTL"
	headerRollup        = "Nats-Rollup"
)

// HeaderCompacted marks a rating that compaction has moved. It was written before, and consumers pass over it.
const HeaderCompacted = "Winnow-Compacted"

// Put is one message of a batch.
type Put struct {
	Key    Key
	Data   []byte
	Header map[string]string
}

// Batch is what one commit stores: all of it or nothing. Checkpoint.Seq is the sequence of the checkpoint that it follows.
type Batch struct {
	Contacts   []Put
	Ratings    []Put
	Checkpoint Checkpoint
}

type pubAck struct {
	Error *jetstream.APIError `json:"error"`
	Seq   uint64              `json:"seq"`
}

// Commit stores the batch and returns its checkpoint with the sequence that the next commit must follow. ErrFenced: another owner
// has committed since Checkpoint.Seq, and nothing was stored. ErrUnknown: no clear answer came, and only the checkpoint tells whether
// the batch was stored. ErrTooLarge: more than MaxBatch messages, or a larger one than MaxBundle. Any other error is a refusal that
// will come again.
func (q *Queue) Commit(ctx context.Context, p int, b Batch) (Checkpoint, error) {
	if err := q.checkPartition(p); err != nil {
		return Checkpoint{}, err
	}
	msgs, err := q.batchMsgs(p, b)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("commit of partition %d: %w", p, err)
	}
	ctx, cancel := boundedBy(ctx, commitWait)
	defer cancel()
	part := q.parts[p]
	part.mu.Lock()
	defer part.mu.Unlock()
	last := msgs[len(msgs)-1]
	last.Header[headerExpected] = []string{strconv.FormatUint(q.moves.current(last.Subject, b.Checkpoint.Seq), 10)}
	seq, err := q.commits[p%q.layout.streams].commit(ctx, msgs)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("commit of partition %d: %w", p, err)
	}
	part.saw(seq)
	return Checkpoint{Facts: b.Checkpoint.Facts, Data: b.Checkpoint.Data, Seq: seq}, nil
}

func (q *Queue) batchMsgs(p int, b Batch) ([]*nats.Msg, error) {
	n := len(b.Contacts) + len(b.Ratings)
	if n > q.MaxBatch() {
		return nil, fmt.Errorf("%d messages, the server takes %d: %w", n, q.MaxBatch(), ErrTooLarge)
	}
	msgs := make([]*nats.Msg, 0, n+1)
	add := func(kind string, puts []Put) error {
		for _, put := range puts {
			if err := put.Key.check(); err != nil {
				return err
			}
			if len(put.Data) > q.MaxBundle() {
				return fmt.Errorf("%d bytes: %w", len(put.Data), ErrTooLarge)
			}
			m := nats.NewMsg(contactSubject(kind, p, put.Key))
			m.Data = put.Data
			for k, v := range put.Header {
				m.Header[k] = []string{v}
			}
			msgs = append(msgs, m)
		}
		return nil
	}
	if err := errors.Join(add(kindContact, b.Contacts), add(kindRating, b.Ratings)); err != nil {
		return nil, err
	}
	m := nats.NewMsg(checkpointSubject(p))
	m.Data = b.Checkpoint.encode()
	return append(msgs, m), nil
}

// atomicBatch stores msgs together and returns the sequence of the last one. Only the last is answered; a connection lost in between
// leaves a batch that the server drops.
func atomicBatch(ctx context.Context, nc *nats.Conn, msgs []*nats.Msg) (uint64, error) {
	id := []string{nuid.Next()}
	for i, m := range msgs {
		m.Header[headerBatchID] = id
		m.Header[headerBatchSequence] = []string{strconv.Itoa(i + 1)}
		if i == len(msgs)-1 {
			break
		}
		if err := nc.PublishMsg(m); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrUnknown, err)
		}
	}
	last := msgs[len(msgs)-1]
	last.Header[headerBatchCommit] = []string{"1"}
	reply, err := nc.RequestMsgWithContext(ctx, last)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	var a pubAck
	if err := json.Unmarshal(reply.Data, &a); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	switch {
	case a.Error == nil && a.Seq > 0:
		return a.Seq, nil
	case a.Error == nil:
		return 0, ErrUnknown
	case isCode(a.Error, codeWrongSequence, codeWrongSequenceOne):
		return 0, ErrFenced
	case isCode(a.Error, codeBatchIncomplete, codeBatchInFlight), unavailable(a.Error):
		return 0, fmt.Errorf("%w: %w", ErrUnknown, a.Error) // not stored, and it may be tomorrow
	}
	return 0, publishError("the batch", a.Error)
}

// moves knows which messages compaction has put again, so that who expects the former sequence is not taken for a stranger. It is
// used under the lock of the partition, or of the states, that the subject belongs to.
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
