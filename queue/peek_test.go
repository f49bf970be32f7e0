package queue

import (
	"context"
	"fmt"
	"testing"
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
