package pipeline

import (
	"errors"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

func TestDisposal(t *testing.T) {
	fail := func(k connectors.Kind, after time.Duration) error {
		return &connectors.Error{Vendor: "hubspot", Op: "fetch", Kind: k, After: after, Err: errors.New("x")}
	}
	for _, c := range []struct {
		name              string
		err               error
		attempt           int
		least, most       time.Duration // of again
		pause, drop, dead bool
	}{
		{name: "429 waits what was asked", err: fail(connectors.RateLimited, 8*time.Second), attempt: 1, least: 6 * time.Second, most: 10 * time.Second, pause: true},
		{name: "429 without a wait", err: fail(connectors.RateLimited, 0), attempt: 1, least: 750 * time.Millisecond, most: 1250 * time.Millisecond, pause: true},
		{name: "5xx backs off", err: fail(connectors.Unavailable, 0), attempt: 4, least: 6 * time.Second, most: 10 * time.Second, pause: true},
		{name: "5xx backs off within bounds", err: fail(connectors.Unavailable, 0), attempt: 60, least: 45 * time.Second, most: 75 * time.Second, pause: true},
		{name: "a revoked token is tried slowly", err: fail(connectors.Unauthenticated, 0), attempt: 9, least: 45 * time.Second, most: 75 * time.Second, pause: true},
		{name: "missing properties wait for set-up", err: fail(connectors.Misconfigured, 0), attempt: 9, least: 45 * time.Second, most: 75 * time.Second, pause: true},
		{name: "a conflict is tried soon", err: fail(connectors.Conflict, 0), attempt: 1, least: 1500 * time.Millisecond, most: 2500 * time.Millisecond},
		{name: "a locked record waits what was asked", err: fail(connectors.Conflict, 8*time.Second), attempt: 1, least: 6 * time.Second, most: 10 * time.Second},
		{name: "a conflict waits longer each time", err: fail(connectors.Conflict, 0), attempt: 7, least: 96 * time.Second, most: 160 * time.Second},
		{name: "a conflict that stays is parked", err: fail(connectors.Conflict, 0), attempt: conflicts, dead: true},
		{name: "an answer that is none", err: fail(connectors.Garbled, 0), attempt: 1, least: 1500 * time.Millisecond, most: 2500 * time.Millisecond, pause: true},
		{name: "an answer that is none for one record", err: fail(connectors.Garbled, 0), attempt: 3, least: 6 * time.Second, most: 10 * time.Second},
		{name: "an answer that is never one", err: fail(connectors.Garbled, 0), attempt: garbles, dead: true},
		{name: "a record that is gone", err: fail(connectors.NotFound, 0), attempt: 1, drop: true},
		{name: "malformed", err: fail(connectors.Malformed, 0), attempt: 1, dead: true},
		{name: "rejected", err: fail(connectors.Rejected, 0), attempt: 1, dead: true},
		{name: "an error nobody classified", err: errors.New("x"), attempt: 1, dead: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := disposalOf(c.err, c.attempt)
			if d.again < c.least || d.again > c.most {
				t.Errorf("again after %s, want %s to %s", d.again, c.least, c.most)
			}
			if (d.pause > 0) != c.pause || d.drop != c.drop || (d.again == 0 && !d.drop) != c.dead {
				t.Errorf("disposal %+v, want pause %t, drop %t, dead %t", d, c.pause, c.drop, c.dead)
			}
		})
	}
}

func TestBreakerAdmits(t *testing.T) {
	now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	var b breaker
	for i := range 20 {
		if !b.admit(now, 24*time.Hour, 1, 20) {
			t.Fatalf("announcement %d of 20 refused", i+1)
		}
		b.count(now, 1)
	}
	if later := now.Add(25 * time.Hour); true {
		fresh := b
		if !fresh.admit(later, 24*time.Hour, 20, 20) {
			t.Error("20 announcements refused a day after 20 others")
		}
	}
	if b.admit(now, 24*time.Hour, 1, 20) || !b.open() {
		t.Error("announcement 21 within a day went through")
	}
	if b.admit(now.Add(48*time.Hour), 24*time.Hour, 1, 20) {
		t.Error("a tripped breaker closed by itself: only a person may release it")
	}
	b = breaker{Released: crm.At(now)}
	if !b.admit(now.Add(time.Hour), 24*time.Hour, 500, 20) {
		t.Error("a released breaker refused")
	}
	if b.admit(now.Add(25*time.Hour), 24*time.Hour, 500, 20) {
		t.Error("a release lasted longer than a day")
	}
}

// TestShownCountsOnce: what one batch has announced is not counted twice by another that comes before the first has settled.
func TestShownCountsOnce(t *testing.T) {
	r := newRig(t, t.TempDir(), func(o *Options) { o.Roles = []Role{} }, &fake{})
	w := &writer{p: r.p, s: r.p.sources["fake"]}
	announcing := func(n int) (batch []*parcel) {
		for range n {
			batch = append(batch, &parcel{out: outgoing{Decide: &crm.Decision{Status: crm.Pending}}})
		}
		return batch
	}
	first, second := announcing(12), announcing(5)
	for i, batch := range [][]*parcel{first, second} {
		got, err := w.announceable(t.Context(), batch)
		if err != nil || len(got) != len(batch) {
			t.Fatalf("batch %d: %d of %d admitted, %v", i, len(got), len(batch), err)
		}
		if i == 0 {
			if err := w.announced(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.release(first)
	w.release(second) // its call failed
	if w.held != 0 {
		t.Errorf("%d held though no call is under way", w.held)
	}
	if b, err := r.p.Breaker(t.Context(), "fake"); err != nil || b.Open || b.Announced != 12 {
		t.Errorf("breaker %+v, %v, want it closed with 12", b, err)
	}
}

func TestValuesOfUnratedAreBlank(t *testing.T) {
	v := values(crm.Rating{Unrated: "opted_out", Score: 50, Letter: "B"})
	if !blank(v) || len(v) != len(crm.Fields) {
		t.Errorf("values of an unrated contact: %v, want every field of ours cleared", v)
	}
}

func TestSameValuesIgnoresWhatMovesAlone(t *testing.T) {
	a := values(crm.Rating{Letter: "B", Machine: "B", Model: "1"})
	b := values(crm.Rating{Letter: "B", Machine: "B", Model: "2"})
	b[crm.FieldRatedAt] = "2026-05-04T09:00:00Z"
	if !sameValues(a, b) {
		t.Error("model and rated_at alone are no reason for a write")
	}
	b[crm.FieldOwedSince] = "2026-05-04T09:00:00Z"
	if sameValues(a, b) {
		t.Error("owed_reply_since changed and nothing would be written")
	}
}
