package words

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// message is one text of the catalogue in one language. It is written as in ICU's MessageFormat, of which it knows
// {name}, {name, plural, one {...} other {...}} and {name, select, red {...} other {...}}; in a plural # is the number.
// Of days the plural counts them. Braces have no other meaning, and quotation marks none.
type message []piece

// piece is a part of a message: letters, or where it has a name a placeholder.
type piece struct {
	letters  string
	name     string
	variants []variant // of a choice; none: the value itself
	plural   bool
}

// variant is one side of a choice.
type variant struct {
	when string // a plural form such as one, =0, a word, or other
	text message
}

// number is the placeholder of the number that chose a variant.
const number = "#"

// parser reads a message.
type parser struct {
	rest   string
	counts bool // inside a plural
}

func parse(text string) (message, error) {
	p := parser{rest: text}
	m, err := p.message()
	if err == nil && p.rest != "" {
		err = errors.New("a } too many")
	}
	return m, err
}

// message reads up to the end or to a closing brace, which it leaves.
func (p *parser) message() (message, error) {
	var m message
	for p.rest != "" && p.rest[0] != '}' {
		switch i := strings.IndexAny(p.rest, "{}#"); {
		case i < 0:
			m, p.rest = append(m, piece{letters: p.rest}), ""
		case i > 0:
			m, p.rest = append(m, piece{letters: p.rest[:i]}), p.rest[i:]
		case p.rest[0] == '#' && p.counts:
			m, p.rest = append(m, piece{name: number}), p.rest[1:]
		case p.rest[0] == '#':
			m, p.rest = append(m, piece{letters: "#"}), p.rest[1:]
		default:
			c, err := p.placeholder()
			if err != nil {
				return nil, err
			}
			m = append(m, c)
		}
	}
	return m, nil
}

// placeholder reads {name} or a choice.
func (p *parser) placeholder() (piece, error) {
	i := strings.IndexAny(p.rest, ",}")
	if i < 0 {
		return piece{}, errors.New("a } is missing")
	}
	c := piece{name: strings.TrimSpace(p.rest[1:i])}
	if strings.Trim(c.name, "abcdefghijklmnopqrstuvwxyz_") != "" || c.name == "" {
		return piece{}, fmt.Errorf("%q is no name of a placeholder", c.name)
	}
	simple := p.rest[i] == '}'
	p.rest = p.rest[i+1:]
	if simple {
		return c, nil
	}
	kind, rest, _ := strings.Cut(p.rest, ",")
	if kind = strings.TrimSpace(kind); kind != "plural" && kind != "select" {
		return piece{}, fmt.Errorf("{%s, ...}: want plural or select after the comma", c.name)
	}
	p.rest, c.plural = strings.TrimSpace(rest), kind == "plural"
	for p.rest != "" && p.rest[0] != '}' {
		v, err := p.variant(c.plural)
		if err != nil {
			return piece{}, fmt.Errorf("{%s, %s, ...}: %w", c.name, kind, err)
		}
		c.variants = append(c.variants, v)
	}
	if p.rest == "" {
		return piece{}, errors.New("a } is missing")
	}
	p.rest = p.rest[1:]
	if n := len(c.variants); n == 0 || c.variants[n-1].when != other {
		return piece{}, fmt.Errorf("{%s, %s, ...}: want other {...} as the last choice", c.name, kind)
	}
	return c, nil
}

// other is the choice that fits always.
const other = "other"

// forms are the names of the plural forms. Source: Unicode CLDR, "Language Plural Rules".
var forms = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many",
	plural.Other: other,
}

func (p *parser) variant(counts bool) (variant, error) {
	i := strings.IndexAny(p.rest, "{}")
	if i < 0 || p.rest[i] == '}' {
		return variant{}, errors.New("a { is missing")
	}
	v := variant{when: strings.TrimSpace(p.rest[:i])}
	_, exact := strings.CutPrefix(v.when, "=")
	known := exact || slices.Contains(slices.Collect(maps.Values(forms)), v.when)
	if counts && !known {
		return v, fmt.Errorf("%q is no plural form", v.when)
	}
	inner := parser{rest: p.rest[i+1:], counts: p.counts || counts}
	var err error
	if v.text, err = inner.message(); err != nil {
		return v, err
	}
	if inner.rest == "" {
		return v, errors.New("a } is missing")
	}
	p.rest = strings.TrimSpace(inner.rest[1:])
	return v, nil
}

// names are the placeholders of a message, sorted, each once.
func (m message) names() []string {
	var list []string
	for i := range m {
		if n := m[i].name; n != "" && n != number {
			list = append(list, n)
		}
		for _, v := range m[i].variants {
			list = append(list, v.text.names()...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// write appends the message to b. count is the number that the innermost plural counts.
func (m message) write(b *strings.Builder, t *tongue, args []crm.Arg, count int) {
	for i := range m {
		c := &m[i]
		switch c.name {
		case "":
			b.WriteString(c.letters)
			continue
		case number:
			b.WriteString(strconv.Itoa(count))
			continue
		}
		k := slices.IndexFunc(args, func(a crm.Arg) bool { return a.Name == c.name })
		if k < 0 {
			continue // of another build
		}
		a := &args[k]
		if c.variants == nil {
			t.value(b, a)
			continue
		}
		n := count
		if c.plural {
			n = counted(a)
		}
		c.choose(t, a, n).write(b, t, args, n)
	}
}

// counted is what a plural counts of a value.
func counted(a *crm.Arg) int {
	if a.Days != nil {
		return len(a.Days)
	}
	return a.N
}

// choose is the variant for a value.
func (c *piece) choose(t *tongue, a *crm.Arg, n int) message {
	want := a.Word
	switch {
	case c.plural:
		want = forms[plural.Cardinal.MatchPlural(t.tag, n, 0, 0, 0, 0)]
	case want == "":
		want = strconv.Itoa(a.N)
	}
	exact := "=" + strconv.Itoa(n)
	for i := range c.variants {
		if v := &c.variants[i]; v.when == want || c.plural && v.when == exact {
			return v.text
		}
	}
	return c.variants[len(c.variants)-1].text
}
