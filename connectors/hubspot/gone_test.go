package hubspot

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// said are the removals among notices, in their order.
func said(t *testing.T, ns []crm.Notice, err error) []crm.Removal {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var out []crm.Removal
	for _, n := range ns {
		if n.Removed != nil {
			out = append(out, *n.Removed)
		}
	}
	return out
}

// heard are the references that one delivery leads to.
func heard(t *testing.T, c *Connector, format string, args ...any) []crm.Ref {
	t.Helper()
	ns, err := c.Decode(connectors.Delivery{Body: []byte(fmt.Sprintf(format, args...))})
	if err != nil {
		t.Fatal(err)
	}
	var out []crm.Ref
	for _, n := range ns {
		if n.Ref != nil {
			out = append(out, *n.Ref)
		}
	}
	return out
}

// A record that an event says was deleted is looked for, and said to be gone as of the time that HubSpot tells.
func TestDeleted(t *testing.T) {
	p := newPortal(t)
	c := p.connect(t, nil)
	for _, id := range []string{"1", "2", "3"} {
		p.add("tasks", id, "hs_createdate", "2026-02-01T08:00:00Z", "hs_lastmodifieddate", "2026-02-01T08:00:00Z",
			"hs_timestamp", "2026-02-08T08:00:00Z")
		p.link("tasks/"+id, "contacts/101")
	}
	p.remove("tasks", "1", "2026-02-02T08:00:00.5Z")
	at := ms("2026-02-02T08:00:00Z")
	var asked []crm.Ref
	for _, id := range []string{"1", "2", "4"} { // deleted; there again by now; nowhere
		asked = append(asked, heard(t, c,
			`[{"subscriptionType":"object.deletion","objectTypeId":"0-27","objectId":%s,"occurredAt":%d,"changeFlag":"DELETED"}]`, id, at)...)
	}
	asked = append(asked, crm.Ref{Type: "tasks", ID: "5"}) // nowhere, and nobody said that it was deleted
	ns, err := c.Fetch(t.Context(), asked)
	want := []crm.Removal{
		{ID: "tasks/1", Version: int64(ms("2026-02-02T08:00:00.5Z"))}, {ID: "tasks/4", Version: int64(at)},
	}
	if diff := cmp.Diff(want, said(t, ns, err)); diff != "" {
		t.Error(diff)
	}
	if fs := facts(t, ns, err); len(fs) != 1 || fs["101 tasks/2"].Version != int64(at) {
		t.Errorf("a task that is there: %+v", fs)
	}
	// Put back: HubSpot need not count that as a change of the record, so the event's time has to make it newer.
	p.records["tasks"]["1"] = p.bin["tasks"]["1"]
	delete(p.bin["tasks"], "1")
	p.link("tasks/1", "contacts/101")
	back := ms("2026-02-03T08:00:00Z")
	ns, err = c.Fetch(t.Context(),
		heard(t, c, `[{"subscriptionType":"object.restore","objectTypeId":"0-27","objectId":1,"occurredAt":%d}]`, back))
	if f := facts(t, ns, err)["101 tasks/1"]; f.Version != int64(back) || len(said(t, ns, err)) != 0 {
		t.Errorf("restored: %+v", f)
	}
	// A token that may not look into the recycle bin still hears of deletions.
	p.override = func(w http.ResponseWriter, r *http.Request, _ obj) bool {
		if r.URL.Query().Get("archived") == "true" {
			refuse(w, 403, "MISSING_SCOPES", "")
			return true
		}
		return false
	}
	delete(p.records["tasks"], "1")
	ns, err = c.Fetch(t.Context(), []crm.Ref{{Type: "tasks", ID: "1", AsOf: 7}})
	if diff := cmp.Diff([]crm.Removal{{ID: "tasks/1", Version: 7}}, said(t, ns, err)); diff != "" {
		t.Error(diff)
	}
}

