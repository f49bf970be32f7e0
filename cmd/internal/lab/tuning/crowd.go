package tuning

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/population"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// Crowd sums up what became of the people of one or more populations.
type Crowd struct {
	Rows  []Row // an archetype each, those that occur
	Total Row
	Idle  Idle
	Most  int // announcements against people for the first time, on one day

	breaker int // more of them in a day are not written
	band    [2]int
}

// Row is one archetype, or all of them.
type Row struct {
	Archetype *population.Archetype // nil for the total
	People    int
	Letters   map[string]int
	Statuses  map[crm.Status]int
	Grounds   map[crm.Ground]int // of the first flag
	Flagged   int                // ever pending
	Days      []int              // from the turn, or the first contact, to the first flag, ascending
	InTime    int                // wasters pending within their quota
	Late      int                // wasters whose quota ran out
	NotYet    int                // wasters whose quota had not run out at the end
	False     int                // pending while of genuine interest
	FalseD    int                // rated D while of genuine interest
	FalseEnd  int                // disqualified while of genuine interest
	OwedFlag  int                // pending, or disqualified, while a message of theirs waited for us
	OwedEnd   int
	Reviews   int
	Found     int   // wasters found within their quota and a month
	NotFound  int   // wasters who were not, and whose time for it ran out
	Flaps     Flaps // how steady their letters are
}

// Idle compares with a rule that looks at silence alone.
type Idle struct {
	// how many, whom it would have flagged, and of them while we owed the answer
	Genuine, GenuineFlagged, GenuineOwed int
	Held                                 map[string][2]int
}

// Sum adds outcomes up. s is what they were judged by.
func Sum(s *rules.Settings, outcomes []Outcome) *Crowd {
	c := &Crowd{Total: newRow(nil), breaker: max(20, len(outcomes)/20), Idle: Idle{Held: map[string][2]int{}}}
	c.band[0], c.band[1] = s.FlagBand()
	rows := map[string]*Row{}
	for i := range outcomes {
		o := &outcomes[i]
		row := rows[o.Archetype.Name]
		if row == nil {
			r := newRow(o.Archetype)
			row = &r
			rows[o.Archetype.Name] = row
		}
		row.add(o)
		c.Total.add(o)
		c.Idle.add(o)
	}
	for _, a := range population.Archetypes() {
		if row := rows[a.Name]; row != nil {
			slices.Sort(row.Days)
			c.Rows = append(c.Rows, *row)
		}
	}
	slices.Sort(c.Total.Days)
	days := map[time.Time]int{}
	for i := range outcomes {
		for _, at := range [...]time.Time{outcomes[i].Flagged, outcomes[i].Disqualified} {
			if !at.IsZero() {
				days[at]++
				c.Most = max(c.Most, days[at])
			}
		}
	}
	return c
}

func newRow(a *population.Archetype) Row {
	return Row{Archetype: a, Letters: map[string]int{}, Statuses: map[crm.Status]int{}, Grounds: map[crm.Ground]int{}}
}

func (r *Row) add(o *Outcome) {
	r.People++
	r.Letters[o.Rating.Letter]++
	r.Statuses[o.Rating.Status]++
	r.Reviews += o.Reviews
	count := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	if !o.Flagged.IsZero() {
		r.Flagged++
		r.Grounds[o.Ground]++
		r.Days = append(r.Days, int(o.Flagged.Sub(o.Since)/(24*time.Hour)))
	}
	if o.Waster() && !o.Turned.IsZero() {
		count(&r.InTime, o.InTime())
		count(&r.Late, !o.InTime() && o.FairDays > o.Archetype.Quota)
		count(&r.NotYet, !o.InTime() && o.FairDays <= o.Archetype.Quota)
		count(&r.Found, o.within(month))
		count(&r.NotFound, !o.within(month) && o.FairDays > o.Archetype.Quota+month)
	}
	r.Flaps.add(&o.letters)
	count(&r.False, o.False)
	count(&r.FalseD, o.FalseD)
	count(&r.FalseEnd, o.FalseEnd)
	count(&r.OwedFlag, o.OwedPending)
	count(&r.OwedEnd, o.OwedEnded)
}

