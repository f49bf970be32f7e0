package crm

import (
	"strings"
	"testing"
)

// TestMerged: both sides hear of a merge, the loser first.
func TestMerged(t *testing.T) {
	ns := Merged("contact/9", "lead/7", 5)
	if len(ns) != 2 || ns[0].Fact.Contact != "lead/7" || ns[0].Fact.Merge.Into != "contact/9" ||
		ns[0].Fact.Version != 5 {
		t.Fatalf("the loser hears %+v", ns)
	}
	if f := ns[1].Fact; f.Contact != "contact/9" || f.ID != "merge/lead/7" || f.Merge.From[0] != "lead/7" {
		t.Errorf("the winner hears %+v", f)
	}
}

// TestExistence: whoever is deleted and restored has one fact, of which the later version counts.
func TestExistence(t *testing.T) {
	gone, back := Deleted("7", 5), Present("7", 6)
	if gone.ID != back.ID || !gone.Existence.Deleted || back.Existence.Deleted || gone.Compare(back) >= 0 {
		t.Errorf("deleted %+v, restored %+v", gone, back)
	}
}

// TestReserved: a name that rules know is none for a property of the vendor's own, and no fact holds an address.
func TestReserved(t *testing.T) {
	if !Reserved(PropStaff) || !Reserved(PropProfiled) || Reserved("jobtitle") {
		t.Error("reserved are the names of the rules' own, and no other")
	}
	if Storable("ada@example.com") || Storable(strings.Repeat("x", 257)) || !Storable("Head of weaving") {
		t.Error("a fact holds a short text that is no address")
	}
}
