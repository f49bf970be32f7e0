package connectors

import (
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestLacks: whoever starts a source hears of each role that it does not have, and of no other.
func TestLacks(t *testing.T) {
	bare := Vendor{People: []PersonKind{{Record: "contacts"}}}
	all := strings.Join(bare.Lacks(), "\n")
	for _, role := range []string{"receive", "poll", "backfill", "write", "account", "setup"} {
		if !strings.Contains(all, role+": ") {
			t.Errorf("a vendor without %s does not say so:\n%s", role, all)
		}
	}
	bare.Poll = struct{ Poller }{}
	if rest := strings.Join(bare.Lacks(), "\n"); strings.Contains(rest, "poll: ") || !strings.Contains(rest, "receive: ") {
		t.Errorf("a vendor that is polled lacks:\n%s", rest)
	}
}

func TestProfileRef(t *testing.T) {
	v := Vendor{People: []PersonKind{{Record: "persons"}}}
	if ref := v.ProfileRef("7"); ref.Type != "persons" || ref.ID != "7" || !v.IsPerson(ref) {
		t.Errorf("the record of person 7 is %+v", ref)
	}
	if v.IsPerson(crm.Ref{Type: "deals", ID: "7"}) {
		t.Error("a deal counts as a person")
	}
}