func (d *Idle) add(o *Outcome) {
	genuine := o.Archetype.Truth == population.Genuine
	if genuine {
		d.Genuine++
	}
	if o.Idle.IsZero() {
		return
	}
	if genuine {
		d.GenuineFlagged++
		if o.IdleOwed {
			d.GenuineOwed++
		}
	}
	if o.Held != "" {
		n := d.Held[o.Held]
		if genuine {
			n[0]++
		} else {
			n[1]++
		}
		d.Held[o.Held] = n
	}
}

// Aim is something that the rules have to reach on a crowd.
type Aim struct {
	What    string `json:"what"`
	Want    string `json:"want"`
	Got     string `json:"got"`
	Reached bool   `json:"reached"`

	short float64 // by how much it is missed; 0 where it is reached
}

// atMost and atLeast are aims with a limit to a figure, which got says in words.
func atMost(what, want, got string, figure, limit float64) Aim {
	return Aim{what, want, got, figure <= limit, max(figure-limit, 0)}
}

func atLeast(what, want, got string, figure, limit float64) Aim {
	return Aim{what, want, got, figure >= limit, max(limit-figure, 0)}
}

// Aims holds the crowd against what the rules are there for.
func (c *Crowd) Aims() []Aim {
	genuine, t := 0, &c.Total
	for i := range c.Rows {
		if c.Rows[i].Archetype.Truth == population.Genuine {
			genuine += c.Rows[i].People
		}
	}
	judged, flagged := t.InTime+t.Late, share(t.Flagged, t.People)
	low, high := float64(c.band[0]), float64(c.band[1])
	off := max(low-flagged, flagged-high, 0)
	return append([]Aim{
		atMost("pending while we owed them an answer", "0", fmt.Sprint(t.OwedFlag), float64(t.OwedFlag), 0),
		atMost("disqualified while we owed them an answer", "0", fmt.Sprint(t.OwedEnd), float64(t.OwedEnd), 0),
		atLeast("time-wasters pending within their quota", "at least 90 %", percent(t.InTime, judged),
			share(t.InTime, judged), 90),
		atMost("genuine buyers ever pending", "at most 2 %", percent(t.False, genuine), share(t.False, genuine), 2),
		{
			"flagged of all", fmt.Sprintf("%d to %d %%", c.band[0], c.band[1]), percent(t.Flagged, t.People), off == 0,
			off,
		},
	}, c.steadiness()...)
}

// PrintSeeds writes how the same kind of crowd reaches its aims when it is drawn anew, a line for each seed.
func PrintSeeds(w io.Writer, first uint64, each []*Crowd) error {
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprint(tw, "seed")
	for _, a := range each[0].Aims() {
		fmt.Fprintf(tw, "\t%s", a.What)
	}
	fmt.Fprint(tw, "\n")
	for i, c := range each {
		fmt.Fprintf(tw, "%d", first+uint64(i))
		for _, a := range c.Aims() {
			missed := ""
			if !a.Reached {
				missed = " MISSED"
			}
			fmt.Fprintf(tw, "\t%s%s", a.Got, missed)
		}
		fmt.Fprint(tw, "\n")
	}
	return tw.Flush()
}

// JSON is the crowd for programs: its aims, and a row for each kind of people.
func (c *Crowd) JSON() any {
	type row struct {
		Archetype string             `json:"archetype"`
		Truth     population.Truth   `json:"truth"`
		People    int                `json:"people"`
		Ratings   map[string]int     `json:"ratings"`
		Statuses  map[crm.Status]int `json:"statuses"`
		Grounds   map[crm.Ground]int `json:"grounds"`
		Flagged   int                `json:"ever_pending"`
		Days      []int              `json:"days_until_pending"`
		InTime    int                `json:"in_time"`
		Late      int                `json:"late"`
		NotYet    int                `json:"not_yet"`
		False     int                `json:"pending_while_genuine"`
		FalseEnd  int                `json:"disqualified_while_genuine"`
		OwedEnd   int                `json:"disqualified_while_we_owed"`
	}
	out := struct {
		Aims []Aim `json:"aims"`
		Rows []row `json:"rows"`
	}{Aims: c.Aims()}
	for i := range c.Rows {
		r := &c.Rows[i]
		out.Rows = append(out.Rows, row{
			r.Archetype.Name, r.Archetype.Truth, r.People, r.Letters, r.Statuses, r.Grounds, r.Flagged, r.Days,
			r.InTime, r.Late, r.NotYet, r.False, r.FalseEnd, r.OwedEnd,
		})
	}
	return out
}

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return 100 * float64(n) / float64(of)
}

