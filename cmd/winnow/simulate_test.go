package main

import (
	"strings"
	"testing"
)

func TestSimulate(t *testing.T) {
	t.Setenv("WINNOW_RULES_GRACE", "9")
	var b strings.Builder
	if err := simulate(t.Context(), &b, simulateOptions{seed: 2, people: 40, months: 3, second: true}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"the second crowd, seed 2: 40 people from 2024-06-03 to 2024-12-01", "genuine buyers ever pending", "without G13"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("lacks %q:\n%s", want, b.String())
		}
	}
	if err := simulate(t.Context(), &b, simulateOptions{people: 0}); err == nil || !strings.Contains(err.Error(), "--people") {
		t.Errorf("nobody: %v", err)
	}
	t.Setenv("WINNOW_RULES_GRACE", "many")
	if err := simulate(t.Context(), &b, simulateOptions{people: 40}); err == nil || !strings.Contains(err.Error(), "WINNOW_RULES_GRACE") {
		t.Errorf("a setting that is none: %v", err)
	}
}
