package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// try runs winnow with arguments and standard input.
func try(t *testing.T, in string, args ...string) (string, error) {
	t.Helper()
	var out strings.Builder
	cmd := rootCommand()
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(in))
	cmd.SetOut(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestRead(t *testing.T) {
	t.Setenv("WINNOW_PHRASES", "urgent: line down")
	lines := `{"id":"a","body":"Please take us off your list."}
{"id":"b","body":"The line is down. Line down!"}`
	out, err := try(t, lines, "read", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		ID      string
		Class   string
		Intents []string
		Weak    []string
		Units   int
		Kept    string
		Return  *string
		Why     []string
	}
	for i, line := range strings.Split(strings.TrimSpace(out), "\n") {
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		want := []string{"opt_out", "urgent"}[i]
		if got.Class != "human" || got.Weak == nil || got.Return == nil || got.Units == 0 ||
			!strings.HasPrefix(strings.Join(got.Why, " "), want+": ") {
			t.Errorf("%s: want a person, and why it is %s", line, want)
		}
	}
	if out, err := try(t, "", "read", "../internal/lab/letter/testdata/absence.eml"); err != nil ||
		!strings.Contains(out, "clocks stand still") {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := try(t, "", "read", "nowhere.eml"); err == nil {
		t.Error("reads a file that is not there")
	}
	if out, err := try(t, `{"body":"Please find our quote attached."}`, "read", "--json", "--out"); err != nil ||
		!strings.Contains(out, "carries_quote") {
		t.Errorf("of ours: %v: %s", err, out)
	}
}
