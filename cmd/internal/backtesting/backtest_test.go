package backtesting

import (
	"encoding/csv"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/cmd/internal/lab/population"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// records are the lives of a crowd as records, without any decision.
func records(p *population.Population) []rules.Record {
	list := make([]rules.Record, p.Len())
	for i := range list {
		list[i].Fold(p.Live(i).Until(p.End)...)
	}
	return list
}

// What is taken off a record to look back must give what was known at the time.
func TestAsOfIsWhatWasKnown(t *testing.T) {
	p := population.First(9, 150)
	rnd := rand.New(rand.NewPCG(1, 1))
	looked, same := 0, 0
	for i := range p.Len() {
		var all rules.Record
		all.Fold(p.Live(i).Until(p.End)...)
		for range 6 {
			at := p.Begin.Add(time.Duration(rnd.Int64N(int64(p.End.Sub(p.Begin)))))
			var known rules.Record
			known.Fold(p.Live(i).Until(at)...)
			then := rules.AsOf(&all, crm.At(at.Add(-time.Millisecond)))
			a := rules.Rate(rules.Defaults(), &known, rules.Instant{Now: at, Profiled: true})
			b := rules.Rate(rules.Defaults(), &then, rules.Instant{Now: at, Profiled: true})
			looked++
			if a.Letter == b.Letter && a.Status == b.Status && a.Ball == b.Ball && a.Score == b.Score {
				same++
			}
			for _, f := range then.Facts() {
				if f.Kind != crm.KindProperty && f.Kind != crm.KindLasting && f.At > crm.At(at) {
					t.Fatalf("at %s the fact %s of %s is known", at, f.ID, f.At)
				}
			}
		}
	}
	// A meeting that was moved since stands at its new hour, and a next step that was noted later is there already: all
	// else agrees.
	if same < looked*96/100 {
		t.Errorf("%d of %d looks back say what was said then, want 96 %%", same, looked)
	}
	t.Logf("%d of %d looks back say what was said then", same, looked)
}

func TestAsOfTakesTheFutureOff(t *testing.T) {
	day := func(n int) crm.Millis { return crm.At(time.Date(2026, time.January, 5+n, 10, 0, 0, 0, time.UTC)) }
	var r rules.Record
	r.Fold(
		crm.Fact{ID: "meetings/1", Kind: crm.KindMeeting, At: day(0), Version: int64(day(9)), Meeting: &crm.Meeting{
			Start: day(8), State: crm.NoShow, Moved: []crm.Millis{day(3), day(6)}, By: crm.In,
		}},
		crm.Fact{ID: "quotes/1", Kind: crm.KindQuote, At: day(1), Version: int64(day(9)), Quote: &crm.Quote{
			Sent: []crm.Millis{day(1), day(7)}, Accepted: day(9),
		}},
		crm.Fact{ID: "tasks/1", Kind: crm.KindTask, At: day(1), Version: int64(day(9)), Task: &crm.Task{
			Due: day(4), Done: day(9),
		}},
		crm.Fact{ID: "deals/1", Kind: crm.KindDeal, At: day(1), Version: int64(day(9)), Deal: &crm.Deal{
			Stage: "won", Moves: []crm.StageMove{{At: day(1), Stage: "a"}, {At: day(9), Stage: "won"}}, Won: day(9),
			Contract: true,
		}},
		crm.Fact{
			ID: "property/customer", Kind: crm.KindProperty, At: day(9), Version: int64(day(9)),
			Property: &crm.Property{Name: crm.PropCustomer, Value: "true"},
		},
		crm.Fact{
			ID: "property/country", Kind: crm.KindProperty, At: day(9), Version: int64(day(9)), Property: &crm.Property{
				Name: crm.PropCountry, Value: "DE",
			},
		},
	)
	then := rules.AsOf(&r, day(5))
	var want rules.Record
	want.Fold(
		crm.Fact{ID: "meetings/1", Kind: crm.KindMeeting, At: day(0), Version: int64(day(9)), Meeting: &crm.Meeting{
			Start: day(8), Moved: []crm.Millis{day(3)}, By: crm.In,
		}},
		crm.Fact{ID: "quotes/1", Kind: crm.KindQuote, At: day(1), Version: int64(day(9)), Quote: &crm.Quote{
			Sent: []crm.Millis{day(1)},
		}},
		crm.Fact{ID: "tasks/1", Kind: crm.KindTask, At: day(1), Version: int64(day(9)), Task: &crm.Task{Due: day(4)}},
		crm.Fact{ID: "deals/1", Kind: crm.KindDeal, At: day(1), Version: int64(day(9)), Deal: &crm.Deal{
			Stage: "a", Moves: []crm.StageMove{{At: day(1), Stage: "a"}},
		}},
		crm.Fact{
			ID: "property/country", Kind: crm.KindProperty, At: day(9), Version: int64(day(9)), Property: &crm.Property{
				Name: crm.PropCountry, Value: "DE",
			},
		},
	)
	if diff := cmp.Diff(want, then); diff != "" {
		t.Errorf("as of the fifth day (-want +got):\n%s", diff)
	}
	if again := rules.AsOf(&r, day(30)); !cmp.Equal(r, again) {
		t.Errorf("as of a later day the record changed:\n%s", cmp.Diff(r, again))
	}
	if r.Items[0].Meeting.State != crm.NoShow {
		t.Error("the record itself was changed")
	}
}

func backtest(t *testing.T, env map[string]string, alone []Variant) *Report {
	t.Helper()
	p := population.First(4, 150)
	draft, err := rules.Parse(env)
	if err != nil {
		t.Fatal(err)
	}
	b := New(Plan{Today: rules.Defaults(), Draft: draft, Alone: alone, Since: p.Begin, Now: p.End, Workers: 2})
	for i, r := range records(p) {
		b.Add("crowd", population.Archetypes()[0].Name+strings.Repeat("x", i), &r)
	}
	return b.Report()
}

func TestDraftThatChangesNothing(t *testing.T) {
	r := backtest(t, nil, nil)
	if len(r.Changed) != 0 || len(r.Changes) != 0 || r.Newly != 0 || r.Freed != 0 {
		t.Errorf("the same settings change %d contacts and %d settings", len(r.Changes), len(r.Changed))
	}
	if diff := cmp.Diff(r.Tallies[0].Statuses, r.Tallies[1].Statuses); diff != "" {
		t.Errorf("the same settings count differently:\n%s", diff)
	}
	if r.Contacts != 150 || r.Wins < 80 {
		t.Errorf("%d contacts with %d wins, want 150 and most of them won", r.Contacts, r.Wins)
	}
}

func TestHasteCostsWins(t *testing.T) {
	hasty := map[string]string{
		"QUOTA_EARLY": "14d", "QUOTA_AFTER": "14d", "ATTEMPTS": "2", "ATTEMPT_DAYS": "2", "GRACE": "1",
	}
	one, err := rules.Parse(map[string]string{"GRACE": "1"})
	if err != nil {
		t.Fatal(err)
	}
	r := backtest(t, hasty, []Variant{{"WINNOW_RULES_GRACE", one}})
	today, draft, grace := &r.Tallies[0], &r.Tallies[1], &r.Tallies[2]
	if draft.WinsWarn <= today.WinsWarn || draft.WinsCut <= today.WinsCut || draft.WinsMoney <= today.WinsMoney {
		t.Errorf("haste flags %d wins before and cuts %d, today's settings %d and %d: want more", draft.WinsWarn,
			draft.WinsCut, today.WinsWarn, today.WinsCut)
	}
	if grace.WinsWarn != today.WinsWarn || grace.WinsCut < today.WinsCut {
		t.Errorf("a shorter grace alone flags %d wins, want %d as today, and cuts no fewer", grace.WinsWarn,
			today.WinsWarn)
	}
	if len(r.Changed) != 5 || len(r.Changes) == 0 {
		t.Fatalf("%d settings change and %d contacts", len(r.Changed), len(r.Changes))
	}
	for i := range r.Changes {
		if len(r.Changes[i].Why) == 0 && r.Changes[i].Today.Status != r.Changes[i].Draft.Status {
			t.Errorf("%+v changes without saying why", r.Changes[i])
		}
	}
	checkForms(t, r)
	checkCosts(t, r)
}

// checkCosts: those come first who bought and whom haste would have lost, and they add up to what the tallies say.
func checkCosts(t *testing.T, r *Report) {
	t.Helper()
	if r.Cut == 0 || r.Cut+r.Warned < r.Tallies[1].WinsWarn-r.Tallies[0].WinsWarn {
		t.Errorf("%d wins newly cut and %d newly pending; the tallies have %d and %d with any flag", r.Cut, r.Warned,
			r.Tallies[0].WinsWarn, r.Tallies[1].WinsWarn)
	}
	for i, d := range r.Changes {
		want := Cost("")
		switch {
		case i < r.Cut:
			want = CostCut
		case i < r.Cut+r.Warned:
			want = CostWarn
		}
		if d.Cost != want || want != "" && d.Outcome != "won" {
			t.Fatalf("change %d of %d is %+v, want cost %q", i, len(r.Changes), d, want)
		}
	}
}

// TestFewChangesAreKept: a bounded backtest counts as an unbounded one does and keeps the gravest changes of that one,
// and while it is under way it tells what has come of those rated so far.
func TestFewChangesAreKept(t *testing.T) {
	p := population.First(4, 90)
	draft, err := rules.Parse(map[string]string{"QUOTA_EARLY": "14d", "ATTEMPTS": "2", "ATTEMPT_DAYS": "2"})
	if err != nil {
		t.Fatal(err)
	}
	plan := Plan{Today: rules.Defaults(), Draft: draft, Since: p.Begin, Now: p.End}
	all, few := New(plan), New(Plan{Today: plan.Today, Draft: draft, Since: p.Begin, Now: p.End, Most: 3})
	for i, r := range records(p) {
		all.Add("crowd", strings.Repeat("x", i), &r)
		few.Add("crowd", strings.Repeat("x", i), &r)
		if so := few.SoFar(); so.Contacts != i+1 || len(so.Changes) > 3 {
			t.Fatalf("after %d it tells of %d, with %d changes", i+1, so.Contacts, len(so.Changes))
		}
	}
	want, got := all.Report(), few.Report()
	if len(want.Changes) < 7 || got.Differ != len(want.Changes) {
		t.Fatalf("%d changes are counted, %d there", got.Differ, len(want.Changes))
	}
	want.Changes = want.Changes[:3]
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-unbounded +bounded):\n%s", diff)
	}
}

