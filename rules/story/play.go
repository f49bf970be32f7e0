package story

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
	"github.com/winnow-crm/winnow/rules/words"
)

// Step is what a contact looks like from an instant on.
type Step struct {
	At     time.Time
	Rating crm.Rating
}

// shown is how long a played CRM takes to show what was announced.
const shown = 2 * time.Second

// most bounds a play: a history that is rated more often does not come to rest.
const most = 20000

// Play rates a contact from one instant to another: whenever a fact becomes known or time alone changes something. What
// the rules announce is shown by the CRM at once and is a fact from then on. A fact is known from its version on, which
// is the time of its change, and not before it came about.
func Play(s *rules.Settings, facts []crm.Fact, from, to time.Time) ([]Step, error) {
	known := func(f crm.Fact) crm.Millis { return max(crm.Millis(f.Version), f.At) }
	ahead := slices.Clone(facts)
	slices.SortStableFunc(ahead, func(a, b crm.Fact) int { return cmp.Compare(known(a), known(b)) })
	var steps []Step
	var r rules.Record
	for now, n := from, 0; ; n++ {
		for len(ahead) > 0 && known(ahead[0]) <= crm.At(now) {
			r.Fold(ahead[0])
			ahead = ahead[1:]
		}
		rating := words.Default().Filled(rules.Rate(s, &r, rules.Instant{Now: now, Profiled: true}))
		steps = append(steps, Step{now, rating})
		next := rating.Due.Time()
		if rating.Decide != nil {
			next = now.Add(shown)
			d := *rating.Decide
			r.Fold(crm.Fact{ID: fmt.Sprintf("decision/%d", n), Kind: crm.KindDecision, At: crm.At(next), Decision: &d})
		}
		if len(ahead) > 0 {
			if at := known(ahead[0]).Time(); next.IsZero() || at.Before(next) {
				next = at
			}
		}
		switch {
		case next.IsZero() || next.After(to):
			return steps, nil
		case n == most:
			return nil, fmt.Errorf("rated %d times until %s: it does not come to rest", most, now.Format(time.RFC3339))
		}
		now = next
	}
}

// Timeline is a line for each change of anything but points.
func Timeline(steps []Step) string {
	var out strings.Builder
	last := ""
	for _, st := range steps {
		if line := Summary(st.Rating); line != last {
			fmt.Fprintf(&out, "%s %s\n", st.At.UTC().Format("2006-01-02T15:04:05"), line)
			last = line
		}
	}
	return out.String()
}

// Summary is a rating on one line, without its points.
func Summary(r crm.Rating) string {
	if r.Unrated != "" {
		return "unrated: " + r.Unrated
	}
	line := fmt.Sprintf("%s %s ball=%s", r.Letter, r.Status, r.Ball)
	for _, part := range []struct{ name, value string }{
		{"ground", string(r.Ground)},
		{"until", instant(r.PendingUntil)},
		{"recheck", date(r.RecheckOn)},
		{"owed", instant(r.OwedSince)},
		{"held", r.Held},
	} {
		if part.value != "" {
			line += " " + part.name + "=" + part.value
		}
	}
	if r.Decide != nil {
		line += " announces=" + string(r.Decide.Status)
	}
	action, _, _ := strings.Cut(r.Action, ":")
	return line + " | " + action
}

func instant(m crm.Millis) string {
	if m == 0 {
		return ""
	}
	return m.String()
}

func date(m crm.Millis) string {
	if m == 0 {
		return ""
	}
	return m.Time().Format(time.DateOnly)
}
