package generic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/fields"
	"github.com/winnow-crm/winnow/connectors/generic/jq"
	"github.com/winnow-crm/winnow/connectors/generic/mapping"
	"github.com/winnow-crm/winnow/connectors/rest"
)

// writer puts ratings into the CRM.
type writer struct{ *source }

// maxWrite bounds a batch of the mapping's.
const maxWrite = 500

func (w writer) batch() int { return min(max(w.m.Write.Batch, 1), maxWrite) }

// WriteLimits are the mapping's.
func (w writer) WriteLimits() connectors.Limits {
	return connectors.Limits{Batch: max(w.batch(), 20), Calls: max(1, min(w.m.API.Calls, 4))}
}

// Split puts changes apart by what those of one call have in common.
func (w writer) Split(chs []crm.Change) [][]crm.Change {
	byKind := slices.Contains(w.m.Write.Together, "kind")
	byValues := slices.Contains(w.m.Write.Together, "values")
	var order []string
	groups := map[string][]crm.Change{}
	for _, ch := range chs {
		var key strings.Builder
		if byKind {
			key.WriteString(crm.ParsePerson(ch.Contact).Kind)
		}
		if byValues {
			for _, f := range sortedKeys(ch.Values) {
				fmt.Fprintf(&key, "\x1f%s=%s", f, ch.Values[f])
			}
		}
		if _, there := groups[key.String()]; !there {
			order = append(order, key.String())
		}
		groups[key.String()] = append(groups[key.String()], ch)
	}
	var out [][]crm.Change
	for _, key := range order {
		out = append(out, connectors.InBatches(groups[key], w.batch())...)
	}
	return out
}

// one is a change as the CRM takes it.
type one struct {
	at     int // its place in the call
	p      crm.Person
	typ    string
	values map[string]any
}

// Write sends one call for our own fields, and another for the CRM's own status, so that no rating is refused for its
// sake.
func (w writer) Write(ctx context.Context, chs []crm.Change) []error {
	out := make([]error, len(chs))
	var ours, natives []one
	for i, ch := range chs {
		c, err := w.change(i, ch)
		switch {
		case err != nil:
			out[i] = err
		case len(c.values) > 0:
			ours = append(ours, c)
		}
	}
	w.send(ctx, ours, out)
	for i, ch := range chs {
		p, typ, of := w.kindOf(ch.Contact)
		status, ok := ch.Values[crm.FieldNativeStatus]
		if !ok || out[i] != nil || of == nil || of.Status == nil {
			continue
		}
		if status == crm.UnqualifiedStatus {
			status = of.Status.Closed
		}
		natives = append(natives, one{i, p, typ, map[string]any{of.Status.Field: status}})
	}
	late := make([]error, len(chs))
	w.send(ctx, natives, late)
	for i, err := range late {
		if err != nil {
			out[i] = beside(err)
		}
	}
	return out
}

// beside is the error of a status that could not be set beside a rating that is written.
func beside(err error) error {
	e, ok := errors.AsType[*connectors.Error](err)
	if !ok || e.Kind != connectors.Rejected && e.Kind != connectors.Misconfigured {
		return err
	}
	own := *e
	own.Kind, own.Whole, own.Beside = connectors.Rejected, false, true
	own.Err = fmt.Errorf("the CRM's own status was not set: %w", e.Err)
	return &own
}

// change is a change in the CRM's names and types.
func (w writer) change(i int, ch crm.Change) (one, error) {
	p, typ, of := w.kindOf(ch.Contact)
	if of == nil {
		return one{}, w.fail(
			"write",
			connectors.Internal,
			errors.New("a change of nobody of a kind that the mapping has"),
		)
	}
	texts, err := w.fields.Values(ch, cmp.Or(of.Text, connectors.DefaultText))
	if err != nil {
		return one{}, w.fail("write", connectors.Internal, err)
	}
	c := one{i, p, typ, map[string]any{}}
	for f := range ch.Values {
		name := w.fields[f]
		text, there := texts[name]
		if !there || f == crm.FieldNativeStatus {
			continue
		}
		if c.values[name], err = w.value(f, text, p.Kind, typ); err != nil {
			return one{}, w.fail("write", connectors.Internal, fmt.Errorf("fields: %s: %w", f, err))
		}
	}
	return c, nil
}

