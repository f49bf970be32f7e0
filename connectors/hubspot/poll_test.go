package hubspot

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// round polls until nothing more is waiting, and returns how often each record came.
func round(t *testing.T, c *Connector, at string, since time.Time) (map[string]int, string) {
	t.Helper()
	seen := map[string]int{}
	for range 500 {
		ns, next, more, err := c.Poll(t.Context(), at, since)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range ns {
			if n.Removed != nil {
				seen["gone "+n.Removed.ID]++
				continue
			}
			seen[n.Ref.Type+"/"+n.Ref.ID]++
		}
		if at = next; !more {
			return seen, at
		}
	}
	t.Fatal("a round without end")
	return nil, ""
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

func TestPoll(t *testing.T) {
	p := newPortal(t)
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	since := now.Add(-24 * time.Hour)
	c := p.connect(t, func(c *Config) { c.Objects = []string{"contacts", "emails"} })
	c.now = func() time.Time { return now }
	for i := range 950 { // more than four pages
		p.add("contacts", strconv.Itoa(1000+i), "lastmodifieddate", stamp(since.Add(time.Duration(i)*time.Minute)))
	}
	for i := range 730 { // an import: far more than a page at one instant
		p.add("contacts", strconv.Itoa(5000+i), "lastmodifieddate", stamp(since.Add(90*time.Minute)))
	}
	p.add("contacts", "1", "lastmodifieddate", stamp(since.Add(-time.Minute)))
	p.add("emails", "7", "hs_lastmodifieddate", stamp(since.Add(time.Hour)))
	seen, at := round(t, c, "", since)
	for kind, list := range p.records {
		for id := range list {
			if id != "1" && seen[kind+"/"+id] == 0 {
				t.Fatalf("%s/%s was left out", kind, id)
			}
		}
	}
	if seen["contacts/1"] != 0 {
		t.Error("what lies before the beginning was read")
	}
	if total := len(seen); total != 950+730+1 {
		t.Errorf("%d records", total)
	}

	// The next round finds what is new, and what search found too late, but not everything again.
	last := since.Add(949 * time.Minute)
	p.add("contacts", "2", "lastmodifieddate", stamp(last.Add(time.Second)))
	seen, at = round(t, c, at, since)
	if seen["contacts/2"] == 0 || len(seen) > 20 {
		t.Errorf("second round: %v", seen)
	}
	now = last.Add(time.Minute + time.Second)
	p.add("contacts", "3", "lastmodifieddate", stamp(now))
	_, at = round(t, c, at, since)
	p.add("contacts", "4", "lastmodifieddate", stamp(now.Add(-14*time.Minute))) // only now does search show it
	seen, at = round(t, c, at, since)
	if seen["contacts/4"] == 0 {
		t.Errorf("what search found late was left out: %v", seen)
	}
	now = now.Add(time.Hour)
	_, at = round(t, c, at, since)
	if seen, _ = round(t, c, at, since); len(seen) != 0 {
		t.Errorf("a quiet hour later the same comes again and again: %v", seen)
	}
}

// A contact that changed in nothing that is read of it, as by our own write, is not read again; one that changed
// otherwise is, although our write came after that. Once a day it is read whatever changed.
func TestPollLeavesOwnWrites(t *testing.T) {
	p := newPortal(t)
	since := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	now := since
	c := p.connect(t, func(c *Config) { c.Objects = []string{"contacts"} })
	c.now = func() time.Time { return now }
	ada := p.add("contacts", "101", "email", "ada@customer.example", "createdate", "2026-01-05T08:00:00Z",
		"lastmodifieddate", stamp(since))
	was(ada, "lifecyclestage", "lead", "2026-02-01T00:00:00Z")
	p.add("contacts", "102", "email", "ben@customer.example", "createdate", "2026-01-05T08:00:00Z", "lastmodifieddate",
		stamp(since))
	seen, at := round(t, c, "", since)
	if len(seen) != 2 {
		t.Fatalf("before anything was read: %v", seen)
	}
	if _, err := c.Fetch(t.Context(), refs("contacts", "101", "102")); err != nil {
		t.Fatal(err)
	}
	write := func(id string) {
		now = now.Add(time.Hour)
		if errs := c.Write(t.Context(), []crm.Change{
			{Contact: id, Values: map[crm.Field]string{crm.FieldRating: "B"}},
		}); errs[0] != nil {
			t.Fatal(errs[0])
		}
		p.records["contacts"][id]["properties"].(obj)["lastmodifieddate"] = stamp(now)
	}
	write("101")
	write("102")
	if seen, at = round(t, c, at, since); len(seen) != 0 {
		t.Errorf("our own writes are read again: %v", seen)
	}
	was(ada, "lifecyclestage", "customer", stamp(now), "lead", "2026-02-01T00:00:00Z") // and no webhook told of it
	write("101")
	write("102")
	if seen, at = round(t, c, at, since); len(seen) != 1 || seen["contacts/101"] == 0 {
		t.Errorf("of a change before our write and none: %v", seen)
	}
	if _, err := c.Fetch(t.Context(), refs("contacts", "101")); err != nil {
		t.Fatal(err)
	}
	write("101")
	if seen, at = round(t, c, at, since); len(seen) != 0 {
		t.Errorf("read since: %v", seen)
	}
	now = now.Add(24 * time.Hour)
	write("101")
	if seen, _ = round(t, c, at, since); len(seen) != 1 {
		t.Errorf("a day later: %v", seen)
	}
}

// A contact that a webhook has told of is read again although it looks as it did when it was read: it may have changed
// back, of which no event came.
func TestPollSeesWhatChangedBack(t *testing.T) {
	p := newPortal(t)
	since := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	c := p.connect(t, func(c *Config) { c.Objects = []string{"contacts"} })
	c.now = func() time.Time { return since.Add(time.Minute) }
	ada := p.add("contacts", "101", "email", "ada@customer.example", "createdate", "2026-01-05T08:00:00Z",
		"lastmodifieddate", stamp(since))
	was(ada, "lifecyclestage", "lead", "2026-02-01T00:00:00Z")
	if _, err := c.Fetch(t.Context(), refs("contacts", "101")); err != nil {
		t.Fatal(err)
	}
	if seen, _ := round(t, c, "", since); len(seen) != 0 {
		t.Fatalf("read already: %v", seen)
	}
	_, err := c.Decode(connectors.Delivery{Body: []byte(fmt.Sprintf(
		`[{"subscriptionType":"contact.propertyChange","objectId":101,"propertyName":"lifecyclestage","propertyValue":"customer","occurredAt":%d}]`, since.UnixMilli()))})
	if err != nil {
		t.Fatal(err)
	}
	if seen, _ := round(t, c, "", since); seen["contacts/101"] == 0 {
		t.Errorf("changed, and changed back: %v", seen)
	}
}

// A mail that is filed with a contact days after it was logged changes the contact alone: a poll that sees it looks for
// the contact's newest activities, once, and reads of them what was not read yet. The same goes for a contact that is
// new.
func TestPollFindsWhatIsFiledLater(t *testing.T) {
	p := newPortal(t)
	begin := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	now := begin
	c := p.connect(t, func(c *Config) { c.Objects = []string{"contacts", "emails"} })
	c.now = func() time.Time { return now }
	changed := func(id string, pairs ...string) {
		now = now.Add(time.Hour)
		props := p.records["contacts"][id]["properties"].(obj)
		for i := 0; i+1 < len(pairs); i += 2 {
			props[pairs[i]] = pairs[i+1]
		}
		props["lastmodifieddate"] = stamp(now)
	}
	p.add("contacts", "101", "email", "ada@mill.example", "createdate", "2026-01-05T08:00:00Z", "lastmodifieddate",
		"2026-01-05T08:00:00Z")
	for _, id := range []string{"7", "8"} {
		p.add("emails", id, "hs_timestamp", "2026-02-01T08:00:00Z", "hs_lastmodifieddate", "2026-02-01T08:00:00Z",
			"hs_email_direction", "INCOMING_EMAIL",
			"hs_email_from_email", "ada@mill.example", "hs_email_text", "What is the price?")
	}
	p.link("emails/7", "contacts/101")
	if _, err := c.Fetch(t.Context(), refs("emails", "7", "8")); err != nil { // as a backfill does
		t.Fatal(err)
	}
	if _, err := c.Fetch(t.Context(), refs("contacts", "101")); err != nil {
		t.Fatal(err)
	}
	_, at := round(t, c, "", begin)

	p.link("emails/8", "contacts/101")
	// the mail is old, and so is the time of the last activity
	changed("101", "num_notes", "2")
	// a page that could not be stored: the poll does not go on from it
	if _, _, _, err := c.Poll(t.Context(), at, begin); err != nil {
		t.Fatal(err)
	}
	seen, at := round(t, c, at, begin)
	if seen["filed/101"] != 1 || seen["contacts/101"] != 0 {
		t.Fatalf("filed later: %v", seen)
	}
	got, err := c.Fetch(t.Context(), refs("filed", "101"))
	if err != nil || len(got) != 1 || got[0].Ref == nil || got[0].Ref.ID != "8" {
		t.Fatalf("of two mails one was read before: %+v, %v", got, err)
	}
	got, err = c.Fetch(t.Context(), refs("timeline", "101"))
	if err != nil || len(got) != 2 {
		t.Errorf("an event may mean that one of them changed: %+v, %v", got, err)
	}
	changed("101", "winnow_rating", "B")
	if seen, at = round(t, c, at, begin); len(seen) != 0 {
		t.Errorf("our own write: %v", seen)
	}
	changed("101", "notes_last_updated", stamp(now))
	if seen, at = round(t, c, at, begin); len(seen) != 1 || seen["filed/101"] != 1 {
		t.Errorf("something was logged: %v", seen)
	}

	now = now.Add(time.Minute)
	p.add("contacts", "102", "email", "ben@mill.example", "createdate", stamp(now), "lastmodifieddate", stamp(now))
	p.add("contacts", "103", "email", "cy@mill.example", "createdate", "2026-01-05T08:00:00Z", "lastmodifieddate",
		stamp(now), "notes_last_updated", "2026-01-05T08:00:00Z")
	seen, _ = round(t, c, at, begin)
	if seen["contacts/102"] != 1 || seen["filed/102"] != 1 {
		t.Errorf("a new contact, which may be made from an older mail: %v", seen)
	}
	if seen["contacts/103"] != 1 || seen["filed/103"] != 0 {
		t.Errorf("a contact of whom nothing is remembered, and with whom nothing was filed lately: %v", seen)
	}
}

// A cursor survives a restart in the middle of a round, and a broken one begins anew.
func TestPollCursor(t *testing.T) {
	p := newPortal(t)
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	since := now.Add(-time.Hour)
	for i := range 300 {
		p.add("contacts", strconv.Itoa(1000+i), "lastmodifieddate", stamp(since.Add(time.Duration(i)*time.Second)))
	}
	set := func(c *Config) { c.Objects = []string{"contacts"} }
	one := p.connect(t, set)
	first, at, more, err := one.Poll(t.Context(), "", since)
	if err != nil || !more || len(first) != pageSize {
		t.Fatal(len(first), more, err)
	}
	second, _, more, err := p.connect(t, set).Poll(t.Context(), at, since)
	if err != nil || more || len(second) != 101 { // the last of the first page comes twice rather than leave a gap
		t.Errorf("second page: %d, more %v, %v", len(second), more, err)
	}
	for _, broken := range []string{"{", "null", `{"kind":"contacts"}`, `{"kind":"no","places":{}}`} {
		if ns, _, _, err := one.Poll(t.Context(), broken, since); err != nil || len(ns) != pageSize {
			t.Errorf("cursor %s: %d, %v", broken, len(ns), err)
		}
	}
}

func TestBackfill(t *testing.T) {
	p := newPortal(t)
	since, until := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	for i := range 450 {
		at := stamp(since.Add(time.Duration(i) * time.Hour))
		p.add("contacts", strconv.Itoa(1000+i), "lastmodifieddate", at)
		p.add("emails", strconv.Itoa(1000+i), "hs_timestamp", at, "hs_lastmodifieddate", stamp(until.Add(time.Hour)))
	}
	p.add("emails", "1", "hs_timestamp", stamp(since.Add(-time.Hour)))
	p.add("emails", "2", "hs_timestamp", stamp(until.Add(time.Hour)))
	set := func(c *Config) { c.Objects = []string{"contacts", "emails"} }
	seen := map[string]int{}
	var page connectors.BackfillPage
	var stages []string
	var order []crm.Ref
	at := ""
	for range 50 {
		var err error
		// a new process for every page
		if page, err = p.connect(t, set).Backfill(t.Context(), at, since, until); err != nil {
			t.Fatal(err)
		}
		for _, n := range page.Notices {
			seen[n.Ref.Type+"/"+n.Ref.ID]++
			order = append(order, *n.Ref)
		}
		if !slices.Contains(stages, page.Stage) {
			stages = append(stages, page.Stage)
		}
		if at = page.Next; at == "" {
			break
		}
	}
	if at != "" || len(seen) != 900 || seen["emails/1"]+seen["emails/2"] != 0 {
		t.Errorf("%d records, ended %v", len(seen), at == "")
	}
	if page.Total < 900 || page.Read < page.Total || fmt.Sprint(stages) != "[contacts emails]" {
		t.Errorf("read %d of %d, stages %v", page.Read, page.Total, stages)
	}
	if !slices.IsSortedFunc(order, func(a, b crm.Ref) int {
		if a.Type != b.Type {
			return 0
		}
		x, _ := strconv.Atoi(a.ID)
		y, _ := strconv.Atoi(b.ID)
		return x - y
	}) {
		t.Error("not oldest first")
	}
}
