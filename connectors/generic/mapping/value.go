package mapping

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/winnow-crm/winnow/connectors/generic/jq"
)

// Expr is an expression in jq. The zero one is not set.
type Expr struct{ jq *jq.Expr }

// Set reports whether the mapping has it.
func (e Expr) Set() bool { return e.jq != nil }

// First is its first result, nil where it is not set.
func (e Expr) First(input any, vars jq.Vars) (any, error) {
	if e.jq == nil {
		return nil, nil
	}
	return e.jq.First(input, vars)
}

// All are its results, a single list being its elements.
func (e Expr) All(input any, vars jq.Vars) ([]any, error) {
	if e.jq == nil {
		return nil, nil
	}
	return e.jq.All(input, vars)
}

// Text is its first result as text.
func (e Expr) Text(input any, vars jq.Vars) (string, error) {
	v, err := e.First(input, vars)
	return jq.Text(v), err
}

// scopes are the variables that expressions of a place may use, beside $settings and $me.
var scopes = map[string][]string{
	"hook":    {"$method", "$path", "$query", "$header", "$received", "$body", "$ours"},
	"event":   {"$method", "$path", "$query", "$header", "$received", "$body", "$ours", "$event"},
	"record":  {"$type", "$with", "$received"},
	"read":    {"$type", "$kind", "$id", "$ids", "$with", "$own"},
	"users":   {"$own", "$after", "$page"},
	"list":    {"$type", "$from", "$until", "$after", "$instant", "$page"},
	"write":   {"$type", "$kind", "$id", "$ids", "$changes", "$values"},
	"field":   {"$type", "$kind", "$name"},
	"show":    {"$type", "$kind", "$id", "$email", "$account"},
	"make":    {"$type", "$kind", "$name", "$label", "$description", "$is", "$options", "$length"},
	"webhook": {"$event", "$url", "$id"},
	"answer":  {"$status", "$header"},
	"none":    {},
}

// answered are the variables of an expression on an answer, beside those of its request.
var answered = []string{"$status", "$header"}

// credential is the variable that has the settings' credential: it stands in headers and bodies alone, never in a URL.
const credential = "$auth"

func variables(scope string, secret bool) []string {
	vars := append([]string{"$settings", "$me"}, scopes[scope]...)
	if scope != "hook" && scope != "event" && scope != "record" && scope != "answer" {
		vars = append(vars, answered...)
	}
	if secret {
		vars = append(vars, credential)
	}
	return vars
}

func (e *Expr) fromNode(d *decoder, n *yaml.Node, where, scope string) {
	e.jq = d.expr(n, where, variables(scope, false))
}

// expr reads an expression. Numbers, true and false are expressions too.
func (d *decoder) expr(n *yaml.Node, where string, vars []string) *jq.Expr {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		d.fault(n, where, "want an expression in jq, not %s%s", kindName(n), quoteHint(n))
		return nil
	}
	e, err := jq.Parse(n.Value, vars...)
	if err != nil {
		d.wrong(n, where, 0, err)
	}
	return e
}

// quoteHint is what helps where YAML took an expression for something of its own.
func quoteHint(n *yaml.Node) string {
	if n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode {
		return ": put one that begins with { or [ in single quotes"
	}
	return ""
}

func (d *decoder) wrong(n *yaml.Node, where string, begin int, err error) {
	offset := begin
	if e, ok := errors.AsType[*jq.Error](err); ok {
		offset += e.Offset
	}
	line, column := d.at(n, offset)
	d.faultAt(line, column, where, "%s", err.Error())
}

// SecretExpr is an expression that may use $auth: {token, user, password}.
type SecretExpr struct{ Expr }

func (e *SecretExpr) fromNode(d *decoder, n *yaml.Node, where, scope string) {
	e.jq = d.expr(n, where, variables(scope, true))
}

// Template is a text with expressions in braces: /Lead/{$id}.
type Template struct {
	text  string
	parts []part
}

// part is a piece of a template: a text, or an expression.
type part struct {
	text string
	jq   *jq.Expr
}

// Set reports whether the mapping has it.
func (t Template) Set() bool { return t.parts != nil }

// String is the template as it was written.
func (t Template) String() string { return t.text }

func (t *Template) fromNode(d *decoder, n *yaml.Node, where, scope string) {
	t.read(d, n, where, variables(scope, false))
}