func percent(n, of int) string { return fmt.Sprintf("%.1f %% (%d of %d)", share(n, of), n, of) }

// quantile of ascending numbers, empty where there are none.
func quantile(sorted []int, q float64) string {
	if len(sorted) == 0 {
		return "-"
	}
	return fmt.Sprint(sorted[int(q*float64(len(sorted)-1)+0.5)])
}

var (
	letters  = [...]string{"A", "B", "C", "D"}
	statuses = [...]crm.Status{crm.Open, crm.Pending, crm.Disqualified, crm.Requalified, crm.Nurture}
)

// Print writes the tables. Shares are in per cent of the archetype's people, at the end.
func (c *Crowd) Print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "archetype\ttruth\tpeople\t  A\tB\tC\tD\t  open\tpending\tdisq.\trequal.\tnurture\t  "+
		"flagged\tdays 50 %%\t90 %%\tin time\tlate\tnot yet\tfalse\t\n")
	for i := range c.Rows {
		c.Rows[i].print(tw)
	}
	c.Total.print(tw)
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nShares in per cent at the end. Days: from the turn of a waster, of others from the first "+
		"contact, to the first time pending. In time, late, not yet:\nwasters by the days of their quota on which we "+
		"owed nothing, no date was agreed and they were not away.\n\n")
	tw = tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, a := range c.Aims() {
		verdict := "reached"
		if !a.Reached {
			verdict = "MISSED"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", a.What, a.Want, a.Got, verdict)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w,
		"\nAt most %d were announced on one day; the mass-change breaker stops more than %d.\n", c.Most, c.breaker)
	return err
}

func (r *Row) print(w io.Writer) {
	name, truth := "all", ""
	if r.Archetype != nil {
		name, truth = r.Archetype.Name, string(r.Archetype.Truth)
	}
	fmt.Fprintf(w, "%s\t%s\t%d\t", name, truth, r.People)
	for _, l := range letters {
		fmt.Fprintf(w, "%.0f\t", share(r.Letters[l], r.People))
	}
	for _, s := range statuses {
		fmt.Fprintf(w, "%.0f\t", share(r.Statuses[s], r.People))
	}
	fmt.Fprintf(w, "%.1f\t%s\t%s\t%s\t%s\t%s\t%s\t\n", share(r.Flagged, r.People), quantile(r.Days, 0.5),
		quantile(r.Days, 0.9),
		some(r.InTime), some(r.Late), some(r.NotYet), some(r.False))
}

func some(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// PrintIdle writes what a rule that looks at silence alone would have done.
func (c *Crowd) PrintIdle(w io.Writer) error {
	d := &c.Idle
	fmt.Fprintf(w, "A rule that merely counts days without a word of theirs (45 before the first quote or meeting, "+
		"30 after it) would have flagged %s of the\ngenuine buyers, %d of them while they waited for our answer. "+
		"What kept these rules from it at that moment:\n\n",
		percent(d.GenuineFlagged, d.Genuine), d.GenuineOwed)
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(tw, "guard-rail\tgenuine buyers\tothers, who had to wait\n")
	for _, held := range []string{heldAnswer, heldDebt, heldDate, heldAsked, heldAttempts, heldPursuit, heldClock} {
		fmt.Fprintf(tw, "%s\t%d\t%d\n", held, d.Held[held][0], d.Held[held][1])
	}
	return tw.Flush()
}