// TestWhoBecameACustomerBought: also where the CRM knows of no deal, and not where it is not known since when.
func TestWhoBecameACustomerBought(t *testing.T) {
	customer := func(p crm.Property, version crm.Millis) *Closed {
		var r rules.Record
		p.Name, p.Value = crm.PropCustomer, "true"
		r.Fold(crm.Fact{ID: "property/customer", Kind: crm.KindProperty, At: 5, Version: int64(version), Property: &p})
		return boughtOf(&r)
	}
	if got := customer(crm.Property{}, 77); got == nil || !got.Won || got.At != 77 {
		t.Errorf("a customer since 77 has bought %+v", got)
	}
	if got := customer(crm.Property{OfRecord: true}, 77); got != nil {
		t.Errorf("of a record that never said anything else it is not known since when: %+v", got)
	}
}

// checkForms writes the report in all its forms.
func checkForms(t *testing.T, r *Report) {
	t.Helper()
	var table, text strings.Builder
	if err := r.Print(&table, 5); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"WINNOW_RULES_GRACE alone", "FLAGGED NOW", "WON, DISQUALIFIED", "more: --all"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, table.String())
		}
	}
	if err := r.CSV(&text); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(strings.NewReader(text.String())).ReadAll()
	if err != nil || len(lines) != len(r.Changes)+1 {
		t.Errorf("%d lines of CSV for %d changes: %v", len(lines), len(r.Changes), err)
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(data, &back); err != nil || !cmp.Equal(*r, back) {
		t.Errorf("JSON does not come back: %v\n%s", err, cmp.Diff(*r, back))
	}
}

