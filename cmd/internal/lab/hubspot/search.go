package hubspot

import (
	"cmp"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Limits of a search. Source: HubSpot documentation, "Search the CRM", limits.
const (
	maxPage      = 200
	maxFound     = 10_000
	maxGroups    = 5
	maxFilters   = 6
	maxAllFilter = 18
)

type searchInput struct {
	FilterGroups []struct {
		Filters []filterInput `json:"filters"`
	} `json:"filterGroups"`
	Sorts []struct {
		Property  string `json:"propertyName"`
		Direction string `json:"direction"`
	} `json:"sorts"`
	Properties []string `json:"properties"`
	Query      string   `json:"query"`
	Limit      *int     `json:"limit"`
	After      any      `json:"after"`
}

type filterInput struct {
	Property  string   `json:"propertyName"`
	Operator  string   `json:"operator"`
	Value     string   `json:"value"`
	HighValue string   `json:"highValue"`
	Values    []string `json:"values"`
}

// filter is a filterInput made ready.
type filter struct {
	filterInput
	def       *Property
	low, high float64 // of Value and HighValue, where the property has an order of numbers
}

// search is POST /crm/objects/{type}/search.
func (s *Sandbox) search(r *request) (answer, *problem) {
	var in searchInput
	if p := r.decode(&in); p != nil {
		return answer{}, p
	}
	limit, after, p := in.page()
	if p != nil {
		return answer{}, p
	}
	s.settleLog(r.kind)
	s.mu.RLock()
	defer s.mu.RUnlock()
	groups, p := s.filters(r.kind, &in)
	if p != nil {
		return answer{}, p
	}
	sel, p := s.choose(r.kind, in.Properties, nil, nil)
	if p != nil {
		return answer{}, p
	}
	found, total, p := s.find10k(r.kind, &in, groups, after, limit)
	if p != nil {
		return answer{}, p
	}
	b := append(strconv.AppendInt([]byte(`{"total":`), int64(total), 10), `,"results":[`...)
	for i, rec := range found {
		if i > 0 {
			b = append(b, ',')
		}
		b = sel.append(b, rec)
	}
	b = append(b, ']')
	if next := after + len(found); next < total && len(found) > 0 {
		return answer{http.StatusOK, appendPaging(b, int64(next))}, nil
	}
	return answer{http.StatusOK, append(b, '}')}, nil
}

// page reads limit and after and holds the search to its limits.
func (in *searchInput) page() (limit, after int, p *problem) {
	limit = 10
	if in.Limit != nil {
		limit = *in.Limit
	}
	switch v := in.After.(type) {
	case nil:
	case string:
		n, err := strconv.Atoi(cmp.Or(v, "0"))
		if err != nil {
			return 0, 0, badRequest("Invalid after: %s", v)
		}
		after = n
	case float64:
		after = int(v)
	}
	filters := 0
	for _, g := range in.FilterGroups {
		if len(g.Filters) > maxFilters {
			return 0, 0, badRequest("Too many filters in a group: %d, the limit is %d", len(g.Filters), maxFilters)
		}
		filters += len(g.Filters)
	}
	switch {
	case limit < 1 || limit > maxPage:
		p = badRequest("Invalid limit %d: it must be between 1 and %d", limit, maxPage)
	case after < 0 || after+limit > maxFound:
		p = badRequest("Paging is limited to %d results", maxFound)
	case len(in.FilterGroups) > maxGroups || filters > maxAllFilter:
		p = badRequest("Too many filters: the limits are %d groups and %d filters", maxGroups, maxAllFilter)
	case len(in.Sorts) > 1:
		p = badRequest("Only one sort is allowed")
	}
	return limit, after, p
}

// filters makes the filters ready. A property that does not exist is refused, as HubSpot does.
func (s *Sandbox) filters(k *kind, in *searchInput) ([][]filter, *problem) {
	var groups [][]filter
	for _, g := range in.FilterGroups {
		var fs []filter
		for _, f := range g.Filters {
			one := filter{filterInput: f, def: s.props[k.index].byName[f.Property]}
			if one.def == nil {
				return nil, badRequest("There was a problem with the request: property %s does not exist", f.Property)
			}
			switch f.Operator {
			case "EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY",
				"CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN":
			default:
				return nil, badRequest("Invalid operator: %s", f.Operator)
			}
			if one.def.ordered() {
				one.low, one.high = one.def.number(f.Value), one.def.number(f.HighValue)
			}
			fs = append(fs, one)
		}
		groups = append(groups, fs)
	}
	return groups, nil
}

func (def *Property) ordered() bool {
	return def.Type == "number" || def.Type == "date" || def.Type == "datetime"
}

// number is the place of a value in the order of numbers or of time.
func (def *Property) number(value string) float64 {
	if def.Type == "number" {
		n, _ := strconv.ParseFloat(value, 64)
		return n
	}
	ms, _ := instant(value)
	return float64(ms)
}

// numberOf is number for a record's own value.
func (def *Property) numberOf(r *record) float64 {
	switch def.builtin {
	case isID:
		return float64(r.id)
	case isCreated:
		return float64(r.created)
	case isModified:
		return float64(r.updated)
	}
	return def.number(r.get(def))
}

func matches(groups [][]filter, query string, r *record) bool {
	if query != "" && !mentions(r, strings.ToLower(query)) {
		return false
	}
	for _, g := range groups {
		all := true
		for i := range g {
			if all = g[i].matches(r); !all {
				break
			}
		}
		if all {
			return true
		}
	}
	return len(groups) == 0
}

func mentions(r *record, query string) bool {
	return slices.ContainsFunc(r.fields, func(f field) bool {
		return strings.Contains(strings.ToLower(f.value), query)
	})
}

func (f *filter) matches(r *record) bool {
	if f.def.builtin == plain {
		has := r.get(f.def) != ""
		switch f.Operator {
		case "HAS_PROPERTY":
			return has
		case "NOT_HAS_PROPERTY":
			return !has
		case "NEQ", "NOT_IN", "NOT_CONTAINS_TOKEN":
		default:
			if !has {
				return false
			}
		}
	}
	switch f.Operator {
	case "IN", "NOT_IN":
		v := strings.ToLower(r.get(f.def))
		return slices.ContainsFunc(f.Values, func(w string) bool {
			return strings.ToLower(w) == v
		}) == (f.Operator == "IN")
	case "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN":
		part := strings.ToLower(strings.Trim(f.Value, "*"))
		return strings.Contains(strings.ToLower(r.get(f.def)), part) == (f.Operator == "CONTAINS_TOKEN")
	}
	var order, high int
	if f.def.ordered() {
		n := f.def.numberOf(r)
		order, high = cmp.Compare(n, f.low), cmp.Compare(n, f.high)
	} else {
		v := strings.ToLower(r.get(f.def))
		order, high = cmp.Compare(v, strings.ToLower(f.Value)), cmp.Compare(v, strings.ToLower(f.HighValue))
	}
	switch f.Operator {
	case "EQ":
		return order == 0
	case "NEQ":
		return order != 0
	case "LT":
		return order < 0
	case "LTE":
		return order <= 0
	case "GT":
		return order > 0
	case "BETWEEN":
		return order >= 0 && high <= 0
	case "HAS_PROPERTY":
		return true
	case "NOT_HAS_PROPERTY":
		return false
	}
	return order >= 0 // GTE
}

// settleLog puts the log of changes in order, after the clock went back.
func (s *Sandbox) settleLog(k *kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table(k)
	if !t.unsorted {
		return
	}
	t.log = slices.DeleteFunc(t.log, stamp.stale)
	slices.SortStableFunc(t.log, func(a, b stamp) int { return cmp.Compare(a.at, b.at) })
	t.unsorted = false
}

// find10k returns the records from after on, as many as limit, and how many there are in all. What changed less than
// the index lag ago is not found yet.
func (s *Sandbox) find10k(k *kind, in *searchInput, groups [][]filter, after,
	limit int,
) (found []*record, total int, p *problem) {
	horizon := s.now() - s.opt.IndexLag.Milliseconds()
	take := func(r *record) {
		if r.updated > horizon || !matches(groups, in.Query, r) {
			return
		}
		if total >= after && len(found) < limit {
			found = append(found, r)
		}
		total++
	}
	t := s.table(k)
	var by *Property
	descending := false
	if len(in.Sorts) == 1 {
		if by = s.props[k.index].byName[in.Sorts[0].Property]; by == nil {
			return nil, 0, badRequest("Unknown property to sort by: %s", in.Sorts[0].Property)
		}
		descending = in.Sorts[0].Direction == "DESCENDING"
	}
	switch {
	case by != nil && by.builtin == isModified:
		since := changedSince(groups)
		from := sort.Search(len(t.log), func(i int) bool { return t.log[i].at >= since })
		each(t.log[from:], descending, func(e stamp) {
			if !e.stale() {
				take(e.rec)
			}
		})
	case by == nil || by.builtin == isID || by.builtin == isCreated:
		each(t.order, descending, func(r *record) {
			if r.live() && r.into == nil {
				take(r)
			}
		})
	default:
		rest := slices.DeleteFunc(slices.Clone(t.order), func(r *record) bool { return !r.live() || r.into != nil })
		slices.SortStableFunc(rest, func(a, b *record) int {
			if by.ordered() {
				return cmp.Compare(by.numberOf(a), by.numberOf(b))
			}
			return cmp.Compare(a.get(by), b.get(by))
		})
		each(rest, descending, take)
	}
	return found, total, nil
}

func each[T any](list []T, backward bool, f func(T)) {
	if backward {
		for _, v := range slices.Backward(list) {
			f(v)
		}
		return
	}
	for _, v := range list {
		f(v)
	}
}

// changedSince is an instant before which nothing can match, from the filters by time of change.
func changedSince(groups [][]filter) int64 {
	since := int64(-1)
	for _, g := range groups {
		low := int64(0)
		for _, f := range g {
			if f.def.builtin == isModified && slices.Contains([]string{"GT", "GTE", "EQ", "BETWEEN"}, f.Operator) {
				low = max(low, int64(f.low))
			}
		}
		if since < 0 || low < since {
			since = low
		}
	}
	return max(since, 0)
}
