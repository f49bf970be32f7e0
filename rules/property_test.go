package rules

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/status"
)

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// adds checks that the points of the reasons bring each sub-score from 50 to its value.
func adds(r crm.Rating) error {
	if r.Unrated != "" {
		return nil
	}
	sums := map[crm.Sub]int{crm.Engagement: 50, crm.Fit: 50, crm.Worth: 50}
	for _, reason := range r.Reasons {
		if reason.Sub == "" && reason.Points != 0 {
			return fmt.Errorf("%s has points and no sub-score", reason.Name)
		}
		if reason.Sub != "" {
			sums[reason.Sub] += reason.Points
		}
	}
	for sub, want := range map[crm.Sub]int{crm.Engagement: r.Engagement, crm.Fit: r.Fit, crm.Worth: r.Worth} {
		if sums[sub] != want {
			return fmt.Errorf("reasons bring %s to %d, but it is %d", sub, sums[sub], want)
		}
	}
	return nil
}

func TestReasonsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := recordOf(genStory(25).Draw(t, "story")...)
		if err := adds(Rate(genSettings(t), r, calm(genNow(t)))); err != nil {
			t.Fatal(err)
		}
	})
}

// G16: order, repetition and splitting never change a record or a rating.
func TestG16OrderAndRepetition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := genStory(25).Draw(t, "story")
		facts = append(facts, genDecisions(t, facts)...)
		// Newer versions of some facts, and rival ones of the same version.
		for i := range facts {
			if rapid.IntRange(0, 5).Draw(t, "versions") == 0 {
				g := genFact(t, facts[i].ID, facts[i].At.Time())
				g.Kind, g.Message, g.Call, g.Meeting, g.Quote, g.Task, g.Deal, g.Property, g.Decision, g.Referral = facts[i].Kind, facts[i].Message, facts[i].Call, facts[i].Meeting, facts[i].Quote, facts[i].Task, facts[i].Deal, facts[i].Property, facts[i].Decision, facts[i].Referral
				g.Peer = facts[i].Peer
				if g.Message != nil {
					m := *g.Message
					m.Text.Units++
					g.Message = &m
				}
				g.Version = facts[i].Version + int64(rapid.IntRange(-1, 1).Draw(t, "version"))
				if rapid.Bool().Draw(t, "gone") && g.Property == nil && g.Decision == nil {
					g = gone(g, g.Version)
				}
				facts = append(facts, g)
			}
		}
		once := recordOf(facts...)
		other := append(shuffled(facts, rapid.Uint64().Draw(t, "seed")), facts...)
		var twice Record
		for len(other) > 0 {
			n := rapid.IntRange(1, len(other)).Draw(t, "split")
			twice.Fold(other[:n]...)
			other = other[n:]
		}
		if !reflect.DeepEqual(*once, twice) {
			t.Fatalf("the record depends on the order: %s", cmp.Diff(*once, twice))
		}
		if twice.Fold(facts...) {
			t.Fatal("a repetition changed the record")
		}
		at, s := calm(genNow(t)), genSettings(t)
		before := asJSON(once)
		if a, b := asJSON(Rate(s, once, at)), asJSON(Rate(s, &twice, at)); a != b {
			t.Fatalf("ratings differ:\n%s\n%s", a, b)
		}
		if asJSON(once) != before {
			t.Fatal("Rate changed the record")
		}
	})
}

// genDecisions draws decisions as they may stand among the facts.
func genDecisions(t *rapid.T, facts []crm.Fact) []crm.Fact {
	var list []crm.Fact
	if len(facts) == 0 {
		return nil
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "decisions") {
		d := crm.Decision{
			Status: rapid.SampledFrom([]crm.Status{
				crm.Pending, crm.Disqualified, crm.Open, crm.Requalified,
			}).Draw(t, "status"),
		}
		if d.Status != crm.Requalified && d.Status != crm.Open {
			d.Ground = rapid.SampledFrom(status.Grounds[:]).Draw(t, "ground")
		}
		hangs := rapid.SampledFrom(facts).Draw(t, "hangs")
		d.Hangs = hangs.ID
		at := hangs.At.Time().Add(time.Duration(rapid.IntRange(0, 90*24).Draw(t, "after")) * time.Hour)
		list = append(list, crm.Fact{
			ID: fmt.Sprintf("decision/%d", i), Kind: crm.KindDecision, At: crm.At(at), Version: at.UnixMilli(),
			Decision: &d,
		})
	}
	return list
}

