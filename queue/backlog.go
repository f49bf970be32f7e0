package queue

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// Backlog knows since when the fetches of one source have been waiting. That is not the first one's affair alone: a
// message that replaces an earlier one, or follows from a record that was fetched late, stands behind others and may be
// about something older. So it reads along what comes into the stream and remembers, from each place in it to the end,
// the least instant. It is safe for concurrent use.
type Backlog struct {
	srv    *jet.Server
	source string
	since  func(data []byte, stored time.Time) time.Time

	mu     sync.Mutex
	log    *Log
	seen   uint64  // all that was stored up to there has been read
	minima []since // in the order of the stream, and of time
}

// since is an instant that is the least of its message and of all that come before the next entry, or the end.
type since struct {
	seq uint64
	at  int64 // nanoseconds of Unix time
}

// backlogBatch is how many messages come at once, and backlogWait how long to wait for one that is there.
const (
	backlogBatch = 5000
	backlogWait  = 200 * time.Millisecond
)

// Backlog returns the backlog of a source's fetches; since says of a message, and of when it was stored, since when its
// record waits.
func (f *Fetches) Backlog(source string, since func(data []byte, stored time.Time) time.Time) *Backlog {
	return &Backlog{srv: f.srv, source: source, since: since}
}

// Oldest is the least instant since when any record waits that its consumer has not seen acknowledged; zero where
// nothing waits.
func (b *Backlog) Oldest(ctx context.Context) (time.Time, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	spec := layout.FetchConsumer(b.source)
	first, err := b.srv.Oldest(ctx, spec.Stream, spec.Name, spec.Filter)
	if err == nil && first != nil {
		err = b.readOn(ctx, spec, first.Seq)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("backlog of %s: %w", spec.Stream, err)
	}
	if first == nil {
		return time.Time{}, nil
	}
	for len(b.minima) > 0 && b.minima[0].seq < first.Seq {
		b.minima = b.minima[1:]
	}
	at := b.since(first.Data, first.Time)
	if len(b.minima) > 0 {
		if least := time.Unix(0, b.minima[0].at); least.Before(at) {
			at = least
		}
	}
	return at.UTC(), nil
}

// readOn reads what the stream holds now, from the first message that waits on.
func (b *Backlog) readOn(ctx context.Context, spec layout.Consumer, first uint64) error {
	s, err := b.srv.JS(0).Stream(ctx, spec.Stream)
	if err != nil {
		return err
	}
	end := s.CachedInfo().State.LastSeq
	if end < b.seen { // it was lost, and begins anew
		b.reset()
	}
	if b.log == nil {
		if b.log, err = b.srv.OpenLog(ctx, spec.Stream, spec.Filter, 2, first-1, func(*jet.Msg) {}); err != nil {
			return err
		}
	}
	for b.seen < end {
		// A consumer may read a copy of the stream that lags. The leader knows whether there is more; most often what
		// is last is the probe.
		next, err := b.srv.Next(ctx, spec.Stream, spec.Filter, b.log.Last()+1)
		if err != nil {
			return err
		}
		if next == nil || next.Seq > end {
			b.seen = end
			return nil
		}
		msgs, err := b.log.Next(ctx, backlogBatch, backlogWait)
		if err != nil {
			return err
		}
		for _, m := range msgs {
			b.add(m.Seq, b.since(m.Data, m.Time).UnixNano())
		}
		b.seen = max(b.seen, b.log.Last())
	}
	return nil
}

func (b *Backlog) add(seq uint64, at int64) {
	n := len(b.minima)
	for n > 0 && b.minima[n-1].at >= at {
		n--
	}
	b.minima = append(b.minima[:n], since{seq, at})
}

// Close gives up reading along; Oldest begins anew.
func (b *Backlog) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reset()
}

func (b *Backlog) reset() {
	if b.log != nil {
		b.log.Close()
		b.log = nil
	}
	b.seen, b.minima = 0, nil
}
