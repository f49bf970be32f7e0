package queue

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(dir))
	}
	goleak.VerifyTestMain(m)
}

const src = "hubspot"

// open opens a store of the test's own and closes it at the end.
func open(t testing.TB, change ...func(*Config)) *Queue {
	t.Helper()
	cfg := Config{
		Dir: filepath.Join(t.TempDir(), "store"), Partitions: 4, Sources: []string{src}, MaxStore: 2 * gib, MinFree: 1,
		Name: "one",
	}
	for _, c := range change {
		c(&cfg)
	}
	return reopen(t, cfg)
}

func reopen(t testing.TB, cfg Config) *Queue {
	t.Helper()
	q, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return q
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must1 is must for a call that returns a value too.
func must1[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// commit stores one contact and one rating and fails the test if it cannot.
func commit(t testing.TB, q *Queue, p int, at Checkpoint, contacts, ratings map[string]string) Checkpoint {
	t.Helper()
	b := Batch{Checkpoint: at}
	for id, data := range contacts {
		b.Contacts = append(b.Contacts, Put{Key: Key{src, id}, Data: []byte(data)})
	}
	for id, data := range ratings {
		b.Ratings = append(b.Ratings, Put{Key: Key{src, id}, Data: []byte(data)})
	}
	next, err := q.Contacts.Commit(t.Context(), p, b)
	if err != nil {
		t.Fatalf("Commit: %v", err)
	}
	return next
}

// fetch takes messages until it has n or gives up.
func fetch(t testing.TB, c *Consumer, n int) []*Msg {
	t.Helper()
	var all []*Msg
	for end := time.Now().Add(hang); len(all) < n && time.Now().Before(end); {
		msgs, err := c.Fetch(t.Context(), n-len(all), 0, time.Second)
		if err != nil {
			t.Fatalf("Fetch: %v", err)
		}
		all = append(all, msgs...)
	}
	if len(all) != n {
		t.Fatalf("Fetch: %d messages, want %d", len(all), n)
	}
	return all
}

// rest reads a log to where it ends now.
func rest(t testing.TB, l *Log) (all []*Msg) {
	t.Helper()
	must(t, l.Mark(t.Context()))
	for end := time.Now().Add(hang); !l.Reached(); {
		if time.Now().After(end) {
			t.Fatalf("Next: %d messages, and the log goes further", len(all))
		}
		all = append(all, must1[[]*Msg](t)(l.Next(t.Context(), 100, time.Second))...)
	}
	return all
}

// healthy waits until all is well: a machine that is busy may take longer to tell than is waited for.
func healthy(t testing.TB, q *Queue) {
	t.Helper()
	var err error
	eventually(t, "healthy", func() bool { err = q.Healthy(t.Context()); return err == nil })
	must(t, err)
}

// none fails the test if the consumer has a message now.
func none(t testing.TB, c *Consumer, why string) {
	t.Helper()
	msgs, err := c.Fetch(context.Background(), 10, 0, 200*time.Millisecond)
	must(t, err)
	if len(msgs) > 0 {
		t.Fatalf("%s: got %s %q", why, msgs[0].Subject, msgs[0].Data)
	}
}

// latest takes nothing over from what is replaced.
func latest(_, data []byte) []byte { return data }
