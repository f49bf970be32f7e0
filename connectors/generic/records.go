package generic

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/fields"
	"github.com/winnow-crm/winnow/connectors/generic/jq"
	"github.com/winnow-crm/winnow/connectors/generic/mapping"
	"github.com/winnow-crm/winnow/connectors/people"
	"github.com/winnow-crm/winnow/connectors/relate"
	"github.com/winnow-crm/winnow/connectors/rest"
	"github.com/winnow-crm/winnow/connectors/since"
	"github.com/winnow-crm/winnow/connectors/text"
)

// record is one record that was read, or that a delivery brought.
type record struct {
	typ      string
	of       *mapping.Record
	id       string
	value    any
	vars     jq.Vars
	changed  int64 // ms; 0: not known
	created  crm.Millis
	received crm.Millis // when it was read, or received
	alone    bool       // a delivery brought it, and nothing is read for it
	err      error      // the first of an expression
}

// records reads records, and makes facts of them.
type records struct {
	*source
	text   func() *text.Reader // made when first used: a process that only receives may need none
	relate *relate.Relater
	roster people.Roster
	memory *since.Memory // what people looked like when they were read
	props  fields.Properties
	shelf  shelf
}

// newRecord looks at the parts of a record that every type has.
func (c *records) newRecord(typ string, value any, vars jq.Vars, received crm.Millis) *record {
	r := &record{typ: typ, of: c.m.Records[typ], value: value, vars: vars, received: received}
	r.vars["$type"], r.vars["$received"] = typ, int(received)
	if ids, err := recordIDs(r.of.ID, value, vars); err == nil {
		r.id = ids[0]
	}
	r.changed, r.created = int64(r.at("changed", r.of.Changed)), r.at("created", r.of.Created)
	return r
}

// first evaluates an expression on the record and keeps the first error.
func (r *record) first(key string, e mapping.Expr) any {
	if !e.Set() {
		return nil
	}
	v, err := e.First(r.value, r.vars)
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("records.%s.%s: %w", r.typ, key, err)
	}
	return v
}

func (r *record) all(key string, e mapping.Expr) []any {
	v, err := e.All(r.value, r.vars)
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("records.%s.%s: %w", r.typ, key, err)
	}
	return v
}

func (r *record) text(key string, e mapping.Expr) string { return jq.Text(r.first(key, e)) }

func (r *record) is(key string, e mapping.Expr) bool { return jq.Truth(r.first(key, e)) }

func (r *record) number(key string, e mapping.Expr) float64 {
	n, _ := jq.Number(r.first(key, e))
	return n
}

// at is a time; 0 where there is none.
func (r *record) at(key string, e mapping.Expr) crm.Millis {
	return r.instant(key, r.first(key, e))
}

func (r *record) instant(key string, v any) crm.Millis {
	t, ok := jq.Instant(v)
	if !ok && r.err == nil {
		r.err = fmt.Errorf("records.%s.%s: %w", r.typ, key, errTime)
	}
	return crm.At(t)
}

// since is a time, or the record's own where true says no more than that it is so.
func (r *record) since(key string, e mapping.Expr) crm.Millis {
	v := r.first(key, e)
	if v == true {
		return crm.Millis(r.version())
	}
	return r.instant(key, v)
}

// version is the record's change time, or the receipt.
func (r *record) version() int64 {
	if r.changed > 0 {
		return r.changed
	}
	return int64(r.received)
}

// stamped completes a fact of the record with its version.
func (r *record) stamped(f crm.Fact) crm.Fact {
	f.Version, f.Seq, f.Ours = r.version(), int64(r.received), r.changed <= 0
	if f.At == 0 {
		f.At = r.created
	}
	if f.At == 0 {
		f.At = crm.Millis(f.Version)
	}
	return f
}

const (
	// eachAtOnce is how many references go into one fetch where the CRM reads one record a call.
	eachAtOnce = 10
	// maxRead bounds a batch of the mapping's.
	maxRead = 1000
)

// FetchLimits are the mapping's: how many records a call has, and how many calls there are at once.
func (c *records) FetchLimits(typ string) connectors.Limits {
	l := connectors.Limits{Batch: eachAtOnce, Calls: max(1, min(c.m.API.Calls, 8))}
	if r := c.m.Records[typ]; r != nil && r.Read != nil && r.Read.Batch > 1 {
		l.Batch = min(r.Read.Batch, maxRead)
	}
	return l
}

