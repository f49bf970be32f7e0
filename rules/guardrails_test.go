package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/connectors/crm"
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
	at := start
	for _, f := range facts {
		if f.At.Time().After(at) {
			at = f.At.Time()
		}
	}
	at = at.Add(day)
	// What was drawn may reach beyond its own instant; nothing of theirs is to happen after the story.
	facts = slices.DeleteFunc(facts, func(f crm.Fact) bool {
		return f.Meeting != nil && f.Meeting.Start >= crm.At(at) || f.Quote != nil && (f.Quote.Accepted >= crm.At(at) || len(f.Quote.Sent) > 0 && slices.Max(f.Quote.Sent) >= crm.At(at))
	})
	for i := range rapid.IntRange(3, 5).Draw(t, "attempts") {
		facts = append(facts, mail(fmt.Sprintf("try/%d", i), at, crm.Out, crm.Asks, 30))
		at = at.Add(time.Duration(rapid.IntRange(4, 12).Draw(t, "days between")) * day)
	}
	return facts, at
}

func against(r crm.Rating) bool {
	return r.Status == crm.Pending || r.Status == crm.Disqualified || r.Decide != nil && (r.Decide.Status == crm.Pending || r.Decide.Status == crm.Disqualified)
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
		t.Errorf("of %d silent histories only %d were ever pending and %d disqualified", checks, seen[crm.Pending], seen[crm.Disqualified])
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
			in = crm.Fact{ID: "last", Kind: crm.KindCall, At: crm.At(at), Call: &crm.Call{Direction: crm.In, Outcome: crm.NoAnswer}}
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

// G2: deleting or delaying messages of ours that nobody has answered never lowers the score. A message by which we promised
// something is a debt (G3) rather than a question, so these are left alone.
func TestG2FewerOfOurMessagesNeverHurt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		now := at.Add(time.Duration(rapid.IntRange(0, 200*24).Draw(t, "hours later")) * time.Hour)
		lastIn := crm.Millis(0)
		for _, f := range facts {
			if f.Message != nil && f.Message.Direction == crm.In || f.Call != nil || f.Meeting != nil || f.Quote != nil {
				lastIn = max(lastIn, f.At)
			}
			if f.Meeting != nil {
				lastIn = max(lastIn, f.Meeting.Start)
			}
			if f.Quote != nil {
				lastIn = max(lastIn, f.Quote.Accepted)
			}
		}
		var fewer []crm.Fact
		for _, f := range facts {
			ours := f.Message != nil && f.Message.Direction == crm.Out && f.Peer == "" && f.At > lastIn && !f.Message.Text.Intents.Any(crm.Promises)
			if ours {
				switch rapid.IntRange(0, 2).Draw(t, "delete, delay or keep") {
				case 0:
					continue
				case 1:
					f.At += crm.Millis(rapid.IntRange(1, 40).Draw(t, "days")) * dayMS
				}
			}
			fewer = append(fewer, f)
		}
		if owed(facts, now) != owed(fewer, now) {
			return // a message that kept a promise or an agreed date, or would have: G3 has the say
		}
		a, b := Rate(Defaults(), recordOf(facts...), calm(now)), Rate(Defaults(), recordOf(fewer...), calm(now))
		if b.Score < a.Score || b.Engagement < a.Engagement || b.Machine > a.Machine {
			t.Fatalf("with all our messages %s %d, with fewer %s %d\n%s\n%s", a.Machine, a.Score, b.Machine, b.Score, asJSON(a.Reasons), asJSON(b.Reasons))
		}
	})
}