// Due: between two due instants time changes nothing.
func TestDueIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := genStory(20).Draw(t, "story")
		facts = append(facts, genDecisions(t, facts)...)
		r := recordOf(facts...)
		at, s := calm(genNow(t)), genSettings(t)
		lag := time.Duration(rapid.SampledFrom([]int{0, 0, 3, 300}).Draw(t, "lag, hours")) * time.Hour
		at.Read = at.Now.Add(-lag)
		if rapid.IntRange(0, 4).Draw(t, "arrived") == 0 {
			at.Arrived = at.Now.Add(-time.Minute)
		}
		rating := Rate(s, r, at)
		until := rating.Due.Time()
		if rating.Due == 0 {
			until = at.Now.Add(3000 * 24 * time.Hour)
		}
		if !until.After(at.Now) {
			t.Fatalf("due %s is not after now %s", until, at.Now)
		}
		rating.Due = 0
		want := asJSON(rating)
		gap := until.Sub(at.Now)
		for _, d := range []time.Duration{time.Millisecond, gap / 7, gap / 2, gap - gap/9, gap - time.Millisecond} {
			if d <= 0 || d >= gap {
				continue
			}
			later := at
			later.Now, later.Read = at.Now.Add(d).Truncate(time.Millisecond), at.Read.Add(d).Truncate(time.Millisecond)
			got := Rate(s, r, later)
			got.Due = 0
			if asJSON(got) != want {
				t.Fatalf("now %s, due %s, but at %s something else changed:\n%s", at.Now, until, later.Now,
					cmp.Diff(rating, got))
			}
		}
	})
}

// Left alone, a contact's decisions come to an end: nothing flaps.
func TestNothingFlaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := genStory(15).Draw(t, "story")
		if rapid.Bool().Draw(t, "decided before") {
			facts = append(facts, genDecisions(t, facts)...)
		}
		end := Start
		for _, f := range facts {
			if f.At.Time().After(end) {
				end = f.At.Time()
			}
		}
		ratings, all := drive(genSettings(t), facts, end, end.Add(700*24*time.Hour))
		if n := len(all) - len(facts); n > 12 {
			for _, f := range all[len(facts):] {
				t.Logf("%s %+v", f.At, *f.Decision)
			}
			t.Fatalf("%d decisions about a history that has ended", n)
		}
		if len(ratings) >= 1000 {
			t.Fatalf("%d due instants in two years", len(ratings))
		}
	})
}

// The rule book's signals all speak in the generated histories, or the properties above would say nothing about them.
func TestEverySignalSpeaks(t *testing.T) {
	spoken := map[string]int{}
	for seed := range 600 {
		short := genStory(25).Example(seed)
		long := append(slices.Clone(short), genStory(60).Example(seed+1000)...)
		for i := range long {
			if long[i].Kind != crm.KindProperty {
				long[i].ID = fmt.Sprintf("f/%02d", i)
			}
		}
		for _, facts := range []story{short, long} {
			for _, reason := range Rate(rich, recordOf(facts...),
				calm(Start.Add(time.Duration(seed)*24*time.Hour))).Reasons {
				spoken[reason.Name]++
			}
		}
	}
	for _, sig := range rich.Signals() {
		switch sig.Name {
		case "suspect_hour", "scope_creep", "low_margin", "dinner_calls", "inbound":
			continue // rare: stories show them
		}
		if spoken[sig.Name] == 0 {
			t.Errorf("%s never spoke", sig.Name)
		}
	}
}
