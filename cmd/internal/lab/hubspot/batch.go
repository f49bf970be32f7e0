package hubspot

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxInputs is how many records a batch may carry. Source: HubSpot documentation, "Using object APIs", limits.
const maxInputs = 100

// input is one element of a batch update.
type input struct {
	id, idProperty, trace string
	props                 []pair
	sets                  []setting
	rec                   *record
}

// setting is a checked property with its stored value.
type setting struct {
	def   *Property
	value string
}

// readInput reads {"id":..., "idProperty":..., "objectWriteTraceId":..., "properties":{...}}.
func readInput(sc *scan) (in input, p *problem) {
	ok := sc.each('{', func(key string) {
		switch key {
		case "id":
			in.id = sc.text()
		case "idProperty":
			in.idProperty = sc.text()
		case "objectWriteTraceId":
			in.trace = sc.text()
		case "properties":
			if props, bad := readProperties(sc); bad != nil {
				p = bad
			} else {
				in.props = props
			}
		default:
			sc.skip()
		}
	})
	if !ok {
		p = badRequest("Invalid input JSON: an object was expected")
	}
	return in, p
}

func readProperties(sc *scan) (props []pair, p *problem) {
	if sc.peek() == 'n' {
		sc.skip() // null: none
		return nil, nil
	}
	props = make([]pair, 0, 24)
	ok := sc.each('{', func(name string) {
		if !sc.scalar() {
			sc.skip()
			p = badRequest("Invalid input JSON: the value of %q must be text", name)
			return
		}
		props = append(props, pair{name, sc.text()})
	})
	if !ok && p == nil {
		p = badRequest("Invalid input JSON: properties must be an object")
	}
	return props, p
}

// checkAll checks every property and returns what is to be set, or everything that is wrong.
func (s *Sandbox) checkAll(k *kind, props []pair) (sets []setting, bad []invalid) {
	all := &s.props[k.index]
	sets = make([]setting, 0, len(props))
	for _, p := range props {
		def, value, wrong := all.check(p.name, p.value)
		if wrong != nil {
			bad = append(bad, *wrong)
			continue
		}
		sets = append(sets, setting{def, value})
	}
	return sets, bad
}

// checkInput checks the properties of in and the portal's validation rules.
func (s *Sandbox) checkInput(k *kind, in *input) []invalid {
	sets, bad := s.checkAll(k, in.props)
	in.sets = sets
	if k != contacts {
		return bad
	}
	for _, def := range s.rules {
		given := slices.IndexFunc(sets, func(set setting) bool { return set.def == def })
		if given < 0 && in.rec.get(def) == "" || given >= 0 && sets[given].value == "" {
			bad = append(bad, invalid{
				"MISSING_REQUIRED_PROPERTY", def.Name, fmt.Sprintf("Property %q is required", def.Name),
			})
		}
	}
	return bad
}

// apply carries out a checked input.
func (s *Sandbox) apply(in *input) {
	in.rec.fields = slices.Grow(in.rec.fields, len(in.sets))
	for _, set := range in.sets {
		s.set(in.rec, set.def, set.value, s.app)
	}
	if in.rec.kind != contacts {
		s.derive(in.rec, s.app)
	}
}

// refusal is the error for invalid values: all of them in one, the values themselves in its message.
func (s *Sandbox) refusal(bad []invalid) *problem {
	if len(bad) == 0 {
		return nil
	}
	var said []string
	p := &problem{status: http.StatusBadRequest, Category: "VALIDATION_ERROR"}
	for _, b := range bad {
		one, _ := json.Marshal(map[string]any{
			"isValid": false, "message": b.message, "error": b.code, "name": b.name,
			"localizedErrorMessage": b.message, "portalId": s.opt.PortalID,
		}) // texts and numbers always have a JSON form
		said = append(said, string(one))
		p.Errors = append(p.Errors, detail{
			Message: b.message, Code: b.code, Context: map[string][]string{"propertyName": {b.name}},
		})
	}
	p.Message = "Property values were not valid: [" + strings.Join(said, ",") + "]"
	return p
}

