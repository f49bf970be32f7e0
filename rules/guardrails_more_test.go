package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/signals"
	"github.com/winnow-crm/winnow/rules/status"
	"github.com/winnow-crm/winnow/rules/words"
)

// G10: a human's word beats the machine's until it expires or is cleared.
func TestG10HumanWins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		word := rapid.SampledFrom([]string{"A", "b", "C", "D", "keep", "Disqualified"}).Draw(t, "override")
		until := at.Add(time.Duration(rapid.IntRange(1, 300).Draw(t, "days")) * day)
		facts = append(facts, prop(crm.PropOverride, word, at), prop(crm.PropOverrideUntil, until.Format(time.RFC3339),
			at))
		plain := slices.DeleteFunc(slices.Clone(facts), func(f crm.Fact) bool {
			return f.Property != nil && strings.HasPrefix(f.Property.Name, "override")
		})
		now := at.Add(time.Duration(rapid.IntRange(0, 400*24).Draw(t, "hours")) * time.Hour)
		if rapid.Bool().Draw(t, "at its end") {
			now = until.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "seconds")) * time.Second)
		}
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
			if against(r) || r.Status != crm.Override || r.Letter != machine.Machine {
				t.Fatalf("keep: %s", asJSON(r))
			}
		case "DISQUALIFIED":
			if !r.Disqualified || r.Status != crm.Disqualified || r.Ground != crm.ByHuman || r.Letter != "D" {
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

// G12: what is not known never lowers a score: without a property, or without a text, no signal counts more against
// them.
func TestG12UnknownIsNeutral(t *testing.T) {
	s := must(Parse(map[string]string{
		"INDUSTRY_GOOD": "software", "INDUSTRY_BAD": "retail", "COMPANY_SIZE_MIN": "10", "ROLES": "head",
		"REP_VOTE_ON": "true", "SUPPORT_LOAD_ON": "true",
		"FIT_PROFILE": "company_size<5:-5", "WORTH_PROFILE": "industry=retail:-5",
	}))
	if r := Rate(s, &Record{}, calm(Start)); r.Score != 50 || r.Machine != "C" {
		t.Errorf("a contact of whom nothing is known is rated %s %d: want C 50", r.Machine, r.Score)
	}
	rapid.Check(t, func(t *rapid.T) {
		facts := []crm.Fact(genStory(20).Draw(t, "story"))
		now := genNow(t)
		if rapid.Bool().Draw(t, "shrugs") { // the last of them followed by another mail with all there is to say
			at := Start.Add(400 * day)
			for i := range 3 {
				at = at.Add(day)
				facts = append(facts, mail(fmt.Sprintf("ask/%d", i), at, crm.Out, crm.Asks, 30),
					mail(fmt.Sprintf("word/%d", i), at.Add(time.Hour), crm.In, crm.Vague, 1))
			}
			facts = append(facts, mail("rest", at.Add(2*time.Hour), crm.In, 0, 40))
			now = at.Add(time.Duration(rapid.IntRange(3, 30*24).Draw(t, "hours later")) * time.Hour)
		}
		if len(facts) == 0 {
			return
		}
		i := rapid.IntRange(0, len(facts)-1).Draw(t, "which")
		less := slices.Clone(facts)
		f := facts[i]
		switch {
		// of theirs
		case f.Property != nil && f.Property.Name != crm.PropNextActivity && f.Property.Name != crm.PropOwnerTimeZone:
			less = slices.Delete(less, i, i+1)
		case f.Message != nil && f.Message.Direction == crm.In && f.Message.Text.Class == crm.Human &&
			f.Message.Text.Horizon == 0 && !f.Message.Text.Intents.Any(crm.NotReady|crm.DefersTime):
			// "Not now" stops their clocks: without the text they run on, which is no more than silence does to
			// anybody.
			m := *f.Message
			m.Text = crm.Text{Unread: true}
			less[i].Message = &m
		default:
			return
		}
		a, b := Rate(s, recordOf(facts...), calm(now)), Rate(s, recordOf(less...), calm(now))
		for _, reason := range b.Reasons {
			if reason.Points < 0 && reason.Name != "clamp" && points(a, reason.Name) > reason.Points &&
				reason.Name != "broken_promises" {
				t.Fatalf("without %s %s counts %d instead of %d", f.ID, reason.Name, reason.Points,
					points(a, reason.Name))
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

// G13: early coldness is discounted: before the first booking, quote or stage it counts a third at most, and what they
// actively do in full.
func TestG13EarlyColdnessIsDiscounted(t *testing.T) {
	full := map[string]string{}
	for i := range signals.Book {
		if signals.Book[i].Sub == crm.Engagement {
			full[strings.ToUpper(signals.Book[i].Name)+"_EARLY"] = "100"
		}
	}
	undiscounted := must(Parse(full))
	rapid.Check(t, func(t *rapid.T) {
		facts := []crm.Fact(genStory(20).Draw(t, "story"))
		r := recordOf(slices.DeleteFunc(facts, func(f crm.Fact) bool {
			return f.Meeting != nil || f.Quote != nil || f.Deal != nil || f.Message != nil &&
				f.Message.Text.Intents.Any(crm.CarriesQuote)
		})...)
		now := calm(genNow(t))
		early, late := Rate(Defaults(), r, now), Rate(undiscounted, r, now)
		for _, reason := range early.Reasons {
			full := points(late, reason.Name)
			switch reason.Name {
			case "answers", "reply_latency", "dinner_calls", "dormant_after_intake":
				if reason.Points < 0 && 10*reason.Points < 3*full-6 {
					t.Fatalf("%s counts %d of %d", reason.Name, reason.Points, full)
				}
			case "short_answers":
				if 10*reason.Points < 6*full-6 {
					t.Fatalf("%s counts %d of %d", reason.Name, reason.Points, full)
				}
			case "clamp":
			default:
				if reason.Points != full {
					t.Fatalf("%s counts %d of %d", reason.Name, reason.Points, full)
				}
			}
		}
	})
}

// G15: more messages of ours cost them nothing: not in the score, and not in an earlier pending.
func TestG15OverPursuitIsFree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		// what else ends a silence
		facts = slices.DeleteFunc(facts, func(f crm.Fact) bool { return f.Message == nil && f.Call == nil })
		more := slices.Clone(facts)
		x := Explain(Defaults(), recordOf(facts...), calm(at), words.Default())
		var theirs status.Judge
		theirs.Look(&Defaults().Settings, recordOf(facts...), crm.At(at), crm.At(at), calendar.Never)
		for i, a := range x.Attempts { // within the gap of one that counts, and after enough
			if last := i == len(x.Attempts)-1; !a.Counted || !last && rapid.Bool().Draw(t, "none") {
				continue
			}
			until := theirs.Theirs.After(a.At, theirs.S.AttemptGap)
			for j := range rapid.IntRange(1, 5).Draw(t, "again") {
				when := a.At + (until-a.At-1)*crm.Millis(rapid.IntRange(1, 100).Draw(t, "when"))/100
				more = append(more, mail(fmt.Sprintf("again/%d/%d", i, j), when.Time(), crm.Out, crm.Asks, 30))
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
		if a, b := Rate(Defaults(), recordOf(facts...), now), Rate(Defaults(), recordOf(more...),
			now); b.Score < a.Score {
			t.Fatalf("score %d, with more of our messages %d", a.Score, b.Score)
		}
	})
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
		if x, y := asJSON(Rate(Defaults(), union, at)), asJSON(Rate(Defaults(), winner, at)); x != y ||
			asJSON(union) != asJSON(winner) {
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
		facts = append(facts, prop(why, "true", Start))
		r := Rate(Defaults(), recordOf(facts...), calm(genNow(t)))
		want := crm.Rating{
			Unrated: map[string]string{
				crm.PropOptOut: "opted_out", crm.PropDoNotProfile: "do_not_profile", crm.PropStaff: "staff",
			}[why], Model: Defaults().Version(),
		}
		if asJSON(r) != asJSON(want) {
			t.Fatalf("%s", asJSON(r))
		}
	})
}

// A promise of theirs to come back is a debt of theirs: it is never ours nor said to be, and until it is due nothing
// runs against them.
func TestTheirPromiseIsNoDebtOfOurs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := []crm.Fact{
			mail("first", Start, crm.In, crm.Asks, 40), mail("ours", Start.Add(day), crm.Out, crm.Asks, 40),
		}
		at := Start.Add(2 * day)
		promise := mail("promise", at, crm.In, crm.Promises|rapid.SampledFrom([]crm.Intents{
			0, crm.DefersTime, crm.RefusesTime, crm.NotReady, crm.Answers,
		}).Draw(t, "beside"), 12)
		due := at
		if rapid.Bool().Draw(t, "names a day") {
			due = at.Add(time.Duration(rapid.IntRange(1, 300).Draw(t, "days")) * day)
			promise.Message.Text.Horizon = crm.At(due)
		}
		facts = append(facts, promise)
		for i := range rapid.IntRange(0, 6).Draw(t, "attempts") {
			at = at.Add(time.Duration(rapid.IntRange(1, 30).Draw(t, "days between")) * day)
			facts = append(facts, mail(fmt.Sprintf("try/%d", i), at, crm.Out, crm.Asks, 30))
		}
		for now := promise.At.Time(); now.Before(due.Add(400 * day)); now = now.Add(3 * day) {
			var r Record
			for _, f := range facts {
				if f.At <= crm.At(now) {
					r.Fold(f)
				}
			}
			rating := Rate(Defaults(), &r, calm(now))
			if rating.Ball != crm.Them || rating.Overdue ||
				slices.ContainsFunc(rating.Reasons, func(r crm.Reason) bool { return r.ID == "A13" }) {
				t.Fatalf("%s: they owe the next move, but: %s", now, asJSON(rating))
			}
			if against(rating) && !now.After(due.Add(day)) {
				t.Fatalf("%s: they said that they would be back by %s, but: %s", now, due, asJSON(rating))
			}
		}
	})
}

// G12: of a message or a call whose direction is not known nothing is made: it awaits no answer, and no silence has run
// across it.
func TestG12UnknownDirectionIsNeutral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		from := facts[slices.IndexFunc(facts, func(f crm.Fact) bool { return f.ID == "try/0" })].At.Time()
		unknown := mail("unknown", from.Add(time.Duration(rapid.IntRange(1, int(at.Sub(from).Hours())).Draw(t,
			"hours after our first attempt"))*time.Hour), 0, crm.Asks, 20)
		unknown.Message.Channel = crm.SMS
		if rapid.Bool().Draw(t, "a call") {
			unknown = crm.Fact{
				ID: "unknown", Kind: crm.KindCall, At: unknown.At, Call: &crm.Call{Outcome: crm.NoAnswer},
			}
		}
		now := at.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "days")) * day)
		without := Explain(Defaults(), recordOf(facts...), calm(now), words.Default())
		with := Explain(Defaults(), recordOf(append(facts, unknown)...), calm(now), words.Default())
		if with.Ball == crm.Us && without.Ball != crm.Us || with.Rating.Engagement < without.Rating.Engagement {
			t.Fatalf("it costs them something:\n%s\n%s", asJSON(without), asJSON(with))
		}
		for _, a := range with.Attempts {
			if a.At < unknown.At {
				t.Fatalf("an attempt of before it counts on: %s", asJSON(with.Attempts))
			}
		}
		for _, c := range with.Clocks {
			if c.Name == "silence" && c.Since < unknown.At {
				t.Fatalf("the silence runs across it: %s", asJSON(c))
			}
		}
		if with.Rating.Unrated == "" && !slices.ContainsFunc(with.Turns, func(t Turn) bool {
			return t.Fact == "unknown" && t.Direction == "unknown"
		}) {
			t.Fatal("the conversation does not show it")
		}
	})
}
