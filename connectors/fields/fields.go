// Package fields maps what Winnow writes to a person, and what people set for it, to a CRM's own fields: once for all
// vendors. A vendor says how it spells a name (Spelling); which fields there are stands in crm.FieldTable.
package fields

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// all are the fields that are written, and then those that are read.
var all = slices.Concat(crm.Fields, crm.ReadFields)

// Spelling is how a vendor names fields.
type Spelling struct {
	Own   func(f crm.Field) string // our own field: winnow_rating, Winnow_Rating__c
	Valid func(name string) error  // why a name can be no field's
	// Theirs reports whether a name is the CRM's own field, which a rating must not overwrite.
	Theirs func(name string) bool
}

// Map is where the fields of a source are: the CRM's name of each, empty for one that is not kept there.
type Map map[crm.Field]string

// Parse reads the setting `_FIELDS`: another field of the CRM's for one of ours, or none: `rating=lead_grade,score=`.
// It returns everything that is wrong in one error, a line each.
func Parse(setting string, s Spelling) (Map, error) {
	out := make(Map, len(all))
	for _, f := range all {
		out[f] = s.Own(f)
	}
	var bad []error
	for pair := range strings.SplitSeq(setting, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		given, name, ok := strings.Cut(pair, "=")
		given, name = strings.TrimSpace(given), strings.TrimSpace(name)
		f := crm.Field(strings.TrimPrefix(strings.ToLower(given), "winnow_"))
		if _, known := out[f]; !ok || !known {
			bad = append(bad, fmt.Errorf("%q: want field=property with a field among %s", pair, names()))
			continue
		}
		if name != "" && s.Theirs(name) {
			bad = append(bad, fmt.Errorf("%q is the CRM's own property, which a rating would overwrite; want one of "+
				"your own", name))
			continue
		}
		if name != "" {
			if err := s.Valid(name); err != nil {
				bad = append(bad, err)
				continue
			}
		}
		out[f] = name
	}
	taken := map[string]crm.Field{}
	for _, f := range all {
		name := out[f]
		if name == "" {
			continue
		}
		if other, twice := taken[name]; twice {
			bad = append(bad, fmt.Errorf("%s and %s both name the property %s", other, f, name))
			continue
		}
		taken[name] = f
	}
	if err := errors.Join(bad...); err != nil {
		return nil, err
	}
	return out, nil
}

func names() string {
	var out []string
	for _, f := range all {
		out = append(out, string(f))
	}
	return strings.Join(out, ", ")
}

// Written are the CRM's names of the fields that are written, in the order of crm.Fields.
func (m Map) Written() []string { return m.namesOf(crm.Fields) }

// Set are the CRM's names of the fields that people set.
func (m Map) Set() []string { return m.namesOf(crm.ReadFields) }

func (m Map) namesOf(fields []crm.Field) []string {
	var out []string
	for _, f := range fields {
		if name := m[f]; name != "" {
			out = append(out, name)
		}
	}
	return out
}

// Marks are the names by which it is seen that a rating of ours stands in a record. Nothing else of what we write is
// read: a rating must not feed on itself.
func (m Map) Marks() []string {
	return m.namesOf([]crm.Field{crm.FieldRating, crm.FieldStatus, crm.FieldModel})
}

// Values are a change's values under the CRM's names, texts cut at most characters. A field of ours that is not kept in
// the CRM is left out, and so is the CRM's own status, which is no field of ours.
func (m Map) Values(ch crm.Change, most int) (map[string]string, error) {
	out := make(map[string]string, len(ch.Values))
	for f, v := range ch.Values {
		if f == crm.FieldNativeStatus {
			continue
		}
		if !slices.Contains(crm.Fields, f) {
			return nil, fmt.Errorf("%q is no field that is written", f)
		}
		if name := m[f]; name != "" {
			out[name] = Cut(v, most)
		}
	}
	return out, nil
}

// Cut is a text of at most so many characters, cut at a line's end where there is one near, else between two words.
func Cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	cut := string([]rune(text)[:most])
	for _, end := range []string{"\n", " "} {
		if i := strings.LastIndex(cut, end); i > len(cut)/2 && !strings.HasPrefix(text[len(cut):], end) {
			return cut[:i]
		}
	}
	return cut
}
