package main

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeListsTheCommands holds README's table against the commands that there are.
func TestReadmeListsTheCommands(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range rootCommand().Commands() {
		if !cmd.Hidden && !strings.Contains(string(readme), "| `winnow "+cmd.Name()) {
			t.Errorf("winnow %s is not in README's table", cmd.Name())
		}
	}
}
