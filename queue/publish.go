package queue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// answerWait is how long a delivery waits for the answer of an outside server before it is sent again: what is sent to a cluster while it
// elects is lost, and others wait behind it. Stored twice it does no harm.
const answerWait = 2 * time.Second

// PublishDelivery returns nil once the delivery is durable. ErrFull: the source's share of the bytes is used up, or the disk nearly
// is. After any other error the delivery may be stored or not, and the sender must send it again.
func (q *Queue) PublishDelivery(ctx context.Context, source string, body []byte, header map[string]string) error {
	if !slices.Contains(q.layout.sources, source) {
		return fmt.Errorf("queue: no source %.40q", source)
	}
	if len(body) > q.MaxBundle() {
		return fmt.Errorf("a delivery of %d bytes: %w", len(body), ErrTooLarge)
	}
	if err := q.disk(1); err != nil {
		return err
	}
	m := nats.NewMsg(deliverySubject(source))
	m.Data = body
	for k, v := range header {
		m.Header[k] = []string{v}
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	wait := requestWait
	if q.embedded == nil {
		wait = answerWait
	}
	for {
		try, cancel := context.WithTimeout(ctx, wait)
		_, err := q.jetstream(0).PublishMsg(try, m)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return publishError(lane(Deliveries, source), err)
		}
	}
}

// FetchMsg is one record that has to be fetched; Data is the caller's own.
type FetchMsg struct {
	Source, Type, ID string
	Data             []byte
}

// FetchRef names a record of a source.
type FetchRef struct{ Type, ID string }

// PublishFetches returns nil once all are durable. Of one record the latest counts: an earlier one that waits, or is in hand, is
// replaced, and join says what the latest is then, so that nothing of the earlier is lost that its fetch would have settled. After an
// error some may be stored; sending them again does no harm.
func (q *Queue) PublishFetches(ctx context.Context, fetches []FetchMsg, join func(earlier, latest []byte) []byte) error {
	lanes := map[string]map[string][]byte{} // by source and subject
	for _, f := range fetches {
		if !slices.Contains(q.layout.sources, f.Source) {
			return fmt.Errorf("queue: no source %.40q", f.Source)
		}
		if !ValidID(f.Type) || !ValidID(f.ID) {
			return fmt.Errorf("an id of %d bytes: %w", max(len(f.Type), len(f.ID)), ErrTooLarge)
		}
		if lanes[f.Source] == nil {
			lanes[f.Source] = map[string][]byte{}
		}
		subject, data := fetchSubject(f.Source, f.Type, f.ID), f.Data
		if earlier, ok := lanes[f.Source][subject]; ok {
			data = join(earlier, data)
		}
		lanes[f.Source][subject] = data
	}
	for source, latest := range lanes {
		if err := q.publishLatest(ctx, source, latest, join); err != nil {
			return err
		}
	}
	return nil
}

