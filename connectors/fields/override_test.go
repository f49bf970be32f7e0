package fields

import (
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

func TestOverride(t *testing.T) {
	for word, want := range map[string][2]string{
		"":                {crm.PropOverride, ""},
		" b ":             {crm.PropOverride, "B"},
		"Keep":            {crm.PropOverride, "keep"},
		"DISQUALIFIED":    {crm.PropOverride, "disqualified"},
		"E":               {crm.PropOverrideOdd, "true"},
		"to be discussed": {crm.PropOverrideOdd, "true"},
	} {
		if name, value := Override(word); name != want[0] || value != want[1] {
			t.Errorf("%q is %s=%q, want %s=%q", word, name, value, want[0], want[1])
		}
	}
}
