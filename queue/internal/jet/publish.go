package jet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// Headers of the server. It compares them byte by byte. Source: NATS architecture and design records, ADR-50 (atomic
// batches), ADR-43 (time to live).
const (
	HeaderBatchID       = "Nats-Batch-Id"
	HeaderBatchSequence = "Nats-Batch-Sequence"
	HeaderBatchCommit   = "Nats-Batch-Commit"
	HeaderExpected      = "Nats-Expected-Last-Subject-Sequence"
	HeaderTTL           = "Nats-TTL"
	HeaderRollup        = "Nats-Rollup"
)

type pubAck struct {
	Error *jetstream.APIError `json:"error"`
	Seq   uint64              `json:"seq"`
}

// AtomicBatch stores msgs together and returns the sequence of the last one. Only the last is answered; a connection
// lost in between leaves a batch that the server drops.
func (s *Server) AtomicBatch(ctx context.Context, conn int, msgs []*nats.Msg) (uint64, error) {
	return s.atomicBatch(ctx, conn, msgs, func(_ []byte, m *nats.Msg) []byte { return m.Data })
}

// SealedBatch is AtomicBatch of messages that have no seal yet: each gets it on its way, so that a large batch is not
// in memory twice.
func (s *Server) SealedBatch(ctx context.Context, conn int, msgs []*nats.Msg) (uint64, error) {
	return s.atomicBatch(ctx, conn, msgs, func(room []byte, m *nats.Msg) []byte {
		return appendSealed(room[:0], m.Subject, m.Data)
	})
}

// atomicBatch stores msgs together, of each what data makes of it, for which the last one's may be used again: what is
// published has been copied.
func (s *Server) atomicBatch(
	ctx context.Context, conn int, msgs []*nats.Msg, data func([]byte, *nats.Msg) []byte,
) (uint64, error) {
	ctx, release := s.whileSound(ctx)
	defer release()
	id := []string{nuid.Next()}
	var out nats.Msg
	for i, m := range msgs {
		m.Header[HeaderBatchID] = id
		m.Header[HeaderBatchSequence] = []string{strconv.Itoa(i + 1)}
		out.Subject, out.Header, out.Data = m.Subject, m.Header, data(out.Data, m)
		if i == len(msgs)-1 {
			break
		}
		if err := s.Conn(conn).PublishMsg(&out); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrUnknown, err)
		}
	}
	out.Header[HeaderBatchCommit] = []string{"1"}
	reply, err := s.Conn(conn).RequestMsgWithContext(ctx, &out)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrUnknown, Ended(ctx, err))
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
	case IsOutrun(a.Error):
		return 0, ErrFenced
	case IsCode(a.Error, CodeBatchIncomplete, CodeBatchInFlight), unavailable(a.Error):
		return 0, fmt.Errorf("%w: %w", ErrUnknown, a.Error) // not stored, and it may be tomorrow
	}
	return 0, PublishError("the batch", a.Error)
}

var tooLarge = regexp.MustCompile(`too large: (\d+)`)

// leastBatch is the least that an atomic batch must take: a server that allows less would make commits too small to be
// of use.
const leastBatch = 500

// MaxBatch is how many messages an atomic batch may have.
func (s *Server) MaxBatch() int { return s.maxBatch }

// ReadMaxBatch asks the server how many messages an atomic batch may have. There is no request for it: a message that
// claims to be far into a batch that was never begun is refused with the limit, and leaves nothing behind.
func (s *Server) ReadMaxBatch(ctx context.Context, subject string) error {
	m := nats.NewMsg(subject)
	m.Header[HeaderBatchID] = []string{nuid.Next()}
	m.Header[HeaderBatchSequence] = []string{strconv.Itoa(1 << 30)}
	reply, err := s.conns[0].RequestMsgWithContext(ctx, m)
	if err != nil {
		return fmt.Errorf("read the server's limit of a batch: %w", err)
	}
	var a pubAck
	if err := json.Unmarshal(reply.Data, &a); err != nil || a.Error == nil {
		return errors.New("the server knows no atomic batches: it must be nats-server 2.15.2 or newer")
	}
	found := tooLarge.FindStringSubmatch(a.Error.Description)
	if a.Error.ErrorCode != CodeBatchTooLarge || found == nil {
		return fmt.Errorf("the server takes no atomic batches; it must be nats-server 2.15.2 or newer: %w", a.Error)
	}
	s.maxBatch, _ = strconv.Atoi(found[1]) // digits by the expression
	if s.maxBatch < leastBatch {
		return fmt.Errorf("the server takes atomic batches of %d messages: raise its jetstream limit max_batch_size "+
			"to %d at least", s.maxBatch, leastBatch)
	}
	return nil
}

