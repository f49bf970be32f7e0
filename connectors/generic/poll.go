package generic

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/generic/jq"
	"github.com/winnow-crm/winnow/connectors/generic/mapping"
	"github.com/winnow-crm/winnow/connectors/rest"
	"github.com/winnow-crm/winnow/connectors/since"
)

const (
	defaultPage = 100
	// defaultLag is how far each round goes back: a record shows once its transaction has ended, with the time at which
	// it was written.
	defaultLag = 5 * time.Minute
)

// poller finds what changed, and what was there before.
type poller struct{ *records }

// walk goes through the types that can be listed, people first: what is filed with them is read after them.
func (c *poller) walk() *since.Walk {
	w := &since.Walk{Now: c.now, List: c.page}
	for _, people := range []bool{true, false} {
		for _, typ := range sortedKeys(c.m.Records) {
			r := c.m.Records[typ]
			if r.List != nil && (r.Person != nil) == people {
				w.Types = append(w.Types, typ)
				w.Overlap = max(w.Overlap, cmp.Or(r.List.Lag, defaultLag))
			}
		}
	}
	return w
}

// Poll returns references to what changed, and removals of what was deleted, a page of one type at a time.
func (c *poller) Poll(
	ctx context.Context,
	at string,
	from time.Time,
) (ns []crm.Notice, next string, more bool, err error) {
	return c.walk().Round(ctx, at, from)
}

// Backfill returns references to the history between since and until, oldest first within each type.
func (c *poller) Backfill(ctx context.Context, at string, from, until time.Time) (connectors.BackfillPage, error) {
	cur, w := since.Parse[since.Cursor](at), c.walk()
	stage := cmp.Or(cur.Type, w.Types[0])
	records, over, err := w.Backfill(ctx, &cur, from, until)
	if err != nil {
		return connectors.BackfillPage{}, err
	}
	out := connectors.BackfillPage{Notices: since.Notices(records), Stage: stage, Read: cur.Read}
	if !over {
		out.Next = since.Text(cur)
	}
	return out, nil
}

// page reads one page of a type.
func (c *poller) page(ctx context.Context, ask since.Ask) (since.Page, error) {
	op := "poll"
	if ask.History {
		op = "backfill"
	}
	of := c.m.Records[ask.Type]
	l := of.List
	size := cmp.Or(l.Page, defaultPage)
	vars := asked(ask, l, size, c.tick())
	a, err := c.ask(ctx, call{op: op, class: rest.Poll, req: &l.Request, vars: vars})
	if err != nil {
		if of.Optional && absent(err) {
			return since.Page{}, nil
		}
		return since.Page{}, connectors.About(err, "list "+ask.Type)
	}
	items, err := l.Items.All(a.value, a.vars)
	if err != nil || !isObject(a.value) && !isList(a.value) {
		return since.Page{}, c.fail(
			op,
			connectors.Garbled,
			fmt.Errorf("%s: the answer is no list of %s", &l.Request, ask.Type),
		)
	}
	page := since.Page{Full: len(items) >= size}
	if l.Next.Set() {
		mark, err := l.Next.Text(a.value, a.vars)
		if err != nil {
			return since.Page{}, c.fail(op, connectors.Garbled, fmt.Errorf("records.%s.list.next: %w", ask.Type, err))
		}
		page.Marks, page.Mark = true, mark
		if mark == ask.After {
			page.Mark = "" // a page that leads to itself is the last
		}
	}
	for _, v := range items {
		rec, err := c.found(ctx, op, ask, of, v, a.vars)
		if err != nil {
			return since.Page{}, err
		}
		page.Records = append(page.Records, rec)
	}
	return page, nil
}

// asked are the variables of a page that is asked for. What follows an instant begins with the next tick of the CRM's
// clock: the same one would give the same page for ever.
func asked(ask since.Ask, l *mapping.List, size int, tick time.Duration) jq.Vars {
	from, ms := int(ask.From), int(tick.Milliseconds())
	if over := from % max(ms, 1); over > 0 {
		from += ms - over
	}
	vars := jq.Vars{
		"$type": ask.Type, "$from": from, "$instant": ask.Instant && !l.Next.Set(), "$page": size,
	}
	if ask.Until != 0 {
		vars["$until"] = int(ask.Until)
	}
	if ask.After != "" {
		vars["$after"] = ask.After
	}
	return vars
}

func isList(v any) bool { _, ok := v.([]any); return ok }

// absent is the error of records that an account does not have, or does not show us.
func absent(err error) bool {
	switch connectors.KindOf(err) {
	case connectors.NotFound, connectors.Misconfigured, connectors.Rejected:
		return err != nil
	}
	return false
}

// found is one record of a page.
func (c *poller) found(
	ctx context.Context, op string, ask since.Ask, of *mapping.Record, v any, vars jq.Vars,
) (since.Record, error) {
	r := c.newRecord(ask.Type, v, jq.Vars{"$settings": c.set, "$me": vars["$me"]}, crm.At(c.now()))
	if r.id == "" || r.changed == 0 || r.err != nil || !isObject(v) {
		return since.Record{}, c.fail(op, connectors.Garbled,
			fmt.Errorf("%s: a record without an id or without the time of its change", &of.List.Request))
	}
	typ := cmp.Or(of.List.Notice, ask.Type)
	out := since.Record{ID: r.id, At: crm.Millis(r.changed)}
	switch {
	case r.is("deleted", of.Deleted):
		if !ask.History {
			out.Notices = []crm.Notice{c.gone(typ, r.id, r.changed, r.received)}
		}
	case of.Person != nil && of.List.Whole && !ask.History:
		staff, err := c.staff(ctx)
		if err != nil {
			return since.Record{}, err
		}
		who := crm.Person{Kind: of.Person.Kind, ID: r.id}.String()
		if c.memory.Knows(who, c.looks(c.properties(r, staff)), c.now()) {
			break // nothing changed that is read: mostly it was our own write
		}
		fallthrough
	default:
		out.Notices = []crm.Notice{{Ref: &crm.Ref{Type: typ, ID: r.id}}}
	}
	return out, nil
}
