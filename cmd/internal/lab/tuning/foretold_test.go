package tuning

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/population"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
	"github.com/winnow-crm/winnow/rules/words"
)

// What is said to change next does so at that moment, if nothing happens until then, and nothing that people see does
// so before.
func TestWhatIsForetoldComesTrue(t *testing.T) {
	const people, every = 24, 23 // of each crowd, and in days
	s, say := rules.Defaults(), words.Default()
	for _, draw := range []func(uint64, int) *population.Population{
		population.First, population.Second, population.Third, population.Fourth,
	} {
		p := draw(7, people)
		told := map[string]int{}
		for i := range p.Len() {
			l := p.Live(i)
			var r rules.Record
			for now, n := p.Begin.Add(morning), 0; now.Before(p.End); now, n = now.AddDate(0, 0, 1), n+1 {
				for _, f := range l.Until(now) {
					r.Fold(f)
				}
				rating := seen(s, &r, now)
				if d := rating.Decide; d != nil {
					at := crm.At(now.Add(time.Second))
					r.Fold(crm.Fact{ID: fmt.Sprint("decision/", n), Kind: crm.KindDecision, At: at, Decision: d})
					rating = seen(s, &r, now.Add(2*time.Second))
				}
				l.See(&rating)
				if rating.Unrated != "" || (n+i)%every != 0 || len(r.Facts()) == 0 {
					continue
				}
				if what := foretold(s, &r, now.Add(2*time.Second), say); what != "" {
					told[what]++
					if strings.HasPrefix(what, "!") {
						t.Errorf("%s, %s (%s) on %s: %s", p.Name, l.ID, l.Archetype.Name, now, what)
					}
				}
			}
		}
		if told["becomes"] == 0 || told["other"] == 0 {
			t.Errorf("%s: too little was foretold: %v", p.Name, told)
		}
	}
}

// foretold holds what is said of the next change against what comes about: the kind of change, empty where none is
// foretold, and behind an exclamation mark what is wrong.
func foretold(s *rules.Settings, r *rules.Record, now time.Time, say *words.Catalogue) string {
	x := rules.Explain(s, r, rules.Instant{Now: now, Profiled: true}, say)
	if len(x.Next) == 0 || x.Rating.Decide != nil {
		return ""
	}
	m := x.Next[0]
	is, before := visible(x.Rating), m.At.Time().Add(-time.Millisecond)
	for _, at := range []time.Time{now.Add(before.Sub(now) / 3), now.Add(before.Sub(now) * 2 / 3), before} {
		if got := visible(say.Filled(seen(s, r, at))); got != is {
			return fmt.Sprintf("! %q on %s, but on %s %s has become %s", m.What, m.At, at, is, got)
		}
	}
	then := say.Filled(seen(s, r, m.At.Time()))
	switch got := visible(then); {
	case got == is:
		return fmt.Sprintf("! %q on %s, and all stays %s", m.What, m.At, is)
	case then.Status != x.Rating.Status && !strings.Contains(m.What, "becomes "+string(then.Status)),
		then.Letter != x.Rating.Letter && !strings.Contains(m.What, "is rated "+then.Letter),
		then.Ball != x.Rating.Ball && !strings.Contains(m.What, "the next move: "+string(then.Ball)),
		strings.Contains(m.What, "becomes") && then.Status == x.Rating.Status && then.Ground == x.Rating.Ground:
		return fmt.Sprintf("! %q on %s, but %s becomes %s", m.What, m.At, is, got)
	case strings.Contains(m.What, "becomes"):
		return "becomes"
	}
	return "other"
}

func seen(s *rules.Settings, r *rules.Record, now time.Time) crm.Rating {
	return rules.Rate(s, r, rules.Instant{Now: now, Profiled: true})
}

// visible is what people see of a rating, without the points.
func visible(r crm.Rating) string {
	return fmt.Sprint(r.Letter, " ", r.Status, " ", r.Ground, " ", r.Ball, " ", r.PendingUntil, " ", r.RecheckOn, " ",
		r.Treatment, " ", r.Action)
}
