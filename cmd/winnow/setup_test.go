package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors"
)

// installer is a CRM whose steps are made up; applied are those that were carried out.
type installer struct {
	connectors.Installer
	applied []string
}

func (i *installer) Apply(_ context.Context, s connectors.Step) error {
	i.applied = append(i.applied, s.Name)
	if s.Data != nil {
		return s.Data.(error)
	}
	return nil
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
