package rules

import (
	"fmt"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/words"
)

// Moment is an instant at which something that people see changes, if nothing happens until then.
type Moment struct {
	At   crm.Millis `json:"at"`
	What string     `json:"what"`
}

// How far Explain looks ahead.
const (
	aheadRatings = 120
	aheadMoments = 10
	aheadTime    = 2 * 365 * 24 * time.Hour
)

// ahead rates a contact at each instant at which time alone changes something, as if the CRM showed at once what is
// announced, and says what a person would see change. Scores move with every day and are left out.
func ahead(s *Settings, r *Record, at Instant, now crm.Rating, say *words.Catalogue) []Moment {
	var later Record
	later.Fold(r.Facts()...)
	lag := time.Duration(0)
	if !at.Read.IsZero() && at.Read.Before(at.Now) {
		lag = at.Now.Sub(at.Read)
	}
	var list []Moment
	end := at.Now.Add(aheadTime)
	for n := 0; n < aheadRatings && len(list) < aheadMoments; n++ {
		if d := now.Decide; d != nil {
			later.Fold(crm.Fact{ID: fmt.Sprintf("ahead/%d", n), Kind: crm.KindDecision, At: crm.At(at.Now), Decision: d})
		}
		if now.Due == 0 || now.Due.Time().After(end) {
			break
		}
		at.Now = now.Due.Time()
		at.Read = at.Now.Add(-lag)
		next := Rate(s, &later, at)
		next.Action = say.Advice(next.Advice)
		if what := changes(&now, &next); what != "" {
			list = append(list, Moment{now.Due, what})
		}
		now = next
	}
	return list
}

// changes says which of the fields that people see change from one rating to the next, empty where none does. That an
// answer is overdue stands in the advice.
func changes(a, b *crm.Rating) string {
	var list []string
	say := func(changed bool, format string, args ...any) {
		if changed {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	status := a.Status != b.Status || a.Ground != b.Ground
	say(status && b.Ground != "", "becomes %s (%s)", b.Status, b.Ground)
	say(status && b.Ground == "", "becomes %s", b.Status)
	say(a.Letter != b.Letter, "is rated %s instead of %s", b.Letter, a.Letter)
	say(a.Ball != b.Ball, "the next move: %s", b.Ball)
	say(!a.Overdue && b.Overdue && a.Action != b.Action, "our answer is overdue")
	say(a.PendingUntil != b.PendingUntil && b.PendingUntil != 0 && !status, "is pending until %s", words.Date(b.PendingUntil))
	say(a.RecheckOn != b.RecheckOn && b.RecheckOn != 0 && !status, "will be looked at again on %s", words.Date(b.RecheckOn))
	say(len(list) == 0 && a.Treatment != b.Treatment, "the treatment: %s", b.Treatment)
	say(len(list) == 0 && a.Action != b.Action, "%s", advised(b.Action))
	return strings.Join(list, ", ")
}

func advised(action string) string {
	if action == "" {
		return "no advice any more"
	}
	return "the advice: " + action
}
