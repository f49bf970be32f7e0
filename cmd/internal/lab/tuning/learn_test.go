package tuning

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/backtesting"
	"github.com/winnow-crm/winnow/cmd/internal/lab/population"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

func TestLogisticFindsWhatWasPlanted(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	planted := []float64{-2, 1.5, 0}
	var xs [][]float64
	var ys []bool
	for range 4000 {
		x := []float64{rnd.Float64(), rnd.Float64(), rnd.Float64()}
		z := 0.5
		for i := range x {
			z += planted[i] * x[i]
		}
		xs, ys = append(xs, x), append(ys, rnd.Float64() < 1/(1+math.Exp(-z)))
	}
	f, ok := logistic(xs, ys)
	if !ok {
		t.Fatal("the fit does not settle")
	}
	for i, want := range planted {
		if math.Abs(f.weights[i]-want) > 3*f.errors[i] || f.errors[i] > 0.2 {
			t.Errorf("weight %d is %.2f ± %.2f, planted %.2f", i, f.weights[i], f.errors[i], want)
		}
	}
}

func TestLogisticBearsPerfectSeparation(t *testing.T) {
	var xs [][]float64
	var ys []bool
	for i := range 100 {
		xs, ys = append(xs, []float64{float64(i % 2)}), append(ys, i%2 == 1)
	}
	if f, ok := logistic(xs, ys); !ok || f.weights[0] < 2 || f.weights[0] > 10 {
		t.Errorf("weight %v, settled %v: want a large one, drawn towards zero", f.weights, ok)
	}
}

func TestRanking(t *testing.T) {
	won := []bool{true, true, false, false}
	for want, scores := range map[float64][]float64{
		1: {4, 3, 2, 1}, 0: {1, 2, 3, 4}, 0.5: {1, 1, 1, 1}, 0.75: {4, 2, 3, 1},
	} {
		if got := ranking(scores, won); got != want {
			t.Errorf("%v ranks %.2f, want %.2f", scores, got, want)
		}
	}
}

// records are the lives of a crowd as records, without any decision.
func records(p *population.Population) []rules.Record {
	list := make([]rules.Record, p.Len())
	for i := range list {
		list[i].Fold(p.Live(i).Until(p.End)...)
	}
	return list
}

// lessons learns from a crowd of which those who never bought were given up, as lost deals.
func lessons(t *testing.T, p *population.Population, change func(i int, r *rules.Record)) (*Lessons, string) {
	t.Helper()
	l, err := NewLearner(map[string]string{}, 14*24*time.Hour, p.End)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range records(p) {
		if closed := backtesting.OutcomeOf(&r); closed == nil || !closed.Won {
			lost := crm.At(p.End.AddDate(0, 0, -20))
			r.Fold(crm.Fact{
				ID: "deals/lost", Kind: crm.KindDeal, At: backtesting.Beginning(&r) + 1, Version: int64(lost),
				Deal: &crm.Deal{Lost: lost},
			})
		}
		if change != nil {
			change(i, &r)
		}
		l.Add("crowd", fmt.Sprint(i), r)
	}
	out := l.Lessons()
	var b strings.Builder
	if err := out.Print(&b); err != nil {
		t.Fatal(err)
	}
	return out, b.String()
}

// settings reads the lines of what was printed as backtest does.
func settings(t *testing.T, text string) map[string]string {
	t.Helper()
	env := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && line[0] != '#' {
			rule, ok := strings.CutPrefix(name, rules.Prefix)
			if !ok {
				t.Errorf("a line that is no rule: %s", line)
			}
			env[rule] = value
		}
	}
	return env
}

func TestLessonsOfACrowd(t *testing.T) {
	out, text := lessons(t, population.First(6, 700), nil)
	if out.Won < 500 || out.Lost < 60 || out.Conduct.Why != "" {
		t.Fatalf("%d won, %d lost, fit: %s", out.Won, out.Lost, out.Conduct.Why)
	}
	env := settings(t, text)
	if _, err := rules.Parse(env); err != nil {
		t.Errorf("what was learned is no valid draft: %v\n%s", err, text)
	}
	if out.Conduct.Ranking[1] < 0.6 {
		t.Errorf("the fit ranks with %.2f: the crowd's wasters show by their conduct", out.Conduct.Ranking[1])
	}
	if env["REPLY_LATENCY_TYPICAL"] == "" || !(out.Quantile[0] < out.Quantile[1] && out.Quantile[1] < out.Quantile[2]) {
		t.Errorf("quantiles %v of %d answers", out.Quantile, out.Replies)
	}
	for _, s := range out.Conduct.Signals {
		if s.Points != 0 && (sign(s.Points) != sign(s.Signal.Points) || math.Abs(s.Odds) < certain*s.Error) {
			t.Errorf("%s is given %d points by odds of %.2f ± %.2f", s.Signal.Name, s.Points, s.Odds, s.Error)
		}
	}
	if again, second := lessons(t, population.First(6, 700), nil); again.Fit != out.Fit || second != text {
		t.Error("the same records give other lessons")
	}
}

