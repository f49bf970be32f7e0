package text

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestKinds reads the messages of testdata/kinds: a line each, what is known of it before a bar, and a subject before
// two where it is not that of an answer. They were written while the reader was mended, a few of each kind in each
// language.
func TestKinds(t *testing.T) {
	files, err := filepath.Glob("testdata/kinds/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no messages", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		right, all := 0, 0
		for line := range strings.Lines(string(data)) {
			label, body, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " | ")
			if !ok {
				t.Fatalf("%s: no bar in %q", file, line)
			}
			subject := "Re: Offer"
			if s, b, ok := strings.Cut(body, " ||"); ok {
				subject, body = s, strings.TrimSpace(b)
			}
			got := reader.Read(Input{
				Direction: crm.In, Subject: subject, Body: strings.ReplaceAll(body, `\n`, "\n"), At: at,
			})
			all++
			if amiss := misread(t, label, got); len(amiss) == 0 {
				right++
			} else {
				t.Logf("%s: %q is %s, %q, weak %q; amiss: %s", filepath.Base(file), body, got.Class, got.Intents,
					got.Weak, strings.Join(amiss, ", "))
			}
		}
		t.Logf("%s: %d of %d", filepath.Base(file), right, all)
		if float64(right) < 0.94*float64(all) {
			t.Errorf("%s: %d of %d are read rightly; the floor is 0.94", file, right, all)
		}
	}
}

// misread is what of the label does not hold of got.
func misread(t *testing.T, label string, got crm.Text) []string {
	t.Helper()
	var out []string
	class := crm.Human
	for _, word := range strings.Fields(label) {
		name, not := strings.CutPrefix(word, "!")
		key, day, _ := strings.Cut(name, "=")
		var c crm.Class
		holds := true
		switch {
		case c.UnmarshalText([]byte(name)) == nil:
			class = c
		case name == "loose":
			holds = got.Loose != not
		case key == "horizon":
			holds = dayOf(got.Horizon) == day
		case key == "return":
			holds = dayOf(got.Return) == day
		default:
			holds = got.Intents.Has(intentOf(t, label, name)) != not
		}
		if !holds {
			out = append(out, word)
		}
	}
	if got.Class != class {
		out = append(out, class.String())
	}
	return out
}

// dayOf is the day of ms, or "none".
func dayOf(ms crm.Millis) string {
	if ms == 0 {
		return "none"
	}
	return ms.Time().Format("2006-01-02")
}

// TestStrongAndWeak holds what makes a refusal weak, or none, each with one thing changed.
func TestStrongAndWeak(t *testing.T) {
	const no = crm.NotInterested
	for body, want := range map[string]struct{ sure, doubtful crm.Intents }{
		"We are not interested in your offer.":                           {no, 0},
		"We are not interested in the blue chairs.":                      {0, no}, // another object
		"My colleague is not interested in your offer.":                  {0, no}, // a third party
		"If it takes longer we are not interested in your offer.":        {0, no}, // a condition
		"We are not interested in your offer, but in the larger one.":    {0, no}, // a contrast
		"It is not that we are not interested in your offer.":            {0, 0},  // denied once more
		"We are not only interested in your offer.":                      {0, 0},  // no denial
		"Are we not interested in your offer?":                           {0, 0},  // nobody means it by a question
		"We are not interested in your offer. Please send the contract.": {0, no}, // a demand beside it
		"We are not interested in your offer. Thank you for your time.":  {no, 0}, // a courtesy beside it
		"Please remove me from your list.":                               {crm.OptOut, 0},
		"Please remove me from your list of speakers.":                   {0, crm.OptOut},
		"Please do not hesitate to call me.":                             {0, 0},
		"I will not write to you again.":                                 {0, 0},
		"We have no budget this year.":                                   {crm.NotReady, 0},
		"We have no budget this year for chairs.":                        {0, crm.NotReady},
		"There is no budget problem this year.":                          {0, crm.NotReady},
		"We have no budget this year. Please contact us in January.":     {crm.NotReady, 0},
	} {
		got := reader.Read(Input{Direction: crm.In, Subject: "Re: Offer", Body: body, At: at})
		if got.Intents&harmful != want.sure || got.Weak != want.doubtful {
			t.Errorf("%q: strong %q, weak %q; want %q and %q", body, got.Intents&harmful, got.Weak, want.sure,
				want.doubtful)
		}
	}
}
