package app

import (
	"bytes"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/queue"
)

// TestSealed: what a connector remembers is there after a restart, for its source alone, and is not to be read in the
// store.
func TestSealed(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	open := func() *queue.Queue {
		q, err := queue.Open(ctx, queue.Config{
			Dir: dir, Partitions: 1, Sources: []string{"eu", "us"}, MinFree: 1, MaxStore: 1 << 30,
		})
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	state := func(q *queue.Queue, source, secret string) *sealed {
		s, err := newSealed(q, source, secret)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	q := open()
	eu := state(q, "eu", "")
	if v, err := eu.Get(ctx, "token"); v != nil || err != nil {
		t.Fatalf("%q, %v where nothing was put", v, err)
	}
	if err := eu.Put(ctx, "token", []byte("r0tating")); err != nil {
		t.Fatal(err)
	}
	raw, _, err := q.States.Get(ctx, eu.key("token"))
	if err != nil || len(raw) == 0 || bytes.Contains(raw, []byte("r0tating")) {
		t.Errorf("the store has %q, %v; want something that cannot be read", raw, err)
	}
	if _, err := state(q, "eu", "another key of 16").Get(ctx, "token"); err == nil ||
		strings.Contains(err.Error(), "r0tating") {
		t.Errorf("opened with another key: %v", err)
	}
	if v, err := state(q, "us", "").Get(ctx, "token"); v != nil || err != nil {
		t.Errorf("another source remembers %q, %v", v, err)
	}
	if err := eu.Put(ctx, "much", make([]byte, mostState+1)); err == nil {
		t.Error("a value of any size is kept")
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	q = open()
	defer q.Close()
	eu = state(q, "eu", "")
	if v, err := eu.Get(ctx, "token"); string(v) != "r0tating" || err != nil {
		t.Errorf("after a restart it remembers %q, %v", v, err)
	}
	if err := eu.Put(ctx, "token", nil); err != nil {
		t.Fatal(err)
	}
	if v, err := eu.Get(ctx, "token"); v != nil || err != nil {
		t.Errorf("%q, %v of what was taken out", v, err)
	}
}
