package mapping

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/winnow-crm/winnow/connectors/generic/jq"
)

// Fault is one thing that is wrong in a mapping.
type Fault struct {
	Line, Column int
	Where        string // records.Lead.person.kind
	Msg          string
}

func (f Fault) String() string {
	if f.Where == "" {
		return fmt.Sprintf("%d:%d: %s", f.Line, f.Column, f.Msg)
	}
	return fmt.Sprintf("%d:%d: %s: %s", f.Line, f.Column, f.Where, f.Msg)
}

// Faults are all that is wrong in a mapping, in the order of the file.
type Faults []Fault

func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// decoder reads a document into the structs of this package, and goes on behind a fault.
type decoder struct {
	lines  []string // of the source
	faults Faults
	nodes  int                   // that were read
	places map[string]*yaml.Node // where each key and element stands, by its path
}

// node is a value that reads itself.
type node interface {
	fromNode(d *decoder, n *yaml.Node, where, scope string)
}

// maxFaults bounds what is said of one file.
const maxFaults = 100

func (d *decoder) fault(n *yaml.Node, where, format string, args ...any) {
	d.faultAt(n.Line, n.Column, where, format, args...)
}

func (d *decoder) faultAt(line, column int, where, format string, args ...any) {
	if len(d.faults) < maxFaults {
		d.faults = append(d.faults, Fault{max(1, line), max(1, column), where, fmt.Sprintf(format, args...)})
	}
}

// faultIn says what is wrong at a path: where it stands, or else the nearest that stands around it.
func (d *decoder) faultIn(where, format string, args ...any) {
	line, column := 1, 1
	for at := where; at != ""; at = at[:max(0, strings.LastIndexAny(at, ".["))] {
		if n := d.places[at]; n != nil {
			line, column = n.Line, n.Column
			break
		}
	}
	d.faultAt(line, column, where, format, args...)
}

// sorted are the faults in the order of the file.
func (d *decoder) sorted() error {
	if len(d.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(d.faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return d.faults
}

// maxNodes bounds what a document may come to with all that its aliases repeat.
const maxNodes = 100_000

// resolved is a node, or the one that an alias stands for.
func (d *decoder) resolved(n *yaml.Node, where string) (*yaml.Node, bool) {
	if d.nodes++; d.nodes > maxNodes {
		if d.nodes == maxNodes+1 {
			d.fault(n, where, "aliases repeat too much")
		}
		return n, false
	}
	if n.Kind == yaml.AliasNode {
		return d.resolved(n.Alias, where)
	}
	return n, true
}

// value reads a node into v. scope names the variables that expressions below it may use.
func (d *decoder) value(n *yaml.Node, v reflect.Value, where, scope string) {
	d.places[where] = n
	n, ok := d.resolved(n, where)
	if !ok {
		return
	}
	if own, is := v.Addr().Interface().(node); is {
		own.fromNode(d, n, where, scope)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), where, scope)
	case reflect.Struct:
		d.object(n, v, where, scope)
	case reflect.Map:
		d.entries(n, v, where, scope)
	case reflect.Slice:
		d.list(n, v, where, scope)
	default:
		d.scalar(n, v, where)
	}
}

var duration = reflect.TypeFor[time.Duration]()

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, where string) {
	want := map[reflect.Kind]string{
		reflect.String: "a text", reflect.Bool: "true or false", reflect.Int: "a whole number",
	}[v.Kind()]
	if v.Type() == duration {
		want = "a time such as 30s, 5m or 1h"
	}
	if n.Kind != yaml.ScalarNode {
		d.fault(n, where, "want %s, not %s", want, kindName(n))
		return
	}
	var err error
	switch {
	case v.Type() == duration:
		var t time.Duration
		if t, err = time.ParseDuration(n.Value); err == nil {
			v.SetInt(int64(t))
		}
	case v.Kind() == reflect.String:
		if n.Tag == "!!null" {
			err = fmt.Errorf("empty")
		}
		v.SetString(n.Value)
	default:
		err = n.Decode(v.Addr().Interface())
	}
	if err != nil {
		d.fault(n, where, "want %s, not %q", want, n.Value)
	}
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return "nothing"
		}
		return fmt.Sprintf("%q", n.Value)
	}
	return "this"
}

