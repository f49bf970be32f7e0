package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// CompactOptions steer a compaction.
type CompactOptions struct {
	All  bool // every message stored before now, so that nothing deleted or replaced before now is left in the files
	Rate int  // messages a second; 0: 2,000; negative: as fast as it goes
}

const (
	compactRate  = 2000
	compactBatch = 200     // messages of one atomic batch, small because commits of the raters wait meanwhile
	compactBytes = 4 << 20 // bytes of one
	blockBytes   = 8 << 20 // the largest file of a stream. Source: nats-server, filestore.go, maxBlockSize
)

// Compact puts old messages of the CONTACTS streams again, so that the files that they leave become empty and are
// deleted, and with them what was replaced or deleted since. A stream that keeps the latest per subject would otherwise
// fill the disk with files that hold one message each. It moves what lies within a file's size of a gap, or everything.
// A message that is replaced at the same time is left alone. Ratings that were written are moved with HeaderCompacted
// and do not come to the writer again; the others stay, unless everything moves: then the writer may get them twice.
func (c *Contacts) Compact(ctx context.Context, o CompactOptions) (rewritten int, err error) {
	if o.Rate == 0 {
		o.Rate = compactRate
	}
	for i := range c.layout.Shards {
		n, err := c.compactStream(ctx, i, o)
		rewritten += n
		if err != nil {
			return rewritten, fmt.Errorf("compact %s: %w", layout.ContactsStream(i), jet.Ended(ctx, err))
		}
	}
	return rewritten, nil
}

func (c *Contacts) compactStream(ctx context.Context, i int, o CompactOptions) (int, error) {
	name := layout.ContactsStream(i)
	s, err := c.srv.JS(0).Stream(ctx, name)
	if err != nil {
		return 0, err
	}
	state := s.CachedInfo().State
	if !o.All && state.LastSeq-state.FirstSeq+1 == state.Msgs {
		return 0, nil // no gap: nothing was replaced or deleted
	}
	if err := c.gauge.disk(0.5); err != nil {
		return 0, err
	}
	floors, err := c.floors(ctx, i)
	if err != nil {
		return 0, err
	}
	m := &compaction{of: c, stream: name, conn: i, floors: floors, all: o.All, rate: o.Rate}
	defer func() {
		// The filler is deleted in any case: it takes megabytes.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), jet.RequestWait)
		defer cancel()
		_ = s.Purge(ctx, jetstream.WithPurgeSubject(layout.FillerSubject(name, "*"))) // the next compaction tries again
	}()
	bound, err := m.roll(ctx)
	if err != nil {
		return 0, err
	}
	err = c.srv.Walk(ctx, jet.Walk{Stream: name, Conn: i}, func(msg *nats.Msg, at *Msg) error {
		if at.Seq > bound {
			return errBound
		}
		return m.see(ctx, msg, at)
	})
	if err != nil && !errors.Is(err, errBound) {
		return m.moved, err
	}
	return m.moved, m.flush(ctx)
}

// errBound ends the walk at what was stored after the compaction began.
var errBound = errors.New("bound")

// floors are the sequences up to which each source's ratings in stream i were written.
func (c *Contacts) floors(ctx context.Context, i int) (map[string]uint64, error) {
	floors := map[string]uint64{}
	for _, source := range c.layout.Sources {
		spec := layout.RatingConsumer(source, i)
		info, err := c.srv.JS(0).Consumer(ctx, spec.Stream, spec.Name)
		if err != nil {
			return nil, err
		}
		floors[layout.Token(source)] = info.CachedInfo().AckFloor.Stream
	}
	return floors, nil
}

// compaction is one stream's.
type compaction struct {
	of     *Contacts
	stream string
	conn   int
	floors map[string]uint64
	all    bool
	rate   int

	last   uint64 // sequence of the message before
	dirty  int    // bytes that still lie within a file's size behind a gap
	recent []*nats.Msg
	held   int // bytes in recent: messages that move if a gap follows
	batch  []*nats.Msg
	bytes  int
	moved  int
}

// roll fills the stream's current file up, so that what is in it now and what comes from now on do not share one. It
// returns the sequence of the last filler.
func (c *compaction) roll(ctx context.Context) (bound uint64, err error) {
	size := min(c.of.srv.MaxMessage(), blockBytes/2)
	for i := 0; i*size < blockBytes+size; i++ {
		m := &nats.Msg{Subject: layout.FillerSubject(c.stream, strconv.Itoa(i)), Data: make([]byte, size)}
		publish, cancel := jet.Bounded(ctx)
		ack, err := c.of.srv.JS(0).PublishMsg(publish, m)
		cancel()
		if err != nil {
			return 0, jet.PublishError(c.stream, err)
		}
		bound = ack.Sequence
	}
	return bound, nil
}

