package story

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// run reads a story and checks it.
func run(t *testing.T, data string) (*Story, []Fault) {
	t.Helper()
	st, err := Parse([]byte(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := st.Settings(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := st.Run(s)
	if err != nil {
		t.Fatal(err)
	}
	return st, st.Check(got)
}

// silent asks for a quote, gets it, and never answers again.
const silent = `Asks for a quote, gets it, never answers again.
-- facts.json --
[{"id": "a", "kind": "message", "at": "2026-03-02T09:00:00Z", "message": {"direction": "in", "channel": "email", "text": {"units": 9, "intents": "quote_request"}}},
{"id": "b", "kind": "message", "at": "2026-03-02T12:00:00Z", "message": {"direction": "out", "channel": "email", "text": {"units": 9, "asks": 1, "intents": "carries_quote asks"}}},
{"id": "c", "kind": "message", "at": "2026-03-16T12:00:00Z", "message": {"direction": "out", "channel": "email", "text": {"units": 9, "asks": 1, "intents": "asks"}}},
{"id": "d", "kind": "message", "at": "2026-03-30T12:00:00Z", "message": {"direction": "out", "channel": "email", "text": {"units": 9, "asks": 1, "intents": "asks"}}}]
-- play --
2026-03-02T09:00:00Z 2026-08-01
`

func TestExpectations(t *testing.T) {
	for line, wrong := range map[string]string{
		"2026-03-02T10:00:00Z status=open next_move=us owed=yes":    "",
		"2026-03-02 next_move=them owed=no owed_since=- rating=B|C": "",
		"2026-03-02 owed=yes":                                          "got 2026-03-02T12:00:00 C open ball=them",
		"by 2026-06-30 status=pending ground=unresponsive":             "",
		"by 2026-03-31 status=pending":                                 "never until then; at last",
		"never status=requalified":                                     "",
		"never status=disqualified":                                    "got ",
		"never before 2026-04-02 status=pending":                       "",
		"never before 2026-07-31 status=pending":                       "got ",
		"always rating!=A":                                             "",
		"always until 2026-04-01 status=open":                          "",
		"always status=open":                                           "got ",
		`by 2026-06-30 action="break-up message" reason=A39 ground!=-`: "",
		"2026-07-31 unrated=- treatment!=intensive machine_rating!=A":  "",
		"2026-12-01 status=disqualified":                               "ends before that",
		"2026-03-01 status=open":                                       "nothing had been rated",
		"by 2026-06-30 reason=A09":                                     "never until then",
		"by 2026-07-31 status=disqualified recheck_on!=-":              "",
		"2026-03-02T10:00:00Z owed_since=2026-03-02 pending_until=-":   "",
	} {
		st, faults := run(t, silent+"-- expect --\n# it is so\n\n"+line+"\n")
		switch {
		case wrong == "" && len(faults) == 0:
		case wrong == "" || len(faults) != 1 || !strings.Contains(faults[0].Text, wrong):
			t.Errorf("%s: %v, want %q", line, faults, wrong)
		case faults[0].Line != strings.Count(string(st.data), "\n"):
			t.Errorf("%s: on line %d, want the last of %d", line, faults[0].Line, strings.Count(string(st.data), "\n"))
		}
	}
}

func TestRefusesWhatIsNoStory(t *testing.T) {
	for data, want := range map[string]string{
		"words alone": "no parts",
		"a\n-- facts.json --\n[]\n-- play --\n2026-03-02 2026-03-03\n-- at --\n2026-03-02\n": "either",
		"a\n-- facts.json --\n[]\n":                      "either",
		"a\n-- facts.json --\n[{\"nonsense\": 1}]\n":     "line 2: facts.json",
		"a\n-- fact.json --\n":                           "no such part",
		"a\n-- events.jsonl --\n{}\n":                    "nothing here reads texts",
		"a\n-- play --\nyesterday today\n":               "yesterday",
		"a\n-- at --\n2026-03-02 holding\n":              "holding",
		"a\n-- at --\n\n":                                "want an instant",
		silent + "-- expect --\n2026-03-02\n":            "line 10: want something such as",
		silent + "-- expect --\n2026-03-02 mood=good\n":  "mood",
		silent + "-- expect --\nnever status=pendng\n":   "want one of open, pending",
		silent + "-- expect --\nnever recheck_on=2026\n": "want a day",
		silent + "-- expect --\nsoon status=open\n":      "soon",
		silent + "-- expect --\nby\n":                    "want a day",
		silent + "-- expect --\nnever action=\"a\n":      "quotation mark",
	} {
		if _, err := Parse([]byte(data), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one that says %q", data, err, want)
		}
	}
}

func TestTheWholeIsCompared(t *testing.T) {
	if _, faults := run(t, silent); len(faults) != 1 || !strings.Contains(faults[0].Text, "nothing is expected") {
		t.Errorf("%v: want it said that nothing is expected", faults)
	}
	st, _ := run(t, silent)
	s, err := st.Settings(map[string]string{"GRACE": "9"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := st.Run(s)
	if err != nil {
		t.Fatal(err)
	}
	updated := string(st.Updated(got))
	_, faults := run(t, updated) // without the longer grace
	if len(faults) != 1 || !strings.Contains(faults[0].Text, "\n- 2026-") ||
		!strings.Contains(faults[0].Text, "\n+ 2026-") {
		t.Fatalf("%v: want the lines in which they differ", faults)
	}
	line := strings.Split(updated, "\n")[faults[0].Line-1]
	if !strings.Contains(faults[0].Text, "\n- "+line+"\n") {
		t.Errorf("line %d is %q, which is not among the differences:\n%s", faults[0].Line, line, faults[0].Text)
	}
	once := strings.Replace(silent, "-- play --\n2026-03-02T09:00:00Z 2026-08-01", "-- at --\n2026-03-31T10:00:00Z "+
		"lagging", 1)
	if _, faults := run(t, once+"-- expect --\n2026-03-31T10:00:00Z next_move=them\n"); len(faults) != 0 {
		t.Errorf("rated once: %v", faults)
	}
}

func TestDiff(t *testing.T) {
	at, text := diff("a\nb\nc\nd", "a\nc\nx\nd")
	if want := "- b\n+ x\n"; text != want || at != 2 {
		t.Errorf("from line %d:\n%s", at, text)
	}
}

// A history that is nobody's fault ends where it is told to, and a play repeats.
func TestPlay(t *testing.T) {
	from := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	if steps, err := Play(rules.Defaults(), nil, from, from.AddDate(1, 0, 0)); err != nil || len(steps) != 1 {
		t.Errorf("%d steps of nobody, %v: want one", len(steps), err)
	}
	st, _ := run(t, silent)
	one, err := Play(rules.Defaults(), st.Facts, st.From, st.To)
	if err != nil {
		t.Fatal(err)
	}
	slow := append([]crm.Fact{st.Facts[3], st.Facts[1]}, st.Facts[2], st.Facts[0])
	two, err := Play(rules.Defaults(), slow, st.From, st.To)
	if diff := cmp.Diff(one, two); err != nil || diff != "" {
		t.Errorf("told in another order (%v):\n%s", err, diff)
	}
}