// Of so many messages or more one atomic batch is cheaper than an fsync for each: it has three or four of its own,
// whatever it holds. But the server writes what it holds twice, so large messages go by themselves.
const (
	together     = 8
	togetherSize = 2 << 10 // bytes of a message, on average
)

// PublishAll stores msgs, all of one stream, and returns when they are durable. After an error some may be stored.
func (s *Server) PublishAll(ctx context.Context, conn int, stream string, msgs []*nats.Msg) error {
	ctx, cancel := BoundedBy(ctx, CommitWait)
	defer cancel()
	size := 0
	for _, m := range msgs {
		if len(m.Data)-SealBytes > s.MaxMessage() {
			return fmt.Errorf("a message of %d bytes for %s: %w", len(m.Data), stream, ErrTooLarge)
		}
		size += len(m.Data)
	}
	for len(msgs) >= together && size <= togetherSize*len(msgs) {
		n := min(len(msgs), s.maxBatch)
		for _, m := range msgs[:n] {
			size -= len(m.Data)
		}
		if _, err := s.AtomicBatch(ctx, conn, msgs[:n]); err != nil {
			return PublishError(stream, err)
		}
		msgs = msgs[n:]
	}
	return s.publishEach(ctx, conn, stream, msgs)
}

// publishEach sends msgs without waiting in between and returns when all are answered, with the first error in their
// order.
func (s *Server) publishEach(ctx context.Context, conn int, stream string, msgs []*nats.Msg) error {
	ctx, release := s.whileSound(ctx)
	defer release()
	acks := make([]jetstream.PubAckFuture, 0, len(msgs))
	for _, m := range msgs {
		// Without an own wait for the others' acknowledgements a slow disk makes this fail after 200 ms.
		ack, err := s.JS(conn).PublishMsgAsync(m, jetstream.WithStallWait(CommitWait))
		if err != nil {
			return PublishError(stream, Ended(ctx, err))
		}
		acks = append(acks, ack)
	}
	for _, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			return PublishError(stream, err)
		case <-ctx.Done():
			return PublishError(stream, context.Cause(ctx))
		}
	}
	return nil
}

// Publish stores one message. Where answers get lost it is sent again after each wait without one, until ctx ends.
func (s *Server) Publish(ctx context.Context, stream string, m *nats.Msg, wait time.Duration) error {
	ctx, release := s.whileSound(ctx)
	defer release()
	for {
		try, cancel := context.WithTimeout(ctx, wait)
		_, err := s.js[0].PublishMsg(try, m)
		cancel()
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return PublishError(stream, Ended(ctx, err))
		}
	}
}

// Erase overwrites the last message of a subject and deletes it; none is no error.
func (s *Server) Erase(ctx context.Context, stream, subject string) error {
	m, err := s.Last(ctx, stream, subject)
	if err != nil || m == nil {
		return err
	}
	return s.EraseMsg(ctx, stream, m.Seq)
}

// EraseMsg overwrites one message and deletes it; none is no error.
func (s *Server) EraseMsg(ctx context.Context, stream string, seq uint64) error {
	st, err := s.js[0].Stream(ctx, stream)
	if err != nil {
		return err
	}
	return UnlessGone(ctx, st, seq, st.SecureDeleteMsg(ctx, seq))
}

// UnlessGone is the error of a message that was not deleted, unless it is not there any more: of a refusal the library
// keeps the server's words alone.
func UnlessGone(ctx context.Context, st jetstream.Stream, seq uint64, err error) error {
	if !errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) {
		return err
	}
	if _, gone := st.GetMsg(ctx, seq); errors.Is(gone, jetstream.ErrMsgNotFound) {
		return nil
	}
	return err
}
