package salesforce

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/relate"
	"github.com/winnow-crm/winnow/connectors/text"
)

// records reads everything but people, and hands it to whom it concerns.
type records struct {
	*api
	people   *persons
	relate   *relate.Relater
	text     func() *text.Reader         // made when first used: a process that only receives needs none
	outcomes map[string]crm.Outcome      // by call disposition
	meetings map[string]crm.MeetingState // by the org's own field
}

// kind is how records of one object become facts.
type kind struct {
	fields []string
	facts  func(c *records, ctx context.Context, rs []record, circle *relate.Circle) (map[string]crm.Fact, error)
	// viaDeals: a record that names no person concerns those of its opportunity.
	viaDeals bool
}

// read are the objects that become facts, people apart.
var read = map[string]kind{
	"EmailMessage": {fields: mailFields, facts: (*records).mails},
	"Task":         {fields: taskFields, facts: (*records).tasks},
	"Event":        {fields: eventFields, facts: (*records).events},
	"Opportunity":  {fields: dealFields, facts: (*records).deals},
	"Quote":        {fields: quoteFields, facts: (*records).quotes, viaDeals: true},
}

// FetchLimits are ours: a query takes more, but its answer is read as one.
func (c *records) FetchLimits(string) connectors.Limits {
	return connectors.Limits{Batch: maxIDs, Calls: 4}
}

// Fetch reads records together, so that they fail together.
func (c *records) Fetch(ctx context.Context, refs []crm.Ref) []connectors.Result {
	read := c.fetch
	if len(refs) > 0 && refs[0].Type == past {
		read = c.fetchPast
	}
	notices, err := read(ctx, refs)
	return connectors.Together(len(refs), notices, err)
}

func (c *records) fetch(ctx context.Context, refs []crm.Ref) ([]crm.Notice, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	object := refs[0].Type
	k, known := read[object]
	switch {
	case object != "Contact" && object != "Lead" && !known:
		return nil, c.fail("fetch", connectors.Malformed, errors.New("a reference of an object that is not read"))
	case !c.reads(object):
		return nil, nil // noticed before the settings left this object out
	case !known:
		return c.people.fetch(ctx, object, refs)
	}
	rs, err := c.selectFrom(ctx, object, slices.Concat(always, k.fields, c.named(object)), "Id", ids(refs), true)
	if err != nil {
		return nil, err
	}
	out, there := c.gone(object, rs, refs)
	if len(there) == 0 {
		return out, nil
	}
	if object == "Task" {
		mails, err := c.withMails(ctx, there, refs)
		if err != nil {
			return nil, err
		}
		out = append(out, mails...)
	}
	circle, err := c.relate.Look(ctx, object, idsOf(there), refs, k.viaDeals)
	if err != nil {
		return nil, err
	}
	facts, err := k.facts(c, ctx, there, circle)
	if err != nil || len(facts) == 0 {
		return out, err
	}
	notices, err := circle.Notices(ctx, facts)
	if err != nil {
		return nil, err
	}
	if out = append(out, notices...); object != "Opportunity" {
		return out, nil
	}
	quotes, err := c.quotesOf(ctx, refs)
	return append(out, quotes...), err
}

// named are the fields of an object that the settings name.
func (c *api) named(object string) []string {
	return []string{map[string]string{
		"Opportunity": c.cfg.ContractField, "Quote": c.cfg.MarginField, "Event": c.cfg.MeetingOutcome,
	}[object]}
}

// gone says which of the records that were asked for are in the recycle bin or nowhere, and returns the others. Of one
// that is nowhere only a reference with a time says that it was there.
func (c *records) gone(object string, rs []record, refs []crm.Ref) (out []crm.Notice, there []record) {
	missing := relate.ByRecord(refs)
	for _, r := range rs {
		asked := missing[r.id()]
		delete(missing, r.id())
		if !r.is("IsDeleted") {
			there = append(there, r)
			continue
		}
		out = append(out, crm.Removed(object, r.id(), max(r.changed(), asked.AsOf)))
	}
	for id, ref := range missing {
		if ref.AsOf > 0 {
			out = append(out, crm.Removed(object, id, ref.AsOf))
		}
	}
	return out, there
}

// quotesOf asks for the quotes of opportunities on behalf of the people who have newly joined or left them.
func (c *records) quotesOf(ctx context.Context, refs []crm.Ref) ([]crm.Notice, error) {
	joined := relate.Joined(refs)
	if len(joined) == 0 || !c.reads("Quote") {
		return nil, nil
	}
	rs, err := c.optional("Quote", func() ([]record, error) {
		return c.selectIn(ctx, "Quote", []string{"Id", "OpportunityId"}, "OpportunityId",
			slices.Collect(maps.Keys(joined)))
	})
	var out []crm.Notice
	for _, r := range rs {
		out = append(out, relate.Onward(joined[full(r.text("OpportunityId"))], "Quote", r.id()))
	}
	return out, err
}

// fact completes a record's fact with its version: a time of whole seconds, and behind it when it was read.
func (c *records) fact(r record, f crm.Fact) crm.Fact {
	f.Version, f.Seq = r.changed(), c.now().UnixMilli()
	return f
}

// Concerned returns the people whom the facts of a record could reach. Only what stands beside it is read.
func (c *records) Concerned(ctx context.Context, ref crm.Ref) ([]string, error) {
	if ref.Type == past {
		return c.relate.WithPeers(ctx, []string{ref.ID})
	}
	if who := person(ref.ID); who != "" {
		return c.relate.WithPeers(ctx, append([]string{who}, ref.Contacts...))
	}
	k, known := read[ref.Type]
	if !known {
		return nil, c.fail("fetch", connectors.Malformed, errors.New("a reference of an object that is not read"))
	}
	return c.relate.Concerned(ctx, ref, k.viaDeals)
}