func (t *Template) read(d *decoder, n *yaml.Node, where string, vars []string) {
	if n.Kind != yaml.ScalarNode {
		d.fault(n, where, "want a text, in which {...} is an expression, not %s", kindName(n))
		return
	}
	t.text, t.parts = n.Value, []part{}
	for rest, begin := n.Value, 0; rest != ""; {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			t.parts = append(t.parts, part{text: rest})
			return
		}
		if open > 0 {
			t.parts = append(t.parts, part{text: rest[:open]})
		}
		end := closing(rest[open:])
		if end < 0 {
			line, column := d.at(n, begin+open)
			d.faultAt(line, column, where, "a { that is not closed")
			return
		}
		e, err := jq.Parse(rest[open+1:open+end], vars...)
		if err != nil {
			d.wrong(n, where, begin+open+1, err)
		}
		t.parts = append(t.parts, part{jq: e})
		begin += open + end + 1
		rest = rest[open+end+1:]
	}
}

// closing is where the brace that opens a text is closed; braces inside of strings do not count.
func closing(s string) int {
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// SecretTemplate is a template that may use $auth.
type SecretTemplate struct{ Template }

func (t *SecretTemplate) fromNode(d *decoder, n *yaml.Node, where, scope string) {
	t.read(d, n, where, variables(scope, true))
}

// Fill puts the values of its expressions into a template, each as escape makes it; nil: as it is. says is false where
// every expression in it is empty.
func (t Template) Fill(
	input any,
	vars jq.Vars,
	escape func(string) (string, error),
) (text string, says bool, err error) {
	var b strings.Builder
	says = !t.computed()
	for _, p := range t.parts {
		if p.jq == nil {
			b.WriteString(p.text)
			continue
		}
		v, err := p.jq.First(input, vars)
		if err != nil {
			return "", false, err
		}
		s := jq.Text(v)
		says = says || v != nil
		if escape != nil {
			if s, err = escape(s); err != nil {
				return "", false, err
			}
		}
		b.WriteString(s)
	}
	return b.String(), says, nil
}

// errSegment is a value that would lead to another path than the one that is written.
var errSegment = errors.New("a value that stands in a path is empty or made of dots")

// Segment escapes a value for a path, of which it stays one segment.
func Segment(s string) (string, error) {
	if s == "" || s == "." || s == ".." {
		return "", errSegment
	}
	return url.PathEscape(s), nil
}

// Request is one call of the CRM's API, written by its method: `get: /Lead/{$id}`.
type Request struct {
	Get    Template `yaml:"get"`
	Post   Template `yaml:"post"`
	Put    Template `yaml:"put"`
	Patch  Template `yaml:"patch"`
	Delete Template `yaml:"delete"`

	Query   map[string]Template       `yaml:"query"`   // one whose expressions are empty is left out
	Headers map[string]SecretTemplate `yaml:"headers"` //
	Body    SecretExpr                `yaml:"body"`    // JSON
	Form    map[string]SecretTemplate `yaml:"form"`    // instead of a body
	Success Expr                      `yaml:"success"` // whether a 2xx is one; default: api.success

	pos
}

// pos is where something stands in the file.
type pos struct {
	line, column int
	where        string
}

func (p *pos) place(line, column int, where string) { p.line, p.column, p.where = line, column, where }

// Set reports whether the mapping has it.
func (r *Request) Set() bool { return r != nil && r.line > 0 }

// Method is the request's method and the template of its path.
func (r *Request) Method() (string, Template) {
	for _, m := range r.methods() {
		if m.path.Set() {
			return m.name, m.path
		}
	}
	return "", Template{}
}

type method struct {
	name string
	path Template
}

func (r *Request) methods() []method {
	return []method{{"GET", r.Get}, {"POST", r.Post}, {"PUT", r.Put}, {"PATCH", r.Patch}, {"DELETE", r.Delete}}
}

// check says what is wrong with a request.
func (r *Request) check(d *decoder) {
	if !r.Set() {
		return
	}
	var named []string
	for _, m := range r.methods() {
		if m.path.Set() {
			named = append(named, m.name)
			if !strings.HasPrefix(m.path.text, "/") || strings.HasPrefix(m.path.text, "//") {
				d.faultAt(
					r.line,
					r.column,
					r.where,
					"the path %q: want one that begins with one /, below the API's URL: no request leaves that host",
					m.path.text,
				)
			}
			if strings.ContainsAny(m.path.plain(), "?#\\ ") {
				d.faultAt(r.line, r.column, r.where, "the path %q: what follows a ? goes under query", m.path.text)
			}
		}
	}
	switch {
	case len(named) == 0:
		d.faultAt(r.line, r.column, r.where, "want one of get, post, put, patch, delete with the path")
	case len(named) > 1:
		d.faultAt(r.line, r.column, r.where, "%s: one request has one method", strings.Join(named, " and "))
	}
	if r.Body.Set() && r.Form != nil {
		d.faultAt(r.line, r.column, r.where, "body and form together: want one of them")
	}
}

// plain is a template without its expressions.
func (t Template) plain() string {
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.text)
	}
	return b.String()
}

// String is the request for people.
func (r *Request) String() string {
	name, path := r.Method()
	return fmt.Sprintf("%s %s", name, path.text)
}
