package salesforce

import (
	"cmp"
	"slices"
	"strings"
)

// run returns the records that a query selects, in its order. The caller holds mu.
func (o *Org) run(q *query) []*record {
	var rs []*record
	for _, r := range o.tables[q.obj.name] {
		if !r.erased && (q.all || !r.deleted && !r.archived) && (q.where == nil || q.where.holds(o, r)) {
			rs = append(rs, r)
		}
	}
	if len(q.order) > 0 {
		slices.SortStableFunc(rs, func(a, b *record) int {
			for _, by := range q.order {
				c := order(o.at(a, by.path), o.at(b, by.path))
				if by.desc {
					c = -c
				}
				if c != 0 {
					return c
				}
			}
			return 0
		})
	}
	if q.limit >= 0 && len(rs) > q.limit {
		rs = rs[:q.limit]
	}
	return rs
}

// at is what a path leads to from a record.
func (o *Org) at(r *record, p path) any {
	if p.via == nil {
		return r.value(r.obj.field(p.name))
	}
	to := o.byID[r.text(p.via.name)]
	if p.via.name == "LastModifiedById" || p.via.name == "CreatedById" {
		to = o.byID[r.by]
	}
	if to == nil {
		return nil
	}
	f := to.obj.field(p.name)
	if f == nil {
		return nil
	}
	return to.value(f)
}

// order compares two values; null comes first. Texts are compared without their case, ids with it.
func order(a, b any) int {
	switch a := a.(type) {
	case string:
		if b, ok := b.(string); ok {
			return strings.Compare(a, b)
		}
	case float64:
		if b, ok := b.(float64); ok {
			return cmp.Compare(a, b)
		}
	case bool:
		if b, ok := b.(bool); ok && a == b {
			return 0
		} else if ok && a {
			return 1
		} else if ok {
			return -1
		}
	case nil:
		if b == nil {
			return 0
		}
		return -1
	}
	return 1
}

func (c both) holds(o *Org, r *record) bool   { return c.a.holds(o, r) && c.b.holds(o, r) }
func (c either) holds(o *Org, r *record) bool { return c.a.holds(o, r) || c.b.holds(o, r) }
func (c not) holds(o *Org, r *record) bool    { return !c.a.holds(o, r) }

func (c compare) holds(o *Org, r *record) bool {
	v := o.at(r, c.path)
	same := func(w any) bool {
		s, ok := v.(string)
		t, both := w.(string)
		if ok && both && c.name != "Id" && !strings.HasSuffix(c.name, "Id") {
			return strings.EqualFold(s, t)
		}
		return order(v, w) == 0
	}
	switch c.op {
	case "IN":
		return slices.ContainsFunc(c.values, same)
	case "NOT IN":
		return !slices.ContainsFunc(c.values, same)
	case "=":
		return same(c.values[0])
	case "!=", "<>":
		return !same(c.values[0])
	}
	if v == nil || c.values[0] == nil {
		return false
	}
	switch n := order(v, c.values[0]); c.op {
	case "<":
		return n < 0
	case "<=":
		return n <= 0
	case ">":
		return n > 0
	default:
		return n >= 0
	}
}

// show is a record as an answer holds it: the fields asked for, related ones nested.
func (o *Org) show(r *record, fields []path, version string) map[string]any {
	out := map[string]any{"attributes": map[string]string{
		"type": r.obj.name, "url": "/services/data/" + version + "/sobjects/" + r.obj.name + "/" + r.id,
	}}
	for _, p := range fields {
		if p.via == nil {
			out[p.text] = o.at(r, p)
			continue
		}
		relation, _, _ := strings.Cut(p.text, ".")
		to := o.byID[r.text(p.via.name)]
		if p.via.name == "LastModifiedById" {
			to = o.byID[r.by]
		}
		if to == nil {
			out[relation] = nil
			continue
		}
		nested, ok := out[relation].(map[string]any)
		if !ok {
			nested = map[string]any{"attributes": map[string]string{"type": to.obj.name}}
			out[relation] = nested
		}
		nested[p.name] = o.at(r, p)
	}
	return out
}
