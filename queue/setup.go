package queue

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// meta is what is fixed with the store; it stands in CONTACTS_0 as meta.store.
type meta struct {
	Format     int    `json:"format"`
	Partitions int    `json:"partitions"`
	Streams    int    `json:"streams"`
	Salt       []byte `json:"salt"`
}

const (
	metaSubject = layout.KindMeta + ".store"
	metaFormat  = 3
	// formerFormat has no bases. Such a store is gone on with, and is of metaFormat from then on: a build that knows no
	// bases must not open it any more.
	formerFormat = 2
)

// Setting up is tried for setUpWait. A cluster that elects loses requests without a word: whoever waits for an answer
// asks again after setUpTry.
const (
	setUpWait = 2 * time.Minute
	setUpTry  = 20 * time.Second
)

// persist does what is to be done over an outside server, and begins again where that gives no answer: what is done by
// then is found done.
func persist(ctx context.Context, log func(level, message string), do func(context.Context) error) error {
	for {
		try, cancel := context.WithTimeout(ctx, setUpTry)
		err := do(try)
		cancel()
		if !jet.Unanswered(err) || ctx.Err() != nil {
			return err
		}
		log("warn", "the outside queue does not answer, it is asked again: "+err.Error())
		if err := jet.Pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

// setUp makes the store what the settings say, or refuses.
func (q *Queue) setUp(ctx context.Context) error {
	if err := q.srv.Ready(ctx); err != nil {
		return err
	}
	if q.local != nil {
		if err := q.verify(ctx); err != nil {
			return err
		}
	}
	if err := q.readMeta(ctx); err != nil {
		return err
	}
	q.layout = layout.Layout{
		Partitions: q.meta.Partitions, Shards: q.meta.Streams, Replicas: q.cfg.Replicas,
		Sources:         slices.Compact(slices.Sorted(slices.Values(q.cfg.Sources))),
		DeliveriesBytes: q.cfg.DeliveriesBytes, FactsBytes: q.cfg.FactsBytes, FetchesBytes: q.cfg.FetchesBytes,
		DeadLettersBytes: q.cfg.DeadLettersBytes, OneBytes: 2 * q.srv.MaxPayload(),
	}
	q.srv.Replicas(q.cfg.Replicas)
	if err := q.releaseFormer(ctx); err != nil {
		return err
	}
	for _, c := range q.layout.Streams() {
		if err := q.srv.PutStream(ctx, c); err != nil {
			return err
		}
	}
	if err := q.writeMeta(ctx); err != nil {
		return err
	}
	for _, s := range q.layout.Sources {
		for _, c := range q.layout.Consumers(s) {
			if err := q.putConsumer(ctx, c); err != nil {
				return err
			}
		}
	}
	return q.srv.ReadMaxBatch(ctx, layout.CheckpointSubject(0))
}

// readMeta finds out how the store was made, or how it shall be.
func (q *Queue) readMeta(ctx context.Context) error {
	q.meta = meta{Format: metaFormat, Partitions: q.cfg.Partitions, Streams: q.cfg.Streams}
	s, err := q.srv.JS(0).Stream(ctx, layout.ContactsStream(0))
	if err == nil {
		var m *jetstream.RawStreamMsg
		if m, err = s.GetLastMsgForSubject(ctx, metaSubject); err == nil && (q.former == nil || sound(m.Data)) {
			return q.useMeta(m.Data)
		}
		if errors.Is(err, jetstream.ErrMsgNotFound) && s.CachedInfo().State.LastSeq > 1 && q.former == nil {
			return fmt.Errorf("stream %s has messages and no %s: it is not a store of Winnow's, or a damaged one",
				layout.ContactsStream(0), metaSubject)
		}
	}
	if q.former != nil {
		q.meta = *q.former
		return nil
	}
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) && !errors.Is(err, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("read %s: %w", metaSubject, err)
	}
	if q.meta.Partitions == 0 {
		q.meta.Partitions = 16
		if q.local == nil {
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

// sound reports whether what says how the store was made is what was stored.
func sound(b []byte) bool {
	subjectFits, bodyFits := jet.Sealed(metaSubject, b)
	return subjectFits && bodyFits
}

// fits reports whether a store that was made as m says is laid out as another one.
func (m *meta) fits(other meta) error {
	if m.Partitions != other.Partitions || m.Streams != other.Streams {
		return errors.New("another process has just made this store with other partitions or streams; start again")
	}
	return nil
}

func (q *Queue) useMeta(b []byte) error {
	var m meta
	if sound(b) {
		b = b[:len(b)-jet.SealBytes]
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("read %s: %w", metaSubject, err)
	}
	if m.Format != metaFormat && m.Format != formerFormat {
		return fmt.Errorf("the store is of format %d, made by %s build of Winnow; this one reads format %d: start "+
			"it with an empty WINNOW_DATA_DIR, or with the build that made the store", m.Format,
			map[bool]string{true: "an older", false: "a newer"}[m.Format < metaFormat], metaFormat)
	}
	if m.Partitions < 1 || m.Streams < 1 || len(m.Salt) == 0 {
		return fmt.Errorf("read %s: not a store of Winnow's", metaSubject)
	}
	if n := q.cfg.Partitions; n != 0 && n != m.Partitions {
		return fmt.Errorf("WINNOW_PARTITIONS is %d, and the store was made with %d: it cannot be changed; unset it", n,
			m.Partitions)
	}
	if n := q.cfg.Streams; n != 0 && n != m.Streams {
		return fmt.Errorf("WINNOW_QUEUE_STREAMS is %d, and the store was made with %d: it cannot be changed; unset it",
			n, m.Streams)
	}
	q.meta = m
	return nil
}

// writeMeta stores what was decided, once. Of two processes that make a store at the same time one is first, and both
// go by it.
func (q *Queue) writeMeta(ctx context.Context) error {
	s, err := q.srv.JS(0).Stream(ctx, layout.ContactsStream(0))
	if err != nil {
		return err
	}
	for {
		expected := uint64(0)
		if m, err := s.GetLastMsgForSubject(ctx, metaSubject); err == nil && sound(m.Data) {
			// Read before, or another process that began at the same moment was the first to write: its salt counts.
			ours := q.meta
			if err := q.useMeta(m.Data); err != nil {
				return err
			}
			if err := q.meta.fits(ours); err != nil || q.meta.Format == metaFormat {
				return err
			}
			expected = m.Sequence
		} else if err == nil {
			expected = m.Sequence
		} else if !errors.Is(err, jetstream.ErrMsgNotFound) {
			return fmt.Errorf("read %s: %w", metaSubject, err)
		}
		q.meta.Format = metaFormat
		b, err := json.Marshal(q.meta)
		if err != nil {
			return err
		}
		_, err = q.srv.JS(0).PublishMsg(ctx, jet.NewMsg(metaSubject, b),
			jetstream.WithExpectLastSequencePerSubject(expected))
		if !jet.IsOutrun(err) {
			return err
		}
		// What it has written shows once the server that was asked has it too.
		if err := jet.Pause(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("read %s, which another process has just written: %w", metaSubject, err)
		}
	}
}

func (q *Queue) putConsumer(ctx context.Context, c layout.Consumer) error {
	made, err := q.srv.JS(0).CreateOrUpdateConsumer(ctx, c.Stream, c.Config(q.layout.Replicas))
	if err != nil {
		return fmt.Errorf("consumer %s of %s: %w", c.Name, c.Stream, err)
	}
	if q.local == nil {
		return nil
	}
	// No other process has anything in hand: what was in hand when the last one ended comes again at once instead of
	// after its wait. What was acknowledged out of turn comes again too, so only where that is little.
	info := made.CachedInfo()
	outOfTurn := int64(info.Delivered.Consumer-info.AckFloor.Consumer) - int64(info.NumAckPending)
	if info.NumAckPending > 0 && outOfTurn <= 1000 {
		if _, err := q.srv.JS(0).ResetConsumer(ctx, c.Stream, c.Name); err != nil {
			return fmt.Errorf("consumer %s of %s: %w", c.Name, c.Stream, err)
		}
	}
	return nil
}

// releaseFormer gives back the room of sources that are no longer configured: their streams go if everything in them
// was acknowledged, else they keep what they hold. Over an outside server another process may still serve them.
func (q *Queue) releaseFormer(ctx context.Context) error {
	if q.local == nil {
		return nil
	}
	all := q.srv.JS(0).ListStreams(ctx)
	for info := range all.Info() {
		name := info.Config.Name
		prefix, source, ok := strings.Cut(name, "_")
		if !ok || prefix != layout.Deliveries && prefix != layout.Fetches ||
			slices.ContainsFunc(q.layout.Sources, func(s string) bool { return layout.Token(s) == source }) {
			continue
		}
		waiting, err := q.srv.Waiting(ctx, name, map[string]string{
			layout.Deliveries: "read", layout.Fetches: "fetch",
		}[prefix])
		if err != nil {
			return fmt.Errorf("stream %s: %w", name, err)
		}
		if waiting == 0 {
			if err := q.srv.JS(0).DeleteStream(ctx, name); err != nil {
				return fmt.Errorf("stream %s: %w", name, err)
			}
			continue
		}
		q.cfg.Log("warn", fmt.Sprintf("stream %s holds %d messages of a source that is no longer configured", name,
			waiting))
		c := info.Config
		c.MaxBytes = max(int64(info.State.Bytes), 1)
		if _, err := q.srv.JS(0).UpdateStream(ctx, c); err != nil {
			return fmt.Errorf("stream %s: %w", name, err)
		}
	}
	return all.Err()
}
