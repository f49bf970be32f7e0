package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/words"
)

func TestExplainSaysWhatRateSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		facts = append(facts, genDecisions(t, facts)...)
		r, now := recordOf(facts...), calm(genNow(t))
		_ = at
		x := Explain(Defaults(), r, now, words.Default())
		if asJSON(x.Rating) != asJSON(words.Default().Filled(Rate(Defaults(), r, now))) {
			t.Fatal("the explained rating is another")
		}
		if x.Rating.Unrated != "" {
			return
		}
		for i, m := range x.Next {
			if m.At < x.Rating.Due || i > 0 && m.At <= x.Next[i-1].At || m.What == "" {
				t.Fatalf("due %s, but next is %v", x.Rating.Due, x.Next)
			}
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
		if counted > Defaults().Attempts {
			t.Fatalf("%d attempts counted", counted)
		}
	})
}

// The clock of a silence shows the quota that it runs against: what the stage gives, and what they have earned by an
// answer after a longer silence.
func TestExplainShowsTheQuotaThatCounts(t *testing.T) {
	asks := func(id string, days int) crm.Fact {
		return mail(id, Start.Add(time.Duration(days)*day), crm.Out, crm.Asks, 40)
	}
	r := recordOf(
		mail("m1", Start, crm.In, crm.Asks, 40), asks("m2", 1), asks("m3", 20),
		mail("m4", Start.Add(53*day), crm.In, crm.Answers|crm.Informs, 40),
		asks("m5", 54), asks("m6", 64), asks("m7", 74),
	)
	x := Explain(Defaults(), r, calm(Start.Add(80*day)), words.Default())
	i := slices.IndexFunc(x.Clocks, func(c Clock) bool { return c.Name == "silence" })
	if i < 0 {
		t.Fatalf("no clock of the silence: %+v", x.Clocks)
	}
	c := x.Clocks[i]
	if want := c.Since + 52*crm.Millis(day/time.Millisecond); c.Quota != "52d" || c.Ends != want {
		t.Errorf("quota %s ends %s, want 52d and %s", c.Quota, c.Ends.Time(), want.Time())
	}
}

// What is said of a moment to come is what the contact is rated then, and moves a field.
func TestAheadComesTrue(t *testing.T) {
	told := 0
	rapid.Check(t, func(t *rapid.T) {
		facts, _ := genSilent(t)
		r, now := recordOf(facts...), calm(genNow(t))
		say := words.Default()
		x := Explain(Defaults(), r, now, say)
		if x.Rating.Unrated != "" || x.Rating.Decide != nil || len(x.Next) == 0 {
			return
		}
		told++
		m := x.Next[0]
		before, then := say.Filled(Rate(Defaults(), r, now)), calm(m.At.Time())
		after := say.Filled(Rate(Defaults(), r, then))
		if shown(&before) == shown(&after) {
			t.Fatalf("%s: %q, and no field moves", m.At, m.What)
		}
		for what, want := range map[string]bool{
			"becomes " + string(after.Status):      before.Status != after.Status,
			"is rated " + after.Letter:             before.Letter != after.Letter,
			"the next move: " + string(after.Ball): before.Ball != after.Ball,
			"becomes disqualified":                 after.Status == crm.Disqualified && before.Status != after.Status,
			"our answer is overdue":                after.Overdue && !before.Overdue && before.Action != after.Action,
		} {
			if strings.Contains(m.What, what) != want {
				t.Fatalf("%s: %q, but %+v follows %+v", m.At, m.What, after, before)
			}
		}
	})
	if told == 0 {
		t.Error("nothing was ever foretold")
	}
}

// shown is what people see of a rating, without the scores.
func shown(r *crm.Rating) string {
	return fmt.Sprint(r.Letter, r.Status, r.Ground, r.Ball, r.PendingUntil, r.RecheckOn, r.Treatment, r.Action)
}

