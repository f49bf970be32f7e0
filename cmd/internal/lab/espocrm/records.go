package espocrm

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// record is one record of an entity. It is guarded by Espo.mu.
type record struct {
	id      string
	entity  string
	values  map[string]any
	created time.Time
	changed time.Time
	by      *record // who changed it last
	deleted bool
	stream  []note
}

// note is one entry of a record's stream.
type note struct {
	id   string
	typ  string
	data map[string]any
	at   time.Time
}

// stages are what stands in a stream of each entity: the field that its notes name.
var stages = map[string]string{
	"Lead": "status", "Opportunity": "stage", "Meeting": "status", "Call": "status", "Task": "status",
	"Quote": "status",
}

// audited are the fields whose changes stand in a stream.
var audited = map[string][]string{"Meeting": {"dateStart"}, "Opportunity": {"amount"}}

// newID is a record's id: 17 hexadecimal digits, as PHP's uniqid with a suffix.
func (e *Espo) newID() string {
	e.nextID++
	return fmt.Sprintf("65f0%013x", e.nextID)
}

func (e *Espo) now() time.Time { return e.opt.Now().UTC().Truncate(time.Second) }

// insert makes a record. The caller holds mu.
func (e *Espo) insert(entity string, by *record, values map[string]any) *record {
	r := &record{id: e.newID(), entity: entity, values: map[string]any{}, created: e.now(), changed: e.now(), by: by}
	for name, v := range values {
		e.must(entity, name)
		if v != nil {
			r.values[name] = v
		}
	}
	e.records[entity] = append(e.records[entity], r)
	e.byID[r.id] = r
	data := map[string]any{}
	if f := stages[entity]; f != "" {
		data["statusField"], data["statusValue"] = f, r.values[f]
	}
	r.stream = append(r.stream, note{e.newID(), "Create", data, r.created})
	e.queue(r, "create", nil)
	return r
}

// must is a fault of the program: a field that the entity does not have.
func (e *Espo) must(entity, name string) {
	if _, ok := e.entities[entity][name]; !ok {
		panic(fmt.Sprintf("espocrm: %s has no field %s", entity, name))
	}
}

// update changes a record's fields. What stays as it was is no change. The caller holds mu.
func (e *Espo) update(r *record, by *record, values map[string]any) {
	changed := map[string]any{}
	was := map[string]any{}
	for name, v := range values {
		e.must(r.entity, name)
		if fmt.Sprint(r.values[name]) != fmt.Sprint(v) {
			changed[name], was[name] = v, r.values[name]
		}
		if v == nil {
			delete(r.values, name)
			continue
		}
		r.values[name] = v
	}
	if len(changed) == 0 {
		return
	}
	r.changed = e.now()
	if f := stages[r.entity]; f != "" && changed[f] != nil {
		r.stream = append(
			r.stream,
			note{e.newID(), "Status", map[string]any{"field": f, "value": changed[f]}, r.changed},
		)
	}
	for _, f := range audited[r.entity] {
		if v, ok := changed[f]; ok {
			r.stream = append(r.stream, note{e.newID(), "Update", map[string]any{
				"fields": []string{
					f,
				}, "attributes": map[string]any{"was": map[string]any{f: was[f]}, "became": map[string]any{f: v}},
			}, r.changed})
		}
	}
	changed["modifiedAt"] = stamp(r.changed)
	if r.by != by { // only what changed is in a webhook
		changed["modifiedById"] = by.id
	}
	r.by = by
	e.queue(r, "update", changed)
}

// remove deletes a record. The caller holds mu.
func (e *Espo) remove(r *record, by *record) {
	r.deleted, r.by, r.changed = true, by, e.now()
	e.queue(r, "delete", map[string]any{})
}

func stamp(t time.Time) string { return t.UTC().Format(time.DateTime) }

func (r *record) text(name string) string { s, _ := r.values[name].(string); return s }

func (r *record) ids(name string) []string { list, _ := r.values[name].([]string); return list }

// shown is a record as the API shows it.
func (e *Espo) shown(r *record) map[string]any {
	out := map[string]any{
		"id": r.id, "deleted": r.deleted, "createdAt": stamp(r.created), "modifiedAt": stamp(r.changed),
	}
	for name, f := range e.entities[r.entity] {
		if _, ours := system[name]; ours {
			continue
		}
		v, there := r.values[name]
		switch {
		case there:
			out[name] = v
		case f.Type == "bool":
			out[name] = false
		case f.Type == "linkMultiple":
			out[name] = []string{}
		default:
			out[name] = nil
		}
	}
	if r.by != nil {
		out["modifiedById"] = r.by.id
	}
	switch r.entity {
	case "Lead", "Contact":
		showPerson(e, r, out)
	case "Email":
		showParties(e, r, out)
	}
	return out
}

