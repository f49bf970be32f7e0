package tuning

import (
	"cmp"
	"math"
	"slices"
)

// folds is into how many parts the outcomes are split, so that each is ranked by a fit that has not seen it.
const folds = 5

// certain is the number of standard errors from zero at which a weight is believed: about 95 % of chance lies below.
const certain = 1.96

// conduct fits the signals that enough contacts show, at most so many, to won and lost.
func (l *Learner) conduct(most int) Conduct {
	var c Conduct
	for k := range l.signals {
		w := Weighed{Signal: l.signals[k]}
		for i := range l.samples {
			if s := &l.samples[i]; s.strength[k] != 0 {
				if s.won {
					w.Seen[0]++
				} else {
					w.Seen[1]++
				}
			}
		}
		c.Signals = append(c.Signals, w)
	}
	var used []int
	for k := range c.Signals {
		if w := &c.Signals[k]; w.Seen[0]+w.Seen[1] >= leastShown {
			used = append(used, k)
		} else {
			w.Note = "too few contacts show it"
		}
	}
	slices.SortStableFunc(used, func(a, b int) int { return c.Signals[b].seen() - c.Signals[a].seen() })
	for _, k := range used[min(most, len(used)):] {
		c.Signals[k].Note = "too few outcomes for one more weight"
	}
	used = used[:min(most, len(used))]
	if len(used) == 0 {
		c.Why = "no signal is shown by enough contacts"
		return c
	}
	f, ok := l.fitted(used, nil)
	if !ok {
		c.Why = "the fit does not settle"
		return c
	}
	l.weigh(&c, used, f)
	l.rank(&c, used)
	return c
}

func (w *Weighed) seen() int { return w.Seen[0] + w.Seen[1] }

// fitted fits the samples that keep lets through; nil: all.
func (l *Learner) fitted(used []int, keep func(*sample) bool) (fit, bool) {
	var xs [][]float64
	var ys []bool
	for i := range l.samples {
		s := &l.samples[i]
		if keep == nil || keep(s) {
			xs, ys = append(xs, pick(s.strength, used)), append(ys, s.won)
		}
	}
	if len(xs) == 0 {
		return fit{}, false
	}
	return logistic(xs, ys)
}

func pick(all []float64, used []int) []float64 {
	x := make([]float64, len(used))
	for i, k := range used {
		x[i] = all[k]
	}
	return x
}

// weigh turns odds into points: such that engagement spreads as far as it does today, so that the bands keep their
// meaning.
func (l *Learner) weigh(c *Conduct, used []int, f fit) {
	var today, fitted []float64
	for i := range l.samples {
		x := pick(l.samples[i].strength, used)
		points := 0.0
		for j, k := range used {
			points += x[j] * float64(l.signals[k].Points)
		}
		today, fitted = append(today, points), append(fitted, f.score(x))
	}
	scale := 0.0
	if s := spread(fitted); s > 0 {
		scale = spread(today) / s
	}
	for j, k := range used {
		w := &c.Signals[k]
		w.Odds, w.Error = f.weights[j], f.errors[j]
		points := min(max(int(math.Round(w.Odds*scale)), -fineness), fineness)
		switch {
		case math.Abs(w.Odds) < certain*w.Error:
			w.Note = "not to be told from chance"
		case points != 0 && sign(points) != sign(w.Signal.Points):
			w.Note = "the records point the other way: look at it, or switch it off"
		case points == w.Signal.Points:
			w.Note = "as it is"
		default:
			w.Points = points
		}
	}
	slices.SortStableFunc(c.Signals, func(a, b Weighed) int { return cmp.Compare(math.Abs(b.Odds), math.Abs(a.Odds)) })
}

// rank compares how well the points as they are and the fitted ones rank outcomes that the fit has not seen.
func (l *Learner) rank(c *Conduct, used []int) {
	var today, fitted []float64
	var won []bool
	for part := range uint32(folds) {
		f, ok := l.fitted(used, func(s *sample) bool { return s.fold != part })
		if !ok {
			return
		}
		for i := range l.samples {
			s := &l.samples[i]
			if s.fold != part {
				continue
			}
			points := 0.0
			for k := range l.signals {
				points += s.strength[k] * float64(l.signals[k].Points)
			}
			today, fitted, won = append(today, points), append(fitted, f.score(pick(s.strength, used))),
				append(won, s.won)
		}
	}
	c.Ranking = [2]float64{ranking(today, won), ranking(fitted, won)}
	c.Better = c.Ranking[1] > c.Ranking[0]+0.01
}
