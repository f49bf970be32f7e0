package hubspot

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The actors' side: what people do in the CRM. Each method changes records as somebody at the screen would, without the
// limits of the API, and queues the webhooks that HubSpot would send. Ids are the CRM's own, as text. What names a
// record or a property that is not there is a fault of the program and panics.

// CreateContact makes a contact.
func (s *Sandbox) CreateContact(props map[string]string) (id string) {
	return s.create(contacts, props)
}

// Create makes a record of any kind, associated with others given as kind and id.
func (s *Sandbox) Create(kindName string, props map[string]string, with ...Ref) (id string) {
	return s.create(s.kind(kindName), props, with...)
}

// Ref names a record.
type Ref struct{ Kind, ID string }

// Plant makes a record as an import or another program leaves it: its values are neither checked nor followed by
// others, and calculated ones can be given.
func (s *Sandbox) Plant(kindName string, props map[string]string, with ...Ref) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.insert(s.kind(kindName))
	s.notify("creation", r, s.user, func(e *event) { e.flag = "CREATED" })
	s.leave(r, props)
	for _, to := range with {
		s.connect(r, s.must(s.kind(to.Kind), to.ID), false)
	}
	return strconv.FormatInt(r.id, 10)
}

// Leave sets properties of a record as Plant does.
func (s *Sandbox) Leave(kindName, id string, props map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave(s.must(s.kind(kindName), id), props)
}

func (s *Sandbox) leave(r *record, props map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(props)) {
		s.set(r, s.property(r.kind, name), props[name], s.user)
	}
}

func (s *Sandbox) create(k *kind, props map[string]string, with ...Ref) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.insert(k)
	s.notify("creation", r, s.user, func(e *event) { e.flag = "CREATED" })
	s.fill(r, props)
	for _, to := range with {
		s.connect(r, s.must(s.kind(to.Kind), to.ID), false)
	}
	return strconv.FormatInt(r.id, 10)
}

// fill sets properties in the order of their names.
func (s *Sandbox) fill(r *record, props map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(props)) {
		def, value := s.property(r.kind, name), props[name]
		if value != "" {
			stored, bad := def.normal(value)
			if bad != nil {
				panic(fmt.Sprintf("sandbox: %s: %s", name, bad.message))
			}
			value = stored
		}
		s.set(r, def, value, s.user)
	}
	s.derive(r, s.user)
}

// SetProperty sets one property of a contact at the screen.
func (s *Sandbox) SetProperty(id, name, value string) {
	s.Set("contacts", id, map[string]string{name: value})
}

// Set sets properties of a record of any kind at the screen.
func (s *Sandbox) Set(kindName, id string, props map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fill(s.must(s.kind(kindName), id), props)
}

// OptOut unsubscribes a contact from all mail.
func (s *Sandbox) OptOut(id string) { s.SetProperty(id, "hs_email_optout", "true") }

// Associate connects two records.
func (s *Sandbox) Associate(a, b Ref) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, y := s.must(s.kind(a.Kind), a.ID), s.must(s.kind(b.Kind), b.ID)
	s.connect(x, y, false)
	s.plans(x, s.user)
	s.plans(y, s.user)
}

// Label connects two records as Associate does, in words of the account's own: one for what b is to a, and one for what
// a is to b.
func (s *Sandbox) Label(a, b Ref, ofB, ofA string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, y := s.must(s.kind(a.Kind), a.ID), s.must(s.kind(b.Kind), b.ID)
	s.connect(x, y, false)
	for _, side := range [2]struct {
		from, to *record
		label    string
	}{{x, y, ofB}, {y, x, ofA}} {
		side.from.links[slices.IndexFunc(side.from.links,
			func(l link) bool { return l.to == side.to })].label = side.label
	}
}

// Disassociate ends what Associate made.
func (s *Sandbox) Disassociate(a, b Ref) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, y := s.must(s.kind(a.Kind), a.ID), s.must(s.kind(b.Kind), b.ID)
	s.disconnect(x, y)
	s.plans(x, s.user, y)
	s.plans(y, s.user, x)
}

// Delete moves a contact to the recycle bin.
func (s *Sandbox) Delete(id string) { s.Remove("contacts", id) }

// Remove moves a record of any kind to the recycle bin.
func (s *Sandbox) Remove(kindName, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.archive(s.must(s.kind(kindName), id), s.user)
}

func (s *Sandbox) archive(r *record, src *source) {
	r.archived, r.deleted = true, s.now()
	s.plans(r, src)
	s.notify("deletion", r, src, func(e *event) { e.flag = "DELETED" })
}

// plans updates what contacts show of their next activity when one of them came or went: those it is about, and those
// it was about.
func (s *Sandbox) plans(activity *record, src *source, was ...*record) {
	if activity.kind != meetings && activity.kind != tasks {
		return
	}
	for _, c := range append(activity.linked(contacts), was...) {
		if c.kind == contacts {
			s.put(c, "notes_next_activity_date", s.nextActivity(c), src)
		}
	}
}

