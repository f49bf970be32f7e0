package hubspot

import (
	"maps"
	"slices"
)

// Seed makes n contacts that were there before anybody looked: no webhooks, one millisecond of age between them, the
// youngest as old as now. props, which may be nil, gives the properties of the i-th.
func (s *Sandbox) Seed(n int, props func(i int) map[string]string) (first, last int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table(contacts)
	t.order = slices.Grow(t.order, n)
	t.log = slices.Grow(t.log, n)
	records := make([]record, n)
	now := s.now()
	t.unsorted = len(t.log) > 0
	first = s.nextID + 1
	for i := range n {
		s.nextID++
		r := &records[i]
		at := now - int64(n-1-i)
		r.id, r.kind, r.created, r.updated = s.nextID, contacts, at, at
		t.byID[r.id] = r
		t.order = append(t.order, r)
		t.log = append(t.log, stamp{at, r})
		if props == nil {
			continue
		}
		given := props(i)
		r.fields = make([]field, 0, len(given))
		for _, name := range slices.Sorted(maps.Keys(given)) {
			def := s.property(contacts, name)
			r.fields = append(r.fields, field{def: def, value: given[name], at: at, src: s.user})
			if name == "email" {
				s.byEmail[given[name]] = r
			}
		}
	}
	return first, s.nextID
}
