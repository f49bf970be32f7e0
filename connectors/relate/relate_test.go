package relate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/people"
)

// desk is a vendor with two kinds of people: what stands beside its records is written down as "mail/1": {"contact/1",
// "lead/1"}.
type desk struct {
	people, deals map[string][]string
	book          people.Book
	asked         int   // for addresses
	now           int64 // ns
}

func pick(from map[string][]string, typ string, ids []string) map[string][]string {
	out := map[string][]string{}
	for _, id := range ids {
		key := id
		if typ != "" {
			key = typ + "/" + id
		}
		if list := from[key]; len(list) > 0 {
			out[id] = slices.Clone(list)
		}
	}
	return out
}

func (d *desk) People(_ context.Context, typ string, records []string) (map[string][]string, error) {
	return pick(d.people, typ, records), nil
}

func (d *desk) DealsOf(_ context.Context, typ string, records []string) (map[string][]string, error) {
	return pick(d.deals, typ, records), nil
}

func (d *desk) DealsWith(_ context.Context, who []string) (map[string][]string, error) {
	return pick(d.deals, "", who), nil
}

func (d *desk) Addresses(_ context.Context, who []string) (people.Book, error) {
	d.asked++
	out := people.Book{}
	for _, p := range who {
		out[p] = d.book[p]
	}
	return out, nil
}

func newDesk() *desk {
	book := people.Book{}
	book.Add("contact/7", "ada@mill.example", "ada@home.example")
	book.Add("lead/7", "ben@mill.example")
	book.Add("contact/8", "cy@mill.example")
	return &desk{
		people: map[string][]string{
			"mail/1": {"contact/7", "lead/7"}, "mail/2": {"contact/7"}, "deal/d": {"contact/7", "lead/7", "contact/8"},
		},
		deals: map[string][]string{"contact/7": {"d"}, "lead/7": {"d"}, "contact/8": {"d"}, "mail/3": {"d"}},
		book:  book,
	}
}

func mail(d crm.Direction, class crm.Class) crm.Fact {
	return crm.Fact{Version: 5, Kind: crm.KindMessage, Message: &crm.Message{
		Direction: d, Channel: crm.Email, Text: crm.Text{Class: class, Asks: 1, Intents: crm.Asks},
	}}
}

func (d *desk) relater() *Relater {
	return &Relater{Neighbours: d, Deals: "deal", Now: func() time.Time { return time.Unix(0, d.now) }}
}

