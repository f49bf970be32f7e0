package hubspot

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// source is who set a value, as histories and webhooks name it.
type source struct {
	kind string // CRM_UI, INTEGRATION, API ...
	id   string // userId:51, or the app's id
	user int64  // updatedByUserId; 0: none
}

// field is one property of one record, with its current value.
type field struct {
	def   *Property
	value string
	at    int64 // when it was set, ms
	src   *source
	past  *[]version // earlier values, oldest first; nil: none
}

type version struct {
	value string
	at    int64
	src   *source
}

// link is one association, held by both sides.
type link struct {
	to      *record
	typ     int
	primary bool
	label   string // the account's word for the other one, seen from here; "": none
}

// record is one object in the CRM. It is guarded by Sandbox.mu.
type record struct {
	id       int64
	kind     *kind
	created  int64
	updated  int64
	archived bool
	deleted  int64   // when it was archived, ms
	erased   bool    // gone for good: privacy deletion
	into     *record // what it was merged into
	fields   []field // few: searched one by one
	links    []link
}

// table holds the records of one kind.
type table struct {
	byID  map[int64]*record
	order []*record // by id, as ids only grow
	// log has an entry for every change, in the order of time, so that a search for what changed since an instant need
	// not look at everything. An entry counts while the record has not changed again.
	log      []stamp
	unsorted bool // the clock went back: sort before use
}

type stamp struct {
	at  int64
	rec *record
}

func (s *Sandbox) table(k *kind) *table { return &s.tables[k.index] }

// insert makes a record of a kind. The caller holds mu.
func (s *Sandbox) insert(k *kind) *record {
	s.nextID++
	now := s.now()
	r := &record{id: s.nextID, kind: k, created: now}
	t := s.table(k)
	t.byID[r.id] = r
	t.order = append(t.order, r)
	s.touch(r, now)
	return r
}

// touch notes that r changed. The caller holds mu.
func (s *Sandbox) touch(r *record, now int64) {
	if r.updated == now {
		return
	}
	r.updated = now
	t := s.table(r.kind)
	if n := len(t.log); n > 0 && t.log[n-1].at > now {
		t.unsorted = true
	}
	if len(t.log) > 2*len(t.order)+1024 {
		t.log = slices.DeleteFunc(t.log, stamp.stale)
	}
	t.log = append(t.log, stamp{now, r})
}

func (e stamp) stale() bool {
	return e.rec.updated != e.at || e.rec.archived || e.rec.erased || e.rec.into != nil
}

// set gives a property of r a value and reports whether that changed anything; an equal value leaves no trace, as in
// HubSpot. The caller holds mu and has checked the value.
func (s *Sandbox) set(r *record, def *Property, value string, src *source) bool {
	now := s.now()
	f := r.field(def)
	if f == nil {
		if value == "" {
			return false
		}
		r.fields = append(r.fields, field{def: def})
		f = &r.fields[len(r.fields)-1]
	} else {
		if f.value == value {
			return false
		}
		f.remember(cmp.Or(s.opt.History, r.kind.history))
	}
	if r.kind == contacts && def.Name == "email" {
		delete(s.byEmail, strings.ToLower(f.value))
		s.byEmail[strings.ToLower(value)] = r
	}
	f.value, f.at, f.src = value, now, src
	s.touch(r, now)
	s.changed(r, f)
	return true
}

// remember moves the current value into the past and drops what a history no longer shows.
func (f *field) remember(most int) {
	if most <= 1 {
		return
	}
	if f.past == nil {
		f.past = new([]version)
	}
	past := append(*f.past, version{f.value, f.at, f.src})
	if len(past) >= most {
		past = slices.Delete(past, 0, len(past)-most+1)
	}
	*f.past = past
}

func (r *record) field(def *Property) *field {
	for i := range r.fields {
		if r.fields[i].def == def {
			return &r.fields[i]
		}
	}
	return nil
}

// get returns the value of a property, empty where it has none.
func (r *record) get(def *Property) string {
	switch def.builtin {
	case isID:
		return strconv.FormatInt(r.id, 10)
	case isCreated:
		return iso(r.created)
	case isModified:
		return iso(r.updated)
	}
	if f := r.field(def); f != nil {
		return f.value
	}
	return ""
}

// follow returns the record that r lives on in after merges.
func (r *record) follow() *record {
	for r != nil && r.into != nil {
		r = r.into
	}
	return r
}

func (r *record) live() bool { return r != nil && !r.archived && !r.erased }

// find returns the live record under an id, that of a merged contact leading to the contact it became part of.
func (s *Sandbox) find(k *kind, id string) *record {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil
	}
	if r := s.table(k).byID[n].follow(); r.live() {
		return r
	}
	return nil
}

// binned returns the record under an id that is in the recycle bin.
func (s *Sandbox) binned(k *kind, id string) *record {
	n, _ := strconv.ParseInt(id, 10, 64)
	if r := s.table(k).byID[n].follow(); r != nil && r.archived && !r.erased {
		return r
	}
	return nil
}

// value is get by name, for the sandbox's own use.
func (s *Sandbox) value(r *record, name string) string {
	def := s.props[r.kind.index].byName[name]
	return r.get(def)
}

// put sets a property by name without the check for what can be written from outside: calculated ones among them.
func (s *Sandbox) put(r *record, name, value string, src *source) bool {
	return s.set(r, s.props[r.kind.index].byName[name], value, src)
}

// connect associates two records in both directions and reports whether they were not before.
func (s *Sandbox) connect(a, b *record, primary bool) bool {
	for _, l := range a.links {
		if l.to == b {
			return false
		}
	}
	a.links = append(a.links, link{to: b, typ: linkType(a.kind, b.kind), primary: primary})
	b.links = append(b.links, link{to: a, typ: linkType(b.kind, a.kind), primary: primary})
	s.associated(a, b, false)
	return true
}

// disconnect is the opposite of connect.
func (s *Sandbox) disconnect(a, b *record) bool {
	n := len(a.links)
	a.links = slices.DeleteFunc(a.links, func(l link) bool { return l.to == b })
	b.links = slices.DeleteFunc(b.links, func(l link) bool { return l.to == a })
	if len(a.links) == n {
		return false
	}
	s.associated(a, b, true)
	return true
}

// linked returns the live records of a kind that r is associated with.
func (r *record) linked(k *kind) []*record {
	var rs []*record
	for _, l := range r.links {
		if to := l.to.follow(); l.to.kind == k && to.live() && !slices.Contains(rs, to) {
			rs = append(rs, to)
		}
	}
	return rs
}
