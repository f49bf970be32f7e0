package fields

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Neutral are the names under which rules look at what a CRM knows of a person, whatever the CRM calls it: each source
// maps them to its own (`_PROPERTIES`), with a default per vendor. A name that is not among them is the CRM's own.
var Neutral = []string{
	"industry", "company_size", "role", "recurring_revenue", "referrals_given", "referred_by", "reputation",
	"open_tickets", "escalations", "refunds", "rep_vote", "open_lines",
}

// neutralName is what a name on our side looks like.
var neutralName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`)

// Properties is the CRM's name of what rules look at, by the neutral one; an empty one is not read.
type Properties map[string]string

// ParseProperties reads the setting `_PROPERTIES`: `role=job_role,industry=`. defaults are the vendor's own names.
func ParseProperties(setting string, defaults map[string]string, s Spelling) (Properties, error) {
	out := maps.Clone(Properties(defaults))
	if out == nil {
		out = Properties{}
	}
	var bad []error
	for pair := range strings.SplitSeq(setting, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		neutral, name, ok := strings.Cut(pair, "=")
		neutral, name = strings.TrimSpace(neutral), strings.TrimSpace(name)
		if !ok || !neutralName.MatchString(neutral) {
			bad = append(bad, fmt.Errorf("%q: want name=property; names that the rules know are %s", pair,
				strings.Join(Neutral, ", ")))
			continue
		}
		if name != "" {
			if err := s.Valid(name); err != nil {
				bad = append(bad, err)
				continue
			}
		}
		out[neutral] = name
	}
	return out, errors.Join(bad...)
}

// Of is the CRM's name of a property that rules look at, empty where it is not to be read.
func (p Properties) Of(neutral string) string {
	if name, mapped := p[neutral]; mapped {
		return name
	}
	return neutral
}

// Named returns what rules look at under the CRM's name: which neutral names each property stands for. Left out are
// names that mean something here already, and those in written: a rating must not feed on itself.
func (p Properties) Named(wanted, written []string) map[string][]string {
	except := func(name string) bool { return name == "" || crm.Reserved(name) || slices.Contains(written, name) }
	out := map[string][]string{}
	for _, neutral := range wanted {
		name := p.Of(neutral)
		if !except(name) && !except(neutral) && !slices.Contains(out[name], neutral) {
			out[name] = append(out[name], neutral)
		}
	}
	return out
}
