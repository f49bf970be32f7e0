package rules

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/connectors/crm"
)

func TestExplainSaysWhatRateSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		facts = append(facts, genDecisions(t, facts)...)
		r, now := recordOf(facts...), calm(genNow(t))
		_ = at
		x := Explain(Defaults(), r, now)
		if asJSON(x.Rating) != asJSON(Rate(Defaults(), r, now)) {
			t.Fatal("the explained rating is another")
		}
		if x.Rating.Unrated != "" {
			return
		}
		if x.Rating.Due != 0 && (len(x.Next) == 0 || x.Next[0].At != x.Rating.Due) {
			t.Fatalf("due %s, but next is %v", x.Rating.Due, x.Next)
		}
		counted := 0
		for _, a := range x.Attempts {
			if a.Counted {
				counted++
			}
			if a.Counted == (a.Why != "") {
				t.Fatalf("attempt %+v: counted or not, and why not", a)
			}
		}
		if counted > Defaults().attempts {
			t.Fatalf("%d attempts counted", counted)
		}
	})
}

func TestExplainNamesTheClock(t *testing.T) {
	facts := []crm.Fact{
		mail("in", start, crm.In, crm.Asks, 20), mail("o1", start.Add(day), crm.Out, crm.Asks, 20), mail("o2", start.Add(2*day), crm.Out, crm.Asks, 20),
		mail("o3", start.Add(8*day), crm.Out, crm.Asks, 20),
	}
	x := Explain(Defaults(), recordOf(facts...), calm(start.Add(11*day)))
	if x.Ball != crm.Them || x.BallBy != "o1" || len(x.Turns) != 2 || !x.Turns[1].Asks {
		t.Errorf("ball %s by %s, turns %+v", x.Ball, x.BallBy, x.Turns)
	}
	want := []Attempt{{"o1", crm.At(start.Add(day)), true, ""}, {"o2", crm.At(start.Add(2 * day)), false, whyTooSoon}, {"o3", crm.At(start.Add(8 * day)), true, ""}}
	if !slices.Equal(x.Attempts, want) {
		t.Errorf("attempts %+v: want %+v", x.Attempts, want)
	}
	if len(x.Clocks) != 1 || x.Clocks[0].Name != "silence" || x.Clocks[0].Elapsed != "10 days" || x.Clocks[0].Lacks != "one more attempt to reach them" || x.Clocks[0].Ends != crm.At(start.Add(46*day)) {
		t.Errorf("clocks %+v", x.Clocks)
	}
}
