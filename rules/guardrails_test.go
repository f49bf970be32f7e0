package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/advice"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/signals"
	"github.com/winnow-crm/winnow/rules/status"
	"github.com/winnow-crm/winnow/rules/words"
)

const day = 24 * time.Hour

func mail(id string, at time.Time, dir crm.Direction, intents crm.Intents, units int) crm.Fact {
	return crm.Fact{ID: id, Kind: crm.KindMessage, At: crm.At(at), Version: at.UnixMilli(), Message: &crm.Message{
		Direction: dir, Channel: crm.Email, Text: crm.Text{Units: units, Intents: intents},
	}}
}

// genSilent draws a history that ends with attempts of ours that nobody answers, and says when the last was.
func genSilent(t *rapid.T) ([]crm.Fact, time.Time) {
	facts := []crm.Fact(genStory(12).Draw(t, "story"))
	at := Start
	for _, f := range facts {
		if f.At.Time().After(at) {
			at = f.At.Time()
		}
	}
	at = at.Add(day)
	// What was drawn may reach beyond its own instant; nothing of theirs is to happen after the story.
	facts = slices.DeleteFunc(facts, func(f crm.Fact) bool {
		return f.Meeting != nil && f.Meeting.Start >= crm.At(at) || f.Quote != nil &&
			(f.Quote.Accepted >= crm.At(at) || len(f.Quote.Sent) > 0 && slices.Max(f.Quote.Sent) >= crm.At(at))
	})
	for i := range rapid.IntRange(3, 5).Draw(t, "attempts") {
		facts = append(facts, mail(fmt.Sprintf("try/%d", i), at, crm.Out, crm.Asks, 30))
		at = at.Add(time.Duration(rapid.SampledFrom([]int{4, 5, 8, 12, 30}).Draw(t, "days between")) * day)
	}
	return facts, at
}

func against(r crm.Rating) bool {
	return r.Status == crm.Pending || r.Status == crm.Disqualified || r.Decide != nil &&
		(r.Decide.Status == crm.Pending || r.Decide.Status == crm.Disqualified)
}

// The generated silent histories do end in disqualification often enough for the properties below to mean something.
func TestSilenceIsReached(t *testing.T) {
	seen := map[crm.Status]int{}
	checks := 0
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		ratings, _ := drive(Defaults(), facts, at, at.Add(300*day))
		checks++
		for _, s := range []crm.Status{crm.Pending, crm.Disqualified, crm.Open} {
			if slices.ContainsFunc(ratings, func(r crm.Rating) bool { return r.Status == s }) {
				seen[s]++
			}
		}
	})
	if seen[crm.Pending] < checks/4 || seen[crm.Disqualified] < checks/4 {
		t.Errorf("of %d silent histories only %d were ever pending and %d disqualified", checks, seen[crm.Pending],
			seen[crm.Disqualified])
	}
}

// G1: while something of theirs awaits an answer they cannot become pending or disqualified, and it is said since when.
func TestG1WhatWeOweBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		in := mail("last", at, crm.In, crm.Asks, 20)
		switch rapid.IntRange(0, 3).Draw(t, "what they sent") {
		case 1:
			in.Message.Channel = crm.Form
		case 2:
			in.Message.Text = crm.Text{Unread: true}
		case 3:
			in = crm.Fact{ID: "last", Kind: crm.KindCall, At: crm.At(at), Call: &crm.Call{
				Direction: crm.In, Outcome: crm.NoAnswer,
			}}
		}
		facts = append(facts, in)
		if rapid.Bool().Draw(t, "and a thank you") {
			facts = append(facts, mail("thanks", at.Add(time.Hour), crm.In, crm.Thanks, 3))
		}
		ratings, _ := drive(Defaults(), facts, at.Add(2*time.Hour), at.Add(500*day))
		for _, r := range ratings {
			if against(r) || r.Unrated == "" && (r.Ball != crm.Us || r.OwedSince == 0) {
				t.Fatalf("they wait for an answer, but: %s", asJSON(r))
			}
		}
	})
}

