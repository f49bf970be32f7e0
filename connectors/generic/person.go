package generic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/fields"
	"github.com/winnow-crm/winnow/connectors/generic/jq"
	"github.com/winnow-crm/winnow/connectors/generic/mapping"
	"github.com/winnow-crm/winnow/connectors/people"
	"github.com/winnow-crm/winnow/connectors/rest"
)

// personSays is what a person's own record says, once it is known who our own people are.
func (c *records) personSays(ctx context.Context, r *record) ([]crm.Notice, error) {
	staff, err := c.staff(ctx)
	if err != nil {
		return nil, err
	}
	return c.personFacts(r, staff)
}

// personFacts are the facts of a person's own record.
func (c *records) personFacts(r *record, staff *people.Staff) ([]crm.Notice, error) {
	who := crm.Person{Kind: r.of.Person.Kind, ID: r.id}.String()
	properties := c.properties(r, staff)
	if into := c.person(r.text("merged", r.of.Merged)); into != "" && into != who {
		// It may never have been read before. Where the one it lives on in says the same, that counts, which is newer.
		said := c.says(r, who, properties, r.version()-c.tick().Milliseconds())
		return append(said, c.joined(into, who, r.version())...), c.faulty(r)
	}
	present := crm.Present(who, r.version())
	present.Seq = int64(r.received)
	out := []crm.Notice{{Fact: crm.Profiled(who)}, {Fact: present}}
	out = append(out, c.says(r, who, properties, r.version())...)
	c.relate.Know(who, c.emails(r)...)
	c.memory.Profile(who, c.looks(properties), 0, c.now())
	c.shelf.put(r.typ, r.id, c.besides(r), c.now())
	return out, c.faulty(r)
}

// says are the properties of a person as of a version.
func (c *records) says(r *record, who string, properties map[string]string, version int64) (out []crm.Notice) {
	unrated := false
	for _, name := range sortedKeys(properties) {
		value := properties[name]
		if !crm.Storable(value) {
			continue
		}
		unrated = unrated || value == "true" && slices.Contains(unratedBy, name)
		out = append(out, c.property(r, who, name, value, version))
	}
	if unrated && c.shows(r) {
		out = append(out, c.property(r, who, crm.PropShown, "true", version))
	}
	return out
}

// unratedBy are the properties of which true means that a person is not rated.
var unratedBy = []string{crm.PropOptOut, crm.PropDoNotProfile, crm.PropStaff}

func (c *records) property(r *record, who, name, value string, version int64) crm.Notice {
	f := crm.PropertyOf(who, crm.Property{Name: name, Value: value, OfRecord: true}, version)
	f.Seq, f.Ours = int64(r.received), r.changed <= 0
	return crm.Notice{Fact: f}
}

// shows reports whether fields of ours show something of a person.
func (c *records) shows(r *record) bool {
	m, _ := r.value.(map[string]any)
	return slices.ContainsFunc(c.fields.Marks(), func(name string) bool { return jq.Text(m[name]) != "" })
}

