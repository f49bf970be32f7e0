package mapping

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/generic/jq"
)

// Reference is every key of a mapping with what it is for, as Markdown: a section for each struct, in the order in
// which they are met.
func Reference() string {
	var b strings.Builder
	type section struct {
		path string
		t    reflect.Type
	}
	queue := []section{{"", reflect.TypeFor[Mapping]()}}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if s.path != "" {
			fmt.Fprintf(&b, "\n### `%s`\n", s.path)
		}
		fmt.Fprint(&b, "\n| key | value | what it is |\n|---|---|---|\n")
		for _, f := range fieldsOf(s.t) {
			name := f.Tag.Get("yaml")
			if inner, key := inside(f.Type); inner != nil {
				queue = append(queue, section{strings.TrimPrefix(s.path+"."+name, ".") + key, inner})
			}
			fmt.Fprintf(
				&b,
				"| `%s` | %s | %s |\n",
				name,
				valueName(f.Type),
				strings.ReplaceAll(f.Tag.Get("desc"), "|", `\|`),
			)
		}
	}
	return b.String()
}

// fieldsOf are the keys of a struct; those of its request stand once for all.
func fieldsOf(t reflect.Type) (out []reflect.StructField) {
	for i := range t.NumField() {
		f := t.Field(i)
		if name := f.Tag.Get("yaml"); name != "" && !strings.HasSuffix(name, ",inline") && f.Tag.Get("desc") != "" {
			out = append(out, f)
		}
	}
	return out
}

// inside is the struct behind a key that has keys of its own.
func inside(t reflect.Type) (inner reflect.Type, key string) {
	switch t.Kind() {
	case reflect.Pointer:
		return inside(t.Elem())
	case reflect.Map:
		inner, _ = inside(t.Elem())
		return inner, ".<name>"
	case reflect.Slice:
		inner, _ = inside(t.Elem())
		return inner, "[]"
	case reflect.Struct:
		if slices.Contains(leaves, t) {
			return nil, ""
		}
		return t, ""
	}
	return nil, ""
}

var leaves = []reflect.Type{
	reflect.TypeFor[Expr](), reflect.TypeFor[SecretExpr](), reflect.TypeFor[Template](),
	reflect.TypeFor[SecretTemplate](), reflect.TypeFor[Request](),
}

func valueName(t reflect.Type) string {
	switch t {
	case duration:
		return "time"
	case leaves[0], leaves[1]:
		return "jq"
	case leaves[2], leaves[3]:
		return "text with `{jq}`"
	case leaves[4]:
		return "request"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return valueName(t.Elem())
	case reflect.Map:
		return "by name: " + valueName(t.Elem())
	case reflect.Slice:
		return "list of " + valueName(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if t.Field(i).Tag.Get("yaml") == ",inline" {
				return "request, and keys"
			}
		}
		return "keys"
	case reflect.Bool:
		return "true, false"
	case reflect.Int:
		return "number"
	}
	return "text"
}

// Variables are what expressions may use by the place in which they stand, as Markdown.
func Variables() string {
	var b strings.Builder
	fmt.Fprint(&b, "| place | variables |\n|---|---|\n")
	for _, place := range []struct{ scope, says string }{
		{"hook", "`hooks`: `each`, `event`, `account`, `handshake`"},
		{"event", "`hooks.key`, `.ignore`, `.rules`"},
		{"record", "`records`, beside `read`, `with` and `list`; `.` is the record"},
		{"read", "`me`, `account`, `read`, `with`, `person.deals`"},
		{"users", "`users`"},
		{"list", "`list`"},
		{"write", "`write`"},
		{"field", "`fields`"},
		{"show", "`show.find`, `.link`"},
		{"make", "`setup`"},
		{"webhook", "`hooks.manage`"},
		{"answer", "`api.success`, `.kind`, `.reason`; `.` is the answer"},
	} {
		fmt.Fprintf(&b, "| %s | `%s` |\n", place.says, strings.Join(variables(place.scope, false), "`, `"))
	}
	return b.String()
}

// Words are the helpers that expressions have beside jq's own, as Markdown.
func Words() string {
	var b strings.Builder
	help := jq.Help()
	fmt.Fprint(&b, "| word | what it does |\n|---|---|\n")
	for _, name := range jq.Helpers() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, help[name])
	}
	return b.String()
}