// G2: deleting or delaying messages of ours that nobody has answered never lowers the score. A message by which we
// promised something is a debt (G3) rather than a question, so these are left alone.
func TestG2FewerOfOurMessagesNeverHurt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		now := at.Add(time.Duration(rapid.IntRange(0, rapid.SampledFrom([]int{10, 200}).Draw(t, "days")*24).Draw(t,
			"hours later")) * time.Hour)
		if rapid.Bool().Draw(t, "nothing else") {
			facts = slices.DeleteFunc(facts, func(f crm.Fact) bool { return !strings.HasPrefix(f.ID, "try/") })
		}
		if rapid.Bool().Draw(t, "much asked") { // before all else, so that a later silence is that of a fact-finder
			in := mail("intake", Start.Add(-day), crm.In, crm.Asks, 40)
			in.Message.Text.Asks = 6
			facts = append(facts, in)
		}
		lastIn := crm.Millis(0)
		for _, f := range facts {
			if f.Message != nil && f.Message.Direction == crm.In || f.Call != nil || f.Meeting != nil ||
				f.Quote != nil {
				lastIn = max(lastIn, f.At)
			}
			if f.Meeting != nil {
				lastIn = max(lastIn, f.Meeting.Start)
			}
			if f.Quote != nil {
				lastIn = max(lastIn, f.Quote.Accepted)
			}
		}
		var fewer, deleted []crm.Fact
		for _, f := range facts {
			ours := f.Message != nil && f.Message.Direction == crm.Out && f.Peer == "" && f.At > lastIn &&
				!f.Message.Text.Intents.Any(crm.Promises)
			if ours {
				switch rapid.IntRange(0, 2).Draw(t, "delete, delay or keep") {
				case 0:
					if rapid.Bool().Draw(t, "known before") {
						deleted = append(deleted, f, gone(f, f.Version+1))
					}
					continue
				case 1:
					f.At += crm.Millis(rapid.IntRange(1, 40).Draw(t, "days")) * calendar.DayMS
				}
			}
			fewer = append(fewer, f)
		}
		if owed(facts, now) != owed(fewer, now) {
			return // a message that kept a promise or an agreed date, or would have: G3 has the say
		}
		a, b := Rate(Defaults(), recordOf(facts...), calm(now)),
			Rate(Defaults(), recordOf(append(deleted, fewer...)...), calm(now))
		if b.Score < a.Score || b.Engagement < a.Engagement || b.Machine > a.Machine {
			t.Fatalf("with all our messages %s %d, with fewer %s %d\n%s\n%s", a.Machine, a.Score, b.Machine, b.Score,
				asJSON(a.Reasons), asJSON(b.Reasons))
		}
	})
}

// owed is what we owe or owed, and when.
func owed(facts []crm.Fact, now time.Time) string {
	var h status.Judge
	h.Look(&Defaults().Settings, recordOf(facts...), crm.At(now), crm.At(now), calendar.Never)
	var text strings.Builder
	for _, sp := range h.Stops {
		if !sp.Away && sp.Why != history.WhyOwnSilence {
			fmt.Fprintln(&text, sp.From, sp.Until, sp.Fact)
		}
	}
	return text.String()
}

// G3: while we are late with something, nothing that runs against them moves.
func TestG3OurDebtStopsTheClocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		due := at.Add(-time.Duration(rapid.IntRange(1, 20).Draw(t, "due, days ago")) * day)
		if rapid.Bool().Draw(t, "a task or a promise") {
			facts = append(facts, crm.Fact{
				ID: "task", Kind: crm.KindTask, At: crm.At(due.Add(-day)), Task: &crm.Task{Due: crm.At(due)},
			})
		} else {
			f := mail("promise", at.Add(-time.Hour), crm.Out, crm.Promises|crm.Asks, 30)
			f.Message.Text.Horizon = crm.At(at.Add(time.Hour))
			facts = append(facts, f)
		}
		ratings, _ := drive(Defaults(), facts, at, at.Add(400*day))
		for _, r := range ratings {
			if against(r) {
				t.Fatalf("we are late, but: %s", asJSON(r))
			}
		}
	})
}