// What is planted in the profile comes out of it, and what tells of the outcome, or of the person, does not.
func TestLiftFindsWhatWasPlanted(t *testing.T) {
	prop := func(name, value string, at crm.Millis) crm.Fact {
		return crm.Fact{
			ID: "property/" + name, Kind: crm.KindProperty, At: at, Version: int64(at),
			Property: &crm.Property{Name: name, Value: value},
		}
	}
	rnd := rand.New(rand.NewPCG(8, 8))
	out, text := lessons(t, population.First(6, 700), func(_ int, r *rules.Record) {
		closed, at := backtesting.OutcomeOf(r), backtesting.Beginning(r)
		channel, seats := "fair", rnd.IntN(100)
		if closed.Won == (rnd.Float64() < 0.9) {
			channel = "friend"
		}
		if !closed.Won {
			seats /= 3
		}
		r.Fold(prop("channel", channel, at), prop("seats", fmt.Sprint(seats), at),
			prop("coin", fmt.Sprint("side ", rnd.IntN(2)), at),
			prop("gender", map[bool]string{true: "x", false: "y"}[closed.Won], at),
			prop("closing_note", fmt.Sprint(closed.Won), closed.At))
	})
	if !strings.Contains(out.Fit, "channel=friend:+") || !strings.Contains(out.Fit, "seats>=") {
		t.Errorf("planted channel and seats, found %s\n%s", out.Fit, text)
	}
	for _, name := range []string{"coin", "gender", "closing_note", "country"} {
		if strings.Contains(out.Fit, name) {
			t.Errorf("%s must not be learned: %s", name, out.Fit)
		}
	}
	if strings.Count(out.Fit, "seats>=") != 1 {
		t.Errorf("one bound for one property: %s", out.Fit)
	}
	if _, err := rules.Parse(settings(t, text)); err != nil {
		t.Errorf("what was learned is no valid draft: %v", err)
	}
}

func TestTooLittleData(t *testing.T) {
	out, text := lessons(t, population.First(6, 40), nil)
	if !strings.Contains(text, "Too little data") || out.Fit != "" || len(out.Conduct.Signals) != 0 {
		t.Errorf("%d won and %d lost are too few:\n%s", out.Won, out.Lost, text)
	}
	l, err := NewLearner(nil, 14*24*time.Hour, time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := l.Lessons().Print(&b); err != nil || len(settings(t, b.String())) != 0 {
		t.Errorf("of nothing something is learned: %v\n%s", err, b.String())
	}
}

// Where outcomes have nothing to do with conduct, nothing is to be learned from it.
func TestChanceTeachesNothing(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 5))
	p := population.First(6, 700)
	l, err := NewLearner(map[string]string{}, 14*24*time.Hour, p.End)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range records(p) {
		end := crm.At(p.Begin.AddDate(0, 0, 150))
		r = rules.AsOf(&r, end)
		d := crm.Deal{Lost: end}
		if rnd.IntN(2) == 0 {
			d = crm.Deal{Won: end}
		}
		r.Items = nil
		r.Lasting.Won, r.Lasting.LastWon = 0, 0
		r.Fold(crm.Fact{
			ID: "deals/drawn", Kind: crm.KindDeal, At: backtesting.Beginning(&r), Version: int64(end), Deal: &d,
		})
		l.Add("crowd", fmt.Sprint(i), r)
	}
	out := l.Lessons()
	if out.Won < 200 || out.Lost < 200 || out.Conduct.Better || out.Fit != "" {
		t.Errorf("%d won, %d lost by lot; better %v (%v), fit %q", out.Won, out.Lost, out.Conduct.Better,
			out.Conduct.Ranking, out.Fit)
	}
}
