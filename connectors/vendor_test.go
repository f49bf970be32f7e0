package connectors

import (
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestLacks: whoever starts a source hears of each role that it does not have, and of no other.
func TestLacks(t *testing.T) {
	bare := Vendor{People: []PersonKind{{Record: "contacts"}}}
	all := strings.Join(bare.Lacks(), "\n")
	for _, role := range []string{"receive", "poll", "backfill", "write", "account", "setup", "native"} {
		if !strings.Contains(all, role+": ") {
			t.Errorf("a vendor without %s does not say so:\n%s", role, all)
		}
	}
	bare.Poll, bare.People[0].Native.Disqualify = struct{ Poller }{}, ByStatus
	rest := strings.Join(bare.Lacks(), "\n")
	if strings.Contains(rest, "poll: ") || strings.Contains(rest, "native: ") || !strings.Contains(rest, "receive: ") {
		t.Errorf("a vendor that is polled lacks:\n%s", rest)
	}
}

// TestNative: a status that a human closed stays, and what is put back is one that the CRM has.
func TestNative(t *testing.T) {
	own := Native{Disqualify: ByStatus, Closed: "unqualified"} // an account's own statuses, of which nothing is known
	fixed := Native{
		Disqualify: ByStatus, Values: []string{"new", "talking", "won", "lost"}, Open: []string{"new", "talking"},
		Closed: "lost",
	}
	for status, want := range map[string]bool{"": true, "talking": true, "won": false} {
		if fixed.Closes(status) != want || !own.Closes(status) || (Native{}).Closes(status) {
			t.Errorf("%q is closed: %t, want %t; where nothing is known of statuses always, and without a way never",
				status, fixed.Closes(status), want)
		}
	}
	for replaced, want := range map[string]string{"talking": "talking", "": "new", "of before": "new"} {
		if got := fixed.Reopens(replaced); got != want || own.Reopens(replaced) != replaced {
			t.Errorf("in place of %q stands %q, want %q", replaced, got, want)
		}
	}
}

// TestPeople: a lead and a contact with one number are two people, each with a record of its own.
func TestPeople(t *testing.T) {
	v := Vendor{
		People: []PersonKind{{Kind: "contact", Record: "contacts", Text: 100}, {Kind: "lead", Record: "leads"}},
		Identify: func(id string) (crm.Person, bool) {
			return crm.Person{Kind: "lead", ID: strings.ToUpper(id)}, strings.HasPrefix(strings.ToUpper(id), "Q")
		},
	}
	for person, record := range map[string]string{"contact/7": "contacts", "lead/7": "leads"} {
		ref, ok := v.ProfileRef(person)
		if !ok || ref.Type != record || ref.ID != "7" {
			t.Errorf("the record of %s is %+v", person, ref)
		}
		if back, ok := v.PersonOf(ref); !ok || back != person {
			t.Errorf("%+v is the record of %q, want %s", ref, back, person)
		}
	}
	if _, ok := v.ProfileRef("7"); ok {
		t.Error("nobody can tell whether 7 is a contact or a lead")
	}
	if _, ok := v.PersonOf(crm.Ref{Type: "deals", ID: "7"}); ok {
		t.Error("a deal counts as a person")
	}
	if v.TextOf("contact/7") != 100 || v.TextOf("lead/7") != DefaultText {
		t.Error("how long a text may be does not go by the kind of person")
	}
	for given, want := range map[string]string{
		"contact/7": "contact/7", "q7": "lead/Q7", "lead/q7": "lead/Q7", "contact/q7": "contact/q7",
	} {
		if got, err := v.Named(given); err != nil || got != want {
			t.Errorf("%s names %q, %v; want %s", given, got, err, want)
		}
	}
	for _, given := range []string{"7", "account/7"} {
		if got, err := v.Named(given); err == nil || !strings.Contains(err.Error(), "contact/<id> or lead/<id>") {
			t.Errorf("%s names %q, %v; want to be asked which", given, got, err)
		}
	}
	one := Vendor{People: []PersonKind{{Record: "contacts"}}}
	got, err := one.Named("https://crm.example.com/contact/7")
	if err == nil || !strings.Contains(err.Error(), "the id of its record alone") {
		t.Errorf("an address of a record names %q, %v; want to be told what to give", got, err)
	}
}
