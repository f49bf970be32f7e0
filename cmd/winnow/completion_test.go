package main

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// completed is what a shell is offered behind a line.
func completed(t *testing.T, line ...string) []string {
	t.Helper()
	var out strings.Builder
	root := rootCommand()
	root.SetOut(&out)
	root.SetErr(io.Discard)
	root.SetArgs(append([]string{cobra.ShellCompNoDescRequestCmd}, line...))
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	words := strings.Fields(out.String())
	return words[:max(0, len(words)-1)] // the last one says how they are used
}

func TestCompletesSources(t *testing.T) {
	t.Setenv("WINNOW_SOURCES", "eu=hubspot,us=salesforce")
	for _, line := range [][]string{
		{"explain", ""},
		{"forget", ""},
		{"setup", ""},
		{"backfill", ""},
		{"breaker", "release", ""},
		{"owed", "--source", ""},
		{"deadletters", "list", "--source", ""},
		{"backtest", "--source", ""},
	} {
		if got := completed(t, line...); !slices.Equal(got, []string{"eu", "us"}) {
			t.Errorf("%q is completed by %q", line, got)
		}
	}
	if got := completed(t, "explain", "eu", ""); len(got) != 0 {
		t.Errorf("a contact is completed by %q", got)
	}
	t.Setenv("WINNOW_SOURCES", "")
	if got := completed(t, "explain", ""); !slices.Equal(got, []string{"hubspot"}) {
		t.Errorf("without a setting the source is %q", got)
	}
}
