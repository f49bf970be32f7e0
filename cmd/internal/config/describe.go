package config

import "strings"

// Row describes one setting.
type Row struct {
	Group   string // general, "source <name>" or rules
	Name    string // WINNOW_GRACE
	Default string
	Value   string // as it was given; [redacted] for a secret that is set
	From    string // default, environment, or file and its path
	Unit    string // of a rule
	Meaning string
	Secret  bool
}

// Reference describes the settings of an installation with one source of each vendor, named like it, for the
// documentation.
func Reference() []Row {
	// without credentials there is an error; the description does not depend on it
	c, _ := Load([]string{prefix + "_SOURCES=" + strings.Join(vendorNames(), ",")})
	return c.Describe()
}
