package stored

import (
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

func TestTallyCountsAndForgets(t *testing.T) {
	got := NewTally()
	for _, r := range []crm.Rating{
		{Letter: "B", Overdue: true},
		{Letter: "C", Status: crm.Pending},
		{Letter: "D", Status: crm.Disqualified},
		{Unrated: "opted_out"},
	} {
		got.Count("s", StandingOf(r), 1)
	}
	if got.Flagged["s"] != 2 || got.Overdue["s"] != 1 || len(got.Rated["s"]) != 3 {
		t.Errorf("counted %+v", got)
	}
	got.Count("s", StandingOf(crm.Rating{Letter: "D", Status: crm.Disqualified}), -1)
	if got.Flagged["s"] != 1 || got.Rated["s"]["D"] != 0 {
		t.Errorf("after one has gone: %+v", got)
	}
}