// shownAfter are the properties that the answer to a write shows: those written and the built-in ones.
func shownAfter(all *properties, sets []setting) []*Property {
	defs := make([]*Property, 0, len(sets)+3)
	for _, set := range sets {
		defs = append(defs, set.def)
	}
	return append(defs, all.order[:3]...)
}

// written tells observers of writes to contacts.
func (s *Sandbox) written(k *kind, ins []input) {
	if k != contacts || !s.observe.writes.Wanted() {
		return
	}
	now := s.opt.Now()
	ws := make([]Write, 0, len(ins))
	for i := range ins {
		if ins[i].rec == nil {
			continue
		}
		props := make(map[string]string, len(ins[i].props))
		for _, p := range ins[i].props {
			props[p.name] = p.value
		}
		ws = append(ws, Write{Time: now, Contact: strconv.FormatInt(ins[i].rec.id, 10), Properties: props})
	}
	s.observe.writes.Add(ws...)
}

// batchUpdate is POST /crm/objects/{type}/batch/update. Invalid values refuse the whole batch, unless
// Options.MultiStatus; records that are not there are named beside those that were written.
func (s *Sandbox) batchUpdate(r *request) (answer, *problem) {
	ins, p := readInputs(r.body, readInput)
	if p != nil {
		return answer{}, p
	}
	s.mu.Lock()
	b, status, p := s.updateAll(r.kind, ins)
	s.mu.Unlock()
	if p != nil {
		return answer{}, p
	}
	s.written(r.kind, ins)
	return answer{status, b}, nil
}

// readInputs reads {"inputs":[...]} and holds it to the limit.
func readInputs[T any](body []byte, read func(*scan) (T, *problem)) (ins []T, p *problem) {
	if !json.Valid(body) {
		return nil, badRequest("Invalid input JSON on line 1, column 1")
	}
	sc := &scan{b: body}
	ins = make([]T, 0, maxInputs)
	sc.each('{', func(key string) {
		if key != "inputs" {
			sc.skip()
			return
		}
		sc.each('[', func(string) {
			in, bad := read(sc)
			if bad != nil {
				p = bad
			}
			ins = append(ins, in)
		})
	})
	switch {
	case p != nil:
	case len(ins) == 0:
		p = badRequest("Invalid input JSON: inputs may not be empty")
	case len(ins) > maxInputs:
		p = badRequest("The maximum number of inputs supported in a batch request is %d. You provided %d", maxInputs,
			len(ins))
	}
	return ins, p
}

func (s *Sandbox) updateAll(k *kind, ins []input) (body []byte, status int, p *problem) {
	seen := make(map[string]bool, len(ins))
	for i := range ins {
		if id := ins[i].id; seen[id] {
			p = badRequest("Duplicate IDs found in batch input: [%s]. IDs must be unique", id)
			p.Context = map[string][]string{"ids": {id}}
			return nil, 0, p
		}
		seen[ins[i].id] = true
	}
	var missing []string
	var all []invalid
	var errs []batchError
	for i := range ins {
		in := &ins[i]
		if in.rec, p = s.lookup(k, in.id, in.idProperty); p != nil {
			return nil, 0, p
		}
		if in.rec == nil {
			missing = append(missing, in.id)
			continue
		}
		bad := s.checkInput(k, in)
		if bad != nil && s.opt.MultiStatus {
			errs = append(errs, refusedInput(in, s.refusal(bad)))
			in.rec = nil
		}
		all = append(all, bad...)
	}
	if len(all) > 0 && !s.opt.MultiStatus {
		return nil, 0, s.refusal(all)
	}
	b := make([]byte, 0, 256+len(ins)*640)
	b = append(b, `{"status":"COMPLETE","results":[`...)
	first := true
	for i := range ins {
		if ins[i].rec == nil {
			continue
		}
		s.apply(&ins[i])
		if !first {
			b = append(b, ',')
		}
		first = false
		sel := selection{props: shownAfter(&s.props[k.index], ins[i].sets)}
		b = sel.append(b, ins[i].rec)
	}
	if len(missing) > 0 {
		errs = append(errs, notFoundError(k, missing))
	}
	b, status = s.endBatch(b, errs)
	return b, status, nil
}

