package queue

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// meta is what is fixed with the store; it stands in CONTACTS_0 as meta.store.
type meta struct {
	Format     int    `json:"format"`
	Partitions int    `json:"partitions"`
	Streams    int    `json:"streams"`
	Salt       []byte `json:"salt"`
}

const (
	metaSubject = kindMeta + ".store"
	metaFormat  = 1
)

// setUp makes the store what the settings say, or refuses.
func (q *Queue) setUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := q.ready(ctx); err != nil {
		return err
	}
	if err := q.readMeta(ctx); err != nil {
		return err
	}
	q.layout = layout{
		partitions: q.meta.Partitions, streams: q.meta.Streams, replicas: q.cfg.Replicas, sources: slices.Compact(slices.Sorted(slices.Values(q.cfg.Sources))),
		deliveries: q.cfg.DeliveriesBytes, facts: q.cfg.FactsBytes, fetches: q.cfg.FetchesBytes, deadLetters: q.cfg.DeadLettersBytes,
		one: 2 * q.conns[0].MaxPayload(),
	}
	if err := q.releaseFormer(ctx); err != nil {
		return err
	}
	for _, c := range q.layout.config() {
		if err := q.putStream(ctx, c); err != nil {
			return err
		}
	}
	if err := q.writeMeta(ctx); err != nil {
		return err
	}
	for _, s := range q.layout.sources {
		for _, c := range q.layout.consumers(s) {
			if err := q.putConsumer(ctx, c); err != nil {
				return err
			}
		}
	}
	q.started = true
	return q.readMaxBatch(ctx)
}

// ready waits until JetStream answers: a cluster that has just started elects its leader first, and forgets what it was asked before.
func (q *Queue) ready(ctx context.Context) error {
	for {
		try, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err := q.js[0].AccountInfo(try)
		cancel()
		if err == nil || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) || errors.Is(err, jetstream.ErrJetStreamNotEnabled) {
			return err
		}
		if pause(ctx, 200*time.Millisecond) != nil {
			return fmt.Errorf("no answer from JetStream: %w", err)
		}
	}
}

// readMeta finds out how the store was made, or how it shall be.
func (q *Queue) readMeta(ctx context.Context) error {
	q.meta = meta{Format: metaFormat, Partitions: q.cfg.Partitions, Streams: q.cfg.Streams}
	s, err := q.js[0].Stream(ctx, contactsStream(0))
	if err == nil {
		var m *jetstream.RawStreamMsg
		if m, err = s.GetLastMsgForSubject(ctx, metaSubject); err == nil {
			return q.useMeta(m.Data)
		}
		if errors.Is(err, jetstream.ErrMsgNotFound) && s.CachedInfo().State.LastSeq > 1 {
			return fmt.Errorf("stream %s has messages and no %s: it is not a store of Winnow's, or a damaged one", contactsStream(0), metaSubject)
		}
	}
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) && !errors.Is(err, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("read %s: %w", metaSubject, err)
	}
	if q.meta.Partitions == 0 {
		q.meta.Partitions = 16
		if q.embedded == nil {
			q.meta.Partitions = 64
		}
	}
	if q.meta.Streams == 0 {
		q.meta.Streams = 2
	}
	q.meta.Streams = min(q.meta.Streams, q.meta.Partitions)
	q.meta.Salt = make([]byte, 32)
	_, _ = rand.Read(q.meta.Salt) // never fails: crypto/rand ends the program instead
	return nil
}

func (q *Queue) useMeta(b []byte) error {
	var m meta
	if err := json.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("read %s: %w", metaSubject, err)
	}
	if m.Format != metaFormat {
		return fmt.Errorf("the store has format %d, this version of Winnow reads %d", m.Format, metaFormat)
	}
	if m.Partitions < 1 || m.Streams < 1 || len(m.Salt) == 0 {
		return fmt.Errorf("read %s: not a store of Winnow's", metaSubject)
	}
	if n := q.cfg.Partitions; n != 0 && n != m.Partitions {
		return fmt.Errorf("WINNOW_PARTITIONS is %d, and the store was made with %d: it cannot be changed; unset it", n, m.Partitions)
	}
	if n := q.cfg.Streams; n != 0 && n != m.Streams {
		return fmt.Errorf("WINNOW_QUEUE_STREAMS is %d, and the store was made with %d: it cannot be changed; unset it", n, m.Streams)
	}
	q.meta = m
	return nil
}

// writeMeta stores what was decided, once. Of two processes that make a store at the same time one is first, and both go by it.
func (q *Queue) writeMeta(ctx context.Context) error {
	s, err := q.js[0].Stream(ctx, contactsStream(0))
	if err != nil {
		return err
	}
	if _, err := s.GetLastMsgForSubject(ctx, metaSubject); err == nil {
		return nil // read before
	} else if !errors.Is(err, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("read %s: %w", metaSubject, err)
	}
	b, err := json.Marshal(q.meta)
	if err != nil {
		return err
	}
	_, err = q.js[0].Publish(ctx, metaSubject, b, jetstream.WithExpectLastSequencePerSubject(0))
	if isCode(err, codeWrongSequence) {
		return errors.New("another process has just made this store; start again")
	}
	return err
}