// owed is what we owe or owed, and when.
func owed(facts []crm.Fact, now time.Time) string {
	var h view
	h.build(Defaults(), recordOf(facts...), crm.At(now), crm.At(now), never)
	var text strings.Builder
	for _, sp := range h.stops {
		if !sp.away {
			fmt.Fprintln(&text, sp.from, sp.until, sp.fact)
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
			facts = append(facts, crm.Fact{ID: "task", Kind: crm.KindTask, At: crm.At(due.Add(-day)), Task: &crm.Task{Due: crm.At(due)}})
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

// G4: nobody is disqualified in one review: first pending, announced, then the whole grace; and not before the minimum age.
func TestG4NoShortcut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		if r := Rate(Defaults(), recordOf(facts...), calm(at.Add(time.Duration(rapid.IntRange(0, 900).Draw(t, "days"))*day))); r.Status == crm.Disqualified {
			t.Fatal("disqualified in the first review")
		}
		_, all := drive(Defaults(), facts, at, at.Add(300*day))
		var pending time.Time
		for _, f := range all[len(facts):] {
			switch f.Decision.Status {
			case crm.Pending:
				pending = f.At.Time()
				if pending.Sub(start) < Defaults().minAge {
					t.Fatalf("pending after %s", pending.Sub(start))
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
	s := must(Parse(map[string]string{"MISFIT": "industry=retail", "INDUSTRY_BAD": "retail", "FIT_PROFILE": "numberofemployees<5:-30"}))
	rapid.Check(t, func(t *rapid.T) {
		at := start
		facts := []crm.Fact{prop("industry", "retail", start), prop("numberofemployees", "2", start)}
		helped := false
		for i := range rapid.IntRange(1, 10).Draw(t, "exchanges") {
			at = at.Add(time.Duration(rapid.IntRange(1, 10).Draw(t, "days")) * day)
			facts = append(facts, mail(fmt.Sprintf("in/%d", i), at, crm.In, crm.Answers, 30))
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
		at := start
		var facts []crm.Fact
		n := rapid.IntRange(5, 60).Draw(t, "questions")
		for i := range n {
			in := mail(fmt.Sprintf("in/%02d", i), at, crm.In, crm.Asks, 20)
			in.Message.Text.Asks = 1
			facts = append(facts, in, mail(fmt.Sprintf("out/%02d", i), at.Add(time.Hour), crm.Out, 0, 80))
			at = at.Add(day)
		}
		spent := time.Duration(n) * Defaults().effortMail
		r := Rate(Defaults(), recordOf(facts...), calm(at))
		if over := spent > Defaults().effortCap; over != (r.Treatment == "light") || over != (r.Action == actHold) {
			t.Fatalf("%s of our time: treatment %s, action %q", spent, r.Treatment, r.Action)
		}
	})
}

// G7: whoever sends us others is no misfit, whatever else they are.
func TestG7ReferralsBlockMisfit(t *testing.T) {
	s := must(Parse(map[string]string{"MISFIT": "industry=retail", "MISFIT_ENDS": "true"}))
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		facts = append(facts, prop("industry", "retail", start), crm.Fact{
			ID: "referral", Kind: crm.KindReferral, At: crm.At(start), Referral: &crm.Referral{Direction: crm.Out, Other: "9", Level: rapid.IntRange(1, 3).Draw(t, "level")},
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
	words := sortedKeys(traits)
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom(words).Draw(t, "trait")
		name := rapid.SampledFrom([]string{word, "contact_" + word, strings.ToUpper(word), word + "_group"}).Draw(t, "spelling")
		env := rapid.SampledFrom([]map[string]string{
			{"FIT_PROFILE": name + "=x:-5"}, {"WORTH_PROFILE": name + ">=3:+5"}, {"MISFIT": name + "=x"}, {"INDUSTRY_PROPERTY": name}, {"ROLE_PROPERTY": name},
			{strings.ToUpper(name) + "_POINTS": "-5"}, {"SEGMENTS": "a", "SEGMENT_A_FIT_PROFILE": name + "=x:+1"},
		}).Draw(t, "setting")
		if _, err := Parse(env); err == nil || !strings.Contains(err.Error(), "personal trait") {
			t.Fatalf("%v: %v", env, err)
		}
	})
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
		if r := Rate(Defaults(), recordOf(undone...), calm(at.Add(200*day))); r.Unrated == "" && (against(r) || r.Status != crm.Override) {
			t.Fatalf("kept by hand, but: %s", asJSON(r))
		}
	})
}

// G9: reasons and actions are fit for the person concerned to read.
func TestG9FitToRead(t *testing.T) {
	check := func(text string) error {
		if unfit.MatchString(text) {
			return fmt.Errorf("%q insults", text)
		}
		if text == "" || strings.Contains(text, "%!") || strings.Contains(text, "  ") {
			return fmt.Errorf("%q is no sentence", text)
		}
		return nil
	}
	for ground, text := range breakUps {
		if err := check(text); err != nil {
			t.Errorf("%s: %v", ground, err)
		}
	}
	for _, g := range grounds {
		if breakUps[g] == "" {
			t.Errorf("no break-up message for %s", g)
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
		for _, reason := range r.Reasons {
			if err := check(reason.Text); err != nil {
				t.Fatal(err)
			}
			if c := reason.Text[0]; c < 'a' || c > 'z' {
				t.Fatalf("%q does not complete \"This contact ...\"", reason.Text)
			}
		}
		if r.Action != "" {
			if err := check(r.Action); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// G10: a human's word beats the machine's until it expires or is cleared.
func TestG10HumanWins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		word := rapid.SampledFrom([]string{"A", "b", "C", "D", "keep", "Disqualified"}).Draw(t, "override")
		until := at.Add(time.Duration(rapid.IntRange(1, 300).Draw(t, "days")) * day)
		facts = append(facts, prop(crm.PropOverride, word, at), prop(crm.PropOverrideUntil, until.Format(time.RFC3339), at))
		plain := slices.DeleteFunc(slices.Clone(facts), func(f crm.Fact) bool {
			return f.Property != nil && strings.HasPrefix(f.Property.Name, "override")
		})
		now := at.Add(time.Duration(rapid.IntRange(0, 400*24).Draw(t, "hours")) * time.Hour)
		r, machine := Rate(Defaults(), recordOf(facts...), calm(now)), Rate(Defaults(), recordOf(plain...), calm(now))
		if machine.Unrated != "" {
			return
		}
		if !now.Before(until) {
			r.Due, machine.Due = 0, 0
			if asJSON(r) != asJSON(machine) {
				t.Fatalf("expired, but still different:\n%s\n%s", asJSON(r), asJSON(machine))
			}
			return
		}
		if r.Machine != machine.Machine {
			t.Fatalf("the machine's rating moved from %s to %s", machine.Machine, r.Machine)
		}
		switch up := strings.ToUpper(word); up {
		case "KEEP":
			if against(r) || r.Status != crm.Override {
				t.Fatalf("keep: %s", asJSON(r))
			}
		case "DISQUALIFIED":
			if !r.Disqualified || r.Status != crm.Disqualified || r.Ground != crm.ByHuman {
				t.Fatalf("disqualified: %s", asJSON(r))
			}
		default:
			if r.Letter != up || r.Status != crm.Override {
				t.Fatalf("%s: %s", up, asJSON(r))
			}
		}
	})
}

// G11: while something holds back announcements, none is made against the contact, and it is said what.
func TestG11HeldBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		now := at.Add(time.Duration(rapid.IntRange(20, 200).Draw(t, "days")) * day)
		free := Rate(Defaults(), recordOf(facts...), calm(now))
		held := calm(now)
		want := ""
		switch rapid.IntRange(0, 3).Draw(t, "by what") {
		case 0:
			held.Hold, want = "breaker", "breaker"
		case 1:
			held.Lagging, want = true, "lag"
		case 2:
			held.Profiled, want = false, "profile"
		case 3:
			held.Arrived, want = now.Add(-4*time.Minute), "settle"
		}
		r := Rate(Defaults(), recordOf(facts...), held)
		if against(r) {
			t.Fatalf("announced: %s", asJSON(r))
		}
		if free.Decide != nil && against(free) && (r.Held != want || r.Due == 0) {
			t.Fatalf("held %q, due %s: want %q and when to look again", r.Held, r.Due, want)
		}
	})
}

// G12: what is not known never lowers a score: without a property, or without a text, no signal counts more against them.
func TestG12UnknownIsNeutral(t *testing.T) {
	s := must(Parse(map[string]string{
		"INDUSTRY_GOOD": "software", "INDUSTRY_BAD": "retail", "COMPANY_SIZE_MIN": "10", "ROLES": "head", "REP_VOTE_ON": "true", "SUPPORT_LOAD_ON": "true",
		"FIT_PROFILE": "numberofemployees<5:-5", "WORTH_PROFILE": "industry=retail:-5",
	}))
	if r := Rate(s, &Record{}, calm(start)); r.Score != 50 || r.Machine != "C" {
		t.Errorf("a contact of whom nothing is known is rated %s %d: want C 50", r.Machine, r.Score)
	}
	rapid.Check(t, func(t *rapid.T) {
		facts := []crm.Fact(genStory(20).Draw(t, "story"))
		if len(facts) == 0 {
			return
		}
		now := genNow(t)
		i := rapid.IntRange(0, len(facts)-1).Draw(t, "which")
		less := slices.Clone(facts)
		f := facts[i]
		switch {
		case f.Property != nil && f.Property.Name != crm.PropNextActivity && f.Property.Name != crm.PropOwnerTimeZone: // of theirs
			less = slices.Delete(less, i, i+1)
		case f.Message != nil && f.Message.Direction == crm.In && f.Message.Text.Class == crm.Human:
			m := *f.Message
			m.Text = crm.Text{Unread: true}
			less[i].Message = &m
		default:
			return
		}
		a, b := Rate(s, recordOf(facts...), calm(now)), Rate(s, recordOf(less...), calm(now))
		for _, reason := range b.Reasons {
			if reason.Points < 0 && reason.Name != "clamp" && points(a, reason.Name) > reason.Points && reason.Name != "broken_promises" {
				t.Fatalf("without %s %s counts %d instead of %d", f.ID, reason.Name, reason.Points, points(a, reason.Name))
			}
		}
	})
}

func points(r crm.Rating, name string) int {
	for _, reason := range r.Reasons {
		if reason.Name == name {
			return reason.Points
		}
	}
	return 0
}

// G13: early coldness is discounted: before the first meeting or quote what counts against them counts a third at most.
func TestG13EarlyColdnessIsDiscounted(t *testing.T) {
	full := map[string]string{}
	for i := range book {
		if book[i].Sub == crm.Engagement {
			full[strings.ToUpper(book[i].Name)+"_EARLY"] = "100"
		}
	}
	undiscounted := must(Parse(full))
	rapid.Check(t, func(t *rapid.T) {
		facts := []crm.Fact(genStory(20).Draw(t, "story"))
		r := recordOf(slices.DeleteFunc(facts, func(f crm.Fact) bool {
			return f.Meeting != nil || f.Quote != nil || f.Message != nil && f.Message.Text.Intents.Any(crm.CarriesQuote)
		})...)
		now := calm(genNow(t))
		early, late := Rate(Defaults(), r, now), Rate(undiscounted, r, now)
		for _, reason := range early.Reasons {
			if full := points(late, reason.Name); reason.Sub == crm.Engagement && reason.Points < 0 && reason.Name != "clamp" && 10*reason.Points < 3*full-6 {
				t.Fatalf("%s counts %d of %d", reason.Name, reason.Points, full)
			}
		}
	})
}

// G15: more messages of ours cost them nothing: not in the score, and not in an earlier pending.
func TestG15OverPursuitIsFree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		facts = slices.DeleteFunc(facts, func(f crm.Fact) bool { return f.Message == nil && f.Call == nil }) // what else ends a silence
		more := slices.Clone(facts)
		for i, f := range facts {
			if strings.HasPrefix(f.ID, "try/") && rapid.Bool().Draw(t, "again") {
				extra := mail(fmt.Sprintf("again/%d", i), f.At.Time().Add(time.Duration(rapid.IntRange(1, 48).Draw(t, "hours"))*time.Hour), crm.Out, crm.Asks, 30)
				more = append(more, extra)
			}
		}
		if owed(facts, at) != owed(more, at) {
			return // one of them kept a promise: then it was no pursuit
		}
		first := func(facts []crm.Fact) time.Time {
			_, all := drive(Defaults(), facts, at, at.Add(300*day))
			for _, f := range all[len(facts):] {
				if f.Decision.Status == crm.Pending {
					return f.At.Time()
				}
			}
			return at.Add(1000 * day)
		}
		if a, b := first(facts), first(more); b.Before(a) {
			t.Fatalf("pending %s with fewer messages, %s with more", a, b)
		}
		now := calm(at.Add(30 * day))
		if a, b := Rate(Defaults(), recordOf(facts...), now), Rate(Defaults(), recordOf(more...), now); b.Score < a.Score {
			t.Fatalf("score %d, with more of our messages %d", a.Score, b.Score)
		}
	})
}

