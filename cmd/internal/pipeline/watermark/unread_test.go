package watermark

import (
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/queue"
)

// TestUnreadFollowsLetters: what is known of the letters is what a fresh look finds, whatever came and went meanwhile.
func TestUnreadFollowsLetters(t *testing.T) {
	q := openQueue(t)
	u := newUnread(Deps{Queue: q}, "fake")
	var seqs []uint64
	step := func(put int, discard ...int) {
		t.Helper()
		for range put {
			seq, err := q.DeadLetters.Bury(t.Context(), queue.DeadLetter{
				Stage: StageFetch, Source: "fake", Contacts: []string{string(rune('a' + len(seqs)))},
			}, "")
			if err != nil {
				t.Fatal(err)
			}
			seqs = append(seqs, seq)
		}
		for _, i := range discard {
			if err := q.DeadLetters.Discard(t.Context(), seqs[i]); err != nil {
				t.Fatal(err)
			}
		}
		got, err := u.look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want, err := newUnread(Deps{Queue: q}, "fake").look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.By, got.By); diff != "" || !got.All.Equal(want.All) {
			t.Errorf("with %d put and %v discarded (-fresh +known):\n%s", put, discard, diff)
		}
	}
	step(0)
	step(2)
	step(0, 0)
	step(1, 1) // as many as before
	step(3, 2, 4)
	step(0, 3)
	known, err := u.look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []queue.DeadLetter{{Stage: StageWrite, Source: "fake"}, {Stage: StageFetch, Source: "other"}} {
		if _, err := q.DeadLetters.Bury(t.Context(), d, ""); err != nil {
			t.Fatal(err)
		}
		if got, err := u.look(t.Context()); err != nil || got != known {
			t.Errorf("a letter of %s/%s changes what is unread of the source: %v, %v", d.Source, d.Stage, got, err)
		}
	}
}

// BenchmarkUnread is what a look costs when one of ten thousand letters has been discarded since the last one.
func BenchmarkUnread(b *testing.B) {
	q, err := queue.Open(b.Context(), queue.Config{
		Dir: b.TempDir(), Partitions: 1, Sources: []string{"fake"}, MinFree: 1, MaxStore: 4 << 30,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = q.Close() }()
	bury := func(n int) {
		letter := queue.DeadLetter{
			Stage: StageFetch, Source: "fake", Contacts: []string{strconv.Itoa(n)}, Payload: make([]byte, 2000),
		}
		if _, err := q.DeadLetters.Bury(b.Context(), letter, ""); err != nil {
			b.Error(err)
		}
	}
	const letters = 10_000
	var burying sync.WaitGroup
	for w := range 16 {
		burying.Go(func() {
			for n := w; n < letters; n += 16 {
				bury(n)
			}
		})
	}
	burying.Wait()
	u := newUnread(Deps{Queue: q}, "fake")
	if _, err := u.look(b.Context()); err != nil {
		b.Fatal(err)
	}
	seq := uint64(letters / 2)
	for b.Loop() {
		b.StopTimer()
		if err := q.DeadLetters.Discard(b.Context(), seq); err != nil {
			b.Fatal(err)
		}
		seq++
		b.StartTimer()
		if v, err := u.look(b.Context()); err != nil || len(v.By) != letters-int(seq-letters/2) {
			b.Fatalf("%d contacts, %v", len(v.By), err)
		}
	}
}
