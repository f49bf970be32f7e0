package history

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestMerge: events are in their order whatever part of them was, also where the first ones were not.
func TestMerge(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		events := make([]Event, r.IntN(12))
		for i := range events {
			events[i] = Event{At: crm.Millis(r.IntN(6)), ID: strconv.Itoa(r.IntN(4)), Kind: EventKind(r.IntN(3))}
		}
		first := r.IntN(len(events) + 1)
		if r.IntN(4) > 0 {
			slices.SortFunc(events[:first], order)
		}
		want := slices.SortedFunc(slices.Values(events), order)
		merge(events, first)
		if !slices.Equal(want, events) {
			t.Fatalf("the first %d were in order: %v, want %v", first, events, want)
		}
	}
}
