package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestSimulate(t *testing.T) {
	t.Setenv("WINNOW_RULES_GRACE", "9")
	var b strings.Builder
	if err := simulate(t.Context(), &b, simulateOptions{
		crowd: "second", seed: 2, seeds: 2, people: 40, months: 3,
	}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"the second crowd, seeds 2 to 3: 80 people from 2024-06-03 to 2024-12-01", "All of them together",
		"genuine buyers ever pending", "without G13",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("lacks %q:\n%s", want, b.String())
		}
	}
	b.Reset()
	var out struct {
		Seeds []struct{ Seed uint64 }
		All   struct {
			Aims []struct{ What, Got string }
			Rows []struct{ People int }
		}
	}
	if err := simulate(t.Context(), &b, simulateOptions{
		crowd: "third", seed: 4, seeds: 2, people: 30, months: 1, json: true,
	}); err != nil || json.Unmarshal([]byte(b.String()), &out) != nil {
		t.Fatalf("%v:\n%s", err, b.String())
	}
	people := 0
	for _, r := range out.All.Rows {
		people += r.People
	}
	if len(out.Seeds) != 2 || out.Seeds[1].Seed != 5 || len(out.All.Aims) != 8 || people != 60 {
		t.Errorf("%+v: want seeds 4 and 5, eight aims and 60 people", out)
	}
	if err := simulate(t.Context(), &b, simulateOptions{crowd: "first", seeds: 1}); err == nil ||
		!strings.Contains(err.Error(), "--people") {
		t.Errorf("nobody: %v", err)
	}
	if err := simulate(t.Context(), &b, simulateOptions{crowd: "fifth", seeds: 1, people: 40}); err == nil ||
		!strings.Contains(err.Error(), "fifth") {
		t.Errorf("a crowd that is none: %v", err)
	}
	t.Setenv("WINNOW_RULES_GRACE", "many")
	if err := simulate(t.Context(), &b, simulateOptions{crowd: "first", seeds: 1, people: 40}); err == nil ||
		!strings.Contains(err.Error(), "WINNOW_RULES_GRACE") {
		t.Errorf("a setting that is none: %v", err)
	}
}
