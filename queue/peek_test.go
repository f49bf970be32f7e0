package queue

import "testing"

func TestWaitingLastFactAndTouchRating(t *testing.T) {
	q := open(t)
	waiting := func(stream string, want uint64) {
		t.Helper()
		eventually(t, stream, func() bool { return must1[uint64](t)(q.Waiting(t.Context(), stream, src)) == want })
	}
	for _, s := range []string{Deliveries, Fetches, Contacts} {
		waiting(s, 0)
	}
	if _, err := q.Waiting(t.Context(), Facts, src); err == nil {
		t.Error("bundles wait for no consumer")
	}
	must(t, q.PublishDelivery(t.Context(), src, nil, nil))
	waiting(Deliveries, 1)
	must(t, q.PublishBundles(t.Context(), []Bundle{{2, []byte("a")}, {3, []byte("b")}}))
	for p, want := range map[int]uint64{0: 0, 2: 1, 3: 2} {
		if got := must1[uint64](t)(q.LastFact(t.Context(), p)); got != want {
			t.Errorf("LastFact(%d) = %d, want %d", p, got, want)
		}
	}

	c := q.RatingConsumers(src)[1]
	commit(t, q, 1, Checkpoint{}, nil, map[string]string{"a.b": "A"})
	waiting(Contacts, 1)
	m := fetch(t, c, 1)[0]
	key, err := RatingKey(m.Subject)
	if err != nil || key != (Key{src, "a.b"}) {
		t.Errorf("RatingKey(%s) = %v, %v", m.Subject, key, err)
	}
	if _, err := RatingKey("rating.1"); err == nil {
		t.Error("rating.1 is no subject of a rating")
	}
	must(t, m.Ack())
	waiting(Contacts, 0)
	must1[int](t)(q.Compact(t.Context(), CompactOptions{All: true, Rate: -1}))
	none(t, c, "it was written and moved")
	must(t, q.TouchRating(t.Context(), 1, key))
	must(t, q.TouchRating(t.Context(), 1, Key{src, "never was"}))
	if m := fetch(t, c, 1)[0]; string(m.Data) != "A" {
		t.Errorf("the rating comes again as %q", m.Data)
	}
}
