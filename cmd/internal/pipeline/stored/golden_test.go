package stored

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// filled is a T each of whose fields is set, to a value that hangs on the field's name alone: another field changes
// no other's bytes.
func filled[T any]() T {
	var v T
	fill(reflect.ValueOf(&v).Elem(), reflect.TypeFor[T]().String())
	return v
}

func fill(v reflect.Value, path string) {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(path))
	n := int64(sum.Sum32()%100) + 1
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("s", sum.Sum32()%10_000))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(n))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(n) + 0.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), path)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), path+"[]")
	case reflect.Map:
		if v.Type() == reflect.TypeFor[Values]() {
			v.Set(reflect.ValueOf(Values{crm.FieldRating: "A", crm.FieldReasons: "why"}))
			return
		}
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, path+".key")
		fill(value, path+".value")
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				fill(v.Field(i), path+"."+f.Name)
			}
		}
	}
}

// zeros names the fields of a view that are not set.
func zeros(v reflect.Value, path string) (names []string) {
	if v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			names = append(names, zeros(v.Field(i), path+"."+v.Type().Field(i).Name)...)
		}
		return names
	}
	if v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 {
		return []string{path}
	}
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct {
		return zeros(v.Index(0), path)
	}
	return nil
}

// golden returns the bytes that are kept in testdata for v, which it compares with those that v has now.
func golden[T any](t *testing.T, name string, v T) []byte {
	t.Helper()
	file, got := filepath.Join("testdata", name+".cbor.hex"), Encode(v)
	if *update {
		if err := os.WriteFile(file, []byte(hex.EncodeToString(got)+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s has other bytes than a store of before: the store's format has to rise (then rewrite the file "+
			"with -update)", name)
	}
	return want
}

// TestBytesAtRest: what lies in a store is read by the next build, so that its bytes change only on purpose.
func TestBytesAtRest(t *testing.T) {
	golden(t, "delivery", filled[[]Delivery]())
	golden(t, "bundle", filled[Bundle]())
	golden(t, "outgoing", filled[Outgoing]())
	golden(t, "reference", filled[crm.Ref]())
	golden(t, "proven", filled[Proven]())
	golden(t, "polled", filled[Polled]())
	golden(t, "filling", filled[Filling]())
	golden(t, "breaker", filled[Breaker]())
	golden(t, "removals", filled[Removals]())
	golden(t, "member", filled[Member]())
	golden(t, "epoch", filled[Epoch]())
	golden(t, "tally", filled[Tally]())
	golden(t, "acts", filled[Acts]())
	golden(t, "trend", filled[Trend]())
	golden(t, "base", filled[Base]())
}

// TestViewsFollowTheWhole: a view that reads a part of a record finds each of its fields there, under the same key
// and of the same value.
func TestViewsFollowTheWhole(t *testing.T) {
	whole := filled[Contact]()
	data := golden(t, "contact", whole)
	g, err := Decode[Glance](data)
	if err != nil {
		t.Fatal(err)
	}
	h, err := Decode[Holder](data)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := Decode[Shown](data)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := shown.Rating.Owes, whole.Rating.Owes; got != want || shown.Values[crm.FieldRating] != "A" {
		t.Errorf("shown as owed %q, want %q; values %v", got, want, shown.Values)
	}
	if got, want := shown.Record.Items[0].Deal.Amount, whole.Record.Items[0].Deal.Amount; got != want {
		t.Errorf("shown with a deal of %d, want %d", got, want)
	}
	b, err := Decode[HeldBase](Encode(Base{Conduct: whole.Record.Conduct}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(h.Record.Conduct, b.Conduct); diff != "" {
		t.Errorf("base (-record +base):\n%s", diff)
	}
	missing := slices.Concat(zeros(reflect.ValueOf(g), "Glance"), zeros(reflect.ValueOf(h), "Holder"),
		zeros(reflect.ValueOf(shown), "Shown"))
	if len(missing) > 0 {
		t.Errorf("not found in the record: %v", missing)
	}
	want := Glance{
		Rating: StandingOf(whole.Rating), Due: whole.Due, Offer: whole.Offer, Redirect: whole.Redirect,
		Sent: whole.Sent, Forgotten: whole.Forgotten,
		Awaits: whole.Awaits, Rated: whole.Rated,
	}
	want.Rating.Held, want.Rating.Decide = whole.Rating.Held, whole.Rating.Decide
	if diff := cmp.Diff(want, g); diff != "" {
		t.Errorf("glance (-record +glance):\n%s", diff)
	}
	f := whole.Record.Conduct[0]
	held := Held{
		ID: f.ID, Version: f.Version, Kind: f.Kind, At: f.At, Peer: f.Peer, Gone: f.Gone, Meeting: f.Meeting,
		Task: f.Task,
	}
	if diff := cmp.Diff(held, h.Record.Conduct[0]); diff != "" {
		t.Errorf("held fact (-record +view):\n%s", diff)
	}
}
