package hubspot

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
)

func withReferrals(c *Config) { c.ReferralLabels = []string{" referred by"} }

// chain is a portal in which each of n contacts came through the one before: 102 through 101, 103 through 102 ...
func chain(t *testing.T, n int) *portal {
	p := newPortal(t)
	for i := range n {
		p.add("contacts", fmt.Sprint(101+i), "createdate", fmt.Sprintf("2026-01-%02dT08:00:00Z", 1+i))
		if i > 0 {
			p.refer(fmt.Sprint(101+i), fmt.Sprint(100+i))
		}
	}
	return p
}

// came are referrals as facts say them, "103 <- 101 at 2" for each side, in order; they have to be as new as version,
// or as the contact that came, and each has to be said to both.
func came(t *testing.T, ns []crm.Notice, err error, version int64) []string {
	t.Helper()
	var in, out []string
	for key, f := range facts(t, ns, err) {
		r := f.Referral
		if r == nil {
			continue
		}
		if f.At.Time().Year() != 2026 || f.Version != max(version, int64(f.At)) {
			t.Errorf("%s is of %s, as of %d", key, f.At, f.Version)
		}
		if r.Direction == crm.In {
			in = append(in, fmt.Sprintf("%s <- %s at %d", f.Contact, r.Other, r.Level))
		} else {
			out = append(out, fmt.Sprintf("%s <- %s at %d", r.Other, f.Contact, r.Level))
		}
	}
	slices.Sort(in)
	slices.Sort(out)
	if diff := cmp.Diff(in, out); diff != "" {
		t.Errorf("the two sides are told different things:\n%s", diff)
	}
	return in
}

// A profile that is read brings through whom the contact came, to the third level, the same each time.
func TestReferrals(t *testing.T) {
	p := chain(t, 5)
	p.link("contacts/105", "contacts/110") // who has no label is no referrer
	c := p.connect(t, withReferrals)
	ns, err := c.Fetch(t.Context(), refs("contacts", "105", "103"))
	want := []string{"103 <- 101 at 2", "103 <- 102 at 1", "105 <- 102 at 3", "105 <- 103 at 2", "105 <- 104 at 1"}
	if diff := cmp.Diff(want, came(t, ns, err, 0)); diff != "" {
		t.Error(diff)
	}
	again, err := c.Fetch(t.Context(), refs("contacts", "105", "103"))
	if diff := cmp.Diff(facts(t, ns, nil), facts(t, again, err)); diff != "" {
		t.Errorf("read again it is something else:\n%s", diff)
	}
}

// Without the setting nothing is asked, and no event leads to anything.
func TestReferralsAreOff(t *testing.T) {
	p := chain(t, 2)
	c := p.connect(t, nil)
	ns, err := c.Fetch(t.Context(), refs("contacts", "102"))
	if got := came(t, ns, err, 0); len(got) > 0 {
		t.Errorf("%q", got)
	}
	if i := slices.IndexFunc(p.calls, func(call string) bool {
		return strings.Contains(call, "/associations/")
	}); i >= 0 {
		t.Errorf("%s was asked", p.calls[i])
	}
	if got := heard(t, c, linked, "103", "102", false, 7); len(got) > 0 {
		t.Errorf("an event leads to %+v", got)
	}
}

// Circles end, whoever is nearer by another way counts as near, and two who each say that they came through the other
// say nothing.
func TestReferralsInCircles(t *testing.T) {
	p := chain(t, 4)
	p.refer("101", "104")
	p.refer("104", "102")
	c := p.connect(t, withReferrals)
	ns, err := c.Fetch(t.Context(), refs("contacts", "104"))
	if diff := cmp.Diff([]string{
		"104 <- 101 at 2", "104 <- 102 at 1", "104 <- 103 at 1",
	}, came(t, ns, err, 0)); diff != "" {
		t.Error(diff)
	}
	p = chain(t, 2)
	p.labels["101 102"] = "Referred by"
	c = p.connect(t, withReferrals)
	ns, err = c.Fetch(t.Context(), refs("contacts", "101", "102"))
	if got := came(t, ns, err, 0); len(got) > 0 {
		t.Errorf("each through the other: %q", got)
	}
}

