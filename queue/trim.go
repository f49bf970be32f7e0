package queue

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// fullEnough is the share of its bytes above which a stream is trimmed without regard for what would be nice to keep.
const fullEnough = 0.5

// TrimDeliveries removes the deliveries that were read and are older than keep, and the fetches that are done. Where a stream is
// half full the deliveries that were read go at once. What waits, is in hand or was put off stays, and so does what was stored
// after the first such message.
func (q *Queue) TrimDeliveries(ctx context.Context, keep time.Duration) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	for _, s := range q.layout.sources {
		if err := q.trimLane(ctx, deliveryConsumer(s), keep); err != nil {
			return err
		}
		if err := q.trimLane(ctx, fetchConsumer(s), 0); err != nil {
			return err
		}
	}
	return nil
}

func (q *Queue) trimLane(ctx context.Context, spec consumer, keep time.Duration) error {
	fail := func(err error) error { return fmt.Errorf("trim %s: %w", spec.stream, err) }
	s, err := q.js[0].Stream(ctx, spec.stream)
	if err != nil {
		return fail(err)
	}
	state, most := s.CachedInfo().State, s.CachedInfo().Config.MaxBytes
	c, err := q.js[0].Consumer(ctx, spec.stream, spec.name)
	if err != nil {
		return fail(err)
	}
	// In a cluster the stream and the consumer may have different leaders, and the consumer's know less of the stream than there is: that
	// nothing waits, as it says, is no reason to remove anything. What was acknowledged stays so, whoever says it.
	upTo := c.CachedInfo().AckFloor.Stream
	if keep > 0 && float64(state.Bytes) < fullEnough*float64(most) {
		m, err := q.nextMsg(ctx, spec.stream, spec.filter, 0, time.Now().Add(-keep))
		if err != nil {
			return fail(err)
		}
		if m != nil {
			upTo = min(upTo, m.Seq-1)
		}
	}
	if state.Msgs > 0 && upTo >= state.FirstSeq {
		if err := s.Purge(ctx, jetstream.WithPurgeSequence(upTo+1)); err != nil {
			return fail(err)
		}
	}
	if err := q.sweep(ctx, s, spec.filter); err != nil {
		return fail(err)
	}
	return nil
}

// sweep empties a stream of which nothing but its probe is left: where that shares a file with what was removed, the file goes only then.
func (q *Queue) sweep(ctx context.Context, s jetstream.Stream, filter string) error {
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

// TrimFacts removes the bundles that were rated: before holds, for each partition, the sequence up to which that is so. Bundles of
// a partition that is not in it stay.
func (q *Queue) TrimFacts(ctx context.Context, before map[int]uint64) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	for {
		more, err := q.trimFacts(ctx, before)
		if err != nil {
			return fmt.Errorf("trim %s: %w", Facts, err)
		}
		if !more {
			return nil
		}
	}
}

// trimFacts removes what lies before the first bundle that may still be needed, whole files at a time. It reports whether trying
// again may find more: partitions whose last bundle has just gone hold back no more.
func (q *Queue) trimFacts(ctx context.Context, before map[int]uint64) (more bool, err error) {
	s, err := q.js[0].Stream(ctx, Facts)
	if err != nil {
		return false, err
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(kindFact+".*"))
	if err != nil {
		return false, err
	}
	state := info.State
	if state.Msgs == 0 {
		return false, nil
	}
	first := state.LastSeq + 1 // none is left: everything goes
	for subject := range state.Subjects {
		p, err := strconv.Atoi(strings.TrimPrefix(subject, kindFact+"."))
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
	// One partition stands still and holds all others' bundles: take them out one partition at a time, which costs more.
	for _, p := range slices.Sorted(maps.Keys(before)) {
		if state.Subjects[factSubject(p)] == 0 || before[p] < state.FirstSeq {
			continue
		}
		if err := s.Purge(ctx, jetstream.WithPurgeSubject(factSubject(p)), jetstream.WithPurgeSequence(before[p]+1)); err != nil {
			return false, err
		}
	}
	return false, nil
}

// Purge overwrites and deletes the record and the rating of a contact. Versions that were replaced earlier stay in the files until
// Compact has emptied them.
func (q *Queue) Purge(ctx context.Context, p int, key Key) error {
	if err := q.checkPartition(p); err != nil {
		return err
	}
	if err := key.check(); err != nil {
		return err
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	s, err := q.js[0].Stream(ctx, q.stream(p))
	if err != nil {
		return fmt.Errorf("purge: %w", err)
	}
	for _, kind := range []string{kindContact, kindRating} {
		if err := q.erase(ctx, s, contactSubject(kind, p, key)); err != nil {
			return fmt.Errorf("purge: %w", err)
		}
	}
	return nil
}
