package config

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/all"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// Source is one CRM account with what it takes to make its connector.
type Source struct {
	crm.Source
	Definition connectors.Definition
	Config     connectors.Config // filled from WINNOW_<NAME>_* and validated
	Own        Own
}

// Own are the settings that a source of any vendor may have of its own, under WINNOW_<NAME>_*.
type Own struct {
	PollInterval *time.Duration `split_words:"true" desc:"pause between two polls of this source, 0: none; unset: WINNOW_POLL_INTERVAL"`
	Mode         Mode           `desc:"shadow, advise or enforce for this source alone; unset: WINNOW_MODE"`
	MaxBody      Bytes          `split_words:"true" desc:"larger deliveries of this source are answered with 413; unset: WINNOW_MAX_BODY"`
}

// resolve fills what a source leaves to the settings that hold for all.
func (o *Own) resolve(c *Config) {
	if o.PollInterval == nil {
		o.PollInterval = &c.PollInterval
	}
	o.Mode, o.MaxBody = cmp.Or(o.Mode, c.Mode), cmp.Or(o.MaxBody, c.MaxBody)
}

// Sources are the configured CRM accounts.
type Sources []Source

// Names are the sources' names.
func (ss Sources) Names() []string {
	var names []string
	for _, s := range ss {
		names = append(names, s.Name)
	}
	return names
}

// Unknown is the error of who asks for a source that there is not.
func (ss Sources) Unknown(name string) error {
	return fmt.Errorf("no source is named %q in WINNOW_SOURCES; there are: %s", name, strings.Join(ss.Names(), ", "))
}

// sourceName keeps names usable as they are in URLs, subjects, metric labels and variables.
var sourceName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// Decode reads `hubspot` or `eu=hubspot,us=hubspot`; envconfig calls it. It settles names: the loader finds their
// vendors' definitions.
func (ss *Sources) Decode(value string) error {
	var (
		problems []error
		taken    = map[string]string{} // prefix of the settings -> source name
		out      Sources
	)
	for item := range strings.SplitSeq(value, ",") {
		name, vendor, renamed := strings.Cut(strings.TrimSpace(item), "=")
		if !renamed {
			vendor = name
		}
		name, vendor = strings.TrimSpace(name), strings.TrimSpace(vendor)
		if !sourceName.MatchString(name) {
			problems = append(problems, fmt.Errorf("source name %q: want a-z, 0-9, _ and -, 32 characters at most",
				name))
			continue
		}
		if _, ok := all.Definitions[crm.Vendor(vendor)]; !ok {
			problems = append(problems, fmt.Errorf("%q is no vendor; want one of %s%s", vendor, vendors(),
				didYouMean(vendor, vendorNames())))
		}
		source := crm.Source{Name: name, Vendor: crm.Vendor(vendor)}
		if other, dup := taken[source.Prefix()]; dup {
			problems = append(problems, fmt.Errorf("sources %q and %q would share the settings %s_*; rename one",
				other, name, source.Prefix()))
			continue
		}
		taken[source.Prefix()] = name
		out = append(out, Source{Source: source})
	}
	*ss = out
	return errors.Join(problems...)
}