// G4: nobody is disqualified in one review: first pending, announced, then the whole grace; and not before the minimum
// age.
func TestG4NoShortcut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		s := Defaults()
		if rapid.Bool().Draw(t, "says no at once") {
			facts, at = []crm.Fact{mail("no", Start, crm.In, crm.NotInterested|crm.Thanks, 20)}, Start
		}
		if r := Rate(s, recordOf(facts...),
			calm(at.Add(time.Duration(rapid.IntRange(0, 900).Draw(t, "days"))*day))); r.Status == crm.Disqualified {
			t.Fatal("disqualified in the first review")
		}
		_, all := drive(s, facts, at, at.Add(300*day))
		first := recordOf(facts...).Lasting.First.Time()
		var pending time.Time
		for _, f := range all[len(facts):] {
			switch f.Decision.Status {
			case crm.Pending:
				pending = f.At.Time()
				if pending.Sub(first) < s.MinAge {
					t.Fatalf("pending after %s", pending.Sub(first))
				}
			case crm.Disqualified:
				if grace := f.At.Time().Sub(pending); pending.IsZero() || grace < 7*day {
					t.Fatalf("disqualified %s after pending", grace)
				}
			}
		}
	})
}

// G5: low fit alone ends at worst in nurture, and that only after help.
func TestG5LowFitIsNoGround(t *testing.T) {
	s := must(Parse(map[string]string{
		"MISFIT": "industry=retail", "INDUSTRY_BAD": "retail", "FIT_PROFILE": "company_size<5:-30",
	}))
	rapid.Check(t, func(t *rapid.T) {
		at := Start
		facts := []crm.Fact{prop("industry", "retail", Start), prop("company_size", "2", Start)}
		helped := false
		for i := range rapid.IntRange(1, 10).Draw(t, "exchanges") {
			at = at.Add(time.Duration(rapid.IntRange(1, 10).Draw(t, "days")) * day)
			in := rapid.SampledFrom([]crm.Intents{crm.Answers, crm.Thanks}).Draw(t, "what they wrote")
			facts = append(facts, mail(fmt.Sprintf("in/%d", i), at, crm.In, in, 30))
			if rapid.Bool().Draw(t, "answered") {
				helped = true
				facts = append(facts, mail(fmt.Sprintf("out/%d", i), at.Add(time.Hour), crm.Out, 0, 30))
			}
		}
		ratings, _ := drive(s, facts, at.Add(2*time.Hour), at.Add(300*day))
		for _, r := range ratings {
			if against(r) {
				t.Fatalf("low fit alone: %s", asJSON(r))
			}
			if r.Status == crm.Nurture && !helped {
				t.Fatal("nurture before any help")
			}
		}
	})
}

// G6: help is bounded: a fact-finder who has had more of our time than the cap gets light treatment.
func TestG6HelpIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := Start
		var facts []crm.Fact
		n := rapid.IntRange(5, 60).Draw(t, "questions")
		for i := range n {
			in := mail(fmt.Sprintf("in/%02d", i), at, crm.In, crm.Asks, 20)
			in.Message.Text.Asks = 1
			facts = append(facts, in, mail(fmt.Sprintf("out/%02d", i), at.Add(time.Hour), crm.Out, 0, 80))
			at = at.Add(day)
		}
		spent := time.Duration(n) * Defaults().EffortMail
		r := Rate(Defaults(), recordOf(facts...), calm(at))
		hold := len(r.Advice) == 1 && r.Advice[0].Key == advice.Hold
		if over := spent > Defaults().EffortCap; over != (r.Treatment == "light") || over != hold {
			t.Fatalf("%s of our time: treatment %s, advice %v", spent, r.Treatment, r.Advice)
		}
	})
}

// G7: whoever sends us others is no misfit, whatever else they are.
func TestG7ReferralsBlockMisfit(t *testing.T) {
	s := must(Parse(map[string]string{"MISFIT": "industry=retail", "MISFIT_ENDS": "true"}))
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		facts = append(facts, prop("industry", "retail", Start), crm.Fact{
			ID: "referral", Kind: crm.KindReferral, At: crm.At(Start), Referral: &crm.Referral{
				Direction: crm.Out, Other: "9", Level: rapid.IntRange(1, 3).Draw(t, "level"),
			},
		})
		ratings, _ := drive(s, facts, at, at.Add(200*day))
		for _, r := range ratings {
			if r.Ground == crm.Misfit {
				t.Fatalf("%s", asJSON(r))
			}
		}
	})
}