// putStream makes or updates a stream, and leaves alone one that is not ours.
func (q *Queue) putStream(ctx context.Context, c jetstream.StreamConfig) error {
	s, err := q.js[0].Stream(ctx, c.Name)
	switch {
	case err == nil:
		if s.CachedInfo().Config.Metadata[mark] != markVersion {
			return fmt.Errorf("stream %s is there and is not Winnow's: use a NATS account of its own", c.Name)
		}
		_, err = q.js[0].UpdateStream(ctx, c)
	case errors.Is(err, jetstream.ErrStreamNotFound):
		_, err = q.js[0].CreateStream(ctx, c)
	}
	if isCode(err, codeNoStorage, codeNoResources) || isCode(err, codeNoPeers) && strings.Contains(err.Error(), "insufficient storage") {
		return fmt.Errorf("stream %s wants %s, more than the server has left: raise its storage, or lower the WINNOW_QUEUE_* sizes: %w", c.Name, size(c.MaxBytes), err)
	}
	if err != nil {
		return fmt.Errorf("stream %s: %w", c.Name, err)
	}
	return nil
}

func (q *Queue) putConsumer(ctx context.Context, c consumer) error {
	made, err := q.js[0].CreateOrUpdateConsumer(ctx, c.stream, c.config(q.layout.replicas))
	if err != nil {
		return fmt.Errorf("consumer %s of %s: %w", c.name, c.stream, err)
	}
	if q.embedded == nil || q.started {
		return nil
	}
	// No other process has anything in hand: what was in hand when the last one ended comes again at once instead of after its wait.
	// What was acknowledged out of turn comes again too, so only where that is little.
	info := made.CachedInfo()
	outOfTurn := int64(info.Delivered.Consumer-info.AckFloor.Consumer) - int64(info.NumAckPending)
	if info.NumAckPending > 0 && outOfTurn <= 1000 {
		if _, err := q.js[0].ResetConsumer(ctx, c.stream, c.name); err != nil {
			return fmt.Errorf("consumer %s of %s: %w", c.name, c.stream, err)
		}
	}
	return nil
}

// releaseFormer gives back the room of sources that are no longer configured: their streams go if everything in them was
// acknowledged, else they keep what they hold. Over an outside server another process may still serve them.
func (q *Queue) releaseFormer(ctx context.Context) error {
	if q.embedded == nil {
		return nil
	}
	all := q.js[0].ListStreams(ctx)
	for info := range all.Info() {
		name := info.Config.Name
		prefix, source, ok := strings.Cut(name, "_")
		if !ok || prefix != Deliveries && prefix != Fetches || slices.ContainsFunc(q.layout.sources, func(s string) bool { return token(s) == source }) {
			continue
		}
		waiting, err := q.waiting(ctx, name, map[string]string{Deliveries: "read", Fetches: "fetch"}[prefix])
		if err != nil {
			return fmt.Errorf("stream %s: %w", name, err)
		}
		if waiting == 0 {
			if err := q.js[0].DeleteStream(ctx, name); err != nil {
				return fmt.Errorf("stream %s: %w", name, err)
			}
			continue
		}
		q.cfg.Log("warn", fmt.Sprintf("stream %s holds %d messages of a source that is no longer configured", name, waiting))
		c := info.Config
		c.MaxBytes = max(int64(info.State.Bytes), 1)
		if _, err := q.js[0].UpdateStream(ctx, c); err != nil {
			return fmt.Errorf("stream %s: %w", name, err)
		}
	}
	return all.Err()
}

// waiting is how many messages a consumer has not seen acknowledged; all of the stream's where there is no consumer.
func (q *Queue) waiting(ctx context.Context, stream, name string) (uint64, error) {
	c, err := q.js[0].Consumer(ctx, stream, name)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		s, err := q.js[0].Stream(ctx, stream)
		if err != nil {
			return 0, err
		}
		return s.CachedInfo().State.Msgs, nil
	}
	if err != nil {
		return 0, err
	}
	return c.CachedInfo().NumPending + uint64(c.CachedInfo().NumAckPending), nil
}

var tooLarge = regexp.MustCompile(`too large: (\d+)`)

// readMaxBatch asks the server how many messages an atomic batch may have. There is no request for it: a message that claims to be
// far into a batch that was never begun is refused with the limit, and leaves nothing behind.
func (q *Queue) readMaxBatch(ctx context.Context) error {
	m := nats.NewMsg(checkpointSubject(0))
	m.Header[headerBatchID] = []string{nuid.Next()}
	m.Header[headerBatchSequence] = []string{strconv.Itoa(1 << 30)}
	reply, err := q.conns[0].RequestMsgWithContext(ctx, m)
	if err != nil {
		return fmt.Errorf("read the server's limit of a batch: %w", err)
	}
	var a pubAck
	if err := json.Unmarshal(reply.Data, &a); err != nil || a.Error == nil {
		return errors.New("the server knows no atomic batches: it must be nats-server 2.15.2 or newer")
	}
	found := tooLarge.FindStringSubmatch(a.Error.Description)
	if a.Error.ErrorCode != codeBatchTooLarge || found == nil {
		return fmt.Errorf("the server takes no atomic batches; it must be nats-server 2.15.2 or newer: %w", a.Error)
	}
	q.maxBatch, _ = strconv.Atoi(found[1]) // digits by the expression
	if q.maxBatch < leastBatch {
		return fmt.Errorf("the server takes atomic batches of %d messages: raise its jetstream limit max_batch_size to %d at least", q.maxBatch, leastBatch)
	}
	return nil
}
