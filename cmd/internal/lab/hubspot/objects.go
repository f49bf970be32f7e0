package hubspot

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// names are the values of a query parameter, given several times or with commas.
func names(q url.Values, key string) []string {
	var all []string
	for _, v := range q[key] {
		all = append(all, strings.Split(v, ",")...)
	}
	return all
}

// list is GET /crm/objects/{type}: all records by id, a page at a time.
func (s *Sandbox) list(r *request) (answer, *problem) {
	q := r.URL.Query()
	history := names(q, "propertiesWithHistory")
	limit, after, p := page(q, 10, 100)
	switch {
	case p != nil:
		return answer{}, p
	case len(history) > 0 && limit > maxWithHistory:
		return answer{},
			badRequest("The maximum number of objects supported in a request for property histories is %d",
				maxWithHistory)
	}
	archived := q.Get("archived") == "true"
	s.mu.RLock()
	defer s.mu.RUnlock()
	sel, p := s.choose(r.kind, names(q, "properties"), history, names(q, "associations"))
	if p != nil {
		return answer{}, p
	}
	order := s.table(r.kind).order
	from, _ := slices.BinarySearchFunc(order, after+1, func(r *record, id int64) int { return cmp.Compare(r.id, id) })
	b := []byte(`{"results":[`)
	n, last := 0, int64(0)
	for _, rec := range order[from:] {
		if rec.erased || rec.into != nil || rec.archived != archived {
			continue
		}
		if n == limit {
			return answer{http.StatusOK, appendPaging(append(b, ']'), last)}, nil
		}
		if n > 0 {
			b = append(b, ',')
		}
		b = sel.append(b, rec)
		n, last = n+1, rec.id
	}
	return answer{http.StatusOK, append(b, "]}"...)}, nil
}

// page reads the limit and the place to go on from.
func page(q url.Values, usual, most int) (limit int, after int64, p *problem) {
	limit = usual
	if v := q.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > most {
			return 0, 0, badRequest("Invalid limit %s: it must be between 1 and %d", v, most)
		}
		limit = n
	}
	if v := q.Get("after"); v != "" {
		n, ok := millis(v)
		if !ok {
			return 0, 0, badRequest("Invalid after: %s", v)
		}
		after = n
	}
	return limit, after, nil
}

func appendPaging(b []byte, after int64) []byte {
	b = append(b, `,"paging":{"next":{"after":`...)
	b = appendID(b, after)
	return append(b, `,"link":"https://api.hubapi.com/"}}}`...)
}

// lookup finds a live record by its id or, under idProperty, by a contact's address.
func (s *Sandbox) lookup(k *kind, id, idProperty string) (*record, *problem) {
	switch {
	case idProperty == "" || idProperty == "hs_object_id":
		return s.find(k, id), nil
	case idProperty == "email" && k == contacts:
		if r := s.byEmail[strings.ToLower(id)].follow(); r.live() {
			return r, nil
		}
		return nil, nil
	}
	return nil, badRequest("Unable to perform read/update by non-unique %s property %s in portal ID %d", k.typeID,
		idProperty, s.opt.PortalID)
}

// readOne is GET /crm/objects/{type}/{id}.
func (s *Sandbox) readOne(r *request) (answer, *problem) {
	q := r.URL.Query()
	s.mu.RLock()
	defer s.mu.RUnlock()
	sel, p := s.choose(r.kind, names(q, "properties"), names(q, "propertiesWithHistory"), names(q, "associations"))
	if p != nil {
		return answer{}, p
	}
	rec, p := s.lookup(r.kind, r.PathValue("id"), q.Get("idProperty"))
	if p != nil {
		return answer{}, p
	}
	if rec == nil && q.Get("archived") == "true" {
		rec = s.binned(r.kind, r.PathValue("id"))
	}
	if rec == nil {
		return answer{}, &notFound
	}
	return answer{http.StatusOK, sel.append(nil, rec)}, nil
}

// deleteOne is DELETE /crm/objects/{type}/{id}. What is not there is deleted already.
func (s *Sandbox) deleteOne(r *request) (answer, *problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if rec := s.find(r.kind, r.PathValue("id")); rec != nil {
		s.archive(rec, s.app)
	}
	return answer{status: http.StatusNoContent}, nil
}

// createOne is POST /crm/objects/{type}.
func (s *Sandbox) createOne(r *request) (answer, *problem) {
	var in struct {
		Properties   json.RawMessage
		Associations []struct {
			To    struct{ ID json.Number }
			Types []struct {
				Category string `json:"associationCategory"`
				ID       int    `json:"associationTypeId"`
			}
		}
	}
	if p := r.decode(&in); p != nil {
		return answer{}, p
	}
	if in.Properties == nil {
		in.Properties = json.RawMessage("{}")
	}
	props, p := readProperties(&scan{b: in.Properties})
	if p != nil {
		return answer{}, p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sets, bad := s.checkAll(r.kind, props)
	if bad != nil {
		return answer{}, s.refusal(bad)
	}
	var with []*record
	for _, a := range in.Associations {
		for _, t := range a.Types {
			to := s.linkTarget(r.kind, t.ID, a.To.ID.String())
			if to == nil {
				return answer{}, badRequest("Invalid association: no %s for type %d", a.To.ID, t.ID)
			}
			with = append(with, to)
		}
	}
	for _, set := range sets {
		if r.kind == contacts && set.def.Name == "email" {
			if have := s.byEmail[strings.ToLower(set.value)].follow(); have.live() {
				return answer{}, &problem{
					status: http.StatusConflict, Category: "CONFLICT",
					Message: fmt.Sprintf("Contact already exists. Existing ID: %d", have.id),
				}
			}
		}
	}
	rec := s.insert(r.kind)
	s.notify("creation", rec, s.app, func(e *event) { e.flag = "CREATED" })
	for _, set := range sets {
		s.set(rec, set.def, set.value, s.app)
	}
	for _, to := range with {
		s.connect(rec, to, false)
	}
	s.derive(rec, s.app)
	sel := selection{props: shownAfter(&s.props[r.kind.index], sets)}
	return answer{http.StatusCreated, sel.append(nil, rec)}, nil
}

// linkTarget finds the record that an association type leads to.
func (s *Sandbox) linkTarget(from *kind, typ int, id string) *record {
	for pair, t := range linkTypes {
		if t == typ && pair[0] == from.name {
			return s.find(kindByName[pair[1]], id)
		}
	}
	return nil
}

// updateOne is PATCH /crm/objects/{type}/{id}.
func (s *Sandbox) updateOne(r *request) (answer, *problem) {
	if !json.Valid(r.body) {
		return answer{}, badRequest("Invalid input JSON on line 1, column 1")
	}
	in, p := readInput(&scan{b: r.body})
	if p != nil {
		return answer{}, p
	}
	s.mu.Lock()
	rec, p := s.lookup(r.kind, r.PathValue("id"), r.URL.Query().Get("idProperty"))
	switch {
	case p != nil:
	case rec == nil:
		p = &notFound
	default:
		in.rec = rec
		p = s.refusal(s.checkInput(r.kind, &in))
	}
	if p != nil {
		s.mu.Unlock()
		return answer{}, p
	}
	s.apply(&in)
	sel := selection{props: shownAfter(&s.props[r.kind.index], in.sets)}
	body := sel.append(nil, rec)
	s.mu.Unlock()
	s.written(r.kind, []input{in})
	return answer{http.StatusOK, body}, nil
}
