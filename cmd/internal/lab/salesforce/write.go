package salesforce

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxCollection is how many records one composite write may carry. Source: REST API Developer Guide, "sObject
	// Collections".
	maxCollection = 200
	// maxChunks is how many runs of one object it may hold.
	maxChunks = 10
)

// rowError is what is wrong with one record of a collection. It says statusCode where other refusals say errorCode.
type rowError struct {
	Code    string   `json:"statusCode"`
	Message string   `json:"message"`
	Fields  []string `json:"fields"`
}

// row is the answer for one record of a collection; a refused one is not named.
type row struct {
	ID      string      `json:"id,omitempty"`
	Success bool        `json:"success"`
	Errors  []*rowError `json:"errors"`
}

// collection is PATCH composite/sobjects.
func (o *Org) collection(c *call) (any, error) {
	var in struct {
		AllOrNone bool
		Records   []map[string]any
	}
	if json.Unmarshal(c.body, &in) != nil {
		return nil, refuse("JSON_PARSER_ERROR", "unexpected character")
	}
	if n := len(in.Records); n == 0 || n > maxCollection {
		return nil, refuse("INVALID_INPUT", "Number of records must be between 1 and %d: %d", maxCollection, n)
	}
	assigns := !strings.EqualFold(c.Header.Get("Sforce-Auto-Assign"), "FALSE")
	chunks, last := 0, ""
	for _, rec := range in.Records {
		attributes, _ := rec["attributes"].(map[string]any)
		if t, _ := attributes["type"].(string); t != last || chunks == 0 {
			chunks, last = chunks+1, t
		}
	}
	if chunks > maxChunks {
		return nil, refuse("INVALID_INPUT", "Too many chunks of objects: %d, at most %d", chunks, maxChunks)
	}
	rows := make([]row, len(in.Records))
	seen := map[string]bool{}
	for i, rec := range in.Records {
		if rows[i] = o.updateRow(rec, seen); assigns && rows[i].Success {
			o.assign(rows[i].ID)
		}
	}
	if failed := slices.ContainsFunc(rows, func(r row) bool { return !r.Success }); in.AllOrNone && failed {
		panic("salesforce: allOrNone is not played here")
	}
	o.writeCalls++
	return rows, nil
}

// assign has the org's active assignment rule give a lead to its queue, which is what happens to leads that are updated
// over REST unless the request says otherwise. Source: REST API Developer Guide, "Assignment Rule Header".
func (o *Org) assign(id string) {
	if r := o.byID[id]; r.obj.name == "Lead" {
		r.put("OwnerId", o.inbound.id)
	}
}

