package history

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/text"
	"github.com/winnow-crm/winnow/rules/story"
)

var reader = text.NewReader(nil, nil)

// block is the first block of a kind in the page about stories.
func block(t *testing.T, kind string) string {
	t.Helper()
	page, err := os.ReadFile("../../../../docs/stories.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```" + kind + "\n(.*?)```").FindSubmatch(page)
	if found == nil {
		t.Fatalf("docs/stories.md has no %s", kind)
	}
	return string(found[1])
}

func TestDocumentedStory(t *testing.T) {
	st, err := story.Parse([]byte(block(t, "txtar")), func(lines []byte) ([]crm.Fact, error) {
		return Facts(reader, lines)
	})
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
	for _, f := range st.Check(got) {
		t.Errorf("line %d: %s", f.Line, f.Text)
	}
}

func TestDocumentedHistory(t *testing.T) {
	all := histories(t, "page.jsonl", block(t, "jsonl"))
	if len(all) != 1 || all[0].ID != "anna" || all[0].Env["SLA"] != "1" || len(all[0].Facts) != 3 {
		t.Fatalf("%+v", all)
	}
	if c, m := all[0].Facts[1].Call, all[0].Facts[2].Meeting; c.Direction != crm.Out || c.Outcome != crm.Connected ||
		m.State != crm.NoShow || m.Start == 0 {
		t.Errorf("call %+v, meeting %+v", c, m)
	}
	steps, err := all[0].Play(nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := all[0].Print(&b, steps); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"anna\n", "NEXT MOVE", "2026-03-02 09:00  C", "us, owed since 2026-03-02"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("lacks %q:\n%s", want, b.String())
		}
	}
}

func histories(t *testing.T, name, lines string) (list []History) {
	t.Helper()
	for h, err := range Scan(reader, name, strings.NewReader(lines)) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, h)
	}
	return list
}

func TestEvents(t *testing.T) {
	facts, err := Facts(reader, []byte(`
{"at": "2026-03-02T09:00:00Z", "direction": "out", "channel": "chat", "body": "See https://us.example/q/1", "files": ["offer.pdf"], "copied": true}
{"kind": "mail", "id": "7", "at": "2026-03-02T10:00:00Z", "dir": "in", "html": "<p>Ok</p>", "peer": "12"}
{"kind": "call", "at": "2026-03-02T11:00:00Z", "call": {"direction": "in", "outcome": "voicemail"}}
{"kind": "quote", "at": "2026-03-02T12:00:00Z", "key": "k", "sent": ["2026-03-02T12:00:00Z"], "amount": 100}
{"kind": "task", "at": "2026-03-02T12:00:00Z", "due": "2026-03-04T12:00:00Z"}
{"kind": "deal", "at": "2026-03-02T12:00:00Z", "deal": {"stage": "s", "won": "2026-03-02T12:00:00Z"}}
{"kind": "note", "at": "2026-03-02T12:00:00Z"}
{"kind": "prop", "at": "2026-03-02T12:00:00Z", "name": "country", "value": "DE"}
{"kind": "fact", "at": "2026-03-02T12:00:00Z", "Fact": {"id": "x", "kind": "note", "at": "2026-03-02T12:00:00Z"}}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []crm.Kind{
		crm.KindMessage, crm.KindMessage, crm.KindCall, crm.KindQuote, crm.KindTask, crm.KindDeal, crm.KindNote,
		crm.KindProperty, crm.KindNote,
	}
	ids := map[string]bool{}
	for i, f := range facts {
		if f.Kind != want[i] || f.ID == "" || ids[f.ID] || f.At == 0 {
			t.Errorf("%+v: want a %s with an id of its own", f, want[i])
		}
		ids[f.ID] = true
	}
	first, call := facts[0].Message, facts[2].Call
	if first.Direction != crm.Out || first.Channel != crm.Chat || len(first.Links) != 1 || len(first.Files) != 1 ||
		!first.Copied {
		t.Errorf("%+v: want a chat of ours with a link and a file, to them as a copy", first)
	}
	if facts[1].ID != "peer/7" || facts[1].Peer != "12" || call.Direction != crm.In || call.Outcome != crm.Voicemail ||
		facts[5].Deal.Won == 0 {
		t.Errorf("%+v, %+v, %+v", facts[1], call, facts[5].Deal)
	}
}

func TestRefusesWhatIsNoHistory(t *testing.T) {
	for lines, want := range map[string]string{
		`{"events": []}`:             "nothing happens",
		"{}\n":                       "nothing happens",
		"no json":                    "line 1",
		`{"events": [{"dir":"in"}]}`: "when did it happen",
		`{"events": [{"dir":"up","at":"2026-03-02T12:00:00Z"}]}`:                     "up",
		`{"events": [{"kind":"party","at":"2026-03-02T12:00:00Z"}]}`:                 "party",
		`{"events": [{"kind":"fact"}]}`:                                              "without a Fact",
		`{"events": [{"kind":"call","outcome":"rude","at":"2026-03-02T12:00:00Z"}]}`: "rude",
	} {
		err := error(nil)
		for _, e := range Scan(reader, "h.jsonl", strings.NewReader(lines)) {
			err = e
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that says %q", lines, err, want)
		}
	}
	if _, err := Facts(reader, []byte("{\n}")); err == nil || !strings.Contains(err.Error(), "one line") {
		t.Errorf("an event on two lines: %v", err)
	}
}

// Without its time a history lasts from its first event to half a year after its last.
func TestTime(t *testing.T) {
	h := histories(t, "h.jsonl",
		`{"events": [{"dir":"in","body":"Hi","at":"2026-03-02T12:00:00Z"},{"dir":"in","body":"Hi","at":"2026-03-01T12:00:00Z"}]}`)[0]
	if h.ID != "h.jsonl:1" || h.From.Day() != 1 || h.To.Month() != 9 {
		t.Errorf("%s from %s to %s", h.ID, h.From, h.To)
	}
	story := histories(t, "dir/a.txtar", block(t, "txtar"))[0]
	if story.ID != "a" || story.To.Month() != 9 || len(story.Facts) != 5 {
		t.Errorf("%s to %s with %d facts", story.ID, story.To, len(story.Facts))
	}
}
