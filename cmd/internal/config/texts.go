package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/winnow-crm/winnow/rules/words"
)

// Language is one in which Winnow speaks.
type Language string

// Decode reads a language; envconfig calls it.
func (l *Language) Decode(value string) error {
	value = strings.ToLower(strings.TrimSpace(value))
	if !slices.Contains(words.Languages, value) {
		return fmt.Errorf("want one of %s", strings.Join(words.Languages, ", "))
	}
	*l = Language(value)
	return nil
}

// Words is what Winnow says by the settings of the environment, for what needs no other setting of it.
func Words() (*words.Catalogue, error) {
	language, texts := Language(words.English), Texts{}
	if err := cmp.Or(DecodeValue(prefix+"_LANGUAGE", &language), DecodeValue(prefix+"_TEXTS", &texts)); err != nil {
		return nil, err
	}
	return words.New(string(language), texts.own, false), nil
}

// Texts are messages that replace those of the catalogue.
type Texts struct{ own words.Own }

// Decode reads YAML: a language, and below it a text for each key. envconfig calls it; everything that is wrong is in
// one error, a line each.
func (t *Texts) Decode(value string) error {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(value), &doc); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	r := textReader{own: words.Own{}, lines: map[[2]string]int{}}
	if len(doc.Content) > 0 {
		r.read(doc.Content[0])
	}
	for _, f := range words.Check(r.own) {
		why := f.Why
		switch {
		case f.Key == "":
			why = fmt.Sprintf("%s: %s", f.Language, why)
		case f.Unknown:
			why = fmt.Sprintf("%s: %s%s", f.Key, why, didYouMean(f.Key, words.Keys()))
		default:
			why = fmt.Sprintf("%s: %s", f.Key, why)
		}
		r.complain(r.lines[[2]string{f.Language, f.Key}], "%s", why)
	}
	slices.SortStableFunc(r.faults, func(a, b textFault) int { return a.line - b.line })
	var errs []error
	for _, f := range r.faults {
		errs = append(errs, fmt.Errorf("line %d: %s", f.line, f.text))
	}
	t.own = r.own
	return errors.Join(errs...)
}

type textFault struct {
	line int
	text string
}

// textReader takes messages out of YAML, with the lines on which they stand.
type textReader struct {
	own    words.Own
	lines  map[[2]string]int
	faults []textFault
}

func (r *textReader) complain(line int, format string, args ...any) {
	r.faults = append(r.faults, textFault{line, fmt.Sprintf(format, args...)})
}

func (r *textReader) read(doc *yaml.Node) {
	const form = "want a language, and below it a text for each key, as in de: {advice.gone: Bitte dort nachfragen.}"
	if doc.Kind != yaml.MappingNode {
		r.complain(doc.Line, form)
		return
	}
	for i := 0; i+1 < len(doc.Content); i += 2 {
		lang, list := doc.Content[i], doc.Content[i+1]
		if list.Kind != yaml.MappingNode {
			r.complain(lang.Line, form)
			continue
		}
		r.lines[[2]string{lang.Value}] = lang.Line
		texts := r.own[lang.Value]
		if texts == nil {
			texts = map[string]string{}
			r.own[lang.Value] = texts
		}
		for k := 0; k+1 < len(list.Content); k += 2 {
			key, text := list.Content[k], list.Content[k+1]
			at := [2]string{lang.Value, key.Value}
			switch before := r.lines[at]; {
			case text.Kind != yaml.ScalarNode:
				r.complain(key.Line, "%s: want a text", key.Value)
			case before != 0:
				r.complain(key.Line, "%s: is on line %d already", key.Value, before)
			default:
				r.lines[at], texts[key.Value] = key.Line, text.Value
			}
		}
	}
}
