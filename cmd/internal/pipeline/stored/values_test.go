package stored

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
	all := Values{}
	for i, f := range storedFields {
		all[f] = strings.Repeat("ä", i*i*i*4) // every form of a length, from none to more than 65,535 bytes
	}
	for name, v := range map[string]Values{
		"none": nil, "all": all, "empty": {}, "cleared": {crm.FieldNativeStatus: "", crm.FieldRating: ""},
		"one": {crm.FieldRating: "A"},
	} {
		t.Run(name, func(t *testing.T) {
			b := Encode(Outgoing{Values: v})
			if err := cbor.Wellformed(b); err != nil {
				t.Fatal(err)
			}
			got, err := Decode[Outgoing](b)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(v, got.Values); d != "" {
				t.Errorf("stored and read (-want +got):\n%s", d)
			}
			c, err := Decode[Contact](Encode(Contact{Values: v}))
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
	f.Add(Encode(Values{crm.FieldRating: "A", crm.FieldReasons: strings.Repeat("x", 300)}))
	f.Add([]byte{cborNull})
	f.Fuzz(func(t *testing.T, b []byte) {
		var v Values
		if v.UnmarshalCBOR(b) != nil {
			return
		}
		again, err := Decode[Values](Encode(v))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(v, again); d != "" {
			t.Errorf("read, stored and read (-want +got):\n%s", d)
		}
	})
}