// Ids say nothing, and properties that no rule knows change nothing. Shifting everything by whole weeks, without public
// holidays and changes of the clock, shifts the rating.
func TestMetamorphic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := []crm.Fact(genStory(20).Draw(t, "story"))
		now := genNow(t)
		plain := Rate(Defaults(), recordOf(facts...), calm(now))

		more := append(slices.Clone(facts), prop("hs_internal_number", "4711", start), prop("favourite_colour", "blue", start))
		if asJSON(Rate(Defaults(), recordOf(more...), calm(now))) != asJSON(plain) {
			t.Fatal("a property that no rule knows changed the rating")
		}

		renamed := slices.Clone(facts)
		for i := range renamed {
			renamed[i].ID = "x/" + renamed[i].ID // keeps their order, on which facts of one instant depend
		}
		got := strings.ReplaceAll(asJSON(Rate(Defaults(), recordOf(renamed...), calm(now))), `"x/`, `"`)
		if got != asJSON(plain) {
			t.Fatalf("renamed:\n%s\n%s", got, asJSON(plain))
		}

		zoneless := slices.DeleteFunc(slices.Clone(facts), func(f crm.Fact) bool { return f.Property != nil })
		shifted := slices.Clone(zoneless)
		weeks := crm.Millis(rapid.IntRange(-50, 50).Draw(t, "weeks")) * 7 * dayMS
		for i := range shifted {
			shifted[i] = shift(shifted[i], weeks)
		}
		a := Rate(Defaults(), recordOf(zoneless...), calm(now))
		b := Rate(Defaults(), recordOf(shifted...), calm(now.Add(time.Duration(weeks)*time.Millisecond)))
		if a.Score != b.Score || a.Letter != b.Letter || a.Status != b.Status || a.Ball != b.Ball || a.Unrated != b.Unrated || a.Due != 0 && a.Due+weeks != b.Due {
			t.Fatalf("shifted:\n%s\n%s", asJSON(a), asJSON(b))
		}
	})
}