// value is a text in the CRM's type.
func (w writer) value(f crm.Field, text, kind, typ string) (any, error) {
	spec, _ := crm.SpecOf(f)
	vars := jq.Vars{"$settings": w.set, "$me": w.me.get(), "$type": typ, "$kind": kind, "$name": w.fields[f]}
	if text == "" {
		if spec.Type == crm.Flag {
			return w.as(w.m.Fields.Flag, false, vars)
		}
		return w.as(w.m.Fields.Empty, nil, vars, string(spec.Type))
	}
	switch spec.Type {
	case crm.Flag:
		return w.as(w.m.Fields.Flag, text == "true", vars)
	case crm.Number:
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		return w.as(w.m.Fields.Number, n, vars)
	case crm.Day:
		return w.as(w.m.Fields.Day, text, vars)
	case crm.Instant:
		return w.as(w.m.Fields.Instant, text, vars)
	case crm.Prose:
		return w.as(w.m.Fields.Prose, text, vars)
	case crm.Choice:
		return w.as(w.m.Fields.Choice, text, vars)
	}
	return w.as(w.m.Fields.Line, fields.Cut(text, maxLine), vars)
}

// maxLine is how long a short text may be in any CRM.
const maxLine = 255

// as is a value as the mapping writes it; in stands for the value where the expression looks at something else.
func (w writer) as(e mapping.Expr, v any, vars jq.Vars, in ...any) (any, error) {
	if !e.Set() {
		return v, nil
	}
	if len(in) > 0 {
		v = in[0]
	}
	return e.First(v, vars)
}

// send makes one call and puts the error of each change into its place.
func (w writer) send(ctx context.Context, part []one, out []error) {
	if len(part) == 0 {
		return
	}
	changes, ids := make([]any, len(part)), make([]any, len(part))
	for i, c := range part {
		ids[i] = c.p.ID
		changes[i] = map[string]any{"id": c.p.ID, "kind": c.p.Kind, "type": c.typ, "values": c.values}
	}
	vars := jq.Vars{
		"$type": part[0].typ, "$kind": part[0].p.Kind, "$id": part[0].p.ID, "$values": part[0].values, "$ids": ids,
		"$changes": changes,
	}
	a, err := w.ask(ctx, call{op: "write", class: rest.Write, req: &w.m.Write.Request, vars: vars})
	if err != nil {
		if e, ok := errors.AsType[*connectors.Error](err); ok && len(part) > 1 {
			own := *e
			own.Whole, err = true, &own
		}
		for _, c := range part {
			out[c.at] = err
		}
		return
	}
	w.results(part, a, out)
}

// results reads what became of each change of a batch.
func (w writer) results(part []one, a answer, out []error) {
	if !w.m.Write.Result.Set() {
		return
	}
	got, err := w.m.Write.Result.All(a.value, a.vars)
	if err != nil || len(got) != len(part) {
		e := w.fail(
			"write",
			connectors.Garbled,
			fmt.Errorf("write.result: %d results for %d changes", len(got), len(part)),
		)
		e.Whole = len(part) > 1
		for _, c := range part {
			out[c.at] = e
		}
		return
	}
	for i, v := range got {
		out[part[i].at] = w.result(v)
	}
}

// result is the error of one change; nil where it was written.
func (w writer) result(v any) error {
	m, isObject := v.(map[string]any)
	if v == true || isObject && m["ok"] == true {
		return nil
	}
	e := w.fail("write", connectors.Rejected, errors.New("the CRM refuses the change"))
	if k, ok := kinds[jq.Text(m["kind"])]; ok {
		e.Kind = k
	}
	if reason := jq.Text(m["reason"]); codeWord.MatchString(reason) {
		e.Err = fmt.Errorf("%w (%s)", e.Err, reason)
	}
	return e
}
