package stored

import (
	"fmt"
	"testing"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// A list that is full takes no more until it has been worked off; what is on it already may come again.
func TestRemovalsAreBounded(t *testing.T) {
	q, err := queue.Open(t.Context(), queue.Config{
		Dir: t.TempDir(), Partitions: 1, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	state := RemovedState("fake")
	var many []crm.Removal
	for i := range timing.MaxRemovals {
		many = append(many, crm.Removal{ID: fmt.Sprintf("emails/%d", i), Version: 1})
	}
	if err := noteRemovals(t.Context(), q, "fake", many); err != nil {
		t.Fatal(err)
	}
	if err := noteRemovals(t.Context(), q, "fake", []crm.Removal{
		{ID: "emails/x", Version: 1},
	}); connectors.KindOf(err) != connectors.Unavailable {
		t.Errorf("one too many: %v, want it put off", err)
	}
	if err := noteRemovals(t.Context(), q, "fake", []crm.Removal{
		{ID: "emails/5", Version: 9}, {ID: "emails/6", Version: 0},
	}); err != nil {
		t.Error(err)
	}
	l, rev, err := state.Get(t.Context(), q)
	if err != nil || len(l.List) != timing.MaxRemovals || l.List[5].Version != 9 || l.List[6].Version != 1 {
		t.Errorf("%d on the list, %+v, %v", len(l.List), l.List[5:7], err)
	}
	// What was looked for once makes room.
	for i := range l.List {
		l.List[i].Swept = 1
	}
	l.List[0].Swept = 0
	if err := state.Put(t.Context(), q, l, rev); err != nil {
		t.Fatal(err)
	}
	if err := noteRemovals(t.Context(), q, "fake", []crm.Removal{{ID: "emails/x", Version: 1}}); err != nil {
		t.Error(err)
	}
	l, _, err = state.Get(t.Context(), q)
	if err != nil || len(l.List) != 2 || l.List[0].ID != "emails/0" || l.List[1].ID != "emails/x" {
		t.Errorf("on the list are %d, %v, want the two that no sweep has looked for", len(l.List), err)
	}
}
