package tuning

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/cmd/internal/lab/population"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// behind is by how much the defaults still miss an aim on a crowd. These figures may only fall, and the lines go as the
// aims are reached.
var behind = map[string]map[string]float64{
	"third": {
		"the kind of time-waster found least within its quota and a month": 2.6,
	},
}

// The default settings reach what they are there for, on every crowd. Each is drawn several times, because a crowd has
// six sellers only and one careless one among them weighs much; twice is enough in a hurry, and then the last crowds,
// of which nothing was tuned, rest.
func TestDefaultsReachTheirAims(t *testing.T) {
	for _, of := range []struct {
		draw        func(uint64, int) *population.Population
		first, last uint64
		slow        bool
	}{
		{population.First, 21, 24, false},
		{population.Second, 21, 24, false},
		{population.Third, 101, 110, true},
		{population.Fourth, 101, 106, true},
	} {
		name := of.draw(1, 1).Name
		switch {
		case testing.Short() && of.slow:
			continue
		case testing.Short():
			of.last = of.first + 1
		}
		var crowds []*population.Population
		for seed := of.first; seed <= of.last; seed++ {
			crowds = append(crowds, of.draw(seed, 350))
		}
		_, all, err := Together(t.Context(), rules.Defaults(), crowds, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all.Aims() {
			t.Logf("%s crowd: %s: %s, want %s", name, a.What, a.Got, a.Want)
			if known := behind[name][a.What]; a.short > known {
				t.Errorf("%s crowd: %s: %s, want %s; it was behind by %.2f and is by %.2f", name, a.What, a.Got,
					a.Want, known, a.short)
			}
		}
	}
}

// A simulation whose aims cannot be missed would show nothing.
func TestAimsCanBeMissed(t *testing.T) {
	p := population.First(21, 200)
	for what, env := range map[string]map[string]string{
		"genuine buyers ever pending": {
			"QUOTA_EARLY": "14d", "QUOTA_AFTER": "14d", "ATTEMPTS": "2",
			"ATTEMPT_DAYS": "2", "ATTEMPT_GAP": "0",
		},
		"time-wasters pending within their quota": {
			"QUOTA_EARLY": "365d", "QUOTA_AFTER": "365d", "QUOTA_LATE": "365d",
			"NO_PROGRESS": "365d", "FACT_FINDING": "365d", "DIFFICULT_SIGNALS": "9",
		},
	} {
		s, err := rules.Parse(env)
		if err != nil {
			t.Fatal(err)
		}
		outcomes, err := Simulate(context.Background(), s, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range Sum(s, outcomes).Aims() {
			if a.What == what && a.Reached {
				t.Errorf("%v still reaches %q with %s", env, what, a.Got)
			}
		}
	}
}

func TestSimulationRepeats(t *testing.T) {
	p := population.Second(3, 80)
	a, err := Simulate(context.Background(), rules.Defaults(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Simulate(context.Background(), rules.Defaults(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, b, cmp.AllowUnexported(Outcome{}, letterChanges{}),
		cmp.Comparer(func(x, y *population.Archetype) bool { return x == y })); diff != "" {
		t.Errorf("two runs of one crowd differ:\n%s", diff)
	}
}

func TestIdleRule(t *testing.T) {
	start := time.Date(2025, time.March, 3, 10, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return start.AddDate(0, 0, n) }
	mail := func(n int, d crm.Direction) *crm.Fact {
		return &crm.Fact{ID: "emails/1", Kind: crm.KindMessage, At: crm.At(day(n)), Message: &crm.Message{
			Direction: d, Channel: crm.Email,
		}}
	}
	r := idleRule{early: 45 * 24 * time.Hour, after: 30 * 24 * time.Hour}
	if r.flags(day(500)) {
		t.Error("flags somebody of whom nothing is known")
	}
	r.see(mail(0, crm.In))
	r.see(mail(20, crm.Out))
	if r.flags(day(44)) || !r.flags(day(45)) {
		t.Error("want a flag 45 days after their word, whatever we wrote since")
	}
	r.see(&crm.Fact{ID: "quotes/1", Kind: crm.KindQuote, At: crm.At(day(21)), Quote: &crm.Quote{}})
	if r.flags(day(29)) || !r.flags(day(30)) {
		t.Error("want 30 days once there is a quote")
	}
}

func TestGuardsCanBeTakenAway(t *testing.T) {
	for _, g := range Guards() {
		s, err := g.Without(map[string]string{"SLA": "2"})
		if err != nil {
			t.Errorf("%s: %v", g.ID, err)
			continue
		}
		if s.Version() == rules.Defaults().Version() {
			t.Errorf("%s changes nothing", g.ID)
		}
	}
}

func TestTables(t *testing.T) {
	outcomes, err := Simulate(context.Background(), rules.Defaults(), population.First(5, 60), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := Sum(rules.Defaults(), outcomes)
	people := 0
	for _, r := range c.Rows {
		people += r.People
	}
	if people != 60 || c.Total.People != 60 {
		t.Errorf("the rows hold %d people, the total %d, want 60", people, c.Total.People)
	}
	var b strings.Builder
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	if err := c.PrintKinds(&b); err != nil {
		t.Fatal(err)
	}
	if err := c.PrintIdle(&b); err != nil {
		t.Fatal(err)
	}
	if err := PrintGuards(&b, c, []Compared{{Guard: Guards()[0], Crowd: c}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"archetype", "decided", "changes a quarter", "genuine buyers ever pending", "G1 we owe them an answer",
		"without G3",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the tables lack %q:\n%s", want, b.String())
		}
	}
}
