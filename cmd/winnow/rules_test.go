package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func runRules(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var b strings.Builder
	cmd := rulesCommand()
	cmd.SetOut(&b)
	cmd.SetErr(&b)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return b.String(), err
}

// The rule book is shown without a CRM's secrets, and says what was changed.
func TestRules(t *testing.T) {
	t.Setenv("WINNOW_HUBSPOT_TOKEN", "")
	out, err := runRules(t)
	if err != nil || !strings.Contains(out, "short_answers") ||
		!strings.Contains(out, "Every rule is at its default.") || strings.Contains(out, "WINNOW_RULES_GRACE") {
		t.Errorf("%v:\n%s", err, out)
	}
	t.Setenv("WINNOW_RULES_GRACE", "9")
	t.Setenv("WINNOW_RULES_SHORT_ANSWERS_POINTS", "-6")
	out, err = runRules(t)
	changed := strings.Fields(out[strings.Index(out, "NOT AT ITS DEFAULT"):])
	if want := "NOT AT ITS DEFAULT VALUE DEFAULT WINNOW_RULES_GRACE 9 7 WINNOW_RULES_SHORT_ANSWERS_POINTS -6 -12"; err != nil || !strings.HasPrefix(strings.Join(changed, " "), want) {
		t.Errorf("%v: %q", err, changed)
	}
	if out, err = runRules(t, "--all"); err != nil || !strings.Contains(out, "WINNOW_RULES_QUOTA_EARLY") ||
		strings.Contains(out, "WINNOW_RULES_NEEDY_CAP") {
		t.Errorf("%v:\n%s", err, out)
	}
	out, err = runRules(t, "--json")
	var book struct {
		Model   string
		Signals []struct {
			Name   string
			Points int
		}
		Rules []struct{ Name, Value, Default string }
	}
	if err != nil || json.Unmarshal([]byte(out), &book) != nil || book.Model == "" || len(book.Signals) < 30 ||
		len(book.Rules) < 200 {
		t.Errorf("%v: %d signals, %d rules, model %q", err, len(book.Signals), len(book.Rules), book.Model)
	}
	t.Setenv("WINNOW_RULES_GRACE", "many")
	if _, err := runRules(t); err == nil || !strings.Contains(err.Error(), "WINNOW_RULES_GRACE") {
		t.Errorf("a setting that is none: %v", err)
	}
}
