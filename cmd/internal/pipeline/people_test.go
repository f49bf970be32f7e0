package pipeline

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// twoKinds is a fake whose people are contacts and leads, numbered apart.
type twoKinds struct{ *fake }

func (f twoKinds) vendor() connectors.Vendor {
	v := f.fake.vendor()
	v.People = []connectors.PersonKind{{Kind: "contact", Record: "contacts"}, {Kind: "lead", Record: "leads"}}
	v.Fetch = f
	return v
}

func (f twoKinds) Fetch(_ context.Context, refs []crm.Ref) []connectors.Result {
	out := make([]connectors.Result, len(refs))
	v := f.vendor()
	for i, ref := range refs {
		person, _ := v.PersonOf(ref)
		out[i].Notices = []crm.Notice{{Fact: crm.Profiled(person)}}
	}
	return out
}

// TestTwoKindsOfPeople: a contact and a lead with one number are two people, from webhook to write, and a converted
// lead's history goes to the contact. Who is asked for without a kind has to be named.
func TestTwoKindsOfPeople(t *testing.T) {
	f := twoKinds{&fake{}}
	r := newRig(t, t.TempDir(), func(o *Options) { o.Sources[0].CRM = f.vendor() }, f.fake)
	r.send("fake", mail("contact/7", "1", start))
	r.idle()
	if f.of("contact/7")[crm.FieldBall] != "us" {
		t.Fatalf("the contact's fields: %v, want that we owe an answer", f.of("contact/7"))
	}
	if v := f.of("lead/7"); v != nil {
		t.Fatalf("the lead of the same number was written: %v", v)
	}
	r.send("fake", mail("lead/7", "1", start))
	r.send("fake", mail("lead/8", "2", start))
	r.idle()
	messages := func(person string) int {
		t.Helper()
		ref, err := r.p.Person("fake", person)
		if err != nil {
			t.Fatal(err)
		}
		e, err := r.p.Explain(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		return e.Facts["message"]
	}
	if n, m := messages("contact/7"), messages("lead/7"); n != 1 || m != 1 {
		t.Errorf("the contact knows %d mails and the lead %d, want one each", n, m)
	}
	at := start.Add(time.Minute).UnixMilli()
	r.send("fake",
		crm.Notice{
			Fact: &crm.Fact{
				Contact: "lead/8", ID: "merge", Version: at, At: crm.Millis(at), Kind: crm.KindMerge,
				Merge: &crm.Merge{Into: "contact/7"},
			},
		},
		crm.Notice{
			Fact: &crm.Fact{
				Contact: "contact/7", ID: "merge/lead/8", Version: at, At: crm.Millis(at), Kind: crm.KindMerge,
				Merge: &crm.Merge{From: []string{"lead/8"}},
			},
		},
	)
	r.idle()
	if n := messages("contact/7"); n != 2 {
		t.Errorf("after a lead was converted the contact knows %d mails, want those of both", n)
	}
	if n := messages("lead/7"); n != 1 {
		t.Errorf("the other lead knows %d mails, want its own", n)
	}
	if _, err := r.p.Person("fake", "7"); err == nil || !strings.Contains(err.Error(), "contact/<id> or lead/<id>") {
		t.Errorf("7 alone: %v, want to be asked which of the two", err)
	}
}

// TestWithinOneTick: an override and an opt-out that are set and taken back within one second of a CRM with a clock
// of whole seconds are taken back, in whatever order the webhooks come: what is read later counts.
func TestWithinOneTick(t *testing.T) {
	second := crm.At(start.Truncate(time.Second))
	property := func(name, value string, seq int64) crm.Notice {
		return crm.Notice{Fact: &crm.Fact{
			Contact: "7", ID: "property/" + name, Version: int64(second), Seq: seq, At: second, Kind: crm.KindProperty,
			Property: &crm.Property{Name: name, Value: value, OfRecord: true},
		}}
	}
	f := &fake{}
	var r *rig
	f.fetch = func(refs []crm.Ref) ([]crm.Notice, error) {
		seq := r.clock().UnixMilli()
		return append(profiles(refs), property(crm.PropOverride, "", seq), property(crm.PropOptOut, "false", seq)), nil
	}
	r = newRig(t, t.TempDir(), func(o *Options) { o.Sources[0].CRM.Tick = time.Second }, f)
	r.send("fake", mail("7", "1", start))
	r.send("fake", property(crm.PropOverride, "", 0), property(crm.PropOptOut, "false", 0))
	r.send("fake", property(crm.PropOverride, "D", 0), property(crm.PropOptOut, "true", 0)) // late
	r.idle()
	if got := f.of("7"); got[crm.FieldRating] == "" || got[crm.FieldStatus] != "open" {
		t.Errorf("written %v, want a rating without the override and the opt-out that were taken back", got)
	}
}
