package pipeline

import (
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
)

func TestFieldValues(t *testing.T) {
	for _, f := range append(slices.Clone(crm.Fields), crm.FieldNativeStatus) {
		if !slices.Contains(storedFields[:], f) {
			t.Errorf("the field %s is not stored: add it at the end of storedFields", f)
		}
	}
	all := fieldValues{}
	for i, f := range storedFields {
		all[f] = strings.Repeat("ä", i*i*i*4) // every form of a length, from none to more than 65,535 bytes
	}
	for name, v := range map[string]fieldValues{
		"none": nil, "all": all, "empty": {}, "cleared": {crm.FieldNativeStatus: "", crm.FieldRating: ""}, "one": {crm.FieldRating: "A"},
	} {
		t.Run(name, func(t *testing.T) {
			b := encode(outgoing{Values: v})
			if err := cbor.Wellformed(b); err != nil {
				t.Fatal(err)
			}
			got, err := decode[outgoing](b)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(v, got.Values); d != "" {
				t.Errorf("stored and read (-want +got):\n%s", d)
			}
			c, err := decode[contact](encode(contact{Values: v}))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(v, c.Values); d != "" {
				t.Errorf("stored in a record and read (-want +got):\n%s", d)
			}
		})
	}
}

func FuzzFieldValues(f *testing.F) {
	f.Add(encode(fieldValues{crm.FieldRating: "A", crm.FieldReasons: strings.Repeat("x", 300)}))
	f.Add([]byte{cborNull})
	f.Fuzz(func(t *testing.T, b []byte) {
		var v fieldValues
		if v.UnmarshalCBOR(b) != nil {
			return
		}
		again, err := decode[fieldValues](encode(v))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(v, again); d != "" {
			t.Errorf("read, stored and read (-want +got):\n%s", d)
		}
	})
}