func TestCellsAreNoFormulas(t *testing.T) {
	for _, text := range []string{"=1+1", "+12 points", "-3", "@x", "\tx"} {
		if got := Cell(text); got[0] != '\'' {
			t.Errorf("%q stays a formula", got)
		}
	}
	if Cell("") != "" || Cell("plain") != "plain" {
		t.Error("harmless text is changed")
	}
}

// What a contact's own decisions before the time that is looked at were stands for both sides.
func TestEarlierDecisionsStand(t *testing.T) {
	start := time.Date(2026, time.January, 5, 9, 0, 0, 0, time.UTC)
	mail := func(id string, day int, d crm.Direction, intents crm.Intents) crm.Fact {
		at := crm.At(start.AddDate(0, 0, day))
		return crm.Fact{ID: "emails/" + id, Kind: crm.KindMessage, Version: int64(at), At: at, Message: &crm.Message{
			Direction: d, Channel: crm.Email, Text: crm.Text{Units: 30, Intents: intents},
		}}
	}
	var r rules.Record
	r.Fold(mail("1", 0, crm.In, crm.Answers), mail("2", 1, crm.Out, crm.Asks), mail("3", 8, crm.Out, crm.Asks),
		mail("4", 15, crm.Out, crm.Asks))
	r.Fold(crm.Fact{
		ID: "decision/1", Kind: crm.KindDecision, At: crm.At(start.AddDate(0, 0, 50)), Decision: &crm.Decision{
			Status: crm.Pending, Ground: crm.Unresponsive, Hangs: "emails/1",
		},
	})
	tracks := replay([]*rules.Settings{rules.Defaults()}, &r, start.AddDate(0, 0, 55), start.AddDate(0, 0, 80))
	if tr := tracks[0]; tr.Flagged != 0 || tr.Ended == 0 || tr.Rating.Status != crm.Disqualified {
		t.Errorf("flagged %s, ended %s, %s: want the earlier pending to go on and end", tr.Flagged, tr.Ended,
			tr.Rating.Status)
	}
	tracks = replay([]*rules.Settings{rules.Defaults()}, &r, start, start.AddDate(0, 0, 80))
	if tr := tracks[0]; tr.Flagged == 0 || tr.Rating.Status != crm.Disqualified {
		t.Errorf("flagged %s, %s: want it decided anew", tr.Flagged, tr.Rating.Status)
	}
}

// Under a longer grace a contact is pending on the same day and disqualified later: the list has to say so, and not to
// list those of whom only hours differ.
func TestDifferenceSaysWhatMoves(t *testing.T) {
	at := func(day, hour int) crm.Millis {
		return crm.At(time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC))
	}
	today := Track{Flagged: at(2, 1), Ended: at(12, 1), Ground: crm.Unresponsive}
	later := Track{Flagged: at(2, 1), Ended: at(26, 1), Ground: crm.Unresponsive}
	d := difference(&job{}, []Track{today, later}, nil)
	if d == nil || len(d.Why) != 1 || d.Why[0] != "disqualified 14 days later, for unresponsive" {
		t.Errorf("got %+v, want that the end comes later", d)
	}
	if d := difference(&job{}, []Track{
		today, {Flagged: at(2, 5), Ended: at(12, 9), Ground: crm.Unresponsive},
	}, nil); d != nil {
		t.Errorf("hours are no difference: %+v", d)
	}
	if d := difference(&job{}, []Track{today, {}}, nil); d == nil || len(d.Why) != 2 ||
		!strings.Contains(d.Why[0], "never pending") {
		t.Errorf("got %+v, want never", d)
	}
}
