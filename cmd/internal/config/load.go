package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"text/template"

	"github.com/kelseyhightower/envconfig"
	"go.uber.org/zap/zapcore"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/all"
	"github.com/winnow-crm/winnow/rules"
)

const (
	prefix      = "WINNOW"
	rulesPrefix = prefix + "_RULES_"
)

// loader collects what is found while the settings are read, so that everything wrong is reported at once.
type loader struct {
	env      environment
	known    map[string]bool // names that may be set
	rows     []Row
	problems []error
	failed   map[string]bool // names with a problem, which another check need not repeat
	prefixes []string        // of the sources, with the last underscore
}

func newLoader(environ []string) *loader {
	return &loader{env: parseEnvironment(environ), known: map[string]bool{}, failed: map[string]bool{}}
}

func (l *loader) complain(name, format string, args ...any) {
	l.failed[name] = true
	l.problems = append(l.problems, problem(name, format, args...))
}

// field is one setting as envconfig sees it.
type field struct {
	key   string
	value reflect.Value
	tags  reflect.StructTag
}

func (f field) secret() bool { return f.value.Type() == reflect.TypeFor[connectors.Secret]() }
func (f field) path() bool   { return f.value.Type() == reflect.TypeFor[Path]() }

// fieldsOf returns the settings of spec under the names that envconfig gives them. envconfig shows them to a template
// only.
func fieldsOf(prefix string, spec any) []field {
	var fields []field
	collect := func(key string, value reflect.Value, tags reflect.StructTag) string {
		fields = append(fields, field{key, value, tags})
		return ""
	}
	t := template.Must(template.New("").Funcs(template.FuncMap{"collect": collect}).Parse("{{range .}}{{collect .Key " +
		".Field .Tags}}{{end}}"))
	if err := envconfig.Usaget(prefix, spec, io.Discard, t); err != nil {
		// a programmer's fault: not a pointer to a struct
		panic(fmt.Sprintf("config: %T cannot hold settings: %v", spec, err))
	}
	return fields
}

// fill sets spec from the variables under prefix and describes them as group. What cannot be read keeps its default.
func (l *loader) fill(group, prefix string, spec any) {
	fields, set := fieldsOf(prefix, spec), map[string]string{}
	for _, f := range fields {
		row := Row{
			Group: group, Name: f.key, Default: f.tags.Get("default"), Meaning: f.tags.Get("desc"), Secret: f.secret(),
			From: fromDefault,
		}
		row.Value = row.Default
		if l.known[f.key] {
			l.complain(f.key, "belongs to two parts; rename the source %s", group)
		}
		l.known[f.key] = true
		v, found, err := l.env.lookup(f.key, f.path())
		if err != nil {
			l.complain(f.key, "%v", err)
		}
		if found {
			set[f.key], row.Value, row.From = v.text, redact(v.text), v.from
			if row.Secret {
				row.Value = connectors.Secret(v.text).String()
				for _, what := range connectors.Secret(v.text).Odd(chosen(f.key)) {
					l.complain(f.key, "%s (from %s)", what, v.from)
				}
			}
		}
		l.rows = append(l.rows, row)
	}
	l.process(prefix, spec, fields, set)
}

// chosen reports whether a secret may be a phrase that people chose, with blanks in it: no vendor gives out one.
func chosen(key string) bool {
	return strings.HasSuffix(key, "_PASSWORD") || strings.HasSuffix(key, "_PASSPHRASE") || key == prefix+"_QUEUE_KEY"
}

// process hands set to envconfig, which stops at the first value that it cannot read: that one is reported and left out
// until nothing is left to complain about.
func (l *loader) process(prefix string, spec any, fields []field, set map[string]string) {
	for {
		err := withEnvironment(set, func() error { return envconfig.Process(prefix, spec) })
		if err == nil {
			return
		}
		bad, ok := errors.AsType[*envconfig.ParseError](err)
		if !ok || !has(set, bad.KeyName) {
			panic(fmt.Sprintf("config: the defaults of %T are wrong: %v", spec, err)) // a programmer's fault
		}
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == bad.KeyName })
		for line := range strings.SplitSeq(unreadable(fields[i], bad), "\n") {
			l.complain(bad.KeyName, "%s", line)
		}
		delete(set, bad.KeyName)
	}
}

func has[V any](m map[string]V, key string) bool { _, ok := m[key]; return ok }

