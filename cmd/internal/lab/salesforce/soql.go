package salesforce

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// query is a SELECT as it was parsed and checked.
type query struct {
	obj    *object
	count  bool // SELECT COUNT()
	fields []path
	where  condition // nil: all
	order  []ordering
	limit  int // -1: none
	all    bool
}

// path is a field, perhaps of a record that a reference leads to: Owner.Email.
type path struct {
	text string
	via  *fieldDef // the reference; nil: a field of the record itself
	name string    // the field at its end
}

type ordering struct {
	path
	desc bool
}

// condition is a part of WHERE.
type condition interface{ holds(o *Org, r *record) bool }

type (
	both    struct{ a, b condition }
	either  struct{ a, b condition }
	not     struct{ a condition }
	compare struct {
		path
		op     string
		values []any // one, or those of IN
	}
)

// problem is a refusal, as the API words it.
type problem struct {
	status  int
	Code    string   `json:"errorCode"`
	Message string   `json:"message"`
	Fields  []string `json:"fields,omitempty"`
}

func (p *problem) Error() string { return p.Code }

func refuse(code, format string, args ...any) *problem {
	return &problem{status: 400, Code: code, Message: fmt.Sprintf(format, args...)}
}

// maxQuery is how long a SOQL statement may be, in characters. Source: Salesforce, "SOQL and SOSL limits".
const maxQuery = 100_000

// parse reads and checks a SOQL statement.
func (o *Org) parse(text string) (q *query, err error) {
	if len(text) > maxQuery {
		return nil, refuse("QUERY_TOO_COMPLICATED", "Query is longer than %d characters", maxQuery)
	}
	p := &parser{org: o, tokens: tokens(text)}
	defer func() {
		if r := recover(); r != nil {
			bad, ok := r.(*problem)
			if !ok {
				panic(r)
			}
			q, err = nil, bad
		}
	}()
	return p.query(), nil
}

// tokens splits a statement: words, literals in quotes with the quote kept, and signs.
func tokens(s string) []string {
	var ts []string
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			i++
		case c == '\'':
			j := i + 1
			for j < len(s) && s[j] != '\'' {
				if s[j] == '\\' {
					j++
				}
				j++
			}
			ts = append(ts, s[i:min(j+1, len(s))])
			i = j + 1
		case strings.ContainsRune("(),", rune(c)):
			ts = append(ts, s[i:i+1])
			i++
		case strings.ContainsRune("<>=!", rune(c)):
			j := i + 1
			if j < len(s) && s[j] == '=' || c == '<' && j < len(s) && s[j] == '>' {
				j++
			}
			ts = append(ts, s[i:j])
			i = j
		default:
			j := i
			for j < len(s) && !strings.ContainsRune(" \n\t\r(),<>=!'", rune(s[j])) {
				j++
			}
			ts = append(ts, s[i:j])
			i = j
		}
	}
	return ts
}

// parser reads tokens and panics with a *problem.
type parser struct {
	org    *Org
	tokens []string
	at     int
	obj    *object
}

func (p *parser) peek() string {
	if p.at < len(p.tokens) {
		return p.tokens[p.at]
	}
	return ""
}

func (p *parser) next() string { t := p.peek(); p.at++; return t }

func (p *parser) is(words ...string) bool {
	for i, w := range words {
		if p.at+i >= len(p.tokens) || !strings.EqualFold(p.tokens[p.at+i], w) {
			return false
		}
	}
	p.at += len(words)
	return true
}

func (p *parser) expect(word string) {
	if got := p.peek(); !p.is(word) {
		panic(refuse("MALFORMED_QUERY", "expecting %s, found '%s'", word, got))
	}
}

func (p *parser) query() *query {
	q := &query{limit: -1}
	p.expect("SELECT")
	var names []string
	var byType []typeOf
	if q.count = p.is("COUNT", "(", ")"); !q.count {
		names, byType = p.selected()
	}
	p.expect("FROM")
	name := p.next()
	if p.obj = p.org.object(name); p.obj == nil {
		panic(refuse("INVALID_TYPE", "sObject type '%s' is not supported.", name))
	}
	q.obj = p.obj
	for _, n := range names {
		q.fields = append(q.fields, p.path(n))
	}
	for _, t := range byType {
		q.fields = append(q.fields, p.paths(t)...)
	}
	if p.is("WHERE") {
		q.where = p.or()
	}
	if p.is("ORDER", "BY") {
		for {
			by := ordering{path: p.path(p.next())}
			by.desc = !p.is("ASC") && p.is("DESC")
			q.order = append(q.order, by)
			if !p.is(",") {
				break
			}
		}
	}
	if p.is("LIMIT") {
		n, err := strconv.Atoi(p.next())
		if err != nil || n < 0 {
			panic(refuse("MALFORMED_QUERY", "LIMIT wants a number"))
		}
		q.limit = n
	}
	if p.at < len(p.tokens) {
		panic(refuse("MALFORMED_QUERY", "unexpected token: '%s'", p.peek()))
	}
	return q
}

// selected reads what stands between SELECT and FROM.
func (p *parser) selected() (names []string, byType []typeOf) {
	for {
		if p.is("TYPEOF") {
			byType = append(byType, p.typeOf())
		} else {
			names = append(names, p.next())
		}
		if !p.is(",") {
			return names, byType
		}
	}
}

// typeOf is TYPEOF relation WHEN object THEN names END, without ELSE and with one WHEN.
type typeOf struct {
	relation, object string
	names            []string
}