// Fetch reads records, one by one or together as the mapping says.
func (c *records) Fetch(ctx context.Context, refs []crm.Ref) []connectors.Result {
	if len(refs) == 0 {
		return nil
	}
	of := c.m.Records[refs[0].Type]
	switch {
	case of == nil || of.Read == nil:
		err := c.fail(
			"fetch",
			connectors.Malformed,
			errors.New("a reference to records that the mapping does not read"),
		)
		return connectors.Together(len(refs), nil, err)
	case of.Read.Batch > 1:
		return c.fetchMany(ctx, of, refs)
	}
	out := make([]connectors.Result, len(refs))
	for i, ref := range refs {
		if err := c.early(ref); err != nil {
			out[i].Err = err
			continue
		}
		value, vars, err := c.readOne(ctx, ref.Type, ref.ID)
		if err == nil {
			out[i].Notices, err = c.noticesOf(ctx, ref, value, vars)
		}
		out[i].Err = err
	}
	return out
}

// early is why a record is not read yet: a CRM may send the webhook before its own transaction has ended.
func (c *records) early(ref crm.Ref) error {
	if c.m.Hooks == nil || c.m.Hooks.Settle <= 0 || ref.Noticed == 0 {
		return nil
	}
	if wait := c.m.Hooks.Settle - c.now().Sub(ref.Noticed.Time()); wait > 0 {
		e := c.fail(
			"fetch",
			connectors.Conflict,
			errors.New("the CRM has told of the record just now and may not show it yet"),
		)
		e.After = wait
		return e
	}
	return nil
}

