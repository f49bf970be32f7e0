package salesforce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/fields"
	"github.com/winnow-crm/winnow/connectors/rest"
)

const (
	// maxCollection is how many records one composite/sobjects takes. Source: REST API Developer Guide, "sObject
	// Collections".
	maxCollection = 200
	// maxText is how long the long texts are that set-up makes, in characters: Salesforce allows 131,072.
	maxText = 32000
)

// writer puts ratings into contacts and leads.
type writer struct{ *api }

// WriteLimits are those of composite/sobjects.
func (c *writer) WriteLimits() connectors.Limits {
	return connectors.Limits{Batch: maxCollection, Calls: 4}
}

// Split puts contacts and leads apart: a call takes both, but no more than ten runs of one object.
func (c *writer) Split(chs []crm.Change) [][]crm.Change {
	sorted := slices.Clone(chs)
	slices.SortStableFunc(sorted, func(a, b crm.Change) int {
		return cmp.Compare(crm.ParsePerson(a.Contact).Kind, crm.ParsePerson(b.Contact).Kind)
	})
	return connectors.InBatches(sorted, maxCollection)
}

// row is the answer for one record of a collection, in the order of the request.
type row struct {
	ID      string    `json:"id"`
	Success bool      `json:"success"`
	Errors  []refusal `json:"errors"`
}

// Write sends one collection and returns one error per change. A lead's status, for which the org may have no such
// value, goes in a call of its own, so that no rating is refused for its sake.
func (c *writer) Write(ctx context.Context, chs []crm.Change) []error {
	out := make([]error, len(chs))
	var ours, natives []map[string]any
	var of, nativeOf []int
	for i, ch := range chs {
		rec, err := c.record(ctx, ch)
		switch {
		case err != nil:
			out[i] = err
		case len(rec) > 2: // more than its type and id
			ours, of = append(ours, rec), append(of, i)
		}
	}
	for n, err := range c.update(ctx, ours) {
		out[of[n]] = err
	}
	c.follow(ctx, chs, out)
	for i, ch := range chs {
		if status, ok := ch.Values[crm.FieldNativeStatus]; ok && out[i] == nil &&
			crm.ParsePerson(ch.Contact).Kind == lead {
			if status == crm.UnqualifiedStatus {
				status = c.cfg.Unqualified
			}
			rec := head(crm.ParsePerson(ch.Contact))
			rec["Status"] = status
			natives, nativeOf = append(natives, rec), append(nativeOf, i)
		}
	}
	for n, err := range c.update(ctx, natives) {
		out[nativeOf[n]] = c.beside(err)
	}
	return out
}

// follow says of people who were merged, or converted, while their rating was on its way whom they have become: the
// rating of that one is written, and theirs is no failure.
func (c *writer) follow(ctx context.Context, chs []crm.Change, errs []error) {
	late := map[string]map[string]int{contact: {}, lead: {}} // the place in chs, by kind and id
	for i, err := range errs {
		p := crm.ParsePerson(chs[i].Contact)
		e, ok := errors.AsType[*connectors.Error](err)
		if ok && e.Kind == connectors.NotFound && !e.Whole && late[p.Kind] != nil {
			late[p.Kind][p.ID] = i
		}
	}
	names := map[string][]string{
		contact: {"Id", "IsDeleted", "MasterRecordId"},
		lead:    {"Id", "IsDeleted", "MasterRecordId", "IsConverted", "ConvertedContactId"},
	}
	for kind, places := range late {
		found, err := c.selectFrom(ctx, objectOf(kind), names[kind], "Id", slices.Collect(maps.Keys(places)), true)
		if k := connectors.KindOf(err); err != nil && (k == connectors.Unavailable || k == connectors.RateLimited) {
			for _, i := range places { // the write is tried again, and asks again
				errs[i] = err
			}
		}
		for _, r := range found {
			i, asked := places[full(r.text("Id"))]
			if into := movedTo(r); asked && into != "" {
				e := c.fail("write", connectors.NotFound, errors.New("the record was merged or converted into another"))
				e.Into, errs[i] = into, e
			}
		}
	}
}

// beside is the error of a status that could not be set beside a rating that is written.
func (c *writer) beside(err error) error {
	e, ok := errors.AsType[*connectors.Error](err)
	if !ok || e.Kind != connectors.Rejected && e.Kind != connectors.Misconfigured {
		return err
	}
	own := *e
	own.Kind, own.Whole, own.Beside = connectors.Rejected, false, true
	own.Err = fmt.Errorf(
		"Lead.Status was not set: %w; %s names the value for a disqualified lead", e.Err,
		c.opt.Source.Variable("UNQUALIFIED"))
	return &own
}

