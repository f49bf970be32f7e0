package queue

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// Facts are the bundles that wait to be rated, in the order of their partition.
type Facts struct{ base }

// Log reads the bundles of one partition in their order.
type Log = jet.Log

// Bundle is one message of facts of one partition.
type Bundle struct {
	Partition int
	Data      []byte
	Header    map[string]string
}

// Publish returns nil once all are durable. After an error some may be stored; sending them again does no harm, because
// facts are a set. ErrFull: raters are behind, or the disk is nearly full.
func (f *Facts) Publish(ctx context.Context, bundles []Bundle) error {
	msgs := make([]*nats.Msg, 0, len(bundles))
	for _, b := range bundles {
		if err := f.layout.Check(b.Partition); err != nil {
			return err
		}
		m := jet.NewMsg(layout.FactSubject(b.Partition), b.Data)
		setHeader(m, b.Header)
		msgs = append(msgs, m)
	}
	return f.srv.PublishAll(ctx, 2, layout.Facts, msgs)
}

// Open returns the reader of the partition's bundles with sequences above from.
func (f *Facts) Open(ctx context.Context, p int, from uint64) (*Log, error) {
	if err := f.layout.Check(p); err != nil {
		return nil, err
	}
	return f.srv.OpenLog(ctx, layout.Facts, layout.FactSubject(p), p, from, f.lostMsg)
}

// Last is the sequence of the newest bundle of partition p, 0 if it has none.
func (f *Facts) Last(ctx context.Context, p int) (uint64, error) {
	if err := f.layout.Check(p); err != nil {
		return 0, err
	}
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	m, err := f.srv.Last(ctx, layout.Facts, layout.FactSubject(p))
	if err != nil || m == nil {
		return 0, err
	}
	return m.Seq, nil
}

// Waiting is how many bundles of partition p have sequences above after, and when the first of them was stored.
func (f *Facts) Waiting(ctx context.Context, p int, after uint64) (n uint64, since time.Time, err error) {
	if err := f.layout.Check(p); err != nil {
		return 0, time.Time{}, err
	}
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	m, n, err := f.srv.WaitingFrom(ctx, layout.Facts, layout.FactSubject(p), after+1)
	if err != nil || m == nil {
		return 0, time.Time{}, err
	}
	return n, m.Time, nil
}

// Room returns nil if less than share (0 to 1) of the bytes are used and the disk has room, else ErrFull with the
// reason.
func (f *Facts) Room(share float64) error { return f.gauge.room(layout.Facts, share, 0.5) }

// Trim removes the bundles that were rated: before holds, for each partition, the sequence up to which that is so.
// Bundles of a partition that is not in it stay.
func (f *Facts) Trim(ctx context.Context, before map[int]uint64) error {
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	for {
		more, err := f.trimOnce(ctx, before)
		if err != nil {
			return fmt.Errorf("trim %s: %w", layout.Facts, err)
		}
		if !more {
			return nil
		}
	}
}

// trimOnce removes what lies before the first bundle that may still be needed, whole files at a time. It reports
// whether trying again may find more: partitions whose last bundle has just gone hold back no more.
func (f *Facts) trimOnce(ctx context.Context, before map[int]uint64) (more bool, err error) {
	s, err := f.srv.JS(0).Stream(ctx, layout.Facts)
	if err != nil {
		return false, err
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(layout.KindFact+".*"))
	if err != nil {
		return false, err
	}
	state := info.State
	if state.Msgs == 0 {
		return false, nil
	}
	first := state.LastSeq + 1 // none is left: everything goes
	for subject := range state.Subjects {
		p, err := strconv.Atoi(strings.TrimPrefix(subject, layout.KindFact+"."))
		if err != nil {
			continue
		}
		upTo, ok := before[p]
		if !ok {
			first = min(first, state.FirstSeq)
			continue
		}
		first = min(first, upTo+1)
	}
	if first > state.FirstSeq {
		return true, s.Purge(ctx, jetstream.WithPurgeSequence(first))
	}
	if float64(state.Bytes) < fullEnough*float64(info.Config.MaxBytes) {
		return false, nil
	}
	// One partition stands still and holds all others' bundles: take them out one partition at a time, which costs
	// more.
	for _, p := range slices.Sorted(maps.Keys(before)) {
		if state.Subjects[layout.FactSubject(p)] == 0 || before[p] < state.FirstSeq {
			continue
		}
		if err := s.Purge(ctx, jetstream.WithPurgeSubject(layout.FactSubject(p)), jetstream.WithPurgeSequence(before[p]+1)); err != nil {
			return false, err
		}
	}
	return false, nil
}
