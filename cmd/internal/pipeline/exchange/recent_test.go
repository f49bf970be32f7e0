package exchange

import (
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestRecent: a record that deliveries name again and again is fetched at once, and then once a minute; one that has
// changed since, or that something else leads to, does not wait.
func TestRecent(t *testing.T) {
	r, began := newRecent(time.Minute), time.Now()
	heard := func(changed int64) crm.Ref {
		return crm.Ref{Type: "emails", ID: "7", Changed: changed, Heard: true}
	}
	if wait := r.wait(heard(5), began); wait != 0 {
		t.Errorf("the first time it waits for %s", wait)
	}
	r.note(heard(5), began)
	for name, c := range map[string]struct {
		ref   crm.Ref
		after time.Duration
		want  time.Duration
	}{
		"the same event":           {heard(5), 10 * time.Second, 50 * time.Second},
		"an older event":           {heard(4), 10 * time.Second, 50 * time.Second},
		"no time":                  {heard(0), 59 * time.Second, time.Second},
		"after a minute":           {heard(5), time.Minute, 0},
		"a later change":           {heard(6), time.Second, 0},
		"a poll, or another fetch": {crm.Ref{Type: "emails", ID: "7"}, time.Second, 0},
		"another record":           {crm.Ref{Type: "emails", ID: "8", Heard: true}, time.Second, 0},
		"one of another type":      {crm.Ref{Type: "calls", ID: "7", Heard: true}, time.Second, 0},
	} {
		if got := r.wait(c.ref, began.Add(c.after)); got != c.want {
			t.Errorf("%s: it waits for %s, want %s", name, got, c.want)
		}
	}
	always := newRecent(0)
	always.note(heard(5), began)
	if wait := always.wait(heard(5), began); wait != 0 {
		t.Errorf("without a bound it waits for %s", wait)
	}
}
