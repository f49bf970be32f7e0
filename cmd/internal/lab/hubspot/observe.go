package hubspot

import (
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

// Write is one contact's share of a PATCH or batch/update that came over the API.
type Write struct {
	Time       time.Time // the portal's clock
	Contact    string
	Properties map[string]string // as they were sent; not to be changed
}

// Value is one entry of a property's history, or its current value.
type Value struct {
	Value      string
	At         time.Time
	SourceType string
	SourceID   string
}

// Record is what the sandbox knows of a contact.
type Record struct {
	ID         string // after merges that of the contact it became part of
	Created    time.Time
	Updated    time.Time
	Archived   bool
	Properties map[string]string
	History    map[string][]Value // oldest first, the current value last
}

// observe is what tests look at.
type observe struct {
	writes world.Writes[Write]

	mu    sync.Mutex
	calls map[string]int
}

func (o *observe) init(keep int) { o.writes.Keep, o.calls = keep, map[string]int{} }

func (o *observe) call(route string) {
	o.mu.Lock()
	o.calls[route]++
	o.mu.Unlock()
}

// OnWrite has f called with every write to a contact over the API, after it took effect and before it is answered. f
// must be quick and safe for concurrent use; it may call the sandbox.
func (s *Sandbox) OnWrite(f func(Write)) { s.observe.writes.On(f) }

// Writes returns the latest writes to contacts over the API, oldest first.
func (s *Sandbox) Writes() []Write { return s.observe.writes.Latest() }

// Calls returns how many requests each route got, refused ones included: "POST
// /crm/objects/2026-09/contacts/batch/update" and so on, ids as {id}.
func (s *Sandbox) Calls() map[string]int {
	s.observe.mu.Lock()
	defer s.observe.mu.Unlock()
	return maps.Clone(s.observe.calls)
}

// BatchCalls is how many batch updates of contacts were asked for.
func (s *Sandbox) BatchCalls() int {
	return s.Calls()["POST /crm/objects/"+apiVersion+"/contacts/batch/update"]
}

// Contact returns a contact, the deleted ones too.
func (s *Sandbox) Contact(id string) (Record, bool) { return s.Object("contacts", id) }

// Object returns a record of any kind, archived ones too.
func (s *Sandbox) Object(kindName, id string) (Record, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n, _ := strconv.ParseInt(id, 10, 64)
	k := kindByName[kindName]
	if k == nil {
		return Record{}, false
	}
	r := s.table(k).byID[n].follow()
	if r == nil || r.erased {
		return Record{}, false
	}
	out := Record{
		ID: strconv.FormatInt(r.id, 10), Created: time.UnixMilli(r.created).UTC(),
		Updated:  time.UnixMilli(r.updated).UTC(),
		Archived: r.archived, Properties: map[string]string{}, History: map[string][]Value{},
	}
	for i := range r.fields {
		f := &r.fields[i]
		out.Properties[f.def.Name] = f.value
		var past []version
		if f.past != nil {
			past = *f.past
		}
		for _, v := range append(slices.Clone(past), version{f.value, f.at, f.src}) {
			out.History[f.def.Name] = append(out.History[f.def.Name], Value{
				v.value, time.UnixMilli(v.at).UTC(), v.src.kind, v.src.id,
			})
		}
	}
	return out, true
}

// Contacts returns the ids of all contacts that are there, in the order of their making.
func (s *Sandbox) Contacts() []string { return s.Objects("contacts") }

// Objects are the ids of the records of a kind that are there, oldest first.
func (s *Sandbox) Objects(kindName string) []string {
	k := kindByName[kindName]
	if k == nil {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var ids []string
	for _, r := range s.table(k).order {
		if r.live() && r.into == nil {
			ids = append(ids, strconv.FormatInt(r.id, 10))
		}
	}
	return ids
}