// A record that a contact has no longer to do with is gone for that contact alone, and what an event said of it before
// does not count any more, whenever it comes.
func TestNoLongerAssociated(t *testing.T) {
	p := newPortal(t)
	c := p.connect(t, nil)
	p.add("deals", "401", "hs_lastmodifieddate", "2026-02-09T08:00:00Z")
	p.add("quotes", "11", "hs_lastmodifieddate", "2026-02-01T08:00:00Z", "hs_status", "DRAFT")
	p.link("deals/401", "contacts/101")
	p.link("deals/401", "contacts/102")
	p.link("deals/401", "quotes/11")
	p.unlink("deals/401", "contacts/101")
	joined, left := ms("2026-02-01T08:00:00Z"), ms("2026-02-02T08:00:00Z")
	change := func(removed bool, at crm.Millis) []crm.Ref {
		return heard(t, c,
			`[{"subscriptionType":"deal.associationChange","associationType":"DEAL_TO_CONTACT","fromObjectId":401,"toObjectId":101,"associationRemoved":%t,"occurredAt":%d}]`, removed, at)
	}
	ns, err := c.Fetch(t.Context(), change(true, left))
	if diff := cmp.Diff([]crm.Removal{
		{ID: "deals/401", Version: int64(left), Contact: "101"},
	}, said(t, ns, err)); diff != "" {
		t.Error(diff)
	}
	if fs := facts(t, ns, err); len(fs) != 1 || fs["102 deals/401"].Deal == nil {
		t.Errorf("the others: %+v", fs)
	}
	quote := ns[len(ns)-1].Ref
	if quote == nil || quote.Type != "quotes" || !slices.Equal(quote.Left, []string{"101"}) {
		t.Fatalf("the deal's quote is not looked at: %+v", quote)
	}
	ns, err = c.Fetch(t.Context(), []crm.Ref{*quote})
	if diff := cmp.Diff([]crm.Removal{
		{ID: "quotes/11", Version: int64(left), Contact: "101"},
	}, said(t, ns, err)); diff != "" {
		t.Error(diff)
	}
	// The older event comes late, or once more: what it says is older than what takes it back.
	ns, err = c.Fetch(t.Context(), change(false, joined))
	if f := facts(t, ns, err)["101 deals/401"]; f.Version != int64(joined) {
		t.Errorf("an association that is over: version %s, want that of its event", crm.Millis(f.Version))
	}
	// Both in one delivery: what the CRM says now decides.
	both := append(change(true, left), change(false, joined)...)
	ns, err = c.Fetch(t.Context(), both)
	if _, there := facts(t, ns, err)["101 deals/401"]; there || len(said(t, ns, err)) != 1 {
		t.Errorf("joined and left: %+v", ns)
	}
	p.link("deals/401", "contacts/101")
	again := ms("2026-02-10T08:00:00Z")
	ns, err = c.Fetch(t.Context(), change(false, again))
	if f := facts(t, ns, err)["101 deals/401"]; f.Version != int64(again) {
		t.Errorf("associated again: version %s, want that of the event", crm.Millis(f.Version))
	}
}

// Deleted conversations and merged deals take back what was said of them.
func TestDeletedThreadsAndMergedDeals(t *testing.T) {
	p := newPortal(t)
	c := p.connect(t, func(c *Config) { c.Objects = append(slices.Clone(defaultObjects), conversations) })
	for _, action := range []string{"deletion", "privacyDeletion"} {
		ns, err := c.Decode(connectors.Delivery{
			Body: []byte(`[{"subscriptionType":"conversation.` + action +
				`","objectId":77,"occurredAt":1770000000000}]`),
		})
		if diff := cmp.Diff([]crm.Removal{
			{ID: "conversations/77", Version: 1770000000000},
		}, said(t, ns, err)); diff != "" {
			t.Error(diff)
		}
	}
	p.add("deals", "403", "hs_lastmodifieddate", "2026-02-09T08:00:00Z")
	p.link("deals/403", "contacts/101")
	refs := heard(t, c,
		`[{"subscriptionType":"deal.merge","primaryObjectId":401,"mergedObjectIds":[402],"newObjectId":403,"occurredAt":1770000000000}]`)
	ns, err := c.Fetch(t.Context(), refs)
	want := []crm.Removal{{ID: "deals/401", Version: 1770000000000}, {ID: "deals/402", Version: 1770000000000}}
	if diff := cmp.Diff(want, said(t, ns, err)); diff != "" || facts(t, ns, err)["101 deals/403"].Deal == nil {
		t.Errorf("%s%+v", diff, ns)
	}
}

