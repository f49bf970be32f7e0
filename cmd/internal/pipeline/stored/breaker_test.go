package stored

import (
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// What a person lets through is not held against what comes after the release, nor kept: it may be all the contacts
// there are.
func TestReleasedDoNotCount(t *testing.T) {
	const window = 24 * time.Hour
	var b Breaker
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	b.Count(now, 18)
	if b.Admit(now.Add(time.Hour), window, 3, 20) || !b.Open() {
		t.Fatal("21 of 20 were admitted")
	}
	b.Tripped, b.Released = 0, crm.At(now.Add(2*time.Hour))
	for hour := 2; hour < 26; hour++ {
		at := now.Add(time.Duration(hour) * time.Hour)
		if !b.Admit(at, window, 1000, 20) {
			t.Fatalf("hour %d of a release: not admitted", hour)
		}
		b.Count(at, 1000)
	}
	if len(b.Recent) != 18 {
		t.Errorf("%d are kept of what was let through", len(b.Recent)-18)
	}
	if after := now.Add(26 * time.Hour); !b.Admit(after, window, 20, 20) || b.Admit(after, window, 21, 20) {
		t.Errorf("after the release the breaker does not begin anew: %+v", b)
	}
}

func TestBreakerAdmits(t *testing.T) {
	now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	var b Breaker
	for i := range 20 {
		if !b.Admit(now, 24*time.Hour, 1, 20) {
			t.Fatalf("announcement %d of 20 refused", i+1)
		}
		b.Count(now, 1)
	}
	if later := now.Add(25 * time.Hour); true {
		fresh := b
		if !fresh.Admit(later, 24*time.Hour, 20, 20) {
			t.Error("20 announcements refused a day after 20 others")
		}
	}
	if b.Admit(now, 24*time.Hour, 1, 20) || !b.Open() {
		t.Error("announcement 21 within a day went through")
	}
	if b.Admit(now.Add(48*time.Hour), 24*time.Hour, 1, 20) {
		t.Error("a tripped breaker closed by itself: only a person may release it")
	}
	b = Breaker{Released: crm.At(now)}
	if !b.Admit(now.Add(time.Hour), 24*time.Hour, 500, 20) {
		t.Error("a released breaker refused")
	}
	if b.Admit(now.Add(25*time.Hour), 24*time.Hour, 500, 20) {
		t.Error("a release lasted longer than a day")
	}
}
