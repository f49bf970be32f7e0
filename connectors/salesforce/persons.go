package salesforce

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/fields"
	"github.com/winnow-crm/winnow/connectors/people"
	"github.com/winnow-crm/winnow/connectors/relate"
	"github.com/winnow-crm/winnow/connectors/rest"
	"github.com/winnow-crm/winnow/connectors/since"
)

// persons reads contacts and leads.
type persons struct {
	*api
	properties fields.Properties
	relate     *relate.Relater // is told the addresses that are read on the way
	roster     people.Roster
	memory     *since.Memory // what people looked like when they were read
}

// profile is what is read of a person of one object. Which of it an org has, its describe tells.
type profile struct {
	object string
	fixed  []string // Salesforce's own fields
	plain  map[string][]string
}

// fixedFields are those of contacts and leads. Source: Object Reference, Contact, Lead, Account, User.
var fixedFields = map[string][]string{
	"Contact": {
		"Email", "MailingCountry", "LeadSource", "HasOptedOutOfEmail", "OwnerId", "Owner.TimeZoneSidKey",
		"MasterRecordId", "Account.Type",
	},
	"Lead": {
		"Email", "Country", "LeadSource", "HasOptedOutOfEmail", "OwnerId", "Owner.TimeZoneSidKey", "MasterRecordId",
		"Status", "IsConverted", "ConvertedContactId",
	},
}

// profileOf is what is read of an object's records, as far as the org has it.
func (c *persons) profileOf(ctx context.Context, op, object string) (profile, []string, error) {
	s, err := c.describe(ctx, op, object)
	if err != nil {
		return profile{}, nil, err
	}
	p := profile{object: object, plain: map[string][]string{}}
	for name, of := range c.properties.Named(c.opt.Properties, c.fields.Written()) {
		if object == "Lead" {
			name = ofLead(name)
		}
		if s.has(name) {
			p.plain[name] = append(p.plain[name], of...)
		}
	}
	add := func(name, of string) {
		if name != "" && s.has(name) {
			p.plain[name] = append(p.plain[name], of)
		}
	}
	add(c.cfg.SegmentField, crm.PropSegment)
	add(c.cfg.FollowupField, crm.PropNextActivity)
	names := slices.Clone(always)
	for _, name := range slices.Concat(fixedFields[object], c.fields.Set(), c.fields.Marks()) {
		if s.has(name) {
			names = append(names, name)
			p.fixed = append(p.fixed, name)
		}
	}
	for name := range p.plain {
		names = append(names, name)
	}
	if object == "Lead" {
		names = ofOwners(names)
	}
	return p, names, nil
}

// ofOwners puts what is read of a lead's owner into one TYPEOF: a lead may belong to a queue, so that its Owner has no
// fields of a user. Source: SOQL and SOSL Reference, "Understanding Relationship Fields and Polymorphic Fields".
func ofOwners(names []string) []string {
	var plain, of []string
	for _, name := range names {
		if field, ok := strings.CutPrefix(name, "Owner."); ok {
			of = append(of, field)
		} else {
			plain = append(plain, name)
		}
	}
	if len(of) == 0 {
		return plain
	}
	return append(plain, "TYPEOF Owner WHEN User THEN "+strings.Join(crm.Unique(of), ", ")+" END")
}

// fetch reads contacts or leads. Their change time is the record's: which of the fields changed the record in our store
// finds out.
func (c *persons) fetch(ctx context.Context, object string, refs []crm.Ref) ([]crm.Notice, error) {
	p, names, err := c.profileOf(ctx, "fetch", object)
	if err != nil {
		return nil, err
	}
	rs, err := c.selectFrom(ctx, object, names, "Id", ids(refs), true)
	if err != nil || len(rs) == 0 {
		return nil, err
	}
	staff, err := c.staff(ctx)
	if err != nil {
		return nil, err
	}
	var out []crm.Notice
	for _, r := range rs {
		out = append(out, c.personFacts(p, r, staff)...)
	}
	return out, nil
}

// personFacts are what a contact or lead says of itself.
func (c *persons) personFacts(p profile, r record, staff *people.Staff) []crm.Notice {
	who := person(r.id())
	switch into := movedTo(r); {
	case into != "" && !r.is("IsDeleted"): // converted: where the contact says the same, that counts
		return append(c.says(p, r, staff, r.changed()-conversion), merge(into, who, r.changed())...)
	case into != "":
		return merge(into, who, r.changed())
	case r.is("IsDeleted"):
		return []crm.Notice{c.deleted(who, r)}
	}
	present := crm.Present(who, r.changed())
	present.Seq = c.now().UnixMilli()
	out := []crm.Notice{{Fact: crm.Profiled(who)}, {Fact: present}}
	out = append(out, c.says(p, r, staff, r.changed())...)
	c.relate.Know(who, r.text("Email"))
	c.memory.Profile(who, c.looks(p, r), 0, c.now())
	return out
}

// conversion is how much older, in ms, what a converted lead says is than its contact: a tick of Salesforce's times.
const conversion = 1000