// unreadable says what is wrong with a value. It shows the value, because no secret fails to be read.
func unreadable(f field, bad *envconfig.ParseError) string {
	want := bad.Err.Error()
	switch f.value.Interface().(type) {
	case Texts:
		return want // the value is a file
	case interface{ Nanoseconds() int64 }:
		want = "want a duration such as 20s, 10m or 24h"
	case bool:
		want = "want true or false"
	case zapcore.Level:
		want = "want debug, info, warn or error"
	case int, int32, int64, uint, uint32, uint64:
		want = "want a whole number"
	case float64:
		want = "want a number"
	}
	return fmt.Sprintf("%q: %s", redact(bad.Value), want)
}

// sources finds the vendor of each source and fills its settings.
func (l *loader) sources(ss Sources) {
	if l.failed[prefix+"_SOURCES"] {
		return // what cannot be read was replaced by the default, of which nobody wants to hear
	}
	own := slices.Sorted(maps.Keys(l.known))
	for i := range ss {
		s := &ss[i]
		begin := s.Prefix() + "_"
		clash := slices.IndexFunc(own, func(k string) bool { return k+"_" == begin || strings.HasPrefix(k, begin) })
		switch def := all.Definitions[s.Vendor]; {
		case strings.HasPrefix(begin, rulesPrefix), strings.HasPrefix(begin, testPrefix):
			l.complain(prefix+"_SOURCES",
				"source %q would read %s*, which has a meaning of its own; rename it", s.Name, begin)
		case clash >= 0:
			l.complain(prefix+"_SOURCES",
				"source %q would read %s*, and %s is a setting of Winnow's own; rename it", s.Name, begin, own[clash])
		default:
			s.Definition, s.Config = def, def.Config()
			l.prefixes = append(l.prefixes, begin)
			l.fill("source "+s.Name, s.Prefix(), s.Config)
			l.fill("source "+s.Name, s.Prefix(), &s.Own)
			l.validate(s)
		}
	}
}

// validate checks a source's settings. Of one that could not even be read nobody wants to hear that it is not set.
func (l *loader) validate(s *Source) {
	err := s.Config.Validate(s.Prefix())
	if err == nil {
		return
	}
	faults := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		faults = joined.Unwrap()
	}
	for _, err := range faults {
		if name, _, _ := strings.Cut(err.Error(), ":"); !l.failed[name] {
			l.problems = append(l.problems, err)
		}
	}
}

func vendorNames() []string {
	var names []string
	for v := range all.Definitions {
		names = append(names, string(v))
	}
	slices.Sort(names)
	return names
}

func vendors() string { return strings.Join(vendorNames(), ", ") }

// rules hands WINNOW_RULES_* to the rules, which know their names and refuse the others.
func (l *loader) rules() *rules.Settings {
	values, from := map[string]string{}, map[string]string{}
	for _, key := range l.env.under(rulesPrefix) {
		l.known[key] = true
		v, found, err := l.env.lookup(key, false)
		if err != nil {
			l.complain(key, "%v", err)
		}
		if found {
			values[strings.TrimPrefix(key, rulesPrefix)], from[key] = v.text, v.from
		}
	}
	l.env.inputs(values)
	s, err := rules.Parse(values)
	if err != nil {
		l.problems = append(l.problems, err)
		s = rules.Defaults()
	}
	for _, d := range s.Describe() {
		row := Row{
			Group: "rules", Name: rulesPrefix + strings.TrimPrefix(d.Name, rulesPrefix), Default: d.Default,
			Value: d.Value, From: fromDefault, Unit: d.Unit, Meaning: d.Meaning,
		}
		if f, ok := from[row.Name]; ok {
			row.From = f
		}
		l.rows = append(l.rows, row)
	}
	return s
}

// processEnvironment guards the process's own environment, which is the only one that envconfig reads.
var processEnvironment sync.Mutex

// withEnvironment runs fn while the WINNOW_* variables of this process are exactly those in set, and puts back what was
// there.
func withEnvironment(set map[string]string, fn func() error) error {
	processEnvironment.Lock()
	defer processEnvironment.Unlock()
	before := map[string]string{}
	for _, kv := range os.Environ() {
		if name, value, _ := strings.Cut(kv, "="); strings.HasPrefix(name, prefix+"_") {
			before[name] = value
		}
	}
	replace := func(from, to map[string]string) {
		for name := range from {
			_ = os.Unsetenv(name) // fails for names that cannot be set either
		}
		for name, value := range to {
			_ = os.Setenv(name, value) // fails for a NUL in the value only, which check refuses
		}
	}
	replace(before, set)
	defer replace(set, before)
	return fn()
}
