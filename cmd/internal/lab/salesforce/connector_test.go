package salesforce

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/salesforce"
)

// The connector against this org: what a fake of its own making would let pass.

func connected(t *testing.T, opt Options, change func(*salesforce.Config)) (Face, connectors.Vendor) {
	t.Helper()
	return connectedBy(t, nil, opt, change)
}

// connectedBy is connected with a clock of the connector's own.
func connectedBy(
	t *testing.T, clock func() time.Time, opt Options, change func(*salesforce.Config),
) (Face, connectors.Vendor) {
	t.Helper()
	at := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	if opt.Now == nil {
		opt.Now = func() time.Time { at = at.Add(time.Second); return at }
	}
	o, err := Start(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	cfg := salesforce.Config{
		API: salesforce.API{URL: o.URL()}, ClientID: "sandbox-client", ClientSecret: "sandbox-secret",
		HookKey: hookKey, OrgID: o.ID(),
		MeetingOutcome: "Outcome__c",
	}
	if change != nil {
		change(&cfg)
	}
	c, err := salesforce.New(cfg, connectors.Options{
		Source: crm.Source{Name: "salesforce", Vendor: salesforce.Vendor}, Salt: []byte("salt"), Now: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	return Face{o}, c.Vendor()
}

func facts(t *testing.T, v connectors.Vendor, typ string, ids ...string) (fs []*crm.Fact, ns []crm.Notice) {
	t.Helper()
	var refs []crm.Ref
	for _, id := range ids {
		refs = append(refs, crm.Ref{Type: typ, ID: id})
	}
	for _, r := range v.Fetch.Fetch(t.Context(), refs) {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		ns = append(ns, r.Notices...)
	}
	for _, n := range ns {
		if n.Fact != nil {
			fs = append(fs, n.Fact)
		}
	}
	return fs, ns
}

func property(fs []*crm.Fact, who, name string) string {
	for _, f := range fs {
		if f.Contact == who && f.Property != nil && f.Property.Name == name {
			return f.Property.Value
		}
	}
	return "none"
}

// Set-up makes what is missing, and shows it to the running user; after it nothing is missing.
func TestSetUp(t *testing.T) {
	_, v := connected(t, Options{}, nil)
	made := 0
	steps, err := v.Setup.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rights := 0
	for _, s := range steps {
		if s.Right {
			rights++
			continue
		}
		if s.Have {
			t.Errorf("%s is there already", s.Name)
		}
		if err := v.Setup.Apply(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		made++
	}
	if err := v.Setup.Apply(t.Context(), steps[0]); err != nil {
		t.Errorf("after a set-up that was broken off: %v", err)
	}
	steps, err = v.Setup.Plan(t.Context())
	if err != nil || made < 45 || len(steps) != made+rights {
		t.Fatal(made, len(steps), err)
	}
	for _, s := range steps {
		if !s.Have {
			t.Errorf("%s is still missing", s.Name)
		}
	}
	if advice, _ := v.Setup.Advice("https://winnow.example"); !strings.Contains(advice,
		"https://winnow.example/hooks/salesforce?key=") || strings.Contains(advice, hookKey) {
		t.Error(advice)
	}
}

// What the running user may not see is named: to Winnow it looks empty.
func TestSetUpNamesWhatIsHidden(t *testing.T) {
	f, v := connected(t, Options{Fields: true}, nil)
	f.Hide("Lead", "HasOptedOutOfEmail")
	f.Hide("Quote", "GrandTotal")
	f.Hide("Event", "")
	steps, err := v.Setup.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range steps {
		if s.Right && !s.Have && s.Hand != "" {
			got[s.Name] = s.Detail
		}
	}
	if diff := cmp.Diff(map[string]string{
		"read Lead":  "hidden from the running user: HasOptedOutOfEmail",
		"read Quote": "hidden from the running user: GrandTotal",
		"read Event": "the org does not have it, or hides it from the running user",
	}, got); diff != "" {
		t.Error(diff)
	}
}

// An org without the history of quotes has quotes all the same; a field of their lines that is hidden is a fault, not
// an empty quote.
func TestWhatQuotesAreMadeOf(t *testing.T) {
	f, v := connected(t, Options{Fields: true}, nil)
	who := f.CreatePerson(world.Profile{Last: "C", Email: "c@c.example", Company: "C", Customer: true})
	deal := f.Deal([]string{who}, world.Deal{Name: "D", Amount: 100})
	quote := f.Quote([]string{who}, world.Quote{
		Title: "Q", Deals: []string{deal}, Lines: []world.Line{{Name: "Seats", Quantity: 2, Price: 50}},
	})
	f.Hide("QuoteHistory", "")
	if fs, _ := facts(t, v, "Quote", quote); len(fs) == 0 {
		t.Error("without its history a quote says nothing")
	}
	f.Hide("QuoteLineItem", "UnitPrice")
	res := v.Fetch.Fetch(t.Context(), []crm.Ref{{Type: "Quote", ID: quote}})
	if err := res[0].Err; connectors.KindOf(err) != connectors.Misconfigured || err == nil ||
		!strings.Contains(err.Error(), "UnitPrice") {
		t.Errorf("a hidden field of the lines: %v", err)
	}
}

// Each record of a collection is written or refused by itself.
func TestRowsAreJudgedByThemselves(t *testing.T) {
	f, v := connected(t, Options{Fields: true}, nil)
	var ids []string
	for range 3 {
		ids = append(ids, f.CreatePerson(world.Profile{First: "A", Last: "B", Email: "a@b.example"}))
	}
	contact := f.CreatePerson(world.Profile{Last: "C", Company: "C", Customer: true})
	f.Lock(ids[1], 1)
	f.Delete(ids[2])
	values := map[crm.Field]string{
		crm.FieldRating: "B", crm.FieldScore: "61", crm.FieldDisqualified: "true", crm.FieldPendingUntil: "2026-03-20",
		crm.FieldOwedSince: "2026-03-02T09:30:00Z", crm.FieldReasons: strings.Repeat("x", 40000),
		crm.FieldNativeStatus: crm.UnqualifiedStatus,
	}
	chs := []crm.Change{
		{Contact: "lead/" + ids[0], Values: values},
		{Contact: "lead/" + ids[1], Values: values},
		{Contact: "lead/" + ids[2], Values: values},
		{Contact: "contact/" + contact, Values: values},
	}
	errs := v.Write.Write(t.Context(), chs)
	for i, want := range []connectors.Kind{0, connectors.Conflict, connectors.NotFound, 0} {
		if (want == 0) != (errs[i] == nil) || want != 0 && connectors.KindOf(errs[i]) != want {
			t.Errorf("row %d: %v, want %s", i, errs[i], want)
		}
	}
	got, _ := f.Get(ids[0])
	if got["Winnow_Rating__c"] != "B" || got["Winnow_Score__c"] != 61.0 || got["Status"] != "Closed - Not Converted" ||
		len(got["Winnow_Reasons__c"].(string)) != 32000 {
		t.Errorf("the lead shows %v", got)
	}
	if got, _ := f.Get(contact); got["Winnow_Disqualified__c"] != true || got["Status"] != nil {
		t.Errorf("the contact shows %v", got)
	}
	f2, v := connected(t, Options{Fields: true}, func(c *salesforce.Config) { c.Unqualified = "No such status" })
	id := f2.CreatePerson(world.Profile{Last: "B"})
	err := v.Write.Write(t.Context(), []crm.Change{{Contact: "lead/" + id, Values: values}})[0]
	e, ok := err.(*connectors.Error)
	if !ok || !e.Beside || e.Kind != connectors.Rejected || !strings.Contains(err.Error(), "Status") {
		t.Errorf("a status that the org does not have: %v", err)
	}
	if got, _ := f2.Get(id); got["Winnow_Rating__c"] != "B" {
		t.Error("the rating was refused for the status' sake")
	}
	_, bare := connected(t, Options{}, nil)
	if err := bare.Write.Write(t.Context(), chs[:1])[0]; connectors.KindOf(err) != connectors.Misconfigured ||
		!strings.Contains(err.Error(), "winnow setup salesforce") {
		t.Errorf("without set-up: %v", err)
	}
}

// Salesforce takes ten chunks of one kind in a call: changes of both kinds by turns are sorted before they are sent.
func TestKindsByTurnsAreOneCall(t *testing.T) {
	f, v := connected(t, Options{Fields: true}, nil)
	var chs []crm.Change
	for range 100 {
		values := map[crm.Field]string{crm.FieldRating: "B"}
		chs = append(chs,
			crm.Change{Contact: "lead/" + f.CreatePerson(world.Profile{Last: "B"}), Values: values},
			crm.Change{Contact: "contact/" + f.Insert("Contact", map[string]any{"LastName": "C"}), Values: values})
	}
	parts := v.Write.Split(chs)
	if len(parts) != 1 {
		t.Fatalf("200 changes are %d parts, want one", len(parts))
	}
	for i, err := range v.Write.Write(t.Context(), parts[0]) {
		if err != nil {
			t.Fatalf("change %d: %v", i, err)
		}
	}
	if f.WriteCalls() != 1 {
		t.Errorf("it took %d calls, want one", f.WriteCalls())
	}
	for _, ch := range chs {
		if p, _ := f.Person(crm.ParsePerson(ch.Contact).ID); p.Fields["rating"] != "B" {
			t.Errorf("%s shows %v", ch.Contact, p.Fields)
		}
	}
}

// A rating does not have a lead assigned anew, and that of a queue has no zone.
func TestALeadKeepsItsOwner(t *testing.T) {
	f, v := connected(t, Options{Fields: true}, nil)
	id := f.CreatePerson(world.Profile{Last: "B", Email: "a@b.example"})
	was, _ := f.Get(id)
	ch := crm.Change{Contact: "lead/" + id, Values: map[crm.Field]string{crm.FieldRating: "B"}}
	if err := v.Write.Write(t.Context(), []crm.Change{ch})[0]; err != nil {
		t.Fatal(err)
	}
	if is, _ := f.Get(id); is["OwnerId"] != was["OwnerId"] || is["Winnow_Rating__c"] != "B" {
		t.Errorf("the owner was %v and is %v", was["OwnerId"], is["OwnerId"])
	}
	f.Set(id, map[string]any{"OwnerId": f.Insert("Group", map[string]any{"Name": "Inbound"})})
	if fs, _ := facts(t, v, "Lead", id); property(fs, "lead/"+id, crm.PropOwnerTimeZone) != "" {
		t.Error("a queue has a time zone")
	}
}

// An import that changes as many records in one second as fit a page, or more, is read once.
func TestAnImportIsReadOnce(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	alone := func(c *salesforce.Config) { c.Objects = []string{"Lead"} }
	for _, records := range []int{1999, 2000, 2001, 4100} {
		f, v := connected(t, Options{Now: func() time.Time { return at }}, alone)
		for range records {
			f.Insert("Lead", map[string]any{"LastName": "B"})
		}
		cursor, seen, pages := "", map[string]bool{}, 0
		for more := true; more && pages < 20; pages++ {
			var ns []crm.Notice
			var err error
			if ns, cursor, more, err = v.Poll.Poll(t.Context(), cursor, at.Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
			for _, n := range ns {
				seen[n.Ref.ID] = true
			}
		}
		if len(seen) != records || pages > 6 {
			t.Errorf("%d of %d leads in %d pages", len(seen), records, pages)
		}
	}
}

// Activities of long ago are archived: they are history all the same. A colleague's copy of a meeting is no meeting.
func TestActivitiesOfLongAgo(t *testing.T) {
	f, v := connected(t, Options{}, nil)
	who := f.CreatePerson(world.Profile{Last: "B", Email: "a@b.example"})
	call := f.Call([]string{who}, world.Call{Title: "Looms", Duration: time.Minute})
	meeting := f.Meet([]string{who}, world.Meeting{Title: "Looms", Start: f.Now()})
	values, _ := f.Get(meeting)
	copied := f.Insert("Event", map[string]any{
		"WhoId": who, "StartDateTime": values["StartDateTime"], "EndDateTime": values["EndDateTime"], "IsChild": true,
	})
	f.Archive(call)
	f.Archive(meeting)
	if fs, _ := facts(t, v, "Task", call); len(fs) != 1 || fs[0].Contact != "lead/"+who {
		t.Errorf("the call says %+v", fs)
	}
	if fs, _ := facts(t, v, "Event", meeting, copied); len(fs) != 1 || fs[0].ID != "Event/"+meeting {
		t.Errorf("the meetings say %+v", fs)
	}
	found, total := map[string]bool{}, 0
	for cursor, first := "", true; first || cursor != ""; first = false {
		page, err := v.Backfill.Backfill(t.Context(), cursor, f.Now().Add(-time.Hour), f.Now())
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range page.Notices {
			found[n.Ref.ID] = true
		}
		cursor, total = page.Next, page.Total
	}
	if !found[call] || !found[meeting] || total != 4 {
		t.Errorf("the history has %d records: %v", total, found)
	}
}

// A session that ends in the middle of a query costs nothing but another token.
func TestASessionEndsBetweenPages(t *testing.T) {
	f, v := connected(t, Options{Page: 7}, nil)
	var ids []string
	for range 20 {
		ids = append(ids, f.CreatePerson(world.Profile{Last: "B", Email: "a@b.example"}))
	}
	pages := 0
	f.Refuse(func(r *http.Request) *Refusal {
		if strings.Contains(r.URL.Path, "/queryAll/01g") || strings.Contains(r.URL.Path, "/query/01g") {
			if pages++; pages == 1 {
				return &Refusal{Status: 401, Code: "INVALID_SESSION_ID"}
			}
		}
		return nil
	})
	fs, _ := facts(t, v, "Lead", ids...)
	people := map[string]bool{}
	for _, f := range fs {
		people[f.Contact] = true
	}
	if len(people) != 20 || pages < 3 {
		t.Errorf("%d of 20 leads in %d pages", len(people), pages)
	}
}

// What was deleted, merged or converted is seen by a poll alone, and our own writes start nothing.
func TestPolls(t *testing.T) {
	f, v := connected(t, Options{Fields: true}, func(c *salesforce.Config) { c.Webhooks = "off" })
	gone := f.CreatePerson(world.Profile{Last: "Gone"})
	one := f.CreatePerson(world.Profile{First: "Ada", Last: "Quill", Email: "ada@quill.example"})
	two := f.CreatePerson(world.Profile{First: "Ada", Last: "Quill", Email: "ada@studio.example"})
	mail := f.Email([]string{one}, world.Email{Incoming: true, Subject: "Looms", Text: "How much is one?"})
	begin := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	cursor := ""
	round := func() (ns []crm.Notice) {
		t.Helper()
		for more := true; more; {
			var got []crm.Notice
			var err error
			got, cursor, more, err = v.Poll.Poll(t.Context(), cursor, begin)
			if err != nil {
				t.Fatal(err)
			}
			ns = append(ns, got...)
		}
		return ns
	}
	asked := func(ns []crm.Notice, typ, id string) bool {
		return slices.ContainsFunc(ns, func(n crm.Notice) bool {
			return n.Ref != nil && n.Ref.Type == typ && n.Ref.ID == id
		})
	}
	ns := round()
	if !asked(ns, "Lead", one) || !asked(ns, "Lead", two) || !asked(ns, "EmailMessage", mail) {
		t.Fatalf("the first round: %+v", ns)
	}
	_, _ = facts(t, v, "Lead", one, two, gone)
	if err := v.Write.Write(t.Context(), []crm.Change{
		{Contact: "lead/" + one, Values: map[crm.Field]string{crm.FieldRating: "B"}},
	})[0]; err != nil {
		t.Fatal(err)
	}
	if ns = round(); asked(ns, "Lead", one) {
		t.Error("our own write has the lead read again")
	}
	f.Delete(gone)
	f.Merge(one, two)
	ns = round()
	deleted := slices.ContainsFunc(ns, func(n crm.Notice) bool {
		return n.Fact != nil && n.Fact.Contact == "lead/"+gone && n.Fact.Existence != nil && n.Fact.Existence.Deleted
	})
	if !deleted || !asked(ns, "Lead", two) {
		t.Errorf("after a deletion and a merge: %+v", ns)
	}
	fs, _ := facts(t, v, "Lead", two)
	if !slices.ContainsFunc(fs, func(f *crm.Fact) bool {
		return f.Contact == "lead/"+two && f.Merge != nil && f.Merge.Into == "lead/"+one
	}) {
		t.Errorf("the loser says %+v", fs)
	}
	f.Deal([]string{one}, world.Deal{Name: "Looms", Amount: 10})
	p, _ := f.Person(one)
	ns = round()
	if !asked(ns, "Lead", one) {
		t.Fatalf("after a conversion: %+v", ns)
	}
	fs, ns = facts(t, v, "Lead", one)
	if !slices.ContainsFunc(fs, func(f *crm.Fact) bool { return f.Merge != nil && f.Merge.Into == "contact/"+p.ID }) ||
		!asked(ns, "Contact", p.ID) {
		t.Errorf("the converted lead says %+v", fs)
	}
	if !slices.ContainsFunc(fs, func(f *crm.Fact) bool { // it may never have been read before
		return f.Contact == "lead/"+one && f.Property != nil && f.Property.Name == crm.PropLeadStatus
	}) || slices.ContainsFunc(fs, func(f *crm.Fact) bool { return f.Existence != nil && f.Contact == "lead/"+one }) {
		t.Errorf("the converted lead says of itself %+v", fs)
	}
	fs, _ = facts(t, v, "EmailMessage", mail)
	if len(fs) != 1 || fs[0].Contact != "contact/"+p.ID || fs[0].Message.Direction != crm.In ||
		!fs[0].Message.Text.Intents.Has(crm.Asks) {
		t.Errorf("the mail of the converted lead: %+v", fs)
	}
}

// A contact and a lead tell the same under other names; what the settings name is read where the org has it.
func TestProfiles(t *testing.T) {
	f, v := connected(t, Options{Fields: true}, func(c *salesforce.Config) { c.SegmentField = "Title" })
	lead := f.CreatePerson(world.Profile{
		First: "A", Last: "B", Email: "a@b.example", Country: "Germany", Role: "Owner", Origin: world.Inbound,
	})
	staff := f.CreatePerson(world.Profile{
		Last: "Vale", Email: "Robin.Vale+crm@winnow.example", Company: "Us", Customer: true, Country: "Schweiz",
	})
	f.Set(lead, map[string]any{"Winnow_Override__c": "keep", "HasOptedOutOfEmail": true})
	fs, _ := facts(t, v, "Lead", lead)
	for name, want := range map[string]string{
		crm.PropCountry: "DE", crm.PropOrigin: "inbound", crm.PropOverride: "keep", crm.PropOptOut: "true",
		crm.PropStaff:    "false",
		crm.PropCustomer: "false", crm.PropLeadStatus: "Open - Not Contacted", crm.PropOwnerTimeZone: "Europe/Berlin",
		crm.PropSegment:  "Owner",
		crm.PropProfiled: "true", crm.PropShown: "",
	} {
		if got := property(fs, "lead/"+lead, name); got != want {
			t.Errorf("%s of the lead is %q, want %q", name, got, want)
		}
	}
	fs, _ = facts(t, v, "Contact", staff)
	for name, want := range map[string]string{
		crm.PropStaff: "true", crm.PropCustomer: "true", crm.PropCountry: "CH", crm.PropLeadStatus: "none",
	} {
		if got := property(fs, "contact/"+staff, name); got != want {
			t.Errorf("%s of the contact is %q, want %q", name, got, want)
		}
	}
}

// The day's limit is 403, and no fault of the credential.
func TestTheDayIsUsedUp(t *testing.T) {
	f, v := connected(t, Options{DailyLimit: 3}, nil)
	id := f.CreatePerson(world.Profile{Last: "B"})
	var err error
	for range 3 {
		if err = v.Fetch.Fetch(t.Context(), []crm.Ref{{Type: "Lead", ID: id}})[0].Err; err != nil {
			break
		}
	}
	if connectors.KindOf(err) != connectors.RateLimited || connectors.AfterOf(err) < 10*time.Minute {
		t.Errorf("%v after %s", err, connectors.AfterOf(err))
	}
}

// Once the day's calls are used up the org is left alone for the whole pause, whatever there is to do, and then all of
// it is done.
func TestTheDayComesBack(t *testing.T) {
	var moved atomic.Int64
	begin := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	clock := func() time.Time { return begin.Add(time.Duration(moved.Load())) }
	f, v := connectedBy(t, clock, Options{Now: clock, Fields: true}, nil)
	id := f.CreatePerson(world.Profile{Last: "B"})
	todo := map[string]func() error{
		"write": func() error {
			return v.Write.Write(t.Context(), []crm.Change{
				{Contact: "lead/" + id, Values: map[crm.Field]string{crm.FieldRating: "B"}},
			})[0]
		},
		"fetch": func() error { return v.Fetch.Fetch(t.Context(), []crm.Ref{{Type: "Lead", ID: id}})[0].Err },
		"poll": func() error {
			_, _, _, err := v.Poll.Poll(t.Context(), "", begin.Add(-time.Hour))
			return err
		},
	}
	var asked atomic.Int64
	usedUp := Refusal{Status: http.StatusForbidden, Code: "REQUEST_LIMIT_EXCEEDED"}
	f.Refuse(func(*http.Request) *Refusal { asked.Add(1); return &usedUp })
	err := todo["fetch"]()
	pause := connectors.AfterOf(err)
	if connectors.KindOf(err) != connectors.RateLimited || pause < 10*time.Minute || asked.Load() != 1 {
		t.Fatalf("%v after %s, asked %d times", err, pause, asked.Load())
	}
	f.Refuse(func(*http.Request) *Refusal { asked.Add(1); return nil }) // the calls are back already
	for _, into := range []time.Duration{0, pause / 2, pause - time.Second} {
		moved.Store(int64(into))
		for name, do := range todo {
			if err := do(); connectors.KindOf(err) != connectors.RateLimited || connectors.AfterOf(err) > pause-into {
				t.Errorf("%s, %s into the pause: %v, again in %s", name, into, err, connectors.AfterOf(err))
			}
		}
	}
	if asked.Load() != 1 {
		t.Errorf("the org was asked %d times in the pause", asked.Load()-1)
	}
	moved.Store(int64(pause + time.Second))
	for name, do := range todo {
		if err := do(); err != nil {
			t.Errorf("%s, after the pause: %v", name, err)
		}
	}
	if p, _ := f.Person(id); p.Fields[string(crm.FieldRating)] != "B" {
		t.Errorf("what was to be written is not: %v", p.Fields)
	}
}

func TestJWTBearerFlow(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	f, v := connected(t, Options{Key: &key.PublicKey}, func(c *salesforce.Config) {
		c.ClientSecret, c.Username, c.Login.URL = "", "integration@acme.example", c.API.URL
		c.PrivateKey = connectors.Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pair}))
	})
	if got, err := v.Account.Account(t.Context()); got != f.ID() || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// TestPast: what there is of one person is found by itself, what a colleague on the same deal wrote too, and the lead
// that the contact was; and nothing of others.
func TestPast(t *testing.T) {
	f, v := connected(t, Options{}, nil)
	one := f.CreatePerson(world.Profile{Last: "One", Email: "one@loom.example", Company: "Loom"})
	two := f.CreatePerson(world.Profile{Last: "Two", Email: "two@loom.example", Company: "Loom"})
	other := f.CreatePerson(world.Profile{Last: "Other", Email: "other@rope.example", Company: "Rope"})
	mail := f.Email([]string{one}, world.Email{Incoming: true, Subject: "Price", Text: "What does it cost?"})
	f.Call([]string{one}, world.Call{Incoming: true})
	meeting := f.Meet([]string{one}, world.Meeting{Title: "Looms", Start: f.Now()})
	deal := f.Deal([]string{one, two}, world.Deal{Name: "Looms", Amount: 10})
	f.Email([]string{two}, world.Email{Incoming: true, Subject: "Price", Text: "We take two."})
	stray := f.Email([]string{other}, world.Email{Incoming: true, Subject: "Rope", Text: "What do ropes cost?"})
	p, _ := f.Person(one)
	who := "contact/" + p.ID
	got := v.Fetch.Fetch(t.Context(), []crm.Ref{v.Past.Past(who)})[0]
	if got.Err != nil {
		t.Fatal(got.Err)
	}
	found, ids := map[string]int{}, map[string]bool{}
	for _, n := range got.Notices {
		if n.Ref == nil || n.Ref.ID == stray {
			t.Errorf("it asks for %+v", n)
			continue
		}
		found[n.Ref.Type]++
		ids[n.Ref.Type+"/"+n.Ref.ID] = true
	}
	for typ, id := range map[string]string{
		"Contact": p.ID, "Lead": one, "EmailMessage": mail, "Event": meeting, "Opportunity": deal,
	} {
		if !ids[typ+"/"+id] {
			t.Errorf("it does not ask for %s %s: %v", typ, id, found)
		}
	}
	if found["EmailMessage"] < 2 || found["Task"] < 1 {
		t.Errorf("it asks for %v, want a colleague's mail and the call too", found)
	}
	if concerned, err := v.Relate.Concerned(t.Context(), v.Past.Past(who)); err != nil || len(concerned) != 2 {
		t.Errorf("it concerns %v, %v", concerned, err)
	}
}
