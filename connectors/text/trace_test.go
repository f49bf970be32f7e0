package text

import (
	"path/filepath"
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

// TestTraceSaysWhyOfEachIntent: whoever asks why a message is read so is told of everything that it is said to do.
func TestTraceSaysWhyOfEachIntent(t *testing.T) {
	files, err := filepath.Glob("testdata/corpus/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("there is no corpus: ", err)
	}
	traced := 0
	for _, file := range files {
		for _, s := range loadCorpus(t, file) {
			in := Input{Direction: crm.In, Body: s.body, At: at}
			if s.out {
				in.Direction = crm.Out
			}
			got := reader.Trace(in)
			if got.Text.Class != crm.Human {
				continue
			}
			traced++
			for f := range feature(32) {
				named := func(why string) bool { return strings.HasPrefix(why, f.String()+": ") }
				if (got.Text.Intents | got.Text.Weak).Any(1<<f) != slices.ContainsFunc(got.Why, named) {
					t.Errorf("%s: %q is %s|%s because of %q", s.position, got.Kept, got.Text.Intents, got.Text.Weak,
						got.Why)
					break
				}
			}
		}
	}
	if traced < 900 {
		t.Errorf("%d messages were read as people's", traced)
	}
}
