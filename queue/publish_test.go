package queue

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
)

// both keeps what it replaces.
func both(earlier, latest []byte) []byte { return slices.Concat(earlier, []byte("+"), latest) }

func put(t *testing.T, q *Queue, id, data string) {
	t.Helper()
	must(t, q.Fetches.Publish(t.Context(), []FetchMsg{{src, "emails", id, []byte(data), nil}}, both))
}

func TestFetchesAreJoinedWhileTheyWait(t *testing.T) {
	q := open(t)
	c := q.Fetches.Consumer(src)
	put(t, q, "1", "a")
	must(t, q.Fetches.Publish(t.Context(), []FetchMsg{
		{src, "emails", "1", []byte("b"), nil},
		{src, "emails", "2", []byte("x"), nil},
		{src, "emails", "1", []byte("c"), nil},
	}, both))
	held := fetch(t, c, 2)
	slices.SortFunc(held, func(a, b *Msg) int { return strings.Compare(string(a.Data), string(b.Data)) })
	if string(held[0].Data) != "a+b+c" || string(held[1].Data) != "x" {
		t.Fatalf("got %q and %q, want what waited to be joined", held[0].Data, held[1].Data)
	}
	put(t, q, "1", "d") // while the others are in hand: their fetch may come to nothing
	m := fetch(t, c, 1)[0]
	if string(m.Data) != "a+b+c+d" {
		t.Fatalf("got %q, want what is in hand to be joined", m.Data)
	}
	for _, m := range append(held, m) {
		must(t, m.Ack())
	}
	eventually(t, "nothing waits", func() bool { _, at := oldest(t, q.Fetches.lane); return at.IsZero() })
	put(t, q, "1", "e")
	if m := fetch(t, c, 1)[0]; string(m.Data) != "e" {
		t.Errorf("got %q, want nothing of what is done", m.Data)
	}
}

// TestFetchesJoinedAtOnce has many put the same records, alone and together with others, at the same time: none takes
// another's away unseen.
func TestFetchesJoinedAtOnce(t *testing.T) {
	q := open(t)
	const putters, records = 8, 20
	var g errgroup.Group
	for i := range putters {
		g.Go(func() error {
			all := make([]FetchMsg, records)
			for n := range all {
				all[n] = FetchMsg{src, "emails", fmt.Sprint(n), []byte(fmt.Sprint(i)), nil}
			}
			return q.Fetches.Publish(t.Context(), all[:1+i%2*(records-1)], both)
		})
	}
	must(t, g.Wait())
	for _, m := range fetch(t, q.Fetches.Consumer(src), records) {
		want := putters / 2
		if strings.HasSuffix(m.Subject, ".0") {
			want = putters
		}
		if got := bytes.Split(m.Data, []byte("+")); len(got) < want {
			t.Errorf("%s holds %q, want all %d", m.Subject, m.Data, want)
		}
	}
}
