package espocrm

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxSize is how many records one page may have. Source: EspoCRM's configuration, recordListMaxSizeLimit.
const maxSize = 200

// condition is one of a list's where.
type condition struct{ typ, attribute, value string }

// conditions reads where[0][type] and its like.
func conditions(q url.Values) (out []condition, ok bool) {
	for i := 0; ; i++ {
		at := func(name string) string { return q.Get(fmt.Sprintf("where[%d][%s]", i, name)) }
		c := condition{at("type"), at("attribute"), at("value")}
		if c.typ == "" {
			return out, c == condition{}
		}
		if !slices.Contains(
			[]string{"equals", "greaterThan", "lessThan", "greaterThanOrEquals", "lessThanOrEquals"},
			c.typ,
		) ||
			c.value == "" {
			return nil, false
		}
		out = append(out, c)
	}
}

func (c condition) holds(v string) bool {
	n := strings.Compare(v, c.value)
	switch c.typ {
	case "equals":
		return n == 0
	case "greaterThan":
		return n > 0
	case "lessThan":
		return n < 0
	case "greaterThanOrEquals":
		return n >= 0
	}
	return n <= 0
}

// list is GET {entity} with where, orderBy, order, offset, maxSize and select.
func (e api) list(r *http.Request, _ []byte) answer {
	entity, q := r.PathValue("entity"), r.URL.Query()
	if e.entities[entity] == nil {
		return refused(http.StatusNotFound)
	}
	where, ok := conditions(q)
	size := maxSize
	if s := q.Get("maxSize"); s != "" {
		n, err := strconv.Atoi(s)
		ok, size = ok && err == nil && n > 0, n
	}
	if !ok || size > maxSize {
		return refused(http.StatusBadRequest)
	}
	text := func(rec *record, name string) string {
		v := fmt.Sprint(e.shown(rec)[name])
		if name == "emailAddress" { // EspoCRM looks for addresses in lower case
			return strings.ToLower(v)
		}
		return v
	}
	found := e.related(entity, func(rec *record) bool {
		return !slices.ContainsFunc(where, func(c condition) bool { return !c.holds(text(rec, c.attribute)) })
	})
	if by := q.Get("orderBy"); by != "" {
		slices.SortStableFunc(found, func(a, b *record) int {
			n := cmp.Or(cmp.Compare(text(a, by), text(b, by)), cmp.Compare(a.id, b.id))
			if q.Get("order") == "desc" {
				return -n
			}
			return n
		})
	}
	list := []any{}
	from, _ := strconv.Atoi(q.Get("offset"))
	for _, rec := range found[min(len(found), max(0, from)):min(len(found), from+size)] {
		list = append(list, selected(e.shown(rec), q.Get("select")))
	}
	return answer{200, map[string]any{"total": len(found), "list": list}}
}

// selected are the attributes that were asked for; a list shows neither the words of mails nor links of many.
func selected(values map[string]any, names string) map[string]any {
	out := map[string]any{"id": values["id"]}
	for _, name := range sortedNames(values) {
		asked := slices.Contains(strings.Split(names, ","), name)
		heavy := slices.Contains(
			[]string{"body", "bodyPlain", "typeHash", "idHash", "emailAddressData", "contactsIds", "leadsIds"},
			name,
		)
		if asked || names == "" && !heavy {
			out[name] = values[name]
		}
	}
	return out
}
