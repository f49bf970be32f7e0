package config

import "strings"

// Row describes one setting.
type Row struct {
	Group   string `json:"group"` // general, "source <name>" or rules
	Name    string `json:"name"`  // WINNOW_GRACE
	Default string `json:"default"`
	Value   string `json:"value"`          // as it was given; [redacted] for a secret that is set
	From    string `json:"from"`           // default, environment, or file and its path
	Unit    string `json:"unit,omitempty"` // of a rule
	Meaning string `json:"meaning"`
	Secret  bool   `json:"secret,omitempty"`
}

// Reference describes the settings of an installation with one source of each vendor, named like it, for the
// documentation.
func Reference() []Row {
	// without credentials there is an error; the description does not depend on it
	c, _ := Load([]string{prefix + "_SOURCES=" + strings.Join(vendorNames(), ",")})
	return c.Describe()
}
