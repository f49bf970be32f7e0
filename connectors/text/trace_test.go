package text

import (
	"slices"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

func TestTraceSaysWhatDecided(t *testing.T) {
	in := Input{
		Direction: crm.In, Subject: "Re: Offer", At: at,
		Body: "Could you please send me a quote?\n\nOn Mon, 5 Jan 2026 at 10:00, Tom <tom@us.example> wrote:\n> " +
			"Shall we talk?",
	}
	got := reader.Trace(in)
	if want := reader.Read(in); got.Text != want {
		t.Errorf("traced %+v, read %+v: want the same", got.Text, want)
	}
	if got.Kept != "Could you please send me a quote?" {
		t.Errorf("kept %q", got.Kept)
	}
	named := func(why string) bool {
		return strings.HasPrefix(why, "quote_request: ") && strings.Contains(why, "quote")
	}
	if !slices.ContainsFunc(got.Why, named) {
		t.Errorf("why is %q: want the words that ask for a quote", got.Why)
	}
}

func TestTraceSaysWhyItIsAMachine(t *testing.T) {
	got := reader.Trace(Input{
		Direction: crm.In, Subject: "Automatic reply: Offer", Body: "I am out of the office until Monday.", At: at,
		Header: map[string][]string{"Auto-Submitted": {"auto-replied"}, "Subject": {"Offer"}},
	})
	if got.Text.Class != crm.OutOfOffice || len(got.Why) < 3 || got.Why[0] != "header: Auto-Submitted" {
		t.Errorf("%s because of %q: want an absence by its header, its subject and its words", got.Text.Class, got.Why)
	}
	if slices.ContainsFunc(got.Why, func(why string) bool { return strings.Contains(why, "asks") }) {
		t.Errorf("%q: a machine asks nothing", got.Why)
	}
}
