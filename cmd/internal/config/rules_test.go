package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRulesAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sla")
	if err := os.WriteFile(file, []byte("3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// Nothing is said of a CRM: that is the point.
	s, values, err := Rules([]string{
		"WINNOW_RULES_GRACE=9", "WINNOW_RULES_SLA_FILE=" + file, "WINNOW_LISTEN=nonsense", "PATH=/bin",
	})
	if err != nil {
		t.Fatal(err)
	}
	if values["GRACE"] != "9" || values["SLA"] != "3" || len(values) != 2 {
		t.Errorf("values are %v", values)
	}
	for _, d := range s.Describe() {
		if d.Name == rulesPrefix+"SLA" && d.Value != "3" {
			t.Errorf("%s is %s, want what the file says", d.Name, d.Value)
		}
	}
	if _, _, err := Rules([]string{"WINNOW_RULES_GRAC=9"}); err == nil ||
		!strings.Contains(err.Error(), "WINNOW_RULES_GRACE") {
		t.Errorf("a misspelt name gives %v, want the one that is meant", err)
	}
}
