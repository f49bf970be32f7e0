package letter

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/text"
)

var (
	reader = text.NewReader(nil, nil)
	now    = time.Date(2026, time.June, 2, 9, 0, 0, 0, time.UTC)
)

// all returns the letters in s, and what came in the way of more.
func all(s string) (list []Letter, err error) {
	for l, e := range Scan(strings.NewReader(s), now) {
		if e != nil {
			return list, e
		}
		list = append(list, l)
	}
	return list, nil
}

func TestLines(t *testing.T) {
	list, err := all(`
{"id":"1","body":"Could you send a quote?","to":"tom@us.example","ours":["Shall we talk?"]}

{"id":"2","direction":"out","html":"<p>Here it is.</p>","to":["a@b.example","c@d.example"],"headers":{"Auto-Submitted":"no","X-A":["b","c"]},"at":"2026-03-01T10:00:00+01:00"}
`)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d letters, %v", len(list), err)
	}
	if !list[0].At.Equal(now) || !slices.Equal(list[0].To, Strings{"tom@us.example"}) || len(list[0].Ours) != 1 {
		t.Errorf("%+v: want it sent now, to one, after one of ours", list[0])
	}
	want := Headers{"Auto-Submitted": {"no"}, "X-A": {"b", "c"}}
	if diff := cmp.Diff(want, list[1].Headers); diff != "" || list[1].At.Hour() != 10 {
		t.Errorf("sent at %s with other headers:\n%s", list[1].At, diff)
	}
	got, err := list[0].Read(reader)
	if err != nil || got.Class != "human" || !slices.Contains(got.Intents, "quote_request") || got.Weak == nil ||
		len(got.Why) == 0 {
		t.Errorf("%+v, %v: want a quote requested, and why", got, err)
	}
}

// What we wrote ourselves is never theirs, in whatever layout it comes back.
func TestOurOwnWordsAreNotTheirs(t *testing.T) {
	const farewell = "If you are not interested any more, just say so and I take you off my list."
	l := Letter{Body: "Yes please, we want it.\n\nTom said the other day:\n" + farewell, Ours: Strings{
		"Hello Anna,\n\n" + farewell,
	}, At: now}
	got, err := l.Read(reader)
	if err != nil || got.Kept == "" || strings.Contains(got.Kept, "off my list") ||
		slices.Contains(got.Intents, "opt_out") {
		t.Errorf("%+v, %v: want our own farewell left out", got, err)
	}
}

func TestBadLines(t *testing.T) {
	for in, want := range map[string]string{
		`{"id":`:                       "line 1",
		"{}\n{\"at\": \"tomorrow\"}":   "line 2",
		"This is\nno mail and no JSON": "neither a mail nor JSON lines",
		`{"to": 7}`:                    "line 1",
	} {
		if _, err := all(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one that says %q", in, err, want)
		}
	}
	l := Letter{Direction: "sideways"}
	if _, err := l.Read(reader); err == nil || !strings.Contains(err.Error(), "sideways") {
		t.Errorf("a direction that is none: %v", err)
	}
	if list, err := all(" \n"); err != nil || len(list) != 0 {
		t.Errorf("nothing is %d letters, %v", len(list), err)
	}
}

func TestMails(t *testing.T) {
	for name, want := range map[string]Reading{
		"reply.eml": {ID: "2@prospect.example", Class: "human", Kept: "Können Sie uns das Angebot über 20 Plätze " +
			"noch einmal schicken?", Language: "de"},
		"absence.eml": {
			ID: "3@prospect.example", Class: "out_of_office",
			Kept: "I am out of the office until 15 June.", Return: "2026-06-15",
		},
		"html.eml": {
			ID: "4@prospect.example", Class: "human", Kept: "Tuesday at 10:30 works for me.",
			Language: "en",
		},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		list, err := all(string(data))
		if err != nil || len(list) != 1 {
			t.Fatalf("%s: %d letters, %v", name, len(list), err)
		}
		got, err := list[0].Read(reader)
		if err != nil {
			t.Fatal(err)
		}
		got.Intents, got.Weak, got.Why, got.Units = nil, nil, nil, 0
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if list[0].At.IsZero() || list[0].At.Equal(now) {
			t.Errorf("%s: sent at %s, want the time in the mail", name, list[0].At)
		}
	}
}

func TestPrint(t *testing.T) {
	l := Letter{ID: "7", Subject: "Re: Offer", At: now, Body: "I am on holiday.\nCould you call me on 15 June?"}
	got, err := l.Read(reader)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := got.Print(&b, &l); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"7  Re: Offer\n", "a person wrote it", "asks", "I am on holiday.\n", "            Could you call",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("lacks %q:\n%s", want, b.String())
		}
	}
}
