package stored

import (
	"bytes"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// some sets v to a value like those that are stored, and like none: zero, empty, at the bounds, long.
func some(r *rand.Rand, v reflect.Value) {
	if r.IntN(4) == 0 {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.String:
		n := []int{0, 1, 4, 12, 40, 200}[r.IntN(6)*r.IntN(2)]
		if r.IntN(500) == 0 {
			n = 40_000 // more than two bytes count
		}
		v.SetString(strings.Repeat("é-", n))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt([]int64{
			0, 1, -1, 23, 24, -24, -25, 255, 256, 65536, 1 << 40, math.MinInt64, math.MaxInt64,
		}[r.IntN(13)])
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint([]uint64{0, 1, 23, 24, 255, 256, 65535, 65536, 1 << 32, math.MaxUint64}[r.IntN(10)])
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		some(r, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), []int{0, 1, 2, 30}[r.IntN(4)*r.IntN(2)], 40))
		for i := range v.Len() {
			some(r, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(4) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			some(r, key)
			some(r, value)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && v.Type().Field(i).Tag.Get("cbor") != "-" {
				some(r, v.Field(i))
			}
		}
	}
}

// like reports whether ours and the library agree on what bytes say, or that they say nothing.
func like[T any](t *testing.T, b []byte) {
	t.Helper()
	var want T
	fault := decoding.Unmarshal(b, &want)
	got, err := Decode[T](b)
	if (err == nil) != (fault == nil) {
		t.Fatalf("%T of %x: %v, the library says %v", want, b, err, fault)
	}
	if err == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%T of %x (-library +ours):\n%s", want, b,
			cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })))
	}
}

func coded[T any](t *testing.T) {
	name := strings.NewReplacer("/", "_", "*", "").Replace(reflect.TypeFor[T]().String())
	t.Run(name, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		rounds := 60
		if testing.Short() {
			rounds = 10
		}
		for range rounds {
			var v T
			some(r, reflect.ValueOf(&v).Elem())
			want := must(encoding.Marshal(v))
			if got := Encode(v); !bytes.Equal(got, want) {
				t.Fatalf("%+v\nis %x\n of the library %x", v, got, want)
			}
			if got := Encode(&v); !bytes.Equal(got, want) {
				t.Fatalf("by its address %+v is other bytes", v)
			}
			like[T](t, want)
			like[Contact](t, want)
			like[Glance](t, want)
			for range 5 { // what no build of ours has written
				broken := bytes.Clone(want)
				broken[r.IntN(len(broken))] ^= byte(1 << r.IntN(8))
				like[T](t, broken[:len(broken)-r.IntN(2)])
			}
		}
	})
}

// TestCodedAsTheLibraryDoes: the bytes of everything that is stored are those of the CBOR library, and are read as it
// reads them, whether they are ours or not.
func TestCodedAsTheLibraryDoes(t *testing.T) {
	coded[Contact](t)
	coded[Base](t)
	coded[Bundle](t)
	coded[Outgoing](t)
	coded[[]Delivery](t)
	coded[crm.Fact](t)
	coded[crm.Ref](t)
	coded[Glance](t)
	coded[Holder](t)
	coded[Shown](t)
	coded[Tally](t)
	coded[Trend](t)
	coded[Breaker](t)
	coded[Removals](t)
	coded[Filling](t)
	coded[Polled](t)
	coded[Proven](t)
	coded[Member](t)
	coded[Epoch](t)
	coded[Acts](t)
	coded[queue.Key](t)
	coded[string](t)
}