func TestExplainNamesTheClock(t *testing.T) {
	facts := []crm.Fact{
		mail("in", Start, crm.In, crm.Asks, 20), mail("o1", Start.Add(day), crm.Out, crm.Asks, 20),
		mail("o2", Start.Add(2*day), crm.Out, crm.Asks, 20),
		mail("o3", Start.Add(8*day), crm.Out, crm.Asks, 20),
	}
	x := Explain(Defaults(), recordOf(facts...), calm(Start.Add(11*day)), words.Default())
	if x.Ball != crm.Them || x.BallBy != "o1" || len(x.Turns) != 2 || !x.Turns[1].Asks {
		t.Errorf("ball %s by %s, turns %+v", x.Ball, x.BallBy, x.Turns)
	}
	want := []Attempt{
		{"o1", crm.At(Start.Add(day)), true, ""},
		{"o2", crm.At(Start.Add(2 * day)), false, history.WhyTooSoon},
		{"o3", crm.At(Start.Add(8 * day)), true, ""},
	}
	if !slices.Equal(x.Attempts, want) {
		t.Errorf("attempts %+v: want %+v", x.Attempts, want)
	}
	if len(x.Clocks) != 1 || x.Clocks[0].Name != "silence" || x.Clocks[0].Elapsed != "10 days" ||
		x.Clocks[0].Lacks != "one more attempt to reach them" || x.Clocks[0].Ends != crm.At(Start.Add(46*day)) {
		t.Errorf("clocks %+v", x.Clocks)
	}
}

// A word that is no override changes nothing, which whoever wrote it has to be told for as long as it stands there.
func TestExplainTellsOfAnOddOverride(t *testing.T) {
	set := func(name, value string, days int) crm.Fact {
		at := crm.At(Start.AddDate(0, 0, days))
		return crm.Fact{
			ID: "property/" + name, Version: int64(at), Kind: crm.KindProperty, At: at,
			Property: &crm.Property{Name: name, Value: value},
		}
	}
	before, odd, after := set(crm.PropOverride, "B", 1), set(crm.PropOverrideOdd, "true", 2),
		set(crm.PropOverride, "", 3)
	for name, c := range map[string]struct {
		facts  []crm.Fact
		hint   bool
		letter string
	}{
		"none":             {[]crm.Fact{before}, false, "B"},
		"an odd one":       {[]crm.Fact{odd}, true, "C"},
		"after a good one": {[]crm.Fact{before, odd}, true, "B"},
		"cleared":          {[]crm.Fact{odd, after}, false, "C"},
	} {
		x := Explain(Defaults(), recordOf(c.facts...), calm(Start.Add(9*day)), words.Default())
		if (x.Hint != "") != c.hint || x.Rating.Letter != c.letter {
			t.Errorf("%s: rated %s with the hint %q, want %s and hint %v", name, x.Rating.Letter, x.Hint, c.letter,
				c.hint)
		}
	}
}

// An overdue clock that nothing follows from needs a word why.
func TestExplainSaysWhatSparesThem(t *testing.T) {
	silent := []crm.Fact{
		mail("in", Start, crm.In, crm.Asks, 20), mail("o1", Start.Add(day), crm.Out, crm.Asks, 20),
		mail("o2", Start.Add(10*day), crm.Out, crm.Asks, 20),
		mail("o3", Start.Add(20*day), crm.Out, crm.Asks, 20),
	}
	now := Start.Add(90 * day)
	for want, f := range map[string]*crm.Fact{
		"": nil,
		"customer": {ID: "p", Kind: crm.KindProperty, At: crm.At(Start), Property: &crm.Property{
			Name: crm.PropCustomer, Value: "true",
		}},
		"override B": {ID: "p", Kind: crm.KindProperty, At: crm.At(Start), Property: &crm.Property{
			Name: crm.PropOverride, Value: "B",
		}},
		"is won": {ID: "d", Kind: crm.KindDeal, At: crm.At(Start), Deal: &crm.Deal{
			Won: crm.At(Start.Add(30 * day)),
		}},
		"stand still until": {ID: "m", Kind: crm.KindMeeting, At: crm.At(Start.Add(25 * day)), Meeting: &crm.Meeting{
			Start: crm.At(now.Add(20 * day)), State: crm.Scheduled,
		}},
	} {
		facts := silent
		if f != nil {
			facts = append(slices.Clone(silent), *f)
		}
		x := Explain(Defaults(), recordOf(facts...), calm(now), words.Default())
		if want == "" && (x.Spared != "" || !against(x.Rating)) {
			t.Errorf("a silent one is spared: %q, decided %v", x.Spared, x.Rating.Decide)
		}
		if want != "" && (!strings.Contains(x.Spared, want) || against(x.Rating)) {
			t.Errorf("spared %q, decided %v; want %q and no decision", x.Spared, x.Rating.Decide, want)
		}
	}
}
