package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Waiting is how many messages of source its consumers have not seen acknowledged, in Deliveries, Fetches or Contacts (ratings).
func (q *Queue) Waiting(ctx context.Context, stream, source string) (uint64, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	var specs []consumer
	switch stream {
	case Deliveries:
		specs = []consumer{deliveryConsumer(source)}
	case Fetches:
		specs = []consumer{fetchConsumer(source)}
	case Contacts:
		for i := range q.layout.streams {
			specs = append(specs, ratingConsumer(source, i))
		}
	default:
		return 0, fmt.Errorf("queue: nothing waits in %s", stream)
	}
	var sum uint64
	for _, s := range specs {
		n, err := q.waiting(ctx, s.stream, s.name)
		if err != nil {
			return 0, fmt.Errorf("waiting in %s: %w", s.stream, err)
		}
		sum += n
	}
	return sum, nil
}

// LastFact is the sequence of the newest bundle of partition p, 0 if it has none.
func (q *Queue) LastFact(ctx context.Context, p int) (uint64, error) {
	if err := q.checkPartition(p); err != nil {
		return 0, err
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	m, err := q.lastMsg(ctx, Facts, factSubject(p))
	if err != nil || m == nil {
		return 0, err
	}
	return m.Seq, nil
}

// RatingKey is the contact of a rating's subject.
func RatingKey(subject string) (Key, error) {
	k, ok := keyOf(subject)
	if !ok {
		return Key{}, fmt.Errorf("queue: %.80q is no subject of a rating", subject)
	}
	return k, nil
}

// TouchRating puts the latest rating of a contact once more, so that its writer gets it again. Where there is none, or a newer one
// takes its place meanwhile, there is nothing to do.
func (q *Queue) TouchRating(ctx context.Context, p int, key Key) error {
	if err := errors.Join(q.checkPartition(p), key.check()); err != nil {
		return err
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	subject := contactSubject(kindRating, p, key)
	m, err := q.lastMsg(ctx, q.stream(p), subject)
	if err != nil || m == nil {
		return err
	}
	msg := &nats.Msg{Subject: subject, Data: m.Data, Header: nats.Header{jetstream.ExpectedLastSubjSeqHeader: {strconv.FormatUint(m.Seq, 10)}}}
	if _, err = q.jetstream(p).PublishMsg(ctx, msg); isCode(err, jetstream.JSErrCodeStreamWrongLastSequence) {
		return nil
	}
	return publishError(q.stream(p), err)
}
