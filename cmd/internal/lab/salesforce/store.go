package salesforce

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// record is one row. It is guarded by Org.mu.
type record struct {
	id      string
	obj     *object
	values  map[string]any // by the field's name: string, float64 or bool; absent: null
	created int64          // Unix seconds: Salesforce's clock has no finer step
	changed int64
	by      string // user who changed it last
	deleted bool
	erased  bool // out of the recycle bin: not even queryAll shows it
	// archived: queryAll alone shows it. Source: Object Reference, "Archived Activities".
	archived bool
}

// insert makes a record. The caller holds mu.
func (o *Org) insert(obj *object, by string, values map[string]any) *record {
	o.nextID++
	r := &record{id: newID(obj.prefix, o.nextID), obj: obj, values: map[string]any{}, created: o.seconds(), by: by}
	for name, v := range values {
		if obj.field(name) == nil {
			panic(fmt.Sprintf("salesforce: %s has no field %s", obj.name, name))
		}
		r.put(name, v)
	}
	for _, f := range obj.fields { // a boolean is never null
		if _, set := r.values[f.name]; f.typ == tBool && !set {
			r.values[f.name] = false
		}
	}
	o.byID[r.id] = r
	o.tables[obj.name] = append(o.tables[obj.name], r)
	o.touch(r, by)
	return r
}

func (r *record) put(name string, v any) {
	if v == nil || v == "" {
		delete(r.values, r.obj.field(name).name)
		return
	}
	r.values[r.obj.field(name).name] = v
}

func (r *record) text(name string) string { s, _ := r.values[name].(string); return s }

// touch notes a change, and what has to be told of it. The caller holds mu.
func (o *Org) touch(r *record, by string) {
	r.changed, r.by = o.seconds(), by
	if r.obj.sends != nil {
		o.queue.add(r)
	}
}

// update changes a record's fields. The caller holds mu.
func (o *Org) update(r *record, by string, values map[string]any) {
	for name, v := range values {
		if f := r.obj.field(name); r.obj.name == "Quote" && f.name == "Status" && r.values["Status"] != v {
			o.insert(o.object("QuoteHistory"), by, map[string]any{
				"QuoteId": r.id, "Field": "Status", "OldValue": r.values["Status"], "NewValue": v,
			})
		}
		r.put(name, v)
	}
	o.touch(r, by)
}

func (o *Org) object(name string) *object { return o.objects[strings.ToLower(name)] }

// must returns a record that is there.
func (o *Org) must(id string) *record {
	r := o.byID[full(id)]
	if r == nil || r.erased {
		panic(fmt.Sprintf("salesforce: no record %q", id))
	}
	return r
}

// related are the records of an object whose field has a value, in the order of their making.
func (o *Org) related(object, field, value string) []*record {
	var rs []*record
	for _, r := range o.tables[object] {
		if !r.deleted && r.text(field) == value {
			rs = append(rs, r)
		}
	}
	return rs
}

// remove puts a record into the recycle bin.
func (o *Org) remove(r *record, by string) {
	r.deleted = true
	o.touch(r, by)
}

// repoint moves what hangs on one person to another.
func (o *Org) repoint(from, to, by string) {
	for object, field := range map[string]string{
		"Task": "WhoId", "Event": "WhoId", "OpportunityContactRole": "ContactId", "Quote": "ContactId",
		"EmailMessageRelation": "RelationId",
	} {
		for _, r := range o.related(object, field, from) {
			o.update(r, by, map[string]any{field: to})
		}
	}
}

// convert makes a contact with an account of a lead. Its activities move to the contact. Source: Salesforce Help, "Lead
// conversion".
func (o *Org) convert(lead *record, by string) *record {
	account := o.insert(o.object("Account"), by, map[string]any{
		"Name": lead.text("Company"), "Industry": lead.text("Industry"), "OwnerId": lead.text("OwnerId"),
	})
	values := map[string]any{"AccountId": account.id, "MailingCountry": lead.text("Country")}
	contacts := o.object("Contact")
	for name, v := range lead.values {
		f := contacts.field(name)
		if f != nil && (f.custom || slices.Contains([]string{
			"FirstName", "LastName", "Email", "Title", "LeadSource", "OwnerId", "HasOptedOutOfEmail",
		}, name)) {
			values[name] = v
		}
	}
	contact := o.insert(contacts, by, values)
	lead.values["IsConverted"] = true
	o.update(lead, by, map[string]any{
		"ConvertedContactId": contact.id, "ConvertedAccountId": account.id,
		"ConvertedDate": o.now().UTC().Format(time.DateOnly),
		"Status":        "Closed - Converted",
	})
	o.repoint(lead.id, contact.id, by)
	return contact
}

// merge joins two records of one object. The master keeps its values, and the other goes to the recycle bin with
// MasterRecordId.
func (o *Org) merge(master, other *record, by string) {
	for name, v := range other.values {
		if _, set := master.values[name]; !set {
			master.values[name] = v
		}
	}
	other.values["MasterRecordId"] = master.id
	o.remove(other, by)
	o.repoint(other.id, master.id, by)
	o.touch(master, by)
}

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newID is a record's id of 18 characters: the prefix, twelve digits in base 62, and the checksum.
func newID(prefix string, n int) string {
	id := []byte(prefix + "000000000000")
	for i := len(id) - 1; n > 0; i-- {
		id[i] = digits[n%62]
		n /= 62
	}
	return full(string(id))
}

// full is the form of an id with 18 characters: the last three say which of the others are capitals, five each. Source:
// Salesforce Help, "Convert 15-character IDs to 18-character IDs".
func full(id string) string {
	if len(id) != 15 {
		return id
	}
	sum := make([]byte, 3)
	for i := range 3 {
		n := 0
		for j := range 5 {
			if c := id[5*i+j]; c >= 'A' && c <= 'Z' {
				n |= 1 << j
			}
		}
		sum[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[n]
	}
	return id + string(sum)
}

func (o *Org) seconds() int64 { return o.now().Unix() }

// datetime is how the API writes an instant.
func datetime(unix int64) string {
	return time.Unix(unix, 0).UTC().Format("2006-01-02T15:04:05.000-0700")
}

// value is a field of a record as the API shows it: string, float64, bool or nil.
func (r *record) value(f *fieldDef) any {
	switch f.name {
	case "Id":
		return r.id
	case "IsDeleted":
		return r.deleted
	case "CreatedDate":
		return datetime(r.created)
	case "LastModifiedDate", "SystemModstamp":
		return datetime(r.changed)
	case "LastModifiedById", "CreatedById":
		return r.by
	}
	return r.values[f.name]
}
