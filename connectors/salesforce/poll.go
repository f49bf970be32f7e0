package salesforce

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/rest"
	"github.com/winnow-crm/winnow/connectors/since"
)

const (
	// pageSize is how many records one page of a poll has: as many as one page of a query's answer. Source: REST API
	// Developer Guide, "Query", batch size.
	pageSize = 2000
	// overlap is how far each round goes back: a record shows once its transaction has ended, with the time at which it
	// was written. One of Apex may take ten minutes in all. Source: Apex Developer Guide, "Execution Governors and
	// Limits", maximum execution time for each transaction.
	overlap = 10 * time.Minute
)

// besides are polled beside the objects that are read: what is filed with a person later changes them alone.
var besides = map[string]string{"EmailMessage": "EmailMessageRelation", "Opportunity": "OpportunityContactRole"}

// poller finds what changed, and what was there before.
type poller struct {
	*api
	people *persons
}

func (c *poller) walk() *since.Walk {
	var types []string
	for _, o := range c.cfg.Objects {
		if types = append(types, o); besides[o] != "" {
			types = append(types, besides[o])
		}
	}
	return &since.Walk{Types: types, Overlap: overlap, Now: c.now, List: c.page}
}

// Poll returns references to what changed, and removals of what was deleted, a page of one object at a time.
func (c *poller) Poll(ctx context.Context, at string,
	from time.Time,
) (notices []crm.Notice, next string, more bool, err error) {
	return c.walk().Round(ctx, at, from)
}

// Backfill returns references to the history between since and until, oldest first within each object.
func (c *poller) Backfill(ctx context.Context, at string, from, until time.Time) (connectors.BackfillPage, error) {
	cur, w := since.Parse[since.Cursor](at), c.walk()
	if !slices.Contains(w.Types, cur.Type) {
		total, err := c.countAll(ctx, w.Types, from, until)
		if err != nil {
			return connectors.BackfillPage{}, err
		}
		cur = since.Cursor{Type: w.Types[0], Total: total}
	}
	stage := cur.Type
	records, over, err := w.Backfill(ctx, &cur, from, until)
	if err != nil {
		return connectors.BackfillPage{}, err
	}
	out := connectors.BackfillPage{
		Notices: since.Notices(records), Stage: stage, Read: cur.Read, Total: max(cur.Total, cur.Read),
	}
	if !over {
		out.Next = since.Text(cur)
	}
	return out, nil
}

func (c *poller) countAll(ctx context.Context, types []string, from, until time.Time) (int, error) {
	sum := 0
	for _, t := range types {
		where := fmt.Sprintf(" WHERE SystemModstamp >= %s AND SystemModstamp <= %s AND IsDeleted = false",
			soqlTime(crm.At(from)), soqlTime(crm.At(until)))
		n, err := c.count(ctx, "backfill", t+where)
		if connectors.KindOf(err) == connectors.Misconfigured {
			continue // not every org has every object
		}
		if err != nil {
			return 0, connectors.About(err, "count "+t)
		}
		sum += n
	}
	return sum, nil
}

// page reads one page of an object, in the order of change times and, within an instant, of ids.
func (c *poller) page(ctx context.Context, ask since.Ask) (since.Page, error) {
	op := "poll"
	if ask.History {
		op = "backfill"
	}
	names, p, err := c.pollFields(ctx, op, ask.Type)
	if err != nil {
		return since.Page{}, err
	}
	where, order := "SystemModstamp >= "+soqlTime(ask.From), " ORDER BY SystemModstamp, Id"
	if ask.Instant {
		where, order = "SystemModstamp = "+soqlTime(ask.From), " ORDER BY Id"
		if id := full(ask.After); id != "" {
			where += " AND Id > " + quoted(id)
		}
	} else if ask.Until != 0 {
		where += " AND SystemModstamp <= " + soqlTime(ask.Until)
	}
	if ask.History {
		where += " AND IsDeleted = false"
	}
	soql := fmt.Sprintf("SELECT %s FROM %s WHERE %s%s LIMIT %d", strings.Join(crm.Unique(names), ", "), ask.Type, where,
		order, pageSize)
	list := func() ([]record, error) { return c.query(ctx, op, rest.Poll, soql, true) }
	read := list
	// not every org has them; what else cannot be seen is an error, or we would be blind and not know it
	if ask.Type == "Quote" {
		read = func() ([]record, error) { return c.optional(ask.Type, list) }
	}
	rs, err := read()
	if err != nil {
		return since.Page{}, connectors.About(err, "list "+ask.Type+"; "+c.opt.Source.Variable("OBJECTS")+
			" says which are read")
	}
	page := since.Page{Full: len(rs) >= pageSize}
	for _, r := range rs {
		if r.id() != "" {
			page.Records = append(page.Records, since.Record{
				ID: r.id(), At: crm.Millis(r.changed()), Notices: c.found(ask, p, r),
			})
		}
	}
	return page, nil
}

// pollFields are what a page shows of its records: of people all that is read of them, so that our own writes are told
// from others.
func (c *poller) pollFields(ctx context.Context, op, object string) ([]string, profile, error) {
	switch object {
	case "Contact", "Lead":
		p, names, err := c.people.profileOf(ctx, op, object)
		return names, p, err
	case "EmailMessageRelation":
		return append(slices.Clone(always), "EmailMessageId", "RelationId"), profile{}, nil
	case "OpportunityContactRole":
		return append(slices.Clone(always), "OpportunityId", "ContactId"), profile{}, nil
	}
	return always, profile{}, nil
}

// found says what a record on a page leads to.
func (c *poller) found(ask since.Ask, p profile, r record) []crm.Notice {
	switch ask.Type {
	case "Contact", "Lead":
		who := person(r.id())
		if movedTo(r) == "" && r.is("IsDeleted") {
			c.people.memory.Forget(who) // undeleted, it may look as before
			return []crm.Notice{c.people.deleted(who, r)}
		}
		if c.people.memory.Knows(who, c.people.looks(p, r), c.now()) {
			return nil // nothing changed that is read: mostly it was our own write
		}
		return []crm.Notice{{Ref: &crm.Ref{Type: ask.Type, ID: r.id()}}}
	case "EmailMessageRelation":
		return joined("EmailMessage", full(r.text("EmailMessageId")), person(r.text("RelationId")), r)
	case "OpportunityContactRole":
		return joined("Opportunity", full(r.text("OpportunityId")), person(r.text("ContactId")), r)
	}
	if r.is("IsDeleted") {
		return []crm.Notice{crm.Removed(ask.Type, r.id(), r.changed())}
	}
	return []crm.Notice{{Ref: &crm.Ref{Type: ask.Type, ID: r.id()}}}
}

// joined asks for a record that a person has newly, or no longer, to do with.
func joined(object, id, who string, r record) []crm.Notice {
	if id == "" || who == "" {
		return nil // a user's share of a mail
	}
	ref := crm.Ref{Type: object, ID: id, AsOf: r.changed()}
	if r.is("IsDeleted") {
		ref.Left = []string{who}
	} else {
		ref.Contacts = []string{who}
	}
	return []crm.Notice{{Ref: &ref}}
}
