package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const enquiry = `{"id":"anna","from":"2026-03-02T09:00:00Z","to":"2026-03-06T00:00:00Z","events":[{"at":"2026-03-02T09:00:00Z","dir":"in","body":"Could you send a quote?"}]}`

func TestPlay(t *testing.T) {
	out, err := try(t, enquiry, "play", "--json", "-")
	if err != nil {
		t.Fatal(err)
	}
	var first struct {
		ID, At, Rating, Status, Ball string
		Reasons                      []any
	}
	line, _, _ := strings.Cut(out, "\n")
	if err := json.Unmarshal([]byte(line), &first); err != nil {
		t.Fatal(err)
	}
	if first.ID != "anna" || first.At != "2026-03-02T09:00:00Z" || first.Rating != "C" || first.Status != "open" ||
		first.Ball != "us" || first.Reasons == nil {
		t.Errorf("%s", line)
	}
	if out, err := try(t, "", "play", "../../rules/signals/testdata/a13_due_today.txtar"); err != nil ||
		!strings.Contains(out, "NEXT MOVE") {
		t.Errorf("a story of the rule book: %v: %s", err, out)
	}
	if _, err := try(t, "{}", "play", "-"); err == nil {
		t.Error("plays nothing")
	}
	if _, err := try(t, "", "play"); err == nil {
		t.Error("plays no file")
	}
	t.Setenv("WINNOW_LANGUAGE", "de")
	t.Setenv("WINNOW_TEXTS", "de:\n  advice.overdue: \"Das eilt.\"\n")
	if out, err := try(t, enquiry, "play", "-"); err != nil || !strings.Contains(out, "Bitte das Angebot schicken") ||
		!strings.Contains(out, "Das eilt.") {
		t.Errorf("in German, with a message of one's own: %v: %s", err, out)
	}
	t.Setenv("WINNOW_RULES_SLA", "soon")
	if _, err := try(t, enquiry, "play", "-"); err == nil || !strings.Contains(err.Error(), "WINNOW_RULES_SLA") {
		t.Errorf("a setting that is none: %v", err)
	}
}

func TestTest(t *testing.T) {
	const silent = "../../rules/signals/testdata/a13_our_promise_is_our_debt.txtar"
	if out, err := try(t, "", "test", silent); err != nil || !strings.Contains(out, "1 of 1 stories") {
		t.Errorf("%v: %s", err, out)
	}
	data, err := os.ReadFile(silent)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "own.txtar")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("WINNOW_RULES_GRACE", "20")
	out, err := try(t, "", "test", file, "nowhere.txtar")
	if err == nil || !strings.Contains(out, file+":") || !strings.Contains(out, "    + ") ||
		!strings.Contains(out, "nowhere.txtar: no such file") ||
		!strings.Contains(out, "0 of 2 stories") {
		t.Errorf("%v: %s\nwant the file, its line and the difference", err, out)
	}
	if out, err := try(t, "", "test", "--update", file); err != nil {
		t.Errorf("updated: %v: %s", err, out)
	}
	if out, err := try(t, "", "test", file); err != nil {
		t.Errorf("after the update: %v: %s", err, out)
	}
}
