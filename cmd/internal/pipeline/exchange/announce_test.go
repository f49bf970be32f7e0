package exchange

import (
	"fmt"
	"testing"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestShownCountsOnce: what one batch has announced is not counted twice by another that comes before the first has
// settled.
func TestShownCountsOnce(t *testing.T) {
	x := exchangeWith(t, connectors.Vendor{})
	w := &writer{Exchange: x}
	announcing := func(n int) (batch []*parcel) {
		for range n {
			batch = append(batch, &parcel{out: stored.Outgoing{Decide: &crm.Decision{Status: crm.Pending}}})
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
	if b, _, err := stored.BreakerState("fake").Get(t.Context(), x.Queue); err != nil || b.Open() ||
		len(b.Recent) != 12 {
		t.Errorf("breaker %+v, %v, want it closed with 12", b, err)
	}
}

func BenchmarkHolder(b *testing.B) {
	c := stored.Contact{Rating: crm.Rating{Letter: "C"}}
	for i := range 20 {
		at := crm.Millis(i) * 3_600_000
		c.Record.Fold(crm.Fact{
			ID: fmt.Sprint("emails/", i), Version: int64(at), Kind: crm.KindMessage, At: at,
			Message: &crm.Message{Direction: crm.In},
		})
	}
	data, gone := stored.Encode(c), byRecord([]stored.Removal{{Removal: crm.Removal{ID: "emails/x", Version: 1}}})
	b.ReportAllocs()
	for b.Loop() {
		h, err := stored.Decode[stored.Holder](data)
		if err != nil {
			b.Fatal(err)
		}
		retract(&h, gone, "1", func(crm.Fact) { b.Error("it holds nothing of it") })
	}
}