// told plays one mail through and returns, by person, the id of the fact and as whose it came.
func told(t *testing.T, d *desk, record string, m Mail, f crm.Fact, refs ...crm.Ref) map[string]string {
	t.Helper()
	r := d.relater()
	if len(refs) == 0 {
		refs = []crm.Ref{{Type: "mail", ID: record}}
	}
	circle, err := r.Look(t.Context(), "mail", []string{record}, refs, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := circle.Mails(t.Context(), people.NewStaff(nil, []string{"rita@looms.example"}),
		map[string]Mail{record: m}); err != nil {
		t.Fatal(err)
	}
	notices, err := circle.Notices(t.Context(), map[string]crm.Fact{record: f})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, n := range notices {
		switch {
		case n.Removed != nil:
			out[n.Removed.Contact] = "gone " + n.Removed.ID
		case n.Fact.Message.Copied:
			out[n.Fact.Contact] = n.Fact.ID + " copied"
		case n.Fact.Peer != "":
			out[n.Fact.Contact] = n.Fact.ID + " from " + n.Fact.Peer
		default:
			out[n.Fact.Contact] = n.Fact.ID
		}
	}
	return out
}

// Whoever wrote is known by the address alone: what somebody else wrote is nobody's conduct, and what we wrote asks
// those who got it.
func TestWhoseItIs(t *testing.T) {
	peer8 := func(from string) string { return "peer/mail/1 from " + from }
	for _, c := range []struct {
		why    string
		record string
		mail   Mail
		fact   crm.Fact
		want   map[string]string
	}{
		{
			"one of two wrote", "1",
			Mail{From: "Ada <ada@mill.example>"},
			mail(crm.In, crm.Human),
			map[string]string{
				"contact/7": "mail/1", "lead/7": "mail/1 from contact/7", "contact/8": peer8("contact/7"),
			},
		},
		{
			"from a private address", "1",
			Mail{From: "ada@home.example"},
			mail(crm.In, crm.Human),
			map[string]string{
				"contact/7": "mail/1", "lead/7": "mail/1 from contact/7", "contact/8": peer8("contact/7"),
			},
		},
		{
			"the front desk wrote", "1",
			Mail{From: "desk@mill.example"},
			mail(crm.In, crm.Human),
			map[string]string{
				"contact/7": "mail/1 from stranger", "lead/7": "mail/1 from stranger", "contact/8": peer8("stranger"),
			},
		},
		{
			"a carrier wrote, with one contact on the mail", "2",
			Mail{From: "plans@carrier.example"},
			mail(crm.In, crm.Human),
			map[string]string{
				"contact/7": "mail/2 from stranger", "lead/7": "peer/mail/2 from stranger",
				"contact/8": "peer/mail/2 from stranger",
			},
		},
		{
			"nobody knows which of two wrote", "1",
			Mail{},
			mail(crm.In, crm.Human),
			map[string]string{
				"contact/7": "mail/1 from stranger", "lead/7": "mail/1 from stranger", "contact/8": peer8("stranger"),
			},
		},
		{
			"the CRM names no sender of a mail of one", "2",
			Mail{},
			mail(crm.In, crm.Human),
			map[string]string{
				"contact/7": "mail/2", "lead/7": "peer/mail/2 from contact/7",
				"contact/8": "peer/mail/2 from contact/7",
			},
		},
		{
			"a bounce comes from a machine", "2",
			Mail{From: "mailer-daemon@mx.example"},
			mail(crm.In, crm.Bounce),
			map[string]string{"contact/7": "mail/2"},
		},
		{
			"so does an absence, of whichever address", "2",
			Mail{From: "a.d@mill.example"},
			mail(crm.In, crm.OutOfOffice),
			map[string]string{"contact/7": "mail/2"},
		},
		{
			"we wrote to one, with a copy to another", "1",
			Mail{From: "rita@looms.example", To: []string{"ada@mill.example"}, Copy: []string{"BEN@mill.example"}},
			mail(crm.Out, crm.Human),
			map[string]string{"contact/7": "mail/1", "lead/7": "mail/1 copied"},
		},
		{"filed with the deal alone", "3", Mail{From: "desk@mill.example"}, mail(crm.In, crm.Human), map[string]string{
			"contact/7": "peer/mail/3 from stranger", "lead/7": "peer/mail/3 from stranger",
			"contact/8": "peer/mail/3 from stranger",
		}},
	} {
		if diff := cmp.Diff(c.want, told(t, newDesk(), c.record, c.mail, c.fact)); diff != "" {
			t.Errorf("%s:\n%s", c.why, diff)
		}
	}
}

// Addresses cost a call: they are not read where they make no difference.
func TestAddressesAreReadWhereTheyMatter(t *testing.T) {
	for from, want := range map[string]int{"rita@looms.example": 0, "": 0, "ada@mill.example": 1} {
		d := newDesk()
		told(t, d, "2", Mail{From: from, To: []string{"x@mill.example"}}, mail(crm.Out, crm.Human))
		if d.asked != want {
			t.Errorf("from %q: addresses were read %d times, want %d", from, d.asked, want)
		}
	}
}

// What was read lately is not read again, until something changed or it grew old.
func TestAddressesAreRemembered(t *testing.T) {
	d := newDesk()
	r := d.relater()
	for i, step := range []func(){
		func() { r.Know("contact/7", "Ada <ada@mill.example>") }, func() {}, func() { r.Forget("contact/7") },
		func() {}, func() { d.now += int64(addressLasts) },
	} {
		step()
		book, err := r.addresses(t.Context(), []string{"contact/7"})
		if err != nil || !slices.Contains(book["contact/7"], "ada@mill.example") {
			t.Fatalf("step %d: %v, %v", i, book, err)
		}
		if want := []int{0, 0, 1, 1, 2}[i]; d.asked != want {
			t.Errorf("step %d: read %d times, want %d", i, d.asked, want)
		}
	}
}

// Whoever seems to be a stranger may be one of the people by an address that is new: it is read again before it is
// said.
func TestNewAddressesAreLookedFor(t *testing.T) {
	d := newDesk()
	r := d.relater()
	r.Know("contact/7", "ada@mill.example")
	d.now += int64(time.Minute)
	for i, from := range []string{"ada@mill.example", "ada@home.example", "desk@mill.example", "desk@mill.example"} {
		circle, err := r.Look(t.Context(), "mail", []string{"2"}, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := circle.Mails(t.Context(), people.NewStaff(nil, nil), map[string]Mail{"2": {From: from}}); err != nil {
			t.Fatal(err)
		}
		sender, _ := circle.Sender("2")
		if want := []people.Sender{
			people.Theirs, people.Theirs, people.Colleague, people.Colleague,
		}[i]; sender != want {
			t.Errorf("%s: %d, want %d", from, sender, want)
		}
		if want := []int{0, 1, 1, 1}[i]; d.asked != want {
			t.Errorf("%s: read %d times, want %d", from, d.asked, want)
		}
	}
}

// A reference may know of people with whom the record is not filed yet, or no more.
func TestPeopleOfTheReference(t *testing.T) {
	ref := crm.Ref{
		Type: "mail", ID: "2", Contacts: []string{"contact/8"}, Left: []string{"lead/9", "contact/7"}, AsOf: 9,
	}
	got := told(t, newDesk(), "2", Mail{From: "cy@mill.example"}, mail(crm.In, crm.Human), ref)
	want := map[string]string{
		"contact/7": "mail/2 from contact/8", "contact/8": "mail/2", "lead/9": "gone mail/2",
		"lead/7": "peer/mail/2 from contact/8",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestConcerned(t *testing.T) {
	r := newDesk().relater()
	for record, want := range map[string][]string{
		"2": {"contact/7", "contact/8", "lead/7"}, "3": {"contact/7", "contact/8", "lead/7"}, "4": nil,
	} {
		got, err := r.Concerned(t.Context(), crm.Ref{Type: "mail", ID: record}, false)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("mail %s concerns %v, %v, want %v", record, got, err, want)
		}
	}
}

// A person in many deals, and a deal of many people, reach a bounded number of others.
func TestReachIsBounded(t *testing.T) {
	d := &desk{people: map[string][]string{"mail/1": {"p"}}, deals: map[string][]string{}}
	for i := range 3 * maxDeals {
		deal := fmt.Sprint("d", i)
		d.deals["p"] = append(d.deals["p"], deal)
		for j := range maxPeers {
			d.people["deal/"+deal] = append(d.people["deal/"+deal], fmt.Sprintf("%s-%d", deal, j))
		}
	}
	got := told(t, d, "1", Mail{}, mail(crm.In, crm.Human))
	if len(got) != 1+maxPeers {
		t.Errorf("%d people hear of it, want %d", len(got), 1+maxPeers)
	}
	if _, there := got["d0-0"]; !there {
		t.Errorf("the newest deal is not among them: %v", slices.Sorted(maps.Keys(got))[:3])
	}
}

func TestHappened(t *testing.T) {
	for _, c := range []struct {
		by               crm.Direction
		at, created, end crm.Millis
	}{
		{crm.In, 50, 10, 10},
		{crm.In, 10, 50, 10},
		{crm.In, 0, 50, 50},
		{crm.In, 50, 0, 50},
		{0, 50, 10, 10},
		{crm.Out, 50, 10, 50},
		{crm.Out, 0, 10, 10},
	} {
		if got := Happened(c.by, c.at, c.created); got != c.end {
			t.Errorf("%s, at %d, created %d: %d, want %d", c.by, c.at, c.created, got, c.end)
		}
	}
}

// kin says who came through whom.
type kin map[string]string

func (k kin) Links(_ context.Context, who []string) (map[string]Links, error) {
	out := map[string]Links{}
	for _, p := range who {
		l := Links{}
		if up := k[p]; up != "" {
			l.Through, l.Near = []string{up}, []string{up}
		}
		for down, up := range k {
			if up == p {
				l.Near = append(l.Near, down)
			}
		}
		out[p] = l
	}
	return out, nil
}

func (k kin) Created(_ context.Context, who []string) (map[string]crm.Millis, error) {
	out := map[string]crm.Millis{}
	for _, p := range who {
		out[p] = 7
	}
	return out, nil
}

// A referral reaches three levels up; one that went is taken back for all who came through it.
func TestReferrals(t *testing.T) {
	k := kin{"lead/4": "contact/3", "contact/3": "contact/2", "contact/2": "contact/1", "contact/1": "contact/0"}
	levels := func(notices []crm.Notice) map[string]int {
		out := map[string]int{}
		for _, n := range notices {
			switch {
			case n.Removed != nil:
				out["gone "+n.Removed.ID]++
			case n.Fact.Referral.Direction == crm.In:
				out[n.Fact.Contact+" through "+n.Fact.Referral.Other] = n.Fact.Referral.Level
			}
		}
		return out
	}
	got, err := ReferralsOf(t.Context(), k, map[string]crm.Millis{"lead/4": 7})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"lead/4 through contact/3": 1, "lead/4 through contact/2": 2, "lead/4 through contact/1": 3}
	if diff := cmp.Diff(want, levels(got)); diff != "" {
		t.Error(diff)
	}
	delete(k, "contact/3")
	if got, err = ReferralsChanged(t.Context(), k, []crm.Ref{
		{Type: Referrals, Left: []string{"contact/2", "contact/3"}, AsOf: 9},
	}); err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"gone referrals/contact/2", "gone referrals/contact/3", "gone referrals/lead/4"} {
		if levels(got)[gone] != 1 {
			t.Errorf("%s: not said; %v", gone, levels(got))
		}
	}
	if levels(got)["lead/4 through contact/3"] != 1 || levels(got)["lead/4 through contact/2"] != 0 {
		t.Errorf("what is left: %v", levels(got))
	}
}