const linked = `[{"subscriptionType":"contact.associationChange","associationType":"CONTACT_TO_CONTACT","fromObjectId":%s,"toObjectId":%s,"associationRemoved":%t,"occurredAt":%d}]`

// A new referral concerns all who came through the contact, and one that is gone takes with it what led through it:
// what holds still is newer than what is taken back.
func TestReferralsComeAndGo(t *testing.T) {
	p := chain(t, 5)
	c := p.connect(t, withReferrals)
	at := int64(ms("2026-03-01T08:00:00Z"))
	asked := heard(t, c, linked, "102", "103", false, at)
	if other := heard(t, c, linked, "103", "102", false, at); !cmp.Equal(asked, other) {
		t.Errorf("the two sides of an association lead to %+v and %+v", asked, other)
	}
	ns, err := c.Fetch(t.Context(), asked)
	if gone := said(t, ns, err); len(gone) > 0 {
		t.Errorf("taken back: %+v", gone)
	}
	all := []string{
		"103 <- 101 at 2", "103 <- 102 at 1", "104 <- 101 at 3", "104 <- 102 at 2", "104 <- 103 at 1",
		"105 <- 102 at 3", "105 <- 103 at 2", "105 <- 104 at 1",
	}
	if diff := cmp.Diff(all, came(t, ns, err, at)); diff != "" {
		t.Error(diff)
	}
	calls := len(p.calls)
	if ns, err = c.Fetch(t.Context(), heard(t, c, linked, "105", "999", false, at)); err != nil || len(ns) > 0 ||
		len(p.calls) != calls+1 {
		t.Errorf("an association that is no referral: %v, %+v, after %d calls", err, ns, len(p.calls)-calls)
	}

	p.unlink("contacts/103", "contacts/102")
	at++
	ns, err = c.Fetch(t.Context(), heard(t, c, linked, "103", "102", true, at))
	var gone []string
	for _, r := range said(t, ns, err) {
		if r.Version != at-1 || r.Contact != "" {
			t.Errorf("taken back: %+v", r)
		}
		gone = append(gone, r.ID)
	}
	if diff := cmp.Diff([]string{
		"referrals/102", "referrals/103", "referrals/104", "referrals/105",
	}, gone); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		"102 <- 101 at 1", "104 <- 103 at 1", "105 <- 103 at 2", "105 <- 104 at 1",
	}, came(t, ns, err, at)); diff != "" {
		t.Error(diff)
	}
}

// Of a contact that many came through the newest are looked at, in calls of a thousand.
func TestManyReferrals(t *testing.T) {
	const maxReferred, maxTurned = 100, 2000 // the bounds of connectors/relate
	p := chain(t, 2)
	for i := range 2 * maxReferred {
		id := fmt.Sprint(1000 + i)
		p.add("contacts", id, "createdate", "2026-02-01T08:00:00Z")
		p.refer(id, "102")
	}
	c := p.connect(t, withReferrals)
	ns, err := c.Fetch(t.Context(), heard(t, c, linked, "102", "101", false, ms("2026-03-01T08:00:00Z")))
	got := came(t, ns, err, int64(ms("2026-03-01T08:00:00Z")))
	if want := 1 + 2*maxReferred; len(got) != want { // its own one, and two of each
		t.Errorf("%d referrals, want %d", len(got), want)
	}
	if len(p.calls) > 6 {
		t.Errorf("%d calls: %q", len(p.calls), p.calls)
	}
	// However far one change reaches, what it takes back is bounded.
	for i := range maxReferred {
		for j := range 30 {
			p.refer(fmt.Sprint(10_000+30*i+j), fmt.Sprint(1000+maxReferred+i))
		}
	}
	p.unlink("contacts/102", "contacts/101")
	ns, err = c.Fetch(t.Context(), heard(t, c, linked, "102", "101", true, ms("2026-03-02T08:00:00Z")))
	if n := len(said(t, ns, err)); n != maxTurned {
		t.Errorf("of %d contacts is something taken back, want %d", n, maxTurned)
	}
}
