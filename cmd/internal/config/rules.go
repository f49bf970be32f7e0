package config

import (
	"errors"
	"strings"

	"github.com/winnow-crm/winnow/rules"
)

// Rules reads WINNOW_RULES_* and nothing else, for commands that need no CRM. Beside the settings it returns the values
// that were given, without the prefix, so that others can be tried on top of them.
func Rules(environ []string) (*rules.Settings, map[string]string, error) {
	env, values := parseEnvironment(environ), map[string]string{}
	var errs []error
	for _, name := range env.under(rulesPrefix) {
		v, found, err := env.lookup(name, false)
		if err != nil {
			errs = append(errs, problem(name, "%v", err))
		}
		if found {
			values[strings.TrimPrefix(name, rulesPrefix)] = v.text
		}
	}
	env.inputs(values)
	s, err := rules.Parse(values)
	return s, values, errors.Join(append(errs, err)...)
}

// inputs tells the rules what a source is set up to say: a signal whose input nobody configured sleeps.
func (env environment) inputs(values map[string]string) {
	for suffix, name := range map[string]string{"_CONTRACT_PROPERTY": "CONTRACTS", "_MARGIN_PROPERTY": "MARGINS"} {
		if _, given := values[name]; given {
			continue
		}
		for key := range env {
			if strings.HasPrefix(key, "WINNOW_") && strings.HasSuffix(strings.TrimSuffix(key, fileSuffix), suffix) {
				if v, found, err := env.lookup(strings.TrimSuffix(key, fileSuffix), false); found && err == nil &&
					v.text != "" {
					values[name] = "true"
				}
			}
		}
	}
}