func showPerson(e *Espo, r *record, out map[string]any) {
	out["name"] = strings.TrimSpace(r.text("firstName") + " " + r.text("lastName"))
	address := r.text("emailAddress")
	out["emailAddressIsOptedOut"] = r.values["optedOut"] == true
	out["emailAddressData"] = []any{}
	if address != "" {
		out["emailAddressData"] = []any{
			map[string]any{"emailAddress": address, "lower": strings.ToLower(address), "primary": true},
		}
	}
	if account := e.byID[r.text("accountId")]; account != nil {
		out["accountName"], out["accountType"] = account.text("name"), account.values["type"]
	}
}

// showParties says whose the addresses of a mail are: contacts come before leads.
func showParties(e *Espo, r *record, out map[string]any) {
	types, ids := map[string]string{}, map[string]string{}
	for _, address := range strings.Split(r.text("from")+";"+r.text("to")+";"+r.text("cc"), ";") {
		if address = strings.TrimSpace(address); address == "" {
			continue
		}
		for _, entity := range []string{"User", "Contact", "Lead"} {
			i := slices.IndexFunc(e.records[entity], func(p *record) bool {
				return !p.deleted && strings.EqualFold(p.text("emailAddress"), address)
			})
			if i >= 0 {
				types[address], ids[address] = entity, e.records[entity][i].id
				break
			}
		}
	}
	out["typeHash"], out["idHash"], out["attachmentsNames"] = types, ids, map[string]any{}
}

// Get returns a record as the API shows it; ok is false for one that is deleted.
func (e *Espo) Get(id string) (values map[string]any, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.byID[id]
	if r == nil || r.deleted {
		return nil, false
	}
	return e.shown(r), true
}

// Insert makes a record as a user at the screen does; Set and Delete change one.
func (e *Espo) Insert(entity string, values map[string]any) (id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.insert(entity, e.owner, values).id
}

// Set changes fields of a record.
func (e *Espo) Set(id string, values map[string]any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.update(e.found(id), e.owner, values)
}

// Delete deletes a record.
func (e *Espo) Delete(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.remove(e.found(id), e.owner)
}

// Restore takes a deleted record out of the bin, as an administrator can. No webhook tells of it.
func (e *Espo) Restore(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.found(id).deleted = false
}

// found is a record that is there. The caller holds mu.
func (e *Espo) found(id string) *record {
	r := e.byID[id]
	if r == nil {
		panic(fmt.Sprintf("espocrm: no record %q", id))
	}
	return r
}

// related are the records of an entity that hang on another by some field.
func (e *Espo) related(entity string, is func(*record) bool) []*record {
	var out []*record
	for _, r := range e.records[entity] {
		if !r.deleted && is(r) {
			out = append(out, r)
		}
	}
	return out
}

// repoint moves what hangs on one person to another, as a conversion and a merge do: without a word of it to webhooks.
func (e *Espo) repoint(from, to *record) {
	for _, entity := range []string{"Email", "Call", "Meeting", "Task", "Opportunity", "Quote"} {
		for _, r := range e.records[entity] {
			if r.text("parentId") == from.id {
				r.values["parentType"], r.values["parentId"] = to.entity, to.id
			}
			for _, name := range []string{"contactId", "billingContactId"} {
				if r.text(name) == from.id {
					r.values[name] = to.id
				}
			}
			moved := false
			for _, name := range []string{"contactsIds", "leadsIds"} {
				if i := slices.Index(r.ids(name), from.id); i >= 0 {
					r.values[name], moved = slices.Delete(slices.Clone(r.ids(name)), i, i+1), true
				}
			}
			if moved {
				name := map[string]string{"Contact": "contactsIds", "Lead": "leadsIds"}[to.entity]
				r.values[name] = append(slices.Clone(r.ids(name)), to.id)
			}
		}
	}
}

// convert makes a contact with an account of a lead. The contact has what the lead had, our fields too: the two have
// fields of one name.
func (e *Espo) convert(lead *record) *record {
	account := e.insert(
		"Account",
		e.owner,
		map[string]any{"name": lead.text("accountName"), "industry": lead.values["industry"]},
	)
	values := map[string]any{"accountId": account.id}
	for name, v := range lead.values {
		if _, ok := e.entities["Contact"][name]; ok {
			values[name] = v
		}
	}
	contact := e.insert("Contact", e.owner, values)
	if optedOut, ok := lead.values["optedOut"]; ok {
		contact.values["optedOut"] = optedOut
	}
	e.repoint(lead, contact)
	e.update(lead, e.owner, map[string]any{"status": "Converted", "createdContactId": contact.id})
	return contact
}

// sortedNames are the names of fields.
func sortedNames(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