func (p *parser) typeOf() typeOf {
	t := typeOf{relation: p.next()}
	p.expect("WHEN")
	t.object = p.next()
	p.expect("THEN")
	for {
		if t.names = append(t.names, p.next()); !p.is(",") {
			break
		}
	}
	p.expect("END")
	return t
}

// paths are what a TYPEOF selects.
func (p *parser) paths(t typeOf) (out []path) {
	via, obj := p.obj.field(t.relation+"Id"), p.org.object(t.object)
	if via == nil || obj == nil || len(via.to) < 2 || !slices.Contains(via.to, obj.name) {
		panic(refuse("INVALID_TYPEOF", "'%s' does not lead to '%s', or to nothing else", t.relation, t.object))
	}
	for _, name := range t.names {
		if obj.field(name) == nil {
			panic(p.noField(obj, name))
		}
		out = append(out, path{text: t.relation + "." + name, via: via, name: name})
	}
	return out
}

// ofAnything are fields that every record has to which a reference with several targets may lead. Source: Object
// Reference, Name.
var ofAnything = []string{"Id", "Name", "Email", "FirstName", "LastName", "Type"}

// path finds a field by its name or through a relation.
func (p *parser) path(text string) path {
	relation, name, dotted := strings.Cut(text, ".")
	if !dotted {
		f := p.obj.field(text)
		if f == nil {
			panic(p.noField(p.obj, text))
		}
		return path{text: f.name, name: f.name}
	}
	via := p.obj.field(relation + "Id")
	if via == nil || via.typ != tReference {
		panic(refuse("INVALID_FIELD", "Didn't understand relationship '%s' in field path.", relation))
	}
	if len(via.to) > 1 && !slices.Contains(ofAnything, name) {
		panic(refuse("INVALID_FIELD", "No such column '%s' on entity 'Name'.", name))
	}
	if !slices.ContainsFunc(via.to, func(to string) bool { return p.org.object(to).field(name) != nil }) {
		panic(p.noField(p.org.object(via.to[0]), name))
	}
	return path{text: text, via: via, name: name}
}

func (p *parser) noField(o *object, name string) *problem {
	return refuse("INVALID_FIELD", "No such column '%s' on entity '%s'.", name, o.name)
}

func (p *parser) or() condition {
	c := p.and()
	for p.is("OR") {
		c = either{c, p.and()}
	}
	return c
}

func (p *parser) and() condition {
	c := p.term()
	for p.is("AND") {
		c = both{c, p.term()}
	}
	return c
}

func (p *parser) term() condition {
	if p.is("(") {
		c := p.or()
		p.expect(")")
		return c
	}
	if p.is("NOT") {
		return not{p.term()}
	}
	c := compare{path: p.path(p.next())}
	f := p.end(c.path)
	if f.nofilter {
		panic(refuse("INVALID_FIELD", "field '%s' can not be filtered in a query call", c.text))
	}
	switch {
	case p.is("NOT", "IN"):
		c.op, c.values = "NOT IN", p.list(f)
	case p.is("IN"):
		c.op, c.values = "IN", p.list(f)
	default:
		c.op = p.next()
		if !slices.Contains([]string{"=", "!=", "<>", "<", "<=", ">", ">="}, c.op) {
			panic(refuse("MALFORMED_QUERY", "unexpected token: '%s'", c.op))
		}
		c.values = []any{p.literal(f, p.next())}
	}
	return c
}

// end is the definition of the field at a path's end.
func (p *parser) end(at path) *fieldDef {
	if at.via == nil {
		return p.obj.field(at.name)
	}
	for _, to := range at.via.to {
		if f := p.org.object(to).field(at.name); f != nil {
			return f
		}
	}
	return nil
}

func (p *parser) list(f *fieldDef) []any {
	p.expect("(")
	var vs []any
	for {
		vs = append(vs, p.literal(f, p.next()))
		if !p.is(",") {
			break
		}
	}
	p.expect(")")
	return vs
}

// literal reads a value for a field: texts in quotes, instants and numbers without.
func (p *parser) literal(f *fieldDef, t string) any {
	if strings.EqualFold(t, "null") {
		return nil
	}
	quoted := len(t) >= 2 && t[0] == '\'' && t[len(t)-1] == '\''
	wrong := refuse("INVALID_FIELD",
		"value of filter criterion for field '%s' must be of type %s and should %sbe enclosed in quotes",
		f.name, f.typ, map[bool]string{true: "not ", false: ""}[quoted])
	switch f.typ {
	case tBool:
		switch strings.ToLower(t) {
		case "true", "false":
			return strings.EqualFold(t, "true")
		}
		panic(wrong)
	case tDouble, tInt:
		n, err := strconv.ParseFloat(t, 64)
		if err != nil {
			panic(wrong)
		}
		return n
	case tDatetime:
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05.000-0700"} {
			if at, err := time.Parse(layout, t); err == nil {
				return datetime(at.Unix())
			}
		}
		panic(wrong)
	case tDate:
		if _, err := time.Parse(time.DateOnly, t); err != nil {
			panic(wrong)
		}
		return t
	}
	if !quoted {
		panic(wrong)
	}
	s := unescape(t[1 : len(t)-1])
	if f.typ == tID || f.typ == tReference {
		if bad := strings.IndexFunc(s, func(c rune) bool {
			return !unicode.IsLetter(c) && !unicode.IsDigit(c)
		}); bad >= 0 || len(s) != 15 && len(s) != 18 {
			panic(refuse("INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: %s", s))
		}
		return full(s)
	}
	return s
}

var unescape = strings.NewReplacer(`\'`, `'`, `\\`, `\`, `\"`, `"`, `\n`, "\n", `\r`, "\r", `\t`, "\t").Replace