// readOne reads one record; nil where it is gone.
func (c *records) readOne(ctx context.Context, typ, id string) (any, jq.Vars, error) {
	of := c.m.Records[typ]
	vars := jq.Vars{"$type": typ, "$id": id, "$ids": []any{id}}
	if of.Person != nil {
		vars["$kind"] = of.Person.Kind
	}
	a, err := c.ask(ctx, call{op: "fetch", class: rest.Fetch, req: &of.Read.Request, vars: vars})
	if connectors.KindOf(err) == connectors.NotFound {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	value := a.value
	if of.Read.Item.Set() {
		if value, err = of.Read.Item.First(a.value, a.vars); err != nil {
			return nil, nil, c.fail("fetch", connectors.Garbled, fmt.Errorf("records.%s.read.item: %w", typ, err))
		}
		if value == nil && isObject(a.value) {
			return nil, nil, nil
		}
	}
	if !isObject(value) {
		return nil, nil, c.fail(
			"fetch",
			connectors.Garbled,
			fmt.Errorf("%s: the answer is not the record that was asked for", of.Read),
		)
	}
	return value, a.vars, nil
}

func isObject(v any) bool { _, ok := v.(map[string]any); return ok }

// fetchMany reads records in one call.
func (c *records) fetchMany(ctx context.Context, of *mapping.Record, refs []crm.Ref) []connectors.Result {
	typ := refs[0].Type
	ids := make([]any, len(refs))
	for i, r := range refs {
		if err := c.early(r); err != nil {
			return connectors.Together(len(refs), nil, err)
		}
		ids[i] = r.ID
	}
	found, vars, err := c.readMany(ctx, typ, of, ids)
	if err != nil {
		return connectors.Together(len(refs), nil, err)
	}
	out := make([]connectors.Result, len(refs))
	for i, ref := range refs {
		out[i].Notices, out[i].Err = c.noticesOf(ctx, ref, found[ref.ID], vars)
	}
	return out
}

// readMany reads records by their ids.
func (c *records) readMany(
	ctx context.Context,
	typ string,
	of *mapping.Record,
	ids []any,
) (map[string]any, jq.Vars, error) {
	vars := jq.Vars{"$type": typ, "$ids": ids, "$id": ids[0]}
	if of.Person != nil {
		vars["$kind"] = of.Person.Kind
	}
	a, err := c.ask(ctx, call{op: "fetch", class: rest.Fetch, req: &of.Read.Request, vars: vars})
	if err != nil {
		return nil, nil, err
	}
	list, err := of.Read.Item.All(a.value, a.vars)
	if err != nil || !of.Read.Item.Set() {
		return nil, nil, c.fail(
			"fetch",
			connectors.Garbled,
			fmt.Errorf("%s: the answer is not the records that were asked for", of.Read),
		)
	}
	found := map[string]any{}
	for _, v := range list {
		got, err := recordIDs(of.ID, v, jq.Vars{"$settings": c.set, "$type": typ})
		if err != nil || !isObject(v) {
			return nil, nil, c.fail("fetch", connectors.Garbled, fmt.Errorf("%s: a record without an id", of.Read))
		}
		found[got[0]] = v
	}
	return found, a.vars, nil
}

// noticesOf is what a record says that was asked for; nil is one that is gone.
func (c *records) noticesOf(ctx context.Context, ref crm.Ref, value any, vars jq.Vars) ([]crm.Notice, error) {
	now := crm.At(c.now())
	if value == nil {
		return []crm.Notice{c.gone(ref.Type, ref.ID, max(int64(now), ref.AsOf), now)}, nil
	}
	r := c.newRecord(ref.Type, value, vars, now)
	if r.id != ref.ID {
		return nil, c.fail(
			"fetch",
			connectors.Garbled,
			fmt.Errorf("records.%s: the answer is not the record that was asked for", ref.Type),
		)
	}
	return c.said(ctx, r, ref)
}

// said is what a record says.
func (c *records) said(ctx context.Context, r *record, ref crm.Ref) ([]crm.Notice, error) {
	if r.is("deleted", r.of.Deleted) {
		return []crm.Notice{c.gone(r.typ, r.id, max(r.version(), ref.AsOf), r.received)}, c.faulty(r)
	}
	if err := c.beside(ctx, r); err != nil {
		return nil, err
	}
	if r.of.Person != nil {
		return c.personSays(ctx, r)
	}
	if r.of.When.Set() && !r.is("when", r.of.When) {
		return nil, c.faulty(r)
	}
	c.shelf.put(r.typ, r.id, c.besides(r), c.now())
	circle, err := c.relate.Look(ctx, r.typ, []string{r.id}, []crm.Ref{ref}, r.of.Through && c.m.Deals() != "")
	if err != nil {
		return nil, err
	}
	f, err := c.factOf(ctx, r, circle)
	if err != nil {
		return nil, err
	}
	if err := c.faulty(r); err != nil {
		return nil, err
	}
	return circle.Notices(ctx, map[string]crm.Fact{r.id: f})
}

// faulty is the error of a record that does not fit the mapping.
func (c *records) faulty(r *record) error {
	if r.err == nil {
		return nil
	}
	return c.fail("fetch", connectors.Malformed, r.err)
}

// beside reads what the mapping wants beside a record.
func (c *records) beside(ctx context.Context, r *record) error {
	if len(r.of.With) == 0 {
		return nil
	}
	got := map[string]any{}
	r.vars["$with"] = got
	for _, name := range sortedKeys(r.of.With) {
		w := r.of.With[name]
		if w.When.Set() && !r.is("with."+name+".when", w.When) {
			continue
		}
		vars := jq.Vars{"$type": r.typ, "$id": r.id, "$with": got}
		a, err := c.ask(ctx, call{op: "fetch", class: rest.Fetch, req: &w.Request, input: r.value, vars: vars})
		switch {
		case connectors.KindOf(err) == connectors.NotFound:
			continue
		case err != nil:
			return connectors.About(err, "read what stands beside "+r.typ)
		}
		v := a.value
		if w.Item.Set() {
			if v, err = w.Item.First(a.value, a.vars); err != nil {
				return c.fail("fetch", connectors.Garbled, fmt.Errorf("records.%s.with.%s.item: %w", r.typ, name, err))
			}
		}
		got[name] = v
	}
	return nil
}

// taken is what a record says, as far as it says it alone.
func (c *records) taken(r *record) ([]crm.Notice, error) {
	r.alone = true
	if r.is("deleted", r.of.Deleted) {
		return []crm.Notice{c.gone(r.typ, r.id, r.version(), r.received)}, c.faulty(r)
	}
	if r.of.Person != nil {
		return c.personFacts(r, people.NewStaff(c.cfg.StaffDomains, nil))
	}
	if r.of.When.Set() && !r.is("when", r.of.When) {
		return nil, c.faulty(r)
	}
	alone := &relate.Relater{Now: func() time.Time { return r.received.Time() }}
	circle := alone.Around(r.typ, map[string][]string{r.id: c.besides(r).people}, nil)
	f, err := c.factOf(context.Background(), r, circle)
	if err != nil {
		return nil, err
	}
	if err := c.faulty(r); err != nil {
		return nil, err
	}
	return circle.Notices(context.Background(), map[string]crm.Fact{r.id: f})
}
