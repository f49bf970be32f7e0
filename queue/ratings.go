package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// Ratings are what waits to be written to the CRMs, the latest of each contact. Contacts.Commit stores them.
type Ratings struct {
	base
	load func(ctx context.Context, kind string, p int, keys []Key) (map[Key]Record, error)
}

// Load returns the latest ratings that were put for the keys, all of partition p; a key without one is absent.
func (r *Ratings) Load(ctx context.Context, p int, keys []Key) (map[Key]Record, error) {
	return r.load(ctx, layout.KindRating, p, keys)
}

// Consumers take the ratings of a source, one for each stream of records. A rating that is replaced while it is in hand
// is done with, and the newer one comes at once: who writes must do one thing at a time for a contact. Ratings that
// compaction has moved do not come again.
func (r *Ratings) Consumers(source string) []*Consumer {
	all := make([]*Consumer, r.layout.Shards)
	for i := range all {
		spec := layout.RatingConsumer(source, i)
		all[i] = r.srv.Consumer(spec.Stream, spec.Config(r.layout.Replicas), HeaderCompacted, 3+i, r.lostMsg)
	}
	return all
}

// Waiting is how many ratings of source have not been seen acknowledged.
func (r *Ratings) Waiting(ctx context.Context, source string) (sum uint64, err error) {
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	for i := range r.layout.Shards {
		spec := layout.RatingConsumer(source, i)
		n, err := r.srv.Waiting(ctx, spec.Stream, spec.Name)
		if err != nil {
			return 0, fmt.Errorf("waiting in %s: %w", spec.Stream, err)
		}
		sum += n
	}
	return sum, nil
}

// RatingKey is the contact of a rating's subject.
func RatingKey(subject string) (Key, error) {
	k, ok := keyOf(subject)
	if !ok {
		return Key{}, fmt.Errorf("queue: %.80q is no subject of a rating", subject)
	}
	return k, nil
}

// Replace puts a rating in the place of the one with a sequence. Where a newer one stands there is nothing to do.
func (r *Ratings) Replace(ctx context.Context, p int, key Key, data []byte, seq uint64) error {
	if err := errors.Join(r.layout.Check(p), key.check()); err != nil {
		return err
	}
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	msg := jet.NewMsg(key.subject(layout.KindRating, p), data)
	msg.Header[jet.HeaderExpected] = []string{strconv.FormatUint(seq, 10)}
	if _, err := r.srv.JS(p).PublishMsg(ctx, msg); !jet.IsOutrun(err) {
		return jet.PublishError(r.layout.Records(p), err)
	}
	return nil
}

// Touch puts the latest rating of a contact once more, so that its writer gets it again. Where there is none, or a
// newer one takes its place meanwhile, there is nothing to do.
func (r *Ratings) Touch(ctx context.Context, p int, key Key) error {
	if err := errors.Join(r.layout.Check(p), key.check()); err != nil {
		return err
	}
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	m, err := r.srv.Last(ctx, r.layout.Records(p), key.subject(layout.KindRating, p))
	if err != nil || m == nil {
		return err
	}
	if m.Damaged {
		r.lost(r.layout.Records(p), m.Subject, m.Seq, m.Time)
		return nil
	}
	return r.Replace(ctx, p, key, m.Data, m.Seq)
}
