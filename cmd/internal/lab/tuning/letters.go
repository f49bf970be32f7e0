package tuning

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/population"
)

// quarter is the time in which a letter should hardly change.
const quarter = 91 * 24 * time.Hour

// letterChanges counts how often a contact's letter changes.
type letterChanges struct {
	first, until time.Time
	last         string
	by           []int // by quarter, from the first rating on
}

// see notes the letter of a morning.
func (c *letterChanges) see(letter string, now time.Time) {
	if letter == "" { // not rated at the time
		return
	}
	if c.first.IsZero() {
		c.first, c.last = now, letter
	}
	for q := int(now.Sub(c.first) / quarter); len(c.by) <= q; {
		c.by = append(c.by, 0)
	}
	if letter != c.last {
		c.by[len(c.by)-1]++
		c.last = letter
	}
}

// rate is how often the letter changed in a quarter, on average.
func (c *letterChanges) rate() float64 {
	n := 0
	for _, k := range c.by {
		n += k
	}
	return float64(n) / max(float64(c.until.Sub(c.first))/float64(quarter), 1)
}

// worst is how often it changed in the quarter in which it changed most.
func (c *letterChanges) worst() int { return slices.Max(append([]int{0}, c.by...)) }

// Flaps is how steady the letters of some people are.
type Flaps struct {
	rates []float64 // changes a quarter, by person
	worst []int     // changes in the worst quarter, by person, ascending once summed up
}

func (f *Flaps) add(c *letterChanges) {
	if !c.first.IsZero() {
		f.rates = append(f.rates, c.rate())
		f.worst = append(f.worst, c.worst())
	}
}

// mean is how often a letter changes in a quarter, for the average of the people.
func (f *Flaps) mean() float64 {
	sum := 0.0
	for _, r := range f.rates {
		sum += r
	}
	return sum / float64(max(len(f.rates), 1))
}

// steady is how many of them have at most so many changes in any quarter.
func (f *Flaps) steady(most int) (n, of int) {
	for _, w := range f.worst {
		if w <= most {
			n++
		}
	}
	return n, len(f.worst)
}

// The letter of a genuine buyer changes at most once a quarter on average, and anybody's at most twice in any quarter,
// in nine of ten. Nine of ten wasters of each kind are found within their quota and a month.
const (
	mostOnAverage = 1.0
	mostInQuarter = 2
	steadyShare   = 90.0
	foundShare    = 90.0
)

// PrintKinds writes, for each kind of people, how steady its letters are and how many of its wasters are found within a
// month of their quota.
func (c *Crowd) PrintKinds(w io.Writer) error {
	fmt.Fprintf(w,
		"How often the letter changes in a quarter, and which wasters are found within their quota and a month:\n\n")
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "archetype\ttruth\tchanges a quarter\tworst quarter 50 %%\t90 %%\tmost\tfound\tnot found\t\n")
	for i := range c.Rows {
		r := &c.Rows[i]
		found, not := "", ""
		if r.Archetype.Truth == population.Waster {
			found, not = fmt.Sprint(r.Found), some(r.NotFound)
		}
		worst := slices.Sorted(slices.Values(r.Flaps.worst))
		fmt.Fprintf(tw, "%s\t%s\t%.2f\t%s\t%s\t%s\t%s\t%s\t\n", r.Archetype.Name, r.Archetype.Truth, r.Flaps.mean(),
			quantile(worst, 0.5), quantile(worst, 0.9), quantile(worst, 1), found, not)
	}
	return tw.Flush()
}

// enough is of how many people of a kind a share says something.
const enough = 20

// steadiness is what letters and wasters of each kind have to reach.
func (c *Crowd) steadiness() []Aim {
	var genuine Flaps
	worst, name := 100.0, "no kind is numerous enough"
	for i := range c.Rows {
		r := &c.Rows[i]
		switch of := r.Found + r.NotFound; {
		case r.Archetype.Truth == population.Genuine:
			genuine.rates = append(genuine.rates, r.Flaps.rates...)
		case r.Archetype.Truth == population.Waster && of >= enough && share(r.Found, of) <= worst:
			worst, name = share(r.Found, of), r.Archetype.Name+" "+percent(r.Found, of)
		}
	}
	n, of := c.Total.Flaps.steady(mostInQuarter)
	return []Aim{
		atMost("changes of the letter a quarter, genuine buyers on average", "at most 1",
			fmt.Sprintf("%.2f", genuine.mean()), genuine.mean(), mostOnAverage),
		atLeast("people whose letter changes at most twice in any quarter", "at least 90 %", percent(n, of),
			share(n, of), steadyShare),
		atLeast("the kind of time-waster found least within its quota and a month", "at least 90 %", name, worst,
			foundShare),
	}
}
