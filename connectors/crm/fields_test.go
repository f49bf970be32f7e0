package crm

import (
	"slices"
	"testing"
)

// TestFieldTable: every field of ours can be created and shown by any vendor from the table alone.
func TestFieldTable(t *testing.T) {
	stems, labels := map[string]bool{}, map[string]bool{}
	for _, s := range FieldTable {
		if s.Label == "" || s.Description == "" || stems[s.Stem()] || labels[s.Label] {
			t.Errorf("%s: label %q or description %q is missing or there twice", s.Field, s.Label, s.Description)
		}
		stems[s.Stem()], labels[s.Label] = true, true
		if (s.Type == Choice) != (len(s.Options) > 0) {
			t.Errorf("%s is a %s with %d options", s.Field, s.Type, len(s.Options))
		}
	}
	for _, f := range []Field{FieldRating, FieldGround, FieldModel} {
		if !slices.Contains(Fields, f) || slices.Contains(ReadFields, f) {
			t.Errorf("%s has to be written, and not read", f)
		}
	}
	if want := []Field{FieldOverride, FieldOverrideUntil, FieldDoNotProfile}; !slices.Equal(ReadFields, want) {
		t.Errorf("read are %v, want %v", ReadFields, want)
	}
	if s, _ := SpecOf(FieldBall); s.Label != "Winnow next move" {
		t.Errorf("people see %q for whose move it is", s.Label)
	}
	if _, ok := SpecOf(FieldNativeStatus); ok {
		t.Error("the CRM's own status is no field of ours to create")
	}
}