// keyed are the pairs of a mapping node; a key that is there twice is a fault.
func (d *decoder) keyed(n *yaml.Node, where string, each func(key string, k, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.fault(n, where, "want keys and values, not %s", kindName(n))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode || k.Tag == "!!merge" {
			d.fault(k, where, "want a plain key")
			continue
		}
		if seen[k.Value] {
			d.fault(k, where, "%s is here twice", k.Value)
		}
		seen[k.Value] = true
		each(k.Value, k, v)
	}
}

func under(where, key string) string {
	if where == "" {
		return key
	}
	return where + "." + key
}

// object reads the keys of a struct, by their tag `yaml:"name"`. A field with `yaml:",inline"` is a part of it.
func (d *decoder) object(n *yaml.Node, v reflect.Value, where, scope string) {
	known := map[string]reflect.Value{}
	scopes := map[string]string{}
	gather(v, known, scopes)
	d.keyed(n, where, func(key string, k, val *yaml.Node) {
		field, ok := known[key]
		if !ok {
			names := sortedKeys(known)
			d.fault(
				k,
				under(where, key),
				"there is no such key%s; there are %s",
				jq.Nearest(key, names),
				strings.Join(names, ", "),
			)
			return
		}
		in := scope
		if scopes[key] != "" {
			in = scopes[key]
		}
		d.value(val, field, under(where, key), in)
	})
	if p, ok := v.Addr().Interface().(interface {
		place(line, column int, where string)
	}); ok {
		p.place(n.Line, n.Column, where)
	}
}

func gather(v reflect.Value, known map[string]reflect.Value, scopes map[string]string) {
	t := v.Type()
	for i := range t.NumField() {
		name, inline := strings.CutSuffix(t.Field(i).Tag.Get("yaml"), ",inline")
		switch {
		case inline:
			gather(v.Field(i), known, scopes)
		case name != "":
			known[name], scopes[name] = v.Field(i), t.Field(i).Tag.Get("in")
		}
	}
}

func (d *decoder) entries(n *yaml.Node, v reflect.Value, where, scope string) {
	v.Set(reflect.MakeMap(v.Type()))
	d.keyed(n, where, func(key string, _, val *yaml.Node) {
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(val, e, under(where, key), scope)
		v.SetMapIndex(reflect.ValueOf(key), e)
	})
}

// list reads a list; one value alone is a list of it.
func (d *decoder) list(n *yaml.Node, v reflect.Value, where, scope string) {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	for i, e := range nodes {
		in := where
		if n.Kind == yaml.SequenceNode {
			in = fmt.Sprintf("%s[%d]", where, i+1)
		}
		one := reflect.New(v.Type().Elem()).Elem()
		d.value(e, one, in, scope)
		v.Set(reflect.Append(v, one))
	}
}

func sortedKeys[T any](m map[string]T) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// at is where in the source a byte of a scalar stands.
func (d *decoder) at(n *yaml.Node, offset int) (line, column int) {
	text := n.Value[:min(offset, len(n.Value))]
	down := strings.Count(text, "\n")
	part := text[strings.LastIndexByte(text, '\n')+1:]
	switch n.Style {
	case yaml.LiteralStyle, yaml.FoldedStyle:
		line = n.Line + 1 + down
		whole := strings.Split(n.Value, "\n")[down]
		if line-1 < len(d.lines) {
			return line, strings.Index(d.lines[line-1], whole) + len(part) + 1
		}
		return line, len(part) + 1
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		return n.Line + down, n.Column + 1 + len(part)
	}
	if down > 0 {
		return n.Line + down, 1 + len(part)
	}
	column = n.Column + len(part)
	if n.Anchor != "" { // the node begins with it
		column += len("&") + len(n.Anchor) + len(" ")
	}
	return n.Line, column
}