// Restore takes a contact out of the recycle bin. It reports whether it was there.
func (s *Sandbox) Restore(id string) bool { return s.PutBack("contacts", id) }

// PutBack takes a record of any kind out of the recycle bin. It reports whether it was there.
func (s *Sandbox) PutBack(kindName, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, _ := strconv.ParseInt(id, 10, 64)
	r := s.table(s.kind(kindName)).byID[n]
	if r == nil || !r.archived || r.erased {
		return false
	}
	r.archived, r.updated = false, 0 // so that touch enters it in the log again
	s.touch(r, s.now())
	s.plans(r, s.user)
	s.notify("restore", r, s.user, func(*event) {})
	return true
}

// PrivacyDelete erases a contact for good, as a request under data protection law does. Nothing of it can be read
// afterwards.
func (s *Sandbox) PrivacyDelete(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase(s.must(contacts, id), s.user)
}

// erase drops everything that is kept of r. Two events tell of it. Source: HubSpot documentation, "Webhooks API": a
// contact.deletion is sent beside a contact.privacyDeletion.
func (s *Sandbox) erase(r *record, src *source) {
	for _, l := range r.links {
		to := l.to
		to.links = slices.DeleteFunc(to.links, func(l link) bool { return l.to == r })
	}
	r.fields, r.links, r.erased = nil, nil, true
	s.notify("privacyDeletion", r, src, func(e *event) { e.flag = "DELETED" })
	s.notify("deletion", r, src, func(e *event) { e.flag = "DELETED" })
}

// Merge joins two contacts. The primary's values win where both have one. It returns the id under which both live on: a
// new one, or the primary's under Options.KeepPrimary.
func (s *Sandbox) Merge(primary, other string) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.merge(s.must(contacts, primary), s.must(contacts, other), s.user)
	return strconv.FormatInt(r.id, 10)
}

func (s *Sandbox) merge(primary, other *record, src *source) *record {
	winner, losers := primary, []*record{other}
	if !s.opt.KeepPrimary {
		winner, losers = s.insert(contacts), []*record{primary, other}
		winner.created = min(primary.created, other.created)
	}
	moved := 0
	for _, loser := range losers {
		for i := range loser.fields {
			f := &loser.fields[i]
			if have := winner.field(f.def); f.value != "" && (have == nil || have.value == "") {
				s.set(winner, f.def, f.value, src)
				moved++
			}
		}
		for _, l := range loser.links {
			i := slices.IndexFunc(l.to.links, func(back link) bool { return back.to == loser })
			back := l.to.links[i]
			l.to.links = slices.Delete(l.to.links, i, i+1)
			if l.to != winner && !slices.ContainsFunc(winner.links, func(have link) bool { return have.to == l.to }) {
				back.to = winner
				l.to.links = append(l.to.links, back)
				winner.links = append(winner.links, l)
			}
		}
		loser.links, loser.into = nil, winner
	}
	merged := fmt.Sprintf("%d;%d", primary.id, other.id)
	s.put(winner, "hs_merged_object_ids", merged, src)
	s.put(winner, "hs_additional_emails", s.otherEmails(winner, losers), src)
	s.notify("merge", winner, src, func(e *event) {
		e.primary, e.winner, e.moved, e.merged = primary.id, winner.id, moved, []int64{other.id}
	})
	return winner
}

// otherEmails are the addresses that a merge leaves beside the winner's own. Source: HubSpot Knowledge Base, "Merge
// records".
func (s *Sandbox) otherEmails(winner *record, losers []*record) string {
	props := s.props[contacts.index].byName
	own := winner.get(props["email"])
	var list []string
	for _, r := range append(losers, winner) {
		for _, name := range []string{"email", "hs_additional_emails"} {
			for a := range strings.SplitSeq(r.get(props[name]), ";") {
				if a != "" && a != own && !slices.Contains(list, a) {
					list = append(list, a)
				}
			}
		}
	}
	return strings.Join(list, ";")
}

func (s *Sandbox) kind(name string) *kind {
	k := kindByName[name]
	if k == nil {
		panic("sandbox: no kind of record " + strconv.Quote(name))
	}
	return k
}

func (s *Sandbox) must(k *kind, id string) *record {
	r := s.find(k, id)
	if r == nil {
		panic(fmt.Sprintf("sandbox: no %s %q", k.single, id))
	}
	return r
}

func (s *Sandbox) property(k *kind, name string) *Property {
	def := s.props[k.index].byName[name]
	if def == nil {
		panic(fmt.Sprintf("sandbox: no property %q of %s", name, k.name))
	}
	return def
}

func refs(kindName string, ids []string) []Ref {
	rs := make([]Ref, len(ids))
	for i, id := range ids {
		rs[i] = Ref{kindName, id}
	}
	return rs
}

func orNow(t time.Time, now func() time.Time) string {
	if t.IsZero() {
		t = now()
	}
	return iso(t.UnixMilli())
}