func shift(f crm.Fact, by crm.Millis) crm.Fact {
	move := func(m *crm.Millis) {
		if *m != 0 {
			*m += by
		}
	}
	moveAll := func(list []crm.Millis) []crm.Millis {
		list = slices.Clone(list)
		for i := range list {
			move(&list[i])
		}
		return list
	}
	f.At += by
	f.Version += int64(by)
	switch {
	case f.Message != nil:
		m := *f.Message
		move(&m.Text.Return)
		move(&m.Text.Horizon)
		f.Message = &m
	case f.Meeting != nil:
		m := *f.Meeting
		move(&m.Start)
		move(&m.End)
		m.Moved = moveAll(m.Moved)
		f.Meeting = &m
	case f.Quote != nil:
		q := *f.Quote
		q.Sent = moveAll(q.Sent)
		move(&q.Accepted)
		f.Quote = &q
	case f.Task != nil:
		task := *f.Task
		move(&task.Due)
		move(&task.Done)
		f.Task = &task
	case f.Deal != nil:
		d := *f.Deal
		move(&d.Won)
		d.Moves = slices.Clone(d.Moves)
		for i := range d.Moves {
			move(&d.Moves[i].At)
		}
		f.Deal = &d
	}
	return f
}

// G17: a merge is the union of both histories, counted once.
func TestG17MergeIsUnion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := []crm.Fact(genStory(20).Draw(t, "one")), []crm.Fact(genStory(20).Draw(t, "other"))
		union := recordOf(append(slices.Clone(a), b...)...)
		winner, loser := recordOf(a...), recordOf(b...)
		winner.Fold(loser.Facts()...)
		winner.Fold(loser.Facts()...)
		at := calm(genNow(t))
		if x, y := asJSON(Rate(Defaults(), union, at)), asJSON(Rate(Defaults(), winner, at)); x != y || asJSON(union) != asJSON(winner) {
			t.Fatalf("merged and united differ:\n%s\n%s", x, y)
		}
		winner.Fold(crm.Fact{ID: "merge/1", Kind: crm.KindMerge, Merge: &crm.Merge{From: []string{"loser"}}})
		if got := winner.Missing(); len(got) != 1 {
			t.Fatalf("missing %v", got)
		}
		if r := Rate(Defaults(), winner, at); r.Decide != nil && against(r) {
			t.Fatal("decided before all of the merged history came")
		}
		winner.Fold(crm.Fact{ID: "merge/2", Kind: crm.KindMerge, Merge: &crm.Merge{Done: "loser"}})
		if got := winner.Missing(); len(got) != 0 {
			t.Fatalf("missing %v", got)
		}
	})
}

// G18: who has opted out or must not be profiled is not scored at all.
func TestG18NotScored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := []crm.Fact(genStory(20).Draw(t, "story"))
		why := rapid.SampledFrom([]string{crm.PropOptOut, crm.PropDoNotProfile, crm.PropStaff}).Draw(t, "why")
		facts = append(facts, prop(why, "true", start))
		r := Rate(Defaults(), recordOf(facts...), calm(genNow(t)))
		want := crm.Rating{Unrated: map[string]string{crm.PropOptOut: "opted_out", crm.PropDoNotProfile: "do_not_profile", crm.PropStaff: "staff"}[why], Model: Defaults().Version()}
		if asJSON(r) != asJSON(want) {
			t.Fatalf("%s", asJSON(r))
		}
	})
}

func must(s *Settings, err error) *Settings {
	if err != nil {
		panic(err)
	}
	return s
}