// says are the properties of a contact or lead, as of a time.
func (c *persons) says(p profile, r record, staff *people.Staff, at int64) (out []crm.Notice) {
	who, seq, unrated := person(r.id()), c.now().UnixMilli(), false
	add := func(name, value string) {
		if !crm.Storable(value) {
			return
		}
		p := crm.Property{Name: name, Value: value, OfRecord: true}
		unrated = unrated || p.Unrates()
		f := crm.PropertyOf(who, p, at)
		f.Seq = seq
		out = append(out, crm.Notice{Fact: f})
	}
	add(crm.PropCreated, r.created().Time().Format(time.RFC3339))
	add(crm.PropCountry, people.Country(r.text("MailingCountry")+r.text("Country")))
	add(crm.PropOptOut, flag(r, "HasOptedOutOfEmail"))
	add(crm.PropOwner, full(r.text("OwnerId")))
	add(crm.PropOwnerTimeZone, zone(r.text("Owner.TimeZoneSidKey")))
	add(crm.PropOrigin, origins[strings.ToLower(r.text("LeadSource"))])
	add(crm.PropStaff, strconv.FormatBool(staff.Has(r.text("Email"))))
	add(crm.PropCustomer, strconv.FormatBool(r.text("Account.Type") != "" &&
		slices.Contains(c.cfg.CustomerTypes, r.text("Account.Type"))))
	if p.object == "Lead" {
		add(crm.PropLeadStatus, r.text("Status"))
	}
	c.addOverride(r, add)
	for name, of := range p.plain {
		for _, as := range of {
			v := r.text(name)
			if at := instant(v); as == crm.PropNextActivity && at != 0 {
				v = at.Time().Format(time.RFC3339)
			}
			add(as, v)
		}
	}
	if unrated {
		shown := slices.ContainsFunc(c.fields.Marks(), func(name string) bool { return r.text(name) != "" })
		add(crm.PropShown, map[bool]string{true: "true"}[shown])
	}
	return out
}

// deleted says that a person is in the recycle bin. One that is deleted and restored within a second has one time for
// both, and the order in which they were read tells.
func (c *persons) deleted(who string, r record) crm.Notice {
	f := crm.Deleted(who, r.changed())
	f.Seq = c.now().UnixMilli()
	return crm.Notice{Fact: f}
}

// addOverride adds what people set for Winnow.
func (c *persons) addOverride(r record, add func(name, value string)) {
	add(fields.Override(r.text(c.fields[crm.FieldOverride])))
	add(crm.PropOverrideUntil, r.text(c.fields[crm.FieldOverrideUntil]))
	add(crm.PropDoNotProfile, flag(r, c.fields[crm.FieldDoNotProfile]))
}

// looks stands for all that is read of a person, but for the times that our own writes move.
func (c *persons) looks(p profile, r record) uint64 {
	values := []string{r.text("IsDeleted")}
	for _, name := range p.fixed {
		if !slices.Contains(c.fields.Marks(), name) {
			values = append(values, r.text(name))
		}
	}
	var names []string
	for name := range p.plain {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		values = append(values, r.text(name))
	}
	return c.memory.Sum(values...)
}

// movedTo is the person that a record lives on in: the master of a merge, or the contact of a lead that was converted.
func movedTo(r record) string {
	if master := full(r.text("MasterRecordId")); master != "" && r.is("IsDeleted") {
		return person(master)
	}
	if into := full(r.text("ConvertedContactId")); into != "" && r.is("IsConverted") {
		return person(into)
	}
	return ""
}

// merge tells both sides, and reads the winner again.
func merge(winner, loser string, at int64) []crm.Notice {
	p := crm.ParsePerson(winner)
	return append(crm.Merged(winner, loser, at), crm.Notice{Ref: &crm.Ref{Type: objectOf(p.Kind), ID: p.ID}})
}

// flag is a checkbox; empty where the org has none.
func flag(r record, name string) string {
	if b, ok := r.field(name).(bool); ok {
		return strconv.FormatBool(b)
	}
	return ""
}

// zone is a user's time zone, which Salesforce names as IANA does.
func zone(name string) string {
	if _, err := time.LoadLocation(name); err != nil || name == "" {
		return ""
	}
	return name
}

// origins say whether a lead source of Salesforce's own came to us. Others say nothing. Source: Object Reference, Lead,
// LeadSource.
var origins = map[string]string{
	"web": "inbound", "phone inquiry": "inbound", "partner referral": "inbound", "external referral": "inbound",
	"word of mouth":    "inbound",
	"public relations": "inbound", "advertisement": "inbound", "purchased list": "outbound",
}

// staff is who our own people are: the org's users, those who left among them, and who writes from their domains.
func (c *persons) staff(ctx context.Context) (*people.Staff, error) {
	return c.roster.Staff(ctx, c.now(), c.cfg.StaffDomains, func(ctx context.Context) ([]string, error) {
		// Customers and partners may have accounts too, as those of a portal: only Standard users are ours.
		rs, err := c.query(ctx, "fetch", rest.Fetch, "SELECT Email FROM User WHERE UserType = 'Standard'", false)
		var out []string
		for _, r := range rs {
			out = append(out, r.text("Email"))
		}
		return out, connectors.About(err, "read the users")
	})
}

func ids(refs []crm.Ref) []string {
	out := make([]string, len(refs))
	for i, r := range refs {
		out[i] = r.ID
	}
	return out
}