// G14: settings that would score personal traits are refused, wherever they stand and however they are written.
func TestG14NoPersonalTraits(t *testing.T) {
	words := sortedKeys(signals.Traits)
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom(words).Draw(t, "trait")
		name := rapid.SampledFrom([]string{
			word, "contact_" + word, strings.ToUpper(word), word + "_group",
		}).Draw(t, "spelling")
		env := rapid.SampledFrom([]map[string]string{
			{"FIT_PROFILE": name + "=x:-5"},
			{"WORTH_PROFILE": name + ">=3:+5"},
			{"MISFIT": name + "=x"},
			{"INDUSTRY_PROPERTY": name},
			{"ROLE_PROPERTY": name},
			{strings.ToUpper(name) + "_POINTS": "-5"},
			{"SEGMENTS": "a", "SEGMENT_A_FIT_PROFILE": name + "=x:+1"},
		}).Draw(t, "setting")
		if _, err := Parse(env); err == nil || !strings.Contains(err.Error(), "personal trait") {
			t.Fatalf("%v: %v", env, err)
		}
	})
}

// What says what a person is is refused in every language and as a part of a name; what is true of a company or a deal
// is not.
func TestG14InEveryLanguage(t *testing.T) {
	for _, name := range []string{
		"geschlecht", "sexe", "maiden_name", "Geschlechtskennung", "birthplace", "contactGender", "date_de_naissance",
		"Prénom", "estado_civil", "state_of_health", "fecha_nacimiento", "edad", "età", "idade", "leeftijd", "wiek",
		"性別", "国籍", "성별", "возраст", "nom", "first_name", "Muttersprache", "nationaliteit", "personal_id_religion",
	} {
		if signals.RefuseTrait(name) == nil {
			t.Errorf("%s is allowed", name)
		}
	}
	for _, name := range []string{
		"company_name", "industry", "company_size", "role", "national_account", "page_views", "package",
		"message_count", "engagement", "healthcare", "storage", "nombre_empresa", "origin", "lead_source",
		"marketing_region", "usage", "average_deal", "plan_generation",
	} {
		if err := signals.RefuseTrait(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// G8: every disqualification has a recheck date, and one field undoes it.
func TestG8Undone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		ratings, all := drive(Defaults(), facts, at, at.Add(200*day))
		for _, r := range ratings {
			if r.Disqualified != (r.Status == crm.Disqualified) || r.Disqualified && r.RecheckOn == 0 {
				t.Fatalf("no recheck date: %s", asJSON(r))
			}
		}
		undone := append(all, prop(crm.PropOverride, "keep", at))
		if r := Rate(Defaults(), recordOf(undone...), calm(at.Add(200*day))); r.Unrated == "" &&
			(against(r) || r.Status != crm.Override) {
			t.Fatalf("kept by hand, but: %s", asJSON(r))
		}
	})
}

// G9: reasons and actions are fit for the person concerned to read.
func TestG9FitToRead(t *testing.T) {
	check := func(text string) error {
		if signals.Unfit.MatchString(text) {
			return fmt.Errorf("%q insults", text)
		}
		if text == "" || strings.Contains(text, "%!") || strings.Contains(text, "  ") {
			return fmt.Errorf("%q is no sentence", text)
		}
		return nil
	}
	var says []*words.Catalogue
	for _, lang := range words.Languages {
		c := words.New(lang, nil, false)
		says = append(says, c)
		for _, g := range status.Grounds {
			if err := check(c.Farewell(&crm.Rating{Status: crm.Pending, Ground: g})); err != nil {
				t.Errorf("%s, farewell for %s: %v", lang, g, err)
			}
		}
	}
	for _, sig := range Defaults().Signals() {
		if err := check("This contact " + sig.Why); err != nil {
			t.Errorf("%s: %v", sig.Name, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		r := Rate(Defaults(), recordOf(facts...), calm(at.Add(50*day)))
		for _, c := range says {
			c.Fill(&r)
			for _, reason := range r.Reasons {
				if err := check(reason.Text); err != nil {
					t.Fatal(err)
				}
				if reason.Text[0] >= 'A' && reason.Text[0] <= 'Z' {
					t.Fatalf("%q does not complete \"This contact ...\"", reason.Text)
				}
				if err := words.Complete(reason.Says...); err != nil {
					t.Fatal(err)
				}
			}
			if err := words.Complete(r.Advice...); err != nil {
				t.Fatal(err)
			}
			if r.Action != "" {
				if err := check(r.Action); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func must(s *Settings, err error) *Settings {
	if err != nil {
		panic(err)
	}
	return s
}
