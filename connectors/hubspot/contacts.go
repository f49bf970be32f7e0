package hubspot

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/people"
)

// fetchContacts reads contacts' profiles. Each property carries the time of its own last change, so that a slow read
// cannot undo what a webhook has said since.
func (c *Connector) fetchContacts(ctx context.Context, refs []crm.Ref) ([]crm.Notice, error) {
	ids := make([]string, len(refs))
	for i, r := range refs {
		ids[i] = r.ID
	}
	histories := c.dated()
	os, err := c.read(ctx, "contacts", ids, slices.Concat([]string{"email", "createdate", "lastmodifieddate"}, undated,
		lastActivity, c.fields.Marks()), histories)
	if err != nil || len(os) == 0 {
		return nil, err
	}
	staff, err := c.staff(ctx)
	if err != nil {
		return nil, err
	}
	ours, err := c.accountZone(ctx)
	if err != nil {
		return nil, err
	}
	var out []crm.Notice
	for _, o := range os {
		out = append(out, c.contactFacts(o, histories, staff, ours)...)
		contact := string(o.ID)
		c.relate.Know(contact, o.addresses()...)
		c.memory.Profile(contact, c.profile(o), c.activity(o), c.now())
	}
	came, err := c.referralsOf(ctx, os)
	if err != nil {
		return nil, err
	}
	return append(dedupe(out), came...), nil
}

// contactFacts are what a contact's own record says: its properties as of their own changes, its forms and merges. ours
// is the account's time zone, empty where it is not known.
func (c *Connector) contactFacts(o *object, histories []string, staff *people.Staff, ours string) (out []crm.Notice) {
	contact, unrated := string(o.ID), false
	add := func(p crm.Property, version int64) {
		unrated = unrated || p.Unrates()
		out = append(out, crm.Notice{Fact: crm.PropertyOf(contact, p, version)})
	}
	for _, name := range histories {
		if value, version, ok := o.latest(name); ok {
			for _, p := range c.properties(name, value) {
				add(p, version)
				out[len(out)-1].Fact.Seq = o.before(name)
			}
		}
	}
	add(crm.Property{Name: crm.PropCreated, Value: o.created().Time().Format(time.RFC3339)}, int64(o.created()))
	out = append(out, crm.Notice{Fact: crm.Profiled(contact)})
	if source, version, ok := o.latest("hs_analytics_source"); ok {
		add(crm.Property{Name: crm.PropOrigin, Value: origin(source, o.get("hs_analytics_source_data_1"))}, version)
	}
	// These two depend on more than the contact. They are as old as what they hang on, not as the contact's last
	// change, which our own writes move.
	_, since, ok := o.latest("email")
	if !ok {
		since = int64(o.created())
	}
	add(crm.Property{Name: crm.PropStaff, Value: staffValue(staff, o)}, since)
	if ours != "" {
		if _, since, ok = o.latest("hubspot_owner_id"); !ok {
			since = int64(o.created())
		}
		add(crm.Property{Name: crm.PropOwnerTimeZone, Value: ours}, since)
	}
	if unrated {
		shown := crm.Property{Name: crm.PropShown}
		if slices.ContainsFunc(c.fields.Marks(), func(name string) bool { return o.get(name) != "" }) {
			shown.Value = "true"
		}
		add(shown, o.changed())
	}
	for _, f := range c.forms(o) {
		out = append(out, crm.Notice{Fact: &f})
	}
	out = append(out, merges(o)...)
	if c.cfg.Webhooks == "off" { // nothing else tells that it was restored
		out = append(out, crm.Notice{Fact: crm.Present(contact, o.changed())})
	}
	return out
}

// dated are the properties of a contact that are read with the time of their last change, undated those that are read
// without.
func (c *Connector) dated() []string {
	names := []string{"email", "hs_analytics_source", "hs_merged_object_ids", formSent, formName}
	for _, name := range sortedKeys(c.translate) {
		if name != "createdate" { // never changes: it has no history worth reading
			names = append(names, name)
		}
	}
	return names
}

var undated = []string{"hs_additional_emails", "work_email", "hs_analytics_source_data_1"}

// values are the present values of properties.
func (o *object) values(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i], _, _ = o.latest(name)
	}
	return out
}

// before is how many values a property had earlier within the millisecond of its last change: what was set and cleared
// within one is cleared.
func (o *object) before(name string) (n int64) {
	h := o.changes(name)
	for i := len(h) - 2; i >= 0 && h[i].at() == h[len(h)-1].at(); i-- {
		n++
	}
	return n
}

// latest is a property's present value and since when (ms) it has been that; false where it was never set.
func (o *object) latest(name string) (string, int64, bool) {
	if h := o.changes(name); len(h) > 0 {
		last := h[len(h)-1]
		return last.value(), int64(last.at()), true
	}
	if v := o.get(name); v != "" {
		return v, o.changed(), true
	}
	return "", 0, false
}

// staffValue says whether one of the contact's present addresses is one of ours. HubSpot may give a property whose
// history is asked for in the history alone.
func staffValue(staff *people.Staff, o *object) string {
	email, _, _ := o.latest("email")
	present := append(strings.Split(o.get("hs_additional_emails"), ";"), email, o.get("work_email"))
	return strconv.FormatBool(slices.ContainsFunc(present, staff.Has))
}

// merges are the contacts that were merged into this one, for accounts whose webhooks do not tell.
func merges(o *object) []crm.Notice {
	var out []crm.Notice
	seen := map[string]bool{"": true, string(o.ID): true}
	for _, h := range o.changes("hs_merged_object_ids") {
		for _, loser := range strings.FieldsFunc(h.value(), func(r rune) bool {
			return r == ';' || r == ',' || r == ' '
		}) {
			if seen[loser] {
				continue
			}
			seen[loser] = true
			out = append(out, crm.Merged(string(o.ID), loser, int64(h.at()))...)
		}
	}
	return out
}

// dedupe keeps of several facts with one id the latest, in the order of ids: two properties of HubSpot's can stand for
// one of ours, as a country's name and its code do.
func dedupe(ns []crm.Notice) []crm.Notice {
	type key struct{ contact, id string }
	best := map[key]crm.Notice{}
	for _, n := range ns {
		k := key{n.Fact.Contact, n.Fact.ID}
		old, ok := best[k]
		if !ok || n.Fact.Version > old.Fact.Version || n.Fact.Version == old.Fact.Version &&
			value(n.Fact) > value(old.Fact) {
			best[k] = n
		}
	}
	keys := slices.SortedFunc(maps.Keys(best), func(a, b key) int {
		if d := strings.Compare(a.contact, b.contact); d != 0 {
			return d
		}
		return strings.Compare(a.id, b.id)
	})
	out := make([]crm.Notice, len(keys))
	for i, k := range keys {
		out[i] = best[k]
	}
	return out
}

func value(f *crm.Fact) string {
	if f.Property == nil {
		return ""
	}
	return f.Property.Value
}
