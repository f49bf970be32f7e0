package api

import (
	"encoding"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// calls are all there are.
var calls = []any{
	Explain, Forget, IsForgotten, EraseTraces, Compact, Records, Letters, ShowLetter, ResendLetter, DiscardLetter,
	Owed, Contacts, Contact, Decisions, Trends, Status, System, Acts, Rules, Try, StopTrying, StartBackfill, Backfill,
	Breaker, ReleaseBreaker, RefuseBreaker,
}

// TestKeysAreSnakeCase: whoever reads the answers by a program goes by keys of one form.
func TestKeysAreSnakeCase(t *testing.T) {
	if n := declared(t); n != len(calls) {
		t.Errorf("%d calls are declared and %d looked at", n, len(calls))
	}
	seen := map[reflect.Type]bool{}
	for _, call := range calls {
		ask, _ := reflect.TypeOf(call).MethodByName("Ask")
		keys(t, ask.Type.In(3), seen)
		keys(t, ask.Type.Out(0), seen)
	}
	if len(seen) < 2*len(calls) {
		t.Errorf("only %d types were looked at", len(seen))
	}
}

// declared counts the calls in the sources of this package.
func declared(t *testing.T) (n int) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, "_test.go") {
			n += strings.Count(string(source), "= Call[")
		}
	}
	return n
}

var (
	snake     = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	ownJSON   = reflect.TypeFor[json.Marshaler]()
	ownText   = reflect.TypeFor[encoding.TextMarshaler]()
	container = []reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map}
)

// keys looks at the keys of a type and of all that it holds.
func keys(t *testing.T, of reflect.Type, seen map[reflect.Type]bool) {
	t.Helper()
	if seen[of] || of.Implements(ownJSON) || of.Implements(ownText) {
		return
	}
	seen[of] = true
	if slices.Contains(container, of.Kind()) {
		keys(t, of.Elem(), seen)
	}
	if of.Kind() != reflect.Struct {
		return
	}
	for f := range of.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
			continue
		case name == "" && !f.Anonymous:
			t.Errorf("%s.%s has no key", of, f.Name)
		case name != "" && !snake.MatchString(name):
			t.Errorf("%s.%s has the key %q", of, f.Name, name)
		}
		keys(t, f.Type, seen)
	}
}
