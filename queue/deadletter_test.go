package queue

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

func TestDeadLetters(t *testing.T) {
	q := open(t)
	all := []DeadLetter{
		{
			Stage: "read", Source: src, Reason: "not JSON", Fix: "look at it", Kind: KindMalformed,
			Header: map[string]string{"A": "1"}, Payload: []byte("payload to discard"),
		},
		{Stage: "write", Source: src, Reason: "refused", Kind: "rejected", Contacts: []string{"1", "2"}},
		{Stage: "read", Source: "other.source", Reason: "another portal", Kind: "rejected"},
	}
	for i, d := range all {
		must1[uint64](t)(q.DeadLetters.Bury(t.Context(), d, "id"+string(rune('0'+i))))
	}
	if seq := must1[uint64](t)(q.DeadLetters.Bury(t.Context(), all[0], "id0")); seq != 1 { // the same again
		t.Errorf("the same letter again is number %d, want 1", seq)
	}
	got := must1[[]DeadLetter](t)(q.DeadLetters.List(t.Context(), 0, 10, "", ""))
	if diff := cmp.Diff(all, got, cmpopts.IgnoreFields(DeadLetter{}, "Seq", "Time")); diff != "" {
		t.Fatalf("dead letters (-want +got):\n%s", diff)
	}
	for _, d := range got {
		if d.Seq == 0 || time.Since(d.Time) > time.Minute {
			t.Errorf("number %d, buried %v", d.Seq, d.Time)
		}
	}
	for _, c := range []struct {
		after         uint64
		most          int
		stage, source string
		want          int
	}{
		{0, 10, "read", "", 2},
		{0, 10, "", src, 2},
		{0, 10, "read", "other.source", 1},
		{0, 1, "", "", 1},
		{got[0].Seq, 10, "", "", 2},
		{got[2].Seq, 10, "", "", 0},
		{0, 0, "", "", 0},
	} {
		if n := len(must1[[]DeadLetter](t)(q.DeadLetters.List(t.Context(), c.after, c.most, c.stage,
			c.source))); n != c.want {
			t.Errorf("%+v: %d dead letters", c, n)
		}
	}
	numbers := must1[[]uint64](t)(q.DeadLetters.Numbers(t.Context(), "read", ""))
	if want := []uint64{got[0].Seq, got[2].Seq}; !slices.Equal(numbers, want) {
		t.Errorf("numbers of stage read %v, want %v", numbers, want)
	}
	var after []DeadLetter
	must(t, q.DeadLetters.Each(t.Context(), got[0].Seq, "", "", func(d DeadLetter) error {
		after = append(after, d)
		return nil
	}))
	if diff := cmp.Diff(got[1:], after); diff != "" {
		t.Errorf("each after the first (-want +got):\n%s", diff)
	}
	sum := map[DeadLetterCount]bool{}
	counts, last, err := q.DeadLetters.Count(t.Context())
	must(t, err)
	if last != 3 {
		t.Errorf("the last letter is %d, want 3", last)
	}
	for _, c := range counts {
		sum[c] = true
	}
	if len(sum) != 3 || !sum[DeadLetterCount{"read", src, 1}] || !sum[DeadLetterCount{"write", src, 1}] ||
		!sum[DeadLetterCount{"read", "other.source", 1}] {
		t.Errorf("counted %v", sum)
	}
	one := must1[DeadLetter](t)(q.DeadLetters.Get(t.Context(), got[0].Seq))
	if diff := cmp.Diff(got[0], one); diff != "" {
		t.Errorf("by number (-want +got):\n%s", diff)
	}
	healthy(t, q)
	must(t, q.DeadLetters.Discard(t.Context(), one.Seq))
	if _, err := q.DeadLetters.Get(t.Context(), one.Seq); !errors.Is(err, ErrNotFound) {
		t.Errorf("after it was discarded: %v, want ErrNotFound", err)
	}
	if err := q.DeadLetters.Discard(t.Context(), one.Seq); !errors.Is(err, ErrNotFound) {
		t.Errorf("discarded twice: %v, want ErrNotFound", err)
	}
	if files := filesWith(t, q.cfg.Dir, "payload to discard"); len(files) > 0 {
		t.Errorf("the payload is still in %v", files)
	}
}

// The server keeps each for its own time.
func TestDeadLettersExpire(t *testing.T) {
	q := open(t)
	must1[uint64](t)(q.DeadLetters.Bury(t.Context(), DeadLetter{Stage: "read", Kind: KindMalformed}, ""))
	must1[uint64](t)(q.DeadLetters.Bury(t.Context(), DeadLetter{Stage: "read", Kind: "rejected"}, ""))
	must1[uint64](t)(q.DeadLetters.Bury(t.Context(), DeadLetter{Stage: "fetch", Kind: "rejected", Keep: true}, ""))
	for seq, want := range map[uint64]string{1: "2592000s", 2: "7776000s", 3: ""} {
		m := must1[*jet.Stored](t)(q.srv.Next(t.Context(), layout.DeadLetters, "dead.>", seq))
		if got := m.Header.Get(jet.HeaderTTL); got != want {
			t.Errorf("dead letter %d lives for %s, want %s", seq, got, want)
		}
	}
}