// batchError is one entry of the errors in an answer with status 207.
type batchError struct {
	Status   string              `json:"status"`
	Category string              `json:"category"`
	Sub      string              `json:"subCategory,omitempty"`
	Message  string              `json:"message"`
	Errors   []detail            `json:"errors,omitempty"`
	Context  map[string][]string `json:"context"`
}

func notFoundError(k *kind, ids []string) batchError {
	return batchError{
		Status: "error", Category: "OBJECT_NOT_FOUND",
		Message: fmt.Sprintf("Could not get some %s objects, they may be deleted or not exist. Check that ids are "+
			"valid.", k.label),
		Context: map[string][]string{"ids": ids},
	}
}

// refusedInput names an input by its trace id, where it has one, as HubSpot's documentation shows; else by its id.
func refusedInput(in *input, p *problem) batchError {
	e := batchError{
		Status: "error", Category: p.Category, Message: p.Message, Errors: p.Errors,
		Context: map[string][]string{"ids": {in.id}},
	}
	if in.trace != "" {
		e.Context = map[string][]string{"objectWriteTraceId": {in.trace}}
	}
	return e
}

// endBatch closes the results of a batch.
func (s *Sandbox) endBatch(b []byte, errs []batchError) (body []byte, status int) {
	b = append(b, ']')
	status = http.StatusOK
	if len(errs) > 0 {
		status = http.StatusMultiStatus
		list, _ := json.Marshal(errs) // texts always have a JSON form
		b = append(b, `,"numErrors":`...)
		b = strconv.AppendInt(b, int64(len(errs)), 10)
		b = append(b, `,"errors":`...)
		b = append(b, list...)
	}
	now := iso(s.now())
	b = append(b, `,"startedAt":`...)
	b = appendString(b, now)
	b = append(b, `,"completedAt":`...)
	b = appendString(b, now)
	return append(b, '}'), status
}

// batchRead is POST /crm/objects/{type}/batch/read.
func (s *Sandbox) batchRead(r *request) (answer, *problem) {
	var in struct {
		Properties            []string `json:"properties"`
		PropertiesWithHistory []string `json:"propertiesWithHistory"`
		IDProperty            string   `json:"idProperty"`
	}
	if p := r.decode(&in); p != nil {
		return answer{}, p
	}
	ins, p := readInputs(r.body, readInput)
	switch {
	case p != nil:
		return answer{}, p
	case len(in.PropertiesWithHistory) > 0 && len(ins) > maxWithHistory:
		return answer{}, badRequest("The maximum number of inputs supported in a batch request for property "+
			"histories is %d. Please reduce the number of items and try again", maxWithHistory)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	sel, p := s.choose(r.kind, in.Properties, in.PropertiesWithHistory, nil)
	if p != nil {
		return answer{}, p
	}
	b := []byte(`{"status":"COMPLETE","results":[`)
	var missing []string
	shown := map[*record]bool{}
	find := s.lookup
	if r.URL.Query().Get("archived") == "true" { // then only what is in the recycle bin
		find = func(k *kind, id, _ string) (*record, *problem) { return s.binned(k, id), nil }
	}
	for i := range ins {
		rec, p := find(r.kind, ins[i].id, in.IDProperty)
		switch {
		case p != nil:
			return answer{}, p
		case rec == nil:
			missing = append(missing, ins[i].id)
			continue
		case shown[rec]:
			continue
		}
		if len(shown) > 0 {
			b = append(b, ',')
		}
		shown[rec] = true
		b = sel.append(b, rec)
	}
	var errs []batchError
	if len(missing) > 0 {
		errs = append(errs, notFoundError(r.kind, missing))
	}
	b, status := s.endBatch(b, errs)
	return answer{status, b}, nil
}