// publishLatest puts the latest of each record in the place of the one that it knows to be there, and looks again where that has been
// replaced or taken out meanwhile, or was told by a copy of the stream that lags behind.
func (q *Queue) publishLatest(ctx context.Context, source string, latest map[string][]byte, join func(earlier, latest []byte) []byte) error {
	ctx, cancel := boundedBy(ctx, commitWait)
	defer cancel()
	for range staleTries {
		msgs, err := q.joined(ctx, source, latest, join)
		if err != nil {
			return fmt.Errorf("what waits in %s: %w", lane(Fetches, source), ended(ctx, err))
		}
		err = q.publishAll(ctx, 1, Fetches, msgs)
		if !errors.Is(err, ErrFenced) && !isCode(err, codeWrongSequence, codeWrongSequenceOne) {
			return err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return errStale
}

// joined returns the messages of the latest, each joined with the one that it replaces, unless that is known to be done with.
func (q *Queue) joined(ctx context.Context, source string, latest map[string][]byte, join func(earlier, latest []byte) []byte) ([]*nats.Msg, error) {
	spec := fetchConsumer(source)
	there := map[string]stored{}
	err := q.multiLastOf(ctx, q.conn(1), spec.stream, slices.Collect(maps.Keys(latest)), func(m stored) { there[m.Subject] = m })
	if err != nil {
		return nil, err
	}
	var done uint64
	if len(there) > 0 {
		c, err := q.js[0].Consumer(ctx, spec.stream, spec.name)
		if err != nil {
			return nil, err
		}
		done = c.CachedInfo().AckFloor.Stream
	}
	msgs := make([]*nats.Msg, 0, len(latest))
	for subject, data := range latest {
		earlier := there[subject]
		if earlier.Seq > done {
			data = join(earlier.Data, data)
		}
		m := nats.NewMsg(subject)
		m.Data = data
		m.Header[headerExpected] = []string{strconv.FormatUint(earlier.Seq, 10)}
		msgs = append(msgs, m)
	}
	return msgs, nil
}

// Bundle is one message of facts of one partition.
type Bundle struct {
	Partition int
	Data      []byte
}

// PublishBundles returns nil once all are durable. After an error some may be stored; sending them again does no harm, because
// facts are a set. ErrFull: raters are behind, or the disk is nearly full.
func (q *Queue) PublishBundles(ctx context.Context, bundles []Bundle) error {
	msgs := make([]*nats.Msg, 0, len(bundles))
	for _, b := range bundles {
		if err := q.checkPartition(b.Partition); err != nil {
			return err
		}
		m := nats.NewMsg(factSubject(b.Partition))
		m.Data = b.Data
		msgs = append(msgs, m)
	}
	return q.publishAll(ctx, 2, Facts, msgs)
}

// Of so many messages or more one atomic batch is cheaper than an fsync for each: it has three or four of its own, whatever it holds. But
// the server writes what it holds twice, so large messages go by themselves.
const (
	together     = 8
	togetherSize = 2 << 10 // bytes of a message, on average
)

// publishAll stores msgs, all of one stream, and returns when they are durable. After an error some may be stored.
func (q *Queue) publishAll(ctx context.Context, conn int, stream string, msgs []*nats.Msg) error {
	ctx, cancel := boundedBy(ctx, commitWait)
	defer cancel()
	size := 0
	for _, m := range msgs {
		if len(m.Data) > q.MaxBundle() {
			return fmt.Errorf("a message of %d bytes for %s: %w", len(m.Data), stream, ErrTooLarge)
		}
		size += len(m.Data)
	}
	for len(msgs) >= together && size <= togetherSize*len(msgs) {
		n := min(len(msgs), q.maxBatch)
		for _, m := range msgs[:n] {
			size -= len(m.Data)
		}
		if _, err := atomicBatch(ctx, q.conn(conn), msgs[:n]); err != nil {
			return publishError(stream, err)
		}
		msgs = msgs[n:]
	}
	return q.publishEach(ctx, conn, stream, msgs)
}

// publishEach sends msgs without waiting in between and returns when all are answered, with the first error in their order.
func (q *Queue) publishEach(ctx context.Context, conn int, stream string, msgs []*nats.Msg) error {
	acks := make([]jetstream.PubAckFuture, 0, len(msgs))
	for _, m := range msgs {
		// Without an own wait for the others' acknowledgements a slow disk makes this fail after 200 ms.
		ack, err := q.jetstream(conn).PublishMsgAsync(m, jetstream.WithStallWait(commitWait))
		if err != nil {
			return publishError(stream, ended(ctx, err))
		}
		acks = append(acks, ack)
	}
	for _, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			return publishError(stream, err)
		case <-ctx.Done():
			return publishError(stream, ctx.Err())
		}
	}
	return nil
}

// PurgeFetches takes out the waiting fetches of a source's records, overwriting them in the files.
func (q *Queue) PurgeFetches(ctx context.Context, source string, refs ...FetchRef) error {
	s, err := q.js[0].Stream(ctx, lane(Fetches, source))
	if err != nil {
		return fmt.Errorf("purge fetches: %w", err)
	}
	for _, r := range refs {
		if err := q.erase(ctx, s, fetchSubject(source, r.Type, r.ID)); err != nil {
			return fmt.Errorf("purge fetches: %w", err)
		}
	}
	return nil
}

// erase overwrites the last message of a subject and deletes it; none is no error.
func (q *Queue) erase(ctx context.Context, s jetstream.Stream, subject string) error {
	m, err := q.lastMsg(ctx, s.CachedInfo().Config.Name, subject)
	if err != nil || m == nil {
		return err
	}
	if err := s.SecureDeleteMsg(ctx, m.Seq); err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) && !isCode(err, codeNoMessage) {
		return err
	}
	return nil
}