// see decides about one message, in the order of the stream.
func (c *compaction) see(ctx context.Context, m *nats.Msg, at *Msg) error {
	size := len(m.Subject) + len(m.Data) + 64
	gap := at.Seq != c.last+1
	c.last = at.Seq
	switch kind, _, _ := strings.Cut(m.Subject, "."); {
	case kind == layout.KindFiller:
		return nil
	case at.Damaged && kind != layout.KindProbe: // moved it would be another loss
		c.of.lostMsg(at)
		return nil
	}
	out := c.put(m, at.Seq)
	if gap || c.all {
		c.dirty = blockBytes
		for _, r := range c.recent {
			if err := c.add(ctx, r); err != nil {
				return err
			}
		}
		c.recent, c.held = nil, 0
	}
	if c.dirty > 0 {
		c.dirty -= size
		return c.add(ctx, out)
	}
	c.recent, c.held = append(c.recent, out), c.held+size
	for c.held > blockBytes {
		c.held -= len(c.recent[0].Subject) + len(c.recent[0].Data) + 64
		c.recent = c.recent[1:]
	}
	return nil
}

// put is the message that takes the place of m; its header carries the sequence that it replaces. Nil data and header
// of a message that must stay: it only has the subject.
func (c *compaction) put(m *nats.Msg, seq uint64) *nats.Msg {
	out := nats.NewMsg(m.Subject)
	out.Data = m.Data
	for k, v := range m.Header {
		if !strings.HasPrefix(k, "Nats-") {
			out.Header[k] = v
		}
	}
	out.Header[jet.HeaderExpected] = []string{strconv.FormatUint(seq, 10)}
	if t := strings.Split(m.Subject, "."); t[0] == layout.KindRating && len(t) == 4 {
		switch floor, ok := c.floors[t[2]]; {
		case ok && seq <= floor:
			out.Header[HeaderCompacted] = []string{"1"}
		case len(out.Header[HeaderCompacted]) > 0, c.all:
		default:
			out.Header = nil // not written yet: it stays where it is
		}
	}
	return out
}

func (c *compaction) add(ctx context.Context, m *nats.Msg) error {
	if m.Header == nil {
		return nil
	}
	switch kind, _, _ := strings.Cut(m.Subject, "."); kind {
	case layout.KindCheckpoint, layout.KindState, layout.KindMeta:
		return c.moveKnown(ctx, kind, m)
	}
	c.batch, c.bytes = append(c.batch, m), c.bytes+len(m.Data)
	if len(c.batch) < compactBatch && c.bytes < compactBytes {
		return nil
	}
	return c.flush(ctx)
}

// flush moves what is gathered, at the pace that was asked for.
func (c *compaction) flush(ctx context.Context) error {
	if len(c.batch) == 0 {
		return nil
	}
	start, n := time.Now(), len(c.batch)
	commit, cancel := jet.BoundedBy(ctx, jet.CommitWait)
	_, err := c.of.srv.AtomicBatch(commit, c.conn, c.batch)
	cancel()
	if err == nil {
		c.moved += n
	} else if err = c.oneByOne(ctx, err); err != nil {
		return err
	}
	c.batch, c.bytes = nil, 0
	if c.rate > 0 {
		return jet.Pause(ctx, time.Duration(n)*time.Second/time.Duration(c.rate)-time.Since(start))
	}
	return ctx.Err()
}

// oneByOne moves the messages of a refused batch that nobody has replaced meanwhile.
func (c *compaction) oneByOne(ctx context.Context, refused error) error {
	if !errors.Is(refused, ErrFenced) {
		return refused
	}
	for _, m := range c.batch {
		for _, h := range []string{jet.HeaderBatchID, jet.HeaderBatchSequence, jet.HeaderBatchCommit} {
			delete(m.Header, h)
		}
		if _, err := c.move(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// move puts one message again; 0 where it has been replaced meanwhile.
func (c *compaction) move(ctx context.Context, m *nats.Msg) (uint64, error) {
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	ack, err := c.of.srv.JS(0).PublishMsg(ctx, m)
	if jet.IsOutrun(err) {
		return 0, nil
	}
	if err != nil {
		return 0, jet.PublishError(c.stream, err)
	}
	c.moved++
	return ack.Sequence, nil
}

// moveKnown moves a message whose sequence its writer goes by: this process tells its own writers, another would find
// itself fenced. So only an embedded store's are moved; a cluster's hold nothing personal and are few.
func (c *compaction) moveKnown(ctx context.Context, kind string, m *nats.Msg) error {
	if !c.of.srv.Local() {
		return nil
	}
	lock := &c.of.states.mu
	if kind == layout.KindCheckpoint {
		p, err := strconv.Atoi(strings.TrimPrefix(m.Subject, layout.KindCheckpoint+"."))
		if err != nil || c.of.layout.Check(p) != nil {
			return nil //nolint:nilerr // not ours: it stays
		}
		lock = &c.of.parts[p].mu
	}
	lock.Lock()
	defer lock.Unlock()
	from, err := strconv.ParseUint(m.Header.Get(jet.HeaderExpected), 10, 64)
	if err != nil {
		return err
	}
	to, err := c.move(ctx, m)
	if to != 0 {
		c.of.moves.add(m.Subject, from, to)
	}
	return err
}
