package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// Consumer takes messages from a durable pull consumer; Msg is one of them.
type (
	Consumer = jet.Consumer
	Msg      = jet.Msg
)

// NakAll gives messages back; each comes again after delay.
func NakAll(msgs []*Msg, delay time.Duration) { jet.NakAll(msgs, delay) }

// Hold keeps messages of one consumer in hand until letGo is called, however long that takes.
func Hold(msgs []*Msg) (letGo func()) { return jet.Hold(msgs) }

// Lane is a role in which messages of a source wait to be taken.
type Lane interface {
	Waiting(ctx context.Context, source string) (uint64, error)
}

// lane is what deliveries and fetches have in common: a stream for each source, that one durable consumer reads and
// acknowledges.
type lane struct {
	base
	stream string
	spec   func(source string) layout.Consumer
	conn   int
	floor  float64 // the share of MinFree below which the disk is full for what comes in
}

// Consumer takes the messages of a source. A message that is replaced while it is in hand is done with: the newer one
// comes at once, and the late acknowledgement of the older does nothing.
func (l lane) Consumer(source string) *Consumer {
	spec := l.spec(source)
	return l.srv.Consumer(spec.Stream, spec.Config(l.layout.Replicas), "", l.conn, l.lostMsg)
}

// Waiting is how many messages of source the consumer has not seen acknowledged.
func (l lane) Waiting(ctx context.Context, source string) (uint64, error) {
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	spec := l.spec(source)
	n, err := l.srv.Waiting(ctx, spec.Stream, spec.Name)
	if err != nil {
		return 0, fmt.Errorf("waiting in %s: %w", spec.Stream, err)
	}
	return n, nil
}

// Oldest returns the oldest message of source that its consumer has not seen acknowledged, and when it was stored; nil
// and the zero time where nothing waits. Messages in hand and messages put off count. It costs two requests.
func (l lane) Oldest(ctx context.Context, source string) (data []byte, stored time.Time, err error) {
	spec := l.spec(source)
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	m, err := l.srv.Oldest(ctx, spec.Stream, spec.Name, spec.Filter)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("oldest of %s: %w", spec.Stream, err)
	}
	if m == nil {
		return nil, time.Time{}, nil
	}
	return m.Data, m.Time, nil
}

// Room returns nil if less than share (0 to 1) of the bytes of all sources together are used and the disk has room,
// else ErrFull with the reason. One source that has used its own part up is refused when it publishes. The figures are
// up to 250 ms old.
func (l lane) Room(share float64) error { return l.gauge.room(l.stream, share, l.floor) }

// checkSource refuses a source that there is no stream for.
func (l lane) checkSource(source string) error {
	if !l.layout.Has(source) {
		return fmt.Errorf("queue: no source %.40q", source)
	}
	return nil
}

// trim removes what was acknowledged and is older than keep; where a stream is half full all that was acknowledged.
// What waits, is in hand or was put off stays, and so does what was stored after the first such message.
func (l lane) trim(ctx context.Context, keep time.Duration) error {
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	var errs []error
	for _, source := range l.layout.Sources {
		spec := l.spec(source)
		if err := l.trimOne(ctx, spec, keep); err != nil {
			errs = append(errs, fmt.Errorf("trim %s: %w", spec.Stream, err))
		}
	}
	return errors.Join(errs...)
}

func (l lane) trimOne(ctx context.Context, spec layout.Consumer, keep time.Duration) error {
	s, err := l.srv.JS(0).Stream(ctx, spec.Stream)
	if err != nil {
		return err
	}
	state, most := s.CachedInfo().State, s.CachedInfo().Config.MaxBytes
	c, err := l.srv.JS(0).Consumer(ctx, spec.Stream, spec.Name)
	if err != nil {
		return err
	}
	// In a cluster the stream and the consumer may have different leaders, and the consumer's know less of the stream
	// than there is: that nothing waits, as it says, is no reason to remove anything. What was acknowledged stays so,
	// whoever says it.
	upTo := c.CachedInfo().AckFloor.Stream
	if keep > 0 && float64(state.Bytes) < fullEnough*float64(most) {
		m, err := l.srv.Since(ctx, spec.Stream, spec.Filter, time.Now().Add(-keep))
		if err != nil {
			return err
		}
		if m != nil {
			upTo = min(upTo, m.Seq-1)
		}
	}
	if state.Msgs > 0 && upTo >= state.FirstSeq {
		if err := s.Purge(ctx, jetstream.WithPurgeSequence(upTo+1)); err != nil {
			return err
		}
	}
	return sweep(ctx, s, spec.Filter)
}

// sweep empties a stream of which nothing but its probe is left: where that shares a file with what was removed, the
// file goes only then.
func sweep(ctx context.Context, s jetstream.Stream, filter string) error {
	info, err := s.Info(ctx)
	if err != nil || info.State.Msgs != 1 {
		return err
	}
	// One answer says that there is nothing of filter and how far the stream goes, and what comes after that stays.
	info, err = s.Info(ctx, jetstream.WithSubjectFilter(filter))
	if err != nil || info.State.Msgs == 0 || len(info.State.Subjects) > 0 {
		return err
	}
	return s.Purge(ctx, jetstream.WithPurgeSequence(info.State.LastSeq+1))
}
