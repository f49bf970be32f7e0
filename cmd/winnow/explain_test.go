package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// TestExplainSaysWhatAnAnswerWouldChange: and which letters the contact has had.
func TestExplainSaysWhatAnAnswerWouldChange(t *testing.T) {
	var e api.Explained
	e.Source, e.Contact, e.Zone, e.Country = "eu", "7", "Europe/Berlin", "DE"
	e.Rating = crm.Rating{Letter: "D", Machine: "D", Status: crm.Pending, Ball: crm.Them}
	e.Letters = []rules.LetterAt{
		{At: crm.At(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), Letter: "C", Status: crm.Open},
		{
			At: crm.At(time.Date(2026, 6, 2, 9, 0, 0, 0, time.UTC)), Letter: "D", Status: crm.Pending,
			Ground: crm.NoProgress,
		},
	}
	e.Answered = &crm.Rating{Letter: "B", Status: crm.Requalified, Ball: crm.Us, Action: "Please answer."}
	var b bytes.Buffer
	if err := printExplanation(&b, e, false); err != nil {
		t.Fatal(err)
	}
	said := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{
		"clocks by Europe/Berlin DE times below are UTC",
		"2026-03-02 09:00 C open 2026-06-02 09:00 D pending no_progress",
		"IF THEY ANSWER rating B status requalified next move us advice Please answer.",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, b.String())
		}
	}
}