// emails are a person's addresses.
func (c *records) emails(r *record) []string {
	var out []string
	for _, v := range r.all("person.emails", r.of.Person.Emails) {
		if s := jq.Text(v); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// properties are what a record says of a person, under our names.
func (c *records) properties(r *record, staff *people.Staff) map[string]string {
	out := map[string]string{}
	if r.created != 0 {
		out[crm.PropCreated] = r.created.Time().Format(time.RFC3339)
	}
	mapped := r.of.Person.Properties
	for _, name := range sortedKeys(mapped) {
		out[name] = propertyText(r, name, r.first("person.properties."+name, mapped[name]))
	}
	own := append(sortedKeys(mapped), c.fields.Written()...)
	m, _ := r.value.(map[string]any)
	for theirs, names := range c.props.Named(c.opt.Properties, own) {
		v, there := m[theirs]
		for _, name := range names {
			if there {
				out[name] = jq.Text(v)
			}
		}
	}
	out[crm.PropStaff] = truth(slices.ContainsFunc(c.emails(r), staff.Has))
	c.overrides(m, out)
	return out
}

// propertyText is a value as the property of this name holds it.
func propertyText(r *record, name string, v any) string {
	switch name {
	case crm.PropCreated, crm.PropNextActivity:
		if at := r.instant("person.properties."+name, v); at != 0 {
			return at.Time().Format(time.RFC3339)
		}
		return ""
	case crm.PropCountry:
		return people.Country(jq.Text(v))
	case crm.PropTimeZone, crm.PropOwnerTimeZone:
		zone := jq.Text(v)
		if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
			return ""
		}
		return zone
	}
	if b, is := v.(bool); is {
		return truth(b)
	}
	return jq.Text(v)
}

func truth(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// overrides adds what people set for Winnow.
func (c *records) overrides(m map[string]any, out map[string]string) {
	name, value := fields.Override(jq.Text(m[c.fields[crm.FieldOverride]]))
	out[name] = value
	out[crm.PropOverrideUntil] = jq.Text(m[c.fields[crm.FieldOverrideUntil]])
	if name := c.fields[crm.FieldDoNotProfile]; name != "" {
		if v, there := m[name]; there {
			out[crm.PropDoNotProfile] = truth(ticked(v))
		}
	}
}

// ticked reports whether a box is ticked: a CRM says no in many ways, as "0".
func ticked(v any) bool {
	switch strings.ToLower(jq.Text(v)) {
	case "", "0", "false", "no", "off":
		return false
	}
	return jq.Truth(v)
}

// looks stands for all that is read of a person.
func (c *records) looks(properties map[string]string) uint64 {
	var values []string
	for _, name := range sortedKeys(properties) {
		values = append(values, name, properties[name])
	}
	return c.memory.Sum(values...)
}

// staff is who our own people are: the CRM's users, where the mapping reads them, and who writes from the domains that
// the settings name.
func (c *records) staff(ctx context.Context) (*people.Staff, error) {
	if c.m.Users == nil {
		return people.NewStaff(c.cfg.StaffDomains, nil), nil
	}
	return c.roster.Staff(ctx, c.now(), c.cfg.StaffDomains, c.users)
}

// maxUserPages bounds the pages of users.
const maxUserPages = 200

// users are the addresses of all users, page by page.
func (c *records) users(ctx context.Context) ([]string, error) {
	of := c.m.Users
	var out []string
	vars := jq.Vars{"$page": cmp.Or(of.Page, defaultPage)}
	for range maxUserPages {
		a, err := c.ask(ctx, call{op: "fetch", class: rest.Fetch, req: &of.Request, vars: vars})
		if vars["$after"] != nil && connectors.KindOf(err) == connectors.NotFound {
			return out, nil // an empty page may be none
		}
		if err != nil {
			return nil, connectors.About(err, "read the users")
		}
		found, err := of.Emails.All(a.value, a.vars)
		if err != nil {
			return nil, c.fail("fetch", connectors.Garbled, fmt.Errorf("users.emails: %w", err))
		}
		for _, v := range found {
			out = append(out, jq.Text(v))
		}
		mark, err := of.Next.Text(a.value, a.vars)
		if err != nil {
			return nil, c.fail("fetch", connectors.Garbled, fmt.Errorf("users.next: %w", err))
		}
		if mark == "" || vars["$after"] == mark { // a page that leads to itself is the last
			return out, nil
		}
		vars["$after"] = mark
	}
	return nil, c.fail("fetch", connectors.Garbled, errors.New("the list of the users does not end"))
}

// greet asks for the root of the API, without the credential. Whatever the CRM answers, it says what time it is.
func (c *source) greet(ctx context.Context) error {
	_, err := c.rest.Do(ctx, rest.Request{Op: "greet", Class: rest.Fetch, Anonymous: true, Method: http.MethodGet})
	return err
}

// Account returns the CRM's id of the account that the credential is for.
func (c *source) Account(ctx context.Context) (string, error) {
	a, err := c.ask(ctx, call{op: "account", class: rest.Fetch, req: &c.m.Account.Request})
	if err != nil {
		return "", err
	}
	id, err := c.m.Account.ID.Text(a.value, a.vars)
	if err != nil || id == "" {
		return "", c.fail("account", connectors.Garbled, errors.New("the answer names no account"))
	}
	return id, nil
}

// kindOf is the kind of a person, and the type of its records.
func (c *source) kindOf(who string) (crm.Person, string, *mapping.Person) {
	p := crm.ParsePerson(who)
	typ := c.typeOf(p.Kind)
	if typ == "" {
		return p, "", nil
	}
	return p, typ, c.m.Records[typ].Person
}
