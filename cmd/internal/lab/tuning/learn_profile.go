package tuning

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// Lift is how much more often contacts that meet a condition were won.
type Lift struct {
	Condition string
	Won, Lost int     // of those that meet it
	Lift      float64 // Laplace-smoothed share won, by that of all
	Sure      float64 // standard errors of the logarithm of the odds ratio
	Points    int     // 0 where the records do not speak
	Note      string
}

// learnable reports whether a property may measure fit. Those that rules know by name are Winnow's own, tell of the
// outcome, or say where somebody lives.
func learnable(name string) bool {
	return !crm.Reserved(name) && !strings.HasPrefix(strings.ToLower(name), "winnow")
}

// profile finds the conditions whose lift is not chance, and the setting that they make.
func (l *Learner) profile(won, lost int) (list []Lift, fitLine string) {
	for _, name := range l.names() {
		list = append(list, l.conditions(name, won, lost)...)
	}
	// With many conditions some look good by chance: the more are looked at, the surer each has to be.
	need := math.Sqrt2 * math.Erfinv(1-0.05/float64(max(len(list), 1)))
	var lines []string
	best := map[string]bool{}
	slices.SortStableFunc(list, func(a, b Lift) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Sure), math.Abs(a.Sure)), strings.Compare(a.Condition, b.Condition))
	})
	for i := range list {
		f := &list[i]
		points := min(max(int(math.Round(10*math.Log2(f.Lift))), -20), 20)
		name, numeric := f.Condition[:strings.IndexAny(f.Condition, "=><")], strings.Contains(f.Condition, ">=")
		switch _, err := rules.Parse(map[string]string{"FIT_PROFILE": f.text(points)}); {
		case err != nil:
			f.Note = "settings refuse it"
		case math.Abs(f.Sure) < need:
			f.Note = "not to be told from chance"
		case numeric && best[name]:
			f.Note = "another bound tells more"
		case points == 0:
			f.Note = "too little to be worth a point"
		default:
			f.Points = points
			best[name] = best[name] || numeric
			lines = append(lines, f.text(points))
		}
	}
	return list, strings.Join(lines, ";")
}

func (f *Lift) text(points int) string { return fmt.Sprintf("%s:%+d", f.Condition, points) }

// names are the properties that the samples know.
func (l *Learner) names() []string {
	all := map[string]bool{}
	for i := range l.samples {
		for name := range l.samples[i].profile {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// conditions are those on one property: a value each, or bounds where the values are numbers.
func (l *Learner) conditions(name string, won, lost int) []Lift {
	values, numbers := map[string]bool{}, []float64(nil)
	haveNumbers := true
	for i := range l.samples {
		v, ok := l.samples[i].profile[name]
		if !ok {
			continue
		}
		values[strings.ToLower(v)] = true
		n, err := strconv.ParseFloat(v, 64)
		haveNumbers = haveNumbers && err == nil
		numbers = append(numbers, n)
	}
	var list []Lift
	add := func(condition string, holds func(string) bool) {
		f := Lift{Condition: condition}
		for i := range l.samples {
			s := &l.samples[i]
			if v, ok := s.profile[name]; !ok || !holds(v) {
				continue
			}
			if s.won {
				f.Won++
			} else {
				f.Lost++
			}
		}
		if f.Won+f.Lost < leastShown || f.Won+f.Lost > won+lost-leastShown {
			return
		}
		f.measure(won, lost)
		list = append(list, f)
	}
	if haveNumbers && len(values) >= 4 {
		slices.Sort(numbers)
		var bounds []float64
		for _, q := range [...]float64{0.25, 0.5, 0.75} {
			bounds = append(bounds, numbers[int(q*float64(len(numbers)-1))])
		}
		for _, bound := range slices.Compact(bounds) {
			add(name+">="+strconv.FormatFloat(bound, 'f', -1, 64), func(v string) bool {
				n, err := strconv.ParseFloat(v, 64)
				return err == nil && n >= bound
			})
		}
		return list
	}
	if len(values) > 100 { // names, addresses: a value says nothing of anybody else
		return nil
	}
	for _, value := range slices.Sorted(maps.Keys(values)) {
		if !strings.ContainsAny(value, ";:|") { // these divide conditions
			add(name+"="+value, func(v string) bool { return strings.EqualFold(v, value) })
		}
	}
	return list
}

// measure compares those that meet the condition with all others. One more won and one more lost are added to either
// side.
func (f *Lift) measure(won, lost int) {
	a, b := float64(f.Won), float64(f.Lost)
	c, d := float64(won)-a, float64(lost)-b
	f.Lift = (a + 1) / (a + b + 2) / ((a + c + 1) / (a + b + c + d + 2))
	odds := math.Log((a + 0.5) * (d + 0.5) / ((b + 0.5) * (c + 0.5)))
	f.Sure = odds / math.Sqrt(1/(a+0.5)+1/(b+0.5)+1/(c+0.5)+1/(d+0.5))
}
