package queue

import (
	"fmt"
	"sync"
	"testing"
)

func TestPurgeAndCompactLeaveNothing(t *testing.T) {
	const trace = "what must be forgotten"
	q := open(t)
	at := Checkpoint{}
	for i := range 6 { // several versions, of which only the last is the server's to erase
		at = commit(t, q, 1, at, map[string]string{"gone": trace + fmt.Sprint(i), "stays": "stays" + fmt.Sprint(i)},
			map[string]string{"gone": trace, "stays": "A"})
	}
	other := commit(t, q, 0, Checkpoint{}, map[string]string{"x": "other stream"}, nil)
	seq := must1[uint64](t)(q.States.Put(t.Context(), "cursor", []byte("s"), 0))
	must(t, q.Fetches.Publish(t.Context(), []FetchMsg{{src, "contacts", "gone", []byte(trace), nil}}, latest))

	must(t, q.Contacts.Purge(t.Context(), 1, Key{src, "gone"}))
	must(t, q.Contacts.Purge(t.Context(), 1, Key{src, "never was"}))
	must(t, q.Fetches.Purge(t.Context(), src, FetchRef{"contacts", "gone"}, FetchRef{"contacts", "never was"}))
	keys := []Key{{src, "gone"}, {src, "stays"}}
	if got := must1[map[Key]Record](t)(q.Contacts.Load(t.Context(), 1, keys)); len(got) != 1 {
		t.Errorf("records after Purge: %v", got)
	}
	if got := must1[map[Key]Record](t)(q.Ratings.Load(t.Context(), 1, keys)); len(got) != 1 {
		t.Errorf("ratings after Purge: %v", got)
	}
	if len(filesWith(t, q.cfg.Dir, trace)) == 0 {
		t.Error("older versions are gone before the compaction: this test proves nothing")
	}
	n := must1[int](t)(q.Contacts.Compact(t.Context(), CompactOptions{All: true, Rate: -1}))
	if n < 6 {
		t.Errorf("%d messages moved, want all there are", n)
	}
	if files := filesWith(t, q.cfg.Dir, trace); len(files) > 0 {
		t.Errorf("%q is still in %v", trace, files)
	}
	if files := filesWith(t, q.cfg.Dir, "stays4"); len(files) > 0 {
		t.Errorf("a replaced version is still in %v", files)
	}

	// Nobody whose sequence has moved is taken for a stranger.
	at = commit(t, q, 1, at, map[string]string{"new": "1"}, nil)
	must1[int](t)(q.Contacts.Compact(t.Context(), CompactOptions{All: true, Rate: -1}))
	must1[int](t)(q.Contacts.Compact(t.Context(), CompactOptions{All: true, Rate: -1}))
	commit(t, q, 1, at, nil, nil)
	commit(t, q, 0, other, nil, nil)
	must1[uint64](t)(q.States.Put(t.Context(), "cursor", []byte("t"), seq))
	got := must1[map[Key]Record](t)(q.Contacts.Load(t.Context(), 1, keys))
	if len(got) != 1 || string(got[keys[1]].Data) != "stays5" {
		t.Errorf("records after compaction: %v", got)
	}
	must(t, q.Close())
	q = reopen(t, q.cfg) // the store's own description has moved too
	if data, _, err := q.States.Get(t.Context(), "cursor"); string(data) != "t" || err != nil {
		t.Errorf("state %q, %v", data, err)
	}
}

func TestCompactDoesNotOfferWrittenRatingsAgain(t *testing.T) {
	q := open(t)
	c := q.Ratings.Consumers(src)[1]
	at := commit(t, q, 1, Checkpoint{}, nil, map[string]string{"written": "A", "replaced": "A"})
	for _, m := range fetch(t, c, 2) {
		must(t, m.Ack())
	}
	at = commit(t, q, 1, at, nil, map[string]string{"replaced": "B"}) // makes a gap
	at = commit(t, q, 1, at, nil, map[string]string{"waits": "C"})
	floor := func() uint64 {
		info := must1[map[string]uint64](t)(q.Contacts.floors(t.Context(), 1))
		return info[src]
	}
	eventually(t, "the acknowledgements are known", func() bool { return floor() >= 2 })
	if n := must1[int](t)(q.Contacts.Compact(t.Context(), CompactOptions{Rate: -1})); n == 0 {
		t.Fatal("nothing was moved")
	}
	got := map[string]string{}
	for _, m := range fetch(t, c, 2) {
		got[m.Subject] = string(m.Data)
		must(t, m.Ack())
	}
	if len(got) != 2 || got["rating.1.hubspot.waits"] != "C" || got["rating.1.hubspot.replaced"] != "B" {
		t.Errorf("the writer gets %v, want the two that wait", got)
	}
	none(t, c, "the other was written before it moved")
	ratings := must1[map[Key]Record](t)(q.Ratings.Load(t.Context(), 1, []Key{{src, "written"}}))
	if string(ratings[Key{src, "written"}].Data) != "A" {
		t.Errorf("the moved rating: %v", ratings)
	}
	// The next rating of a contact whose last one was moved comes as ever.
	commit(t, q, 1, at, nil, map[string]string{"written": "D"})
	if m := fetch(t, c, 1)[0]; string(m.Data) != "D" {
		t.Errorf("%s %q", m.Subject, m.Data)
	}
}

// Raters go on committing while the streams are compacted: none is fenced, and no older version comes back.
func TestCompactBesideCommits(t *testing.T) {
	q := open(t)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	last := make([]int, 4)
	for p := range 4 {
		wg.Go(func() {
			at := Checkpoint{}
			for i := 1; ; i++ {
				b := Batch{Checkpoint: at}
				for c := range 20 {
					if c%7 == i%7 || i == 1 {
						b.Contacts = append(b.Contacts, Put{Key: Key{src, fmt.Sprint(c)}, Data: fmt.Append(nil, i)})
					}
				}
				b.Contacts = append(b.Contacts, Put{Key: Key{src, "each"}, Data: fmt.Append(nil, i)})
				var err error
				if at, err = q.Contacts.Commit(t.Context(), p, b); err != nil {
					t.Errorf("partition %d: %v", p, err)
					return
				}
				last[p] = i
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for range 2 {
		must1[int](t)(q.Contacts.Compact(t.Context(), CompactOptions{All: true, Rate: -1}))
	}
	close(stop)
	wg.Wait()
	for p := range 4 {
		n := 0
		must(t, q.Contacts.Scan(t.Context(), p, func(r Record) error {
			n++
			want := last[p]
			if r.Key.Contact != "each" {
				var c int
				_, _ = fmt.Sscan(r.Key.Contact, &c)
				for want = last[p]; c%7 != want%7 && want > 1; want-- {
				}
			}
			if string(r.Data) != fmt.Sprint(want) {
				t.Errorf("partition %d, contact %s has version %s, want %d", p, r.Key.Contact, r.Data, want)
			}
			return nil
		}))
		if n != 21 {
			t.Errorf("partition %d has %d records, want 21", p, n)
		}
	}
}

// Compaction that has nothing to win moves nothing.
func TestCompactLeavesACleanStreamAlone(t *testing.T) {
	q := open(t)
	commit(t, q, 0, Checkpoint{}, map[string]string{"a": "1"}, nil)
	if n := must1[int](t)(q.Contacts.Compact(t.Context(), CompactOptions{})); n != 0 {
		t.Errorf("%d messages moved", n)
	}
}
