package backtesting

import (
	"fmt"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/rules"
)

// Draft is lines of settings that are tried on top of those in force.
type Draft struct {
	Names  []string          // in the order of the lines, without rules.Prefix
	Values map[string]string // by name
	Other  int               // lines that set something else of Winnow's, and are left out
}

// Read reads NAME=value lines as shells and compose files write them. The names may lack rules.Prefix.
func Read(text string) (Draft, error) {
	d := Draft{Values: map[string]string{}}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" {
			return d, fmt.Errorf("line %d: want NAME=value", n)
		}
		if len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
			value = value[1 : len(value)-1]
		}
		rule, ok := strings.CutPrefix(name, rules.Prefix)
		if !ok && strings.HasPrefix(name, "WINNOW_") {
			d.Other++
			continue
		}
		if slices.Contains(d.Names, rule) {
			return d, fmt.Errorf("line %d: %s is there twice", n, name)
		}
		d.Names, d.Values[rule] = append(d.Names, rule), value
	}
	return d, nil
}

// Lines is the draft as lines of an environment.
func (d Draft) Lines() []string {
	lines := make([]string, len(d.Names))
	for i, name := range d.Names {
		lines[i] = rules.Prefix + name + "=" + d.Values[name]
	}
	return lines
}

// mostAlone is how many changed settings are tried by themselves: each costs a run.
const mostAlone = 12

// Alone are variants in which one line of the draft counts on top of today's settings. What makes no sense by itself,
// or changes nothing, is left out.
func (d Draft) Alone(today *rules.Settings) []Variant {
	var list []Variant
	for _, name := range slices.Sorted(slices.Values(d.Names)) {
		s, err := today.With(map[string]string{name: d.Values[name]})
		if err == nil && s.Version() != today.Version() {
			list = append(list, Variant{Name: rules.Prefix + name, Rules: s})
		}
	}
	if len(list) < 2 || len(list) > mostAlone { // one alone is the draft itself
		return nil
	}
	return list
}
