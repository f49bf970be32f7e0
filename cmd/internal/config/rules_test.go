package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/rules"
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

// TestBookHasDefaults: of each signal the book says what its points are by default, also where two share an id.
func TestBookHasDefaults(t *testing.T) {
	for _, s := range BookOf(rules.Defaults()).Signals {
		if s.Points != s.DefaultPoints || s.Cap != s.DefaultCap {
			t.Errorf("%s %s has %d of %d points, and by default %d of %d", s.ID, s.Name, s.Points, s.Cap,
				s.DefaultPoints, s.DefaultCap)
		}
	}
	changed, err := rules.Parse(map[string]string{"SHORT_ANSWERS_POINTS": "-3"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range BookOf(changed).Signals {
		if s.Name == "short_answers" && (s.Points != -3 || s.DefaultPoints == -3) {
			t.Errorf("changed it has %+v", s)
		}
	}
}
