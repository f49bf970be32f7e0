package generic

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/generic/presets"
)

const espoSecret = "a27c57f3a5a1c6b7e1c0b4f8d2e9a6f0"

func TestTry(t *testing.T) {
	source, _ := presets.Get("espocrm")
	trial, err := NewTrial(source, []string{espoSecret}, nil)
	if err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	const lead = "65f1a2b3c4d5e6f70"
	for file, want := range map[string]Tried{
		"lead_update": {Verified: &yes, Outcomes: []Found{
			{What: "ref", Type: "Lead", ID: lead, Person: "lead/" + lead},
		}},
		"lead_delete": {Verified: &yes, Outcomes: []Found{
			{What: "removed", Type: "Lead", ID: lead, Person: "lead/" + lead},
		}},
		"echo": {Verified: &yes, Outcomes: []Found{
			{What: "ignored", Type: "Lead.update", Why: "our own write: no other field changed"},
		}},
		"no_rule": {Verified: &yes, Outcomes: []Found{
			{What: "ignored", Type: "Account.update", Why: "no rule fits the event Account.update"},
		}},
		"forged": {
			Verified: &no, Outcomes: []Found{}, Error: "the proof was made with another secret, or of other bytes",
		},
		"two_of_which_one_cannot_be_read": {
			Verified: &yes, Outcomes: []Found{{What: "ref", Type: "Lead", ID: lead, Person: "lead/" + lead}},
			Error: "event 1: hooks.rules[2]: it names no record",
		},
	} {
		raw, err := os.ReadFile("presets/espocrm/samples/" + file + ".http")
		if err != nil {
			t.Fatal(err)
		}
		d, err := Request(bytes.TrimSuffix(raw, []byte("\n")), time.Unix(1_800_000_000, 0))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, trial.Try(d)); diff != "" {
			t.Errorf("%s:\n%s", file, diff)
		}
	}
}

func TestRequest(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	d, err := Request([]byte("POST /a/b?key=x HTTP/1.1\nHost: h\n\n{}\n"), at)
	if err != nil || d.Path != "a/b" || d.Query.Get("key") != "x" || string(d.Body) != "{}\n" ||
		d.URL.String() != "https://h/a/b?key=x" {
		t.Errorf("%+v, %v", d, err)
	}
	for _, raw := range []string{
		"", "nonsense", "POST nowhere HTTP/1.1\n\n", "POST /%zz HTTP/1.1\n\n", "POST /a HTTP/1.1\nno colon\n\n",
	} {
		if _, err := Request([]byte(raw), at); err == nil {
			t.Errorf("%q is taken for a request", raw)
		}
	}
}