// updateRow writes one record of a collection.
func (o *Org) updateRow(rec map[string]any, seen map[string]bool) row {
	fail := func(code, message string, fields ...string) row {
		return row{Errors: []*rowError{{code, message, append([]string{}, fields...)}}}
	}
	id, _ := rec["id"].(string)
	if id == "" {
		id, _ = rec["Id"].(string)
	}
	attributes, _ := rec["attributes"].(map[string]any)
	typ, _ := attributes["type"].(string)
	r := o.byID[full(id)]
	switch {
	case len(id) != 15 && len(id) != 18:
		return fail("MALFORMED_ID", "malformed id "+id, "Id")
	case r == nil || r.erased:
		return fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
	case r.obj != o.object(typ):
		return fail("INVALID_FIELD", "the id is of another object", "Id")
	case r.deleted:
		return fail("ENTITY_IS_DELETED", "entity is deleted")
	case r.values["IsConverted"] == true:
		return fail("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
	case o.locked[r.id] > 0:
		o.locked[r.id]--
		return fail("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
	case seen[r.id]:
		return fail("DUPLICATE_VALUE", "the record stands twice in the request", "Id")
	}
	seen[r.id] = true
	values := map[string]any{}
	for name, v := range rec {
		if name == "attributes" || strings.EqualFold(name, "id") {
			continue
		}
		f := r.obj.field(name)
		if f == nil {
			return fail("INVALID_FIELD", "No such column '"+name+"' on sobject of type "+r.obj.name, name)
		}
		if code := f.check(v); code != "" {
			return fail(code, f.name+": the value does not fit", f.name)
		}
		values[f.name] = v
	}
	o.update(r, o.integration.id, values)
	w := Write{Time: o.now(), Object: r.obj.name, ID: r.id, Fields: maps.Clone(values)}
	o.mu.Unlock() // who is told may ask the org
	o.writes.Add(w)
	o.mu.Lock()
	return row{ID: r.id, Success: true, Errors: []*rowError{}}
}

// check says why a value cannot be written into a field, by a status code; "" where it can.
func (f *fieldDef) check(v any) string {
	if f.readOnly {
		return "INVALID_FIELD_FOR_INSERT_UPDATE"
	}
	if v == nil {
		if f.typ == tBool {
			return "INVALID_TYPE_ON_FIELD_IN_RECORD"
		}
		return ""
	}
	s, isText := v.(string)
	_, isNumber := v.(float64)
	_, isBool := v.(bool)
	switch f.typ {
	case tBool:
		return unless(isBool, "INVALID_TYPE_ON_FIELD_IN_RECORD")
	case tDouble, tInt:
		return unless(isNumber, "INVALID_TYPE_ON_FIELD_IN_RECORD")
	case tDate:
		_, err := time.Parse(time.DateOnly, s)
		return unless(isText && err == nil, "INVALID_TYPE_ON_FIELD_IN_RECORD")
	case tDatetime:
		_, err := time.Parse(time.RFC3339, s)
		return unless(isText && err == nil, "INVALID_TYPE_ON_FIELD_IN_RECORD")
	case tPicklist:
		if isText && f.values != nil && !slices.Contains(f.values, s) {
			return "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
		}
	}
	if isText && f.length > 0 && utf8.RuneCountInString(s) > f.length {
		return "STRING_TOO_LONG"
	}
	return unless(isText, "INVALID_TYPE_ON_FIELD_IN_RECORD")
}

func unless(ok bool, code string) string {
	if ok {
		return ""
	}
	return code
}

// create is POST sobjects/{object}, for what set-up makes: permission sets and their parts.
func (o *Org) create(c *call) (any, error) {
	obj := o.object(c.PathValue("object"))
	if obj == nil || !slices.Contains([]string{
		"PermissionSet", "PermissionSetAssignment", "FieldPermissions",
	}, obj.name) {
		return nil, &problem{status: 404, Code: "NOT_FOUND", Message: "The requested resource does not exist"}
	}
	var values map[string]any
	if json.Unmarshal(c.body, &values) != nil {
		return nil, refuse("JSON_PARSER_ERROR", "unexpected character")
	}
	for name, v := range values {
		if obj.field(name) == nil {
			return nil, refuse("INVALID_FIELD", "No such column '%s' on sobject of type %s", name, obj.name)
		}
		if s, ok := v.(string); ok && obj.name == "FieldPermissions" && name == "Field" {
			object, field, _ := strings.Cut(s, ".")
			if of := o.object(object); of == nil || of.field(field) == nil {
				return nil, refuse("INVALID_FIELD", "no field %s", s)
			}
		}
	}
	return map[string]any{"id": o.insert(obj, o.integration.id, values).id, "success": true, "errors": []any{}}, nil
}

// customField is POST tooling/sobjects/CustomField.
func (o *Org) customField(c *call) (any, error) {
	var in struct {
		FullName string
		Metadata struct {
			Label, Type  string
			Length       int
			VisibleLines int
			Precision    int
			DefaultValue any
			ValueSet     struct {
				Restricted         bool
				ValueSetDefinition struct {
					Value []struct{ ValueName, Label string }
				}
			}
		}
	}
	if json.Unmarshal(c.body, &in) != nil {
		return nil, refuse("JSON_PARSER_ERROR", "unexpected character")
	}
	object, name, ok := strings.Cut(in.FullName, ".")
	obj := o.object(object)
	if !ok || obj == nil || !strings.HasSuffix(name, "__c") || in.Metadata.Label == "" {
		return nil, refuse("FIELD_INTEGRITY_EXCEPTION", "FullName or label does not fit")
	}
	if obj.field(name) != nil {
		return nil, refuse("DUPLICATE_DEVELOPER_NAME", "There is already a field named %s on %s.", name, object)
	}
	m := in.Metadata
	f := &fieldDef{name: name, custom: true, length: m.Length}
	wrong := ""
	switch m.Type {
	case "Text":
		f.typ, wrong = tString, unless(m.Length > 0 && m.Length <= 255, "a Text wants a length of 1 to 255")
	case "LongTextArea":
		f.typ, f.nofilter = tText, true
		wrong = unless(m.Length >= 256 && m.Length <= 131072 && m.VisibleLines > 0,
			"a LongTextArea wants a length of 256 to 131,072 and visible lines")
	case "Checkbox":
		f.typ, wrong = tBool, unless(m.DefaultValue != nil, "a Checkbox wants a default")
	case "Number":
		f.typ, wrong = tDouble, unless(m.Precision > 0 && m.Precision <= 18, "a Number wants a precision of 1 to 18")
	case "Date":
		f.typ = tDate
	case "DateTime":
		f.typ = tDatetime
	case "Picklist":
		f.typ = tPicklist
		for _, v := range m.ValueSet.ValueSetDefinition.Value {
			f.values = append(f.values, v.ValueName)
		}
		wrong = unless(len(f.values) > 0, "a Picklist wants values")
	default:
		wrong = "no type " + m.Type
	}
	if wrong != "" {
		return nil, refuse("FIELD_INTEGRITY_EXCEPTION", "%s", wrong)
	}
	obj.add(f)
	if f.typ == tBool {
		for _, r := range o.tables[obj.name] {
			r.values[f.name] = false
		}
	}
	o.nextID++
	return map[string]any{"id": newID("00N", o.nextID), "success": true, "errors": []any{}}, nil
}