// update sends records, one error for each.
func (c *writer) update(ctx context.Context, records []map[string]any) []error {
	if len(records) == 0 {
		return nil
	}
	out := make([]error, len(records))
	var got []row
	_, err := c.rest.Do(ctx, rest.Request{
		Op: "write", Class: rest.Write, Method: http.MethodPatch, Path: "/services/data/" + version +
			"/composite/sobjects",
		// Without the second header a lead that is updated is assigned anew by the org's rules. Source: REST API
		// Developer Guide, "Assignment Rule Header".
		Header: http.Header{"Sforce-Call-Options": {callOptions}, "Sforce-Auto-Assign": {"FALSE"}},
		Body:   map[string]any{"allOrNone": false, "records": records}, Into: &got,
	})
	if err == nil && len(got) != len(records) {
		err = c.fail("write", connectors.Garbled, errors.New("the answer has another number of rows than the request"))
	}
	if err != nil {
		if e, ok := errors.AsType[*connectors.Error](err); ok {
			e.Whole = len(records) > 1
		}
		for i := range out {
			out[i] = err
		}
		return out
	}
	for i, r := range got {
		if !r.Success {
			out[i] = c.rowError(r)
		}
	}
	byTrigger(got, out)
	return out
}

// triggered is the code of a row that a trigger or a flow of the org refused. One that fails at a single record has it
// for all of the call, so where there are several nobody knows which is at fault: the caller splits them.
const triggered = "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"

func byTrigger(got []row, out []error) {
	var together []*connectors.Error
	for i, r := range got {
		if e, ok := errors.AsType[*connectors.Error](out[i]); ok && len(r.Errors) > 0 && r.Errors[0].Row == triggered {
			together = append(together, e)
		}
	}
	for _, e := range together {
		e.Whole = len(together) > 1
	}
}

// rowError is why one record was not written.
func (c *writer) rowError(r row) error {
	if len(r.Errors) == 0 {
		return c.fail("write", connectors.Rejected, errors.New("refused without a reason"))
	}
	first := r.Errors[0]
	code := first.Row
	if !codeWord.MatchString(code) {
		code = "refused with a code that is none"
	}
	e := c.meaning(code, first)
	if e.Kind == connectors.Misconfigured { // a field that was there when we looked
		c.shapes.forget("Contact")
		c.shapes.forget("Lead")
	}
	e.Vendor, e.Op = Vendor, "write"
	return e
}

func head(p crm.Person) map[string]any {
	return map[string]any{"attributes": map[string]string{"type": objectOf(p.Kind)}, "id": p.ID}
}

// record is a change as Salesforce takes it.
func (c *writer) record(ctx context.Context, ch crm.Change) (map[string]any, error) {
	p, ok := identify(crm.ParsePerson(ch.Contact).ID)
	if !ok || p.String() != ch.Contact {
		return nil, c.fail("write", connectors.Internal, errors.New("a change of somebody who is neither a contact "+
			"nor a lead"))
	}
	s, err := c.describe(ctx, "write", objectOf(p.Kind))
	if err != nil {
		return nil, err
	}
	if _, err := c.fields.Values(ch, maxText); err != nil {
		return nil, c.fail("write", connectors.Internal, err)
	}
	rec := head(p)
	for f, v := range ch.Values {
		name := c.fields[f]
		if name == "" {
			continue
		}
		shape, there := s.field(name)
		if !there {
			return nil, c.fail("write", connectors.Misconfigured, fmt.Errorf(
				"%s has no field %s that the running user may see: winnow setup %s", objectOf(p.Kind), name,
				c.opt.Source.Name))
		}
		value, err := valueOf(f, v, shape)
		if err != nil {
			return nil, c.fail("write", connectors.Internal, err)
		}
		rec[name] = value
	}
	return rec, nil
}

// valueOf is a value in JSON's types. A checkbox is never null.
func valueOf(f crm.Field, v string, shape shapeField) (any, error) {
	spec, known := crm.SpecOf(f)
	switch {
	case !known:
		return nil, fmt.Errorf("%q is no field that is written", f)
	case spec.Type == crm.Flag:
		return v == "true", nil
	case v == "":
		return nil, nil
	case spec.Type == crm.Number:
		return strconv.ParseFloat(v, 64)
	case spec.Type == crm.Instant:
		at, err := time.Parse(time.RFC3339, v)
		return at.UTC().Format("2006-01-02T15:04:05.000Z"), err
	case shape.Length > 0:
		return fields.Cut(v, shape.Length), nil
	}
	return v, nil
}
