package rating

import (
	"strconv"
	"testing"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// TestSeed: contacts that were put into a new store are rated, and nothing of them is left to be done.
func TestSeed(t *testing.T) {
	q, err := queue.Open(t.Context(), queue.Config{
		Dir: t.TempDir(), Partitions: 4, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = q.Close() }()
	p := benchOwner().p
	p.Queue = q
	const n = 20
	person := func(i int) (string, []crm.Fact) { return strconv.Itoa(i), known(4) }
	if err := p.Seed(t.Context(), "fake", n, person); err != nil {
		t.Fatal(err)
	}
	if got, err := stored.Rated(t.Context(), q, "fake"); err != nil || got != n {
		t.Errorf("%d rated, %v, want %d", got, err, n)
	}
	for _, lane := range []queue.Lane{q.Fetches, q.Ratings} {
		if got, err := lane.Waiting(t.Context(), "fake"); err != nil || got != 0 {
			t.Errorf("%d wait in %T, %v", got, lane, err)
		}
	}
	if err := p.Seed(t.Context(), "fake", n, person); err == nil {
		t.Error("seeded twice")
	}
}
