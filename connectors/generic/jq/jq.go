// Package jq runs the expressions of a mapping: jq, as gojq has it, without anything by which an expression could reach
// beyond its input (files, the environment, modules, the clock), and never without bound: so many steps, so much time,
// so much output.
package jq

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/itchyny/gojq"
)

// Expr is a compiled expression. It is safe for concurrent use.
type Expr struct {
	text string
	vars []string
	code *gojq.Code
}

// Error is what is wrong with an expression.
type Error struct {
	Offset int // in bytes, where it was found
	Msg    string
}

func (e *Error) Error() string { return e.Msg }

// banned are the words that would reach beyond the input, each with what to use instead.
var banned = map[string]string{
	"input": "", "inputs": "", "input_filename": "", "input_line_number": "",
	"debug": "", "stderr": "", "halt": "", "halt_error": "",
	"env": "", "$ENV": "", "get_search_list": "", "modulemeta": "", "$__prog_args": "",
	"now":       "use the time in the record, or $received of a delivery",
	"localtime": "use gmtime", "strflocaltime": "use strftime",
}

// Parse reads an expression that may use the variables vars, each with its $.
func Parse(text string, vars ...string) (*Expr, error) {
	q, err := gojq.Parse(text)
	if err != nil {
		return nil, refused(text, err)
	}
	if word := forbidden(reflect.ValueOf(q)); word != "" {
		say := fmt.Sprintf("%s is not to be had here: an expression sees its input and nothing else", word)
		if banned[word] != "" {
			say += "; " + banned[word]
		}
		return nil, &Error{max(0, strings.Index(text, word)), say}
	}
	options := append([]gojq.CompilerOption{gojq.WithVariables(vars)}, helpers...)
	code, err := gojq.Compile(q, options...)
	if err != nil {
		return nil, uncompiled(text, vars, err)
	}
	return &Expr{text, vars, code}, nil
}

// String is the expression as it was written.
func (e *Expr) String() string { return e.text }

// forbidden is the first of the banned words in a parsed expression; import and include have no word.
func forbidden(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return ""
		}
		if f, ok := v.Interface().(*gojq.Func); ok {
			if _, bad := banned[f.Name]; bad {
				return f.Name
			}
		}
		if i, ok := v.Interface().(*gojq.Import); ok && i != nil {
			return "import"
		}
		return forbidden(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			if word := forbidden(v.Index(i)); word != "" {
				return word
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				continue
			}
			if word := forbidden(v.Field(i)); word != "" {
				return word
			}
		}
	}
	return ""
}

// refused is a fault of the syntax.
func refused(text string, err error) error {
	if e, ok := err.(*gojq.ParseError); ok { //nolint:errorlint // gojq returns it as it is
		return &Error{min(max(0, e.Offset-len(e.Token)), len(text)), "this is no jq: " + e.Error()}
	}
	return &Error{0, "this is no jq: " + err.Error()}
}

// notThere finds the word in gojq's error of something that is not defined.
var notThere = regexp.MustCompile(`^(function|variable) not defined: ([$\w:]+)(?:/(\d+))?$`)

// uncompiled is a word that is not defined, with the one that may be meant.
func uncompiled(text string, vars []string, err error) error {
	m := notThere.FindStringSubmatch(err.Error())
	if m == nil {
		return &Error{0, "this is no jq: " + err.Error()}
	}
	at := max(0, strings.Index(text, m[2]))
	if m[1] == "variable" {
		say := fmt.Sprintf("there is no %s here", m[2])
		if len(vars) > 0 {
			say += ": there are " + strings.Join(vars, ", ")
		}
		return &Error{at, say + Nearest(m[2], vars)}
	}
	return &Error{at, fmt.Sprintf("there is no function %s with %s arguments%s", m[2], m[3], Nearest(m[2], Helpers()))}
}

// Nearest names the candidate nearest to a word as a question, unless even that one is far.
func Nearest(word string, candidates []string) string {
	best, least := "", 1+len(word)/4
	for _, c := range candidates {
		if d := distance(word, c); d <= least {
			best, least = c, d-1
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance is how many letters must be inserted, deleted or replaced to turn a into b.
func distance(a, b string) int {
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = slices.Min([]int{row[j] + 1, last[j+1] + 1, last[j] + cost})
		}
		last = row
	}
	return last[len(b)]
}
