package pipeline

import (
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// What a person lets through is not held against what comes after the release, nor kept: it may be all the contacts there are.
func TestReleasedDoNotCount(t *testing.T) {
	const window = 24 * time.Hour
	var b breaker
	now := start
	b.count(now, 18)
	if b.admit(now.Add(time.Hour), window, 3, 20) || !b.open() {
		t.Fatal("21 of 20 were admitted")
	}
	b.Tripped, b.Released = 0, crm.At(now.Add(2*time.Hour))
	for hour := 2; hour < 26; hour++ {
		at := now.Add(time.Duration(hour) * time.Hour)
		if !b.admit(at, window, 1000, 20) {
			t.Fatalf("hour %d of a release: not admitted", hour)
		}
		b.count(at, 1000)
	}
	if len(b.Recent) != 18 {
		t.Errorf("%d are kept of what was let through", len(b.Recent)-18)
	}
	if after := now.Add(26 * time.Hour); !b.admit(after, window, 20, 20) || b.admit(after, window, 21, 20) {
		t.Errorf("after the release the breaker does not begin anew: %+v", b)
	}
}
