package text

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestOurPromises holds that we owe what we promised, and only that: a promise of ours that is missed lets them be blamed for our
// silence, one that is none keeps a clock from running.
func TestOurPromises(t *testing.T) {
	files, err := filepath.Glob("testdata/promises/*.txt")
	if err != nil || len(files) != 7 {
		t.Fatalf("%d languages, %v; want 7", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			mark, body, _ := strings.Cut(strings.TrimSpace(line), " ")
			got := reader.Read(Input{Direction: crm.Out, Subject: "Re: Example", Body: body, At: at})
			if want := mark == "+"; got.Intents.Has(crm.Promises) != want {
				t.Errorf("%s: a promise %t, want %t, of %q: %s", filepath.Base(file), !want, want, body, got.Intents)
			}
			if mark == "+" && (got.Asks > 0 || got.Intents.Any(crm.Asks|crm.AsksYesNo)) {
				t.Errorf("%s: %d questions in %q", filepath.Base(file), got.Asks, body)
			}
		}
	}
}

// TestPleaForTimeIsTheirs holds that whoever asks whether they need more time has asked something.
func TestPleaForTimeIsTheirs(t *testing.T) {
	for _, body := range []string{"Do you need a few more days?", "Brauchen Sie noch ein paar Tage?", "Heeft u nog een paar dagen nodig?"} {
		if got := reader.Read(Input{Direction: crm.Out, Subject: "Re: Example", Body: body, At: at}); got.Asks != 1 || got.Intents.Any(crm.Promises) {
			t.Errorf("%q: %d questions, %s; want one and no promise", body, got.Asks, got.Intents)
		}
	}
	if got := reader.Read(Input{Direction: crm.In, Subject: "Re: Example", Body: "Give us a few days to check this.", At: at}); got.Asks > 0 || !got.Intents.Any(crm.Promises) {
		t.Errorf("theirs: %d questions, %s; want a promise", got.Asks, got.Intents)
	}
}
