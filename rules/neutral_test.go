package rules

import (
	"slices"
	"testing"
)

// TestNeutralNames: the rule book looks for what a CRM knows of a person under names of its own, not under one
// vendor's.
func TestNeutralNames(t *testing.T) {
	s, err := Parse(map[string]string{"COMPANY_SIZE_MIN": "10", "ROLES": "owner", "INDUSTRY_GOOD": "retail"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"industry", "company_size", "role"} {
		if !slices.Contains(s.Properties(), name) {
			t.Errorf("the rules look at %v, want %s among them", s.Properties(), name)
		}
	}
}
