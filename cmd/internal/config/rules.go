package config

import (
	"errors"
	"strings"

	"github.com/winnow-crm/winnow/rules"
)

// Rules reads WINNOW_RULES_* and nothing else, for commands that need no CRM. Beside the settings it returns the values that were given,
// without the prefix, so that others can be tried on top of them.
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
	s, err := rules.Parse(values)
	return s, values, errors.Join(append(errs, err)...)
}