// In an account without webhooks a deleted contact is found in the recycle bin, and one that was restored when it is
// read.
func TestPolledContactsAreDeleted(t *testing.T) {
	p := newPortal(t)
	since := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	now := since
	c := p.connect(t, func(c *Config) { c.Objects, c.Webhooks = []string{"contacts"}, "off" })
	c.now = func() time.Time { return now }
	p.add("contacts", "101", "createdate", "2026-01-05T08:00:00Z", "lastmodifieddate", stamp(since.Add(-time.Hour)))
	_, at := round(t, c, "", since)
	if _, err := c.Fetch(t.Context(), refs("contacts", "101")); err != nil {
		t.Fatal(err)
	}
	p.remove("contacts", "101", stamp(since.Add(time.Hour)))
	now = since.Add(25 * time.Hour)
	var told []crm.Notice
	for more := true; more; {
		var ns []crm.Notice
		var err error
		if ns, at, more, err = c.Poll(t.Context(), at, since); err != nil {
			t.Fatal(err)
		}
		told = append(told, ns...)
	}
	if f := facts(t, told, nil)["101 existence"]; len(told) != 1 || f.Existence == nil || !f.Existence.Deleted ||
		f.Version != since.Add(time.Hour).UnixMilli() {
		t.Errorf("deleted: %+v", told)
	}
	p.add("contacts", "101", "createdate", "2026-01-05T08:00:00Z", "lastmodifieddate", stamp(since.Add(2*time.Hour)))
	if seen, _ := round(t, c, at, since); seen["contacts/101"] == 0 {
		t.Error("a restored contact that looks as before is not read")
	}
	ns, err := c.Fetch(t.Context(), refs("contacts", "101"))
	if f := facts(t, ns, err)["101 existence"]; f.Existence == nil || f.Existence.Deleted ||
		f.Version != since.Add(2*time.Hour).UnixMilli() {
		t.Errorf("restored: %+v", f)
	}
}

// Deletions that no webhook told of are found in the recycle bin, which is looked through once a day, a few pages a
// round.
func TestPollFindsDeleted(t *testing.T) {
	p := newPortal(t)
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	since := now
	c := p.connect(t, func(c *Config) { c.Objects = []string{"contacts", "emails", "tasks"} })
	c.now = func() time.Time { return now }
	bury := func(kind, id string, at time.Time) {
		p.add(kind, id, "hs_lastmodifieddate", stamp(since.Add(-48*time.Hour)))
		p.remove(kind, id, stamp(at))
	}
	bury("tasks", "1", since.Add(-72*time.Hour)) // before we began
	bury("tasks", "2", since.Add(time.Hour))
	seen, at := round(t, c, "", since)
	if len(seen) != 0 {
		t.Errorf("looked on the first day: %v", seen)
	}
	now = since.Add(24 * time.Hour)
	for i := range 2500 {
		bury("emails", strconv.Itoa(1000+i), since.Add(2*time.Hour))
	}
	calls := len(p.calls)
	seen, at = round(t, c, at, since)
	if n := len(p.calls) - calls; n > binPages+3 || len(seen) == 0 {
		t.Errorf("%d calls in one round, %d found", n, len(seen))
	}
	rest, at := round(t, c, at, since)
	if len(seen)+len(rest) != 2501 || rest["gone tasks/2"] != 1 || rest["gone tasks/1"] != 0 {
		t.Errorf("found %d and %d, want all 2501 that were deleted since", len(seen), len(rest))
	}
	if again, _ := round(t, c, at, since); len(again) != 0 {
		t.Errorf("looked twice in a day: %d", len(again))
	}
}
