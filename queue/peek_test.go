package queue

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/queue/internal/layout"
)

func TestWaitingLastFactAndTouchRating(t *testing.T) {
	q := open(t)
	waiting := func(role interface {
		Waiting(ctx context.Context, source string) (uint64, error)
	}, want uint64,
	) {
		t.Helper()
		eventually(t, fmt.Sprintf("%d wait in %T", want, role), func() bool {
			return must1[uint64](t)(role.Waiting(t.Context(), src)) == want
		})
	}
	waiting(q.Deliveries, 0)
	waiting(q.Fetches, 0)
	waiting(q.Ratings, 0)
	must(t, q.Deliveries.Publish(t.Context(), src, nil, nil))
	waiting(q.Deliveries, 1)
	must(t, q.Facts.Publish(t.Context(), []Bundle{{2, []byte("a"), nil}, {3, []byte("b"), nil}}))
	for p, want := range map[int]uint64{0: 0, 2: 1, 3: 2} {
		if got := must1[uint64](t)(q.Facts.Last(t.Context(), p)); got != want {
			t.Errorf("Facts.Last(%d) = %d, want %d", p, got, want)
		}
	}

	c := q.Ratings.Consumers(src)[1]
	commit(t, q, 1, Checkpoint{}, nil, map[string]string{"a.b": "A"})
	waiting(q.Ratings, 1)
	m := fetch(t, c, 1)[0]
	key, err := RatingKey(m.Subject)
	if err != nil || key != (Key{src, "a.b"}) {
		t.Errorf("RatingKey(%s) = %v, %v", m.Subject, key, err)
	}
	if _, err := RatingKey("rating.1"); err == nil {
		t.Error("rating.1 is no subject of a rating")
	}
	must(t, m.Ack())
	waiting(q.Ratings, 0)
	must1[int](t)(q.Contacts.Compact(t.Context(), CompactOptions{All: true, Rate: -1}))
	none(t, c, "it was written and moved")
	must(t, q.Ratings.Touch(t.Context(), 1, key))
	must(t, q.Ratings.Touch(t.Context(), 1, Key{src, "never was"}))
	if m := fetch(t, c, 1)[0]; string(m.Data) != "A" {
		t.Errorf("the rating comes again as %q", m.Data)
	}
}

// TestFactsWaiting: how many bundles of a partition are behind its checkpoint, and since when, whether anybody reads
// them or not.
func TestFactsWaiting(t *testing.T) {
	q := open(t)
	waiting := func(p int, after, want uint64) time.Time {
		t.Helper()
		n, since, err := q.Facts.Waiting(t.Context(), p, after)
		if err != nil || n != want || since.IsZero() != (want == 0) {
			t.Errorf("behind %d of partition %d: %d since %v, %v, want %d", after, p, n, since, err, want)
		}
		return since
	}
	waiting(2, 0, 0)
	before := time.Now()
	traced := map[string]string{"h": "1"}
	must(t, q.Facts.Publish(t.Context(), []Bundle{{2, []byte("a"), nil}, {3, []byte("b"), traced}}))
	must(t, q.Facts.Publish(t.Context(), []Bundle{{2, nil, nil}, {2, []byte("d"), nil}}))
	if since := waiting(2, 0, 3); since.Before(before) || since.After(time.Now()) {
		t.Errorf("the first waits since %v, and came at %v", since, before)
	}
	waiting(2, 1, 2)
	waiting(2, 3, 1)
	waiting(2, 4, 0)
	waiting(3, 0, 1)
	waiting(0, 0, 0)
}

// TestRemoveDamaged: a bundle that cannot be read and is dealt with counts as waiting no more.
func TestRemoveDamaged(t *testing.T) {
	q := open(t)
	must(t, q.Facts.Publish(t.Context(), []Bundle{{2, []byte("a"), nil}, {2, []byte("b"), nil}}))
	lost := Damage{Stream: layout.Facts, First: 2, Last: 2}
	for range 2 { // what is removed already is no error
		must(t, q.Remove(t.Context(), lost))
		if n, _, err := q.Facts.Waiting(t.Context(), 2, 1); err != nil || n != 0 {
			t.Errorf("%d wait, %v", n, err)
		}
	}
	must(t, q.Remove(t.Context(), Damage{Stream: layout.Facts, First: 1, Last: 2})) // nobody knows which one
	if n, _, err := q.Facts.Waiting(t.Context(), 2, 0); err != nil || n != 1 {
		t.Errorf("%d wait, %v, want the one that is whole", n, err)
	}
}
