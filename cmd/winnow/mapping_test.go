package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMappingShowAndCheck: what is shown is right, and what is wrong is said by line and column, of each file.
func TestMappingShowAndCheck(t *testing.T) {
	run := func(args ...string) (string, error) {
		cmd := mappingCommand()
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(args)
		err := cmd.Execute()
		return out.String(), err
	}
	names, err := run("show")
	if err != nil || !strings.Contains(names, "espocrm\n") {
		t.Errorf("the presets are %q, %v", names, err)
	}
	shown, err := run("show", "espocrm")
	if err != nil {
		t.Fatal(err)
	}
	right, wrong := filepath.Join(t.TempDir(), "right.yaml"), filepath.Join(t.TempDir(), "wrong.yaml")
	for file, text := range map[string]string{
		right: shown, wrong: strings.Replace(shown, "\nversion: 1", "\nversoin: 1", 1),
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	said, err := run("check", right, "odoo")
	if err != nil || strings.Count(said, "nothing is wrong") != 2 {
		t.Errorf("of right ones it says %q, %v", said, err)
	}
	said, err = run("check", wrong, right)
	if err == nil || !strings.Contains(said, wrong+":2:1: versoin: there is no such key; did you mean version?") ||
		!strings.Contains(said, right+": nothing is wrong") {
		t.Errorf("of a wrong one it says %q, %v", said, err)
	}
	if _, err := run("show", "espocmr"); err == nil || !strings.Contains(err.Error(), "did you mean espocrm?") {
		t.Errorf("of a preset that is not there it says %v", err)
	}
}

// TestMappingTry: a request that would be refused, or that nobody can read, is told by the code of the command too.
func TestMappingTry(t *testing.T) {
	samples := filepath.Join("..", "..", "connectors", "generic", "presets", "twenty", "samples")
	secret := ""
	env, err := os.ReadFile(filepath.Join(samples, "settings.env"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(env)) {
		if s, ok := strings.CutPrefix(strings.TrimSpace(line), "HOOK_SECRET="); ok {
			secret, _, _ = strings.Cut(s, ",")
		}
	}
	good := filepath.Join(samples, "as_the_docs_show_it.http")
	forged := filepath.Join(samples, "forged_with_another_secret.http")
	torn := filepath.Join(t.TempDir(), "torn.http")
	if err := os.WriteFile(torn, []byte("POST /person.updated HTTP/1.1\n\n{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args    []string
		refused bool
		want    string
	}{
		{[]string{good, "--secret", secret}, false, "  verified\n"},
		{[]string{good}, false, "ref"},
		{[]string{forged, "--secret", secret}, true, "NOT verified"},
		{[]string{forged, "--secret", secret, "--json"}, true, `"verified":false`},
		{[]string{good, forged, "--secret", secret}, true, "NOT verified"},
		{[]string{forged, good, "--secret", secret}, true, "  verified\n"}, // the others are shown all the same
		{[]string{torn}, true, "error"},
	} {
		cmd := mappingCommand()
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(append([]string{"try", "twenty"}, c.args...))
		err := cmd.Execute()
		if refused := errors.Is(err, errPerson); refused != c.refused || err != nil && !refused {
			t.Errorf("try %s: %v, want it refused: %t", strings.Join(c.args, " "), err, c.refused)
		}
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("try %s says\n%s\nwant %q", strings.Join(c.args, " "), &out, c.want)
		}
	}
}
