package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors"
)

// installer is a CRM whose steps are made up; applied are those that were carried out, paste is what is to be pasted.
type installer struct {
	connectors.Installer
	applied []string
	paste   string
	lists   []connectors.Step
}

func (i *installer) Advice(publicURL string) (text string, paste []byte) {
	return "Paste this, for " + publicURL + ".", []byte(i.paste)
}

func (i *installer) Apply(_ context.Context, s connectors.Step) error {
	i.applied = append(i.applied, s.Name)
	if s.Data != nil {
		return s.Data.(error)
	}
	return nil
}

func (i *installer) Lists(context.Context) ([]connectors.Step, error) { return i.lists, nil }

func TestSetupOfLists(t *testing.T) {
	want := []connectors.Step{{Name: "list Pending"}}
	if got, err := listsOf(t.Context(), &installer{lists: want}, "eu"); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := listsOf(t.Context(), &installer{}, "eu"); err == nil || !strings.Contains(err.Error(), "eu") {
		t.Errorf("a CRM in which no lists are made: %v", err)
	}
}

func TestSetupShowsHowEachStepStands(t *testing.T) {
	steps := []connectors.Step{
		{Name: "property score", Have: true},
		{Name: "property status", Detail: "add the options open"},
		{Name: "property rating", Detail: "is there as string", Hand: "delete it"},
		{Name: "property model", Data: errors.New("no room")},
		{Name: "scope read", Right: true, Have: true},
		{Name: "scope deals", Right: true, Detail: "to read deals", Hand: "grant it"},
	}
	for _, dry := range []bool{true, false} {
		var out strings.Builder
		in := &installer{}
		err := carryOut(t.Context(), &out, in, steps, dry)
		states := map[string]string{
			"property score": "there already", "property status": "done", "property rating": "BY HAND",
			"property model": "FAILED", "scope read": "granted", "scope deals": "MISSING",
		}
		if dry {
			states["property status"], states["property model"] = "to do", "to do"
			if len(in.applied) != 0 {
				t.Errorf("a dry run did %v", in.applied)
			}
		}
		for line := range strings.Lines(out.String()) {
			name := strings.Join(strings.Fields(line)[:2], " ")
			if rest := strings.TrimSpace(strings.TrimPrefix(line, name)); !strings.HasPrefix(rest, states[name]) {
				t.Errorf("dry run %v: %q, want %s", dry, line, states[name])
			}
		}
		for _, want := range []string{
			"scope deals, to read deals: grant it", "property rating, is there as string: delete it",
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("dry run %v: %v does not say %q", dry, err, want)
			}
		}
	}
	if err := carryOut(t.Context(), &strings.Builder{}, &installer{}, steps[:2], true); err != nil {
		t.Errorf("what is left to do is no failure of a dry run: %v", err)
	}
}

func TestSetupSavesWhatIsToBePasted(t *testing.T) {
	const component = "{\"type\": \"webhooks\"}\n"
	file := filepath.Join(t.TempDir(), "webhooks-hsmeta.json")
	said := func(paste, file string) (string, error) {
		var out strings.Builder
		err := advise(&out, &installer{paste: paste}, "https://winnow.example.com", file)
		return out.String(), err
	}
	if out, err := said(component, ""); err != nil || !strings.HasSuffix(out, ".example.com.\n"+component) {
		t.Errorf("without a file: %v, %q", err, out)
	}
	out, err := said(component, file)
	saved, _ := os.ReadFile(file)
	if err != nil || string(saved) != component || strings.Contains(out, component) || !strings.Contains(out, file) {
		t.Errorf("with a file: %v, saved %q, said %q", err, saved, out)
	}
	if _, err := said("", file); err == nil {
		t.Error("nothing is to be pasted, and nobody says that the file is not written")
	}
	if _, err := said(component, filepath.Join(file, "below")); err == nil {
		t.Error("a file that cannot be written is no error")
	}
}
