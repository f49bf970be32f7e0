package tuning

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/winnow-crm/winnow/rules"
)

// Print writes the lessons as a draft: settings that can be read by backtest, the evidence as comments around them.
func (l *Lessons) Print(w io.Writer) error {
	p := &printer{w: w}
	p.note("What the records of this account speak for. Nothing of it applies by itself: try it with winnow backtest " +
		"--env.")
	p.note("%d contacts, of which %d won and %d lost are known as they stood %s ahead of it; %d more closed sooner "+
		"than that after they appeared.",
		l.Contacts, l.Won, l.Lost, inDays(l.Ahead), l.Young)
	if l.Won < leastEach || l.Lost < leastEach {
		p.note("")
		p.note("Too little data: at least %d won and %d lost are needed before anything can be said of points.",
			leastEach, leastEach)
	} else {
		l.conduct(p)
		l.profile(p)
	}
	l.latency(p)
	return p.err
}

func (l *Lessons) conduct(p *printer) {
	p.note("")
	p.note("CONDUCT: a logistic regression of won and lost on the strength of each signal. Odds: the logarithm of " +
		"the odds of winning, at full strength.")
	c := &l.Conduct
	if c.Why != "" {
		p.note("No fit: %s.", c.Why)
		return
	}
	p.note("A contact that was won is ranked above one that was lost with probability %.2f by the points as they "+
		"are, %.2f by those fitted,", c.Ranking[0], c.Ranking[1])
	p.note("each outcome by a fit that has not seen it. One half is chance.")
	if !c.Better {
		p.note("That is no better than today: the lines below are left out, keep the points as they are.")
	}
	p.table("SIGNAL\tSHOWN BY WON\tBY LOST\tODDS\tTODAY\tFITTED", func(row func(format string, args ...any)) {
		for i := range c.Signals {
			s := &c.Signals[i]
			odds, fitted := "-", s.Note
			if s.Error > 0 {
				odds = fmt.Sprintf("%+.2f ± %.2f", s.Odds, 1.96*s.Error)
			}
			if s.Points != 0 {
				fitted = fmt.Sprintf("%+d", s.Points)
			}
			row("%s %s\t%d of %d\t%d of %d\t%s\t%+d\t%s", s.Signal.ID, s.Signal.Name, s.Seen[0], l.Won, s.Seen[1],
				l.Lost, odds, s.Signal.Points, fitted)
		}
	})
	for i := range c.Signals {
		s := &c.Signals[i]
		if s.Points == 0 || !c.Better {
			continue
		}
		name := rules.Prefix + strings.ToUpper(s.Signal.Name)
		p.line("%s_POINTS=%d", name, s.Points)
		if n := max(s.Points, -s.Points); n > s.Signal.Cap {
			p.line("%s_CAP=%d", name, n)
		}
	}
}

func (l *Lessons) profile(p *printer) {
	p.note("")
	p.note("FIT: how much more often than all others those were won that meet a condition. Only what was known ahead " +
		"of the outcome counts.")
	if len(l.Profile) == 0 {
		p.note("No property is known of enough contacts.")
		return
	}
	p.table("CONDITION\tWON\tLOST\tLIFT\tSTANDARD ERRORS\tPOINTS", func(row func(format string, args ...any)) {
		for i := range l.Profile {
			if f := &l.Profile[i]; f.Points != 0 {
				row("%s\t%d\t%d\t%.2f\t%+.1f\t%+d", f.Condition, f.Won, f.Lost, f.Lift, f.Sure, f.Points)
			} else if i < 20 {
				row("%s\t%d\t%d\t%.2f\t%+.1f\t%s", f.Condition, f.Won, f.Lost, f.Lift, f.Sure, f.Note)
			}
		}
	})
	if l.Fit != "" {
		p.note("This takes the place of the conditions that are set today.")
		p.line("%sFIT_PROFILE=%s", rules.Prefix, l.Fit)
	}
}

func (l *Lessons) latency(p *printer) {
	p.note("")
	q := l.Quantile
	if l.Replies < leastReplies {
		p.note("ANSWERS: %d answers of theirs are timed, %d are needed before it can be said what is usual here.",
			l.Replies, leastReplies)
		return
	}
	p.note("ANSWERS: of %d answers a quarter came within %s of business time, half within %s, nine tenths within %s.",
		l.Replies, inHours(q[0]), inHours(q[1]), inHours(q[2]))
	if q[0] >= q[1] || q[1] >= q[2] {
		p.note("They lie too close together to tell quick from slow.")
		return
	}
	for i, name := range [...]string{"FAST", "TYPICAL", "SLOW"} {
		p.line("%sREPLY_LATENCY_%s=%s", rules.Prefix, name, inHours(q[i]))
	}
}

// inHours writes a duration as settings read it.
func inHours(d time.Duration) string {
	s := d.String()
	s = strings.TrimSuffix(s, "0s")
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func inDays(d time.Duration) string {
	return fmt.Sprintf("%d days", int(math.Round(d.Hours()/24)))
}

// printer keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *printer) note(format string, args ...any) {
	p.line("%s", strings.TrimRight("# "+fmt.Sprintf(format, args...), " "))
}

// table writes rows as comments.
func (p *printer) table(head string, fill func(row func(format string, args ...any))) {
	tw := tabwriter.NewWriter(p.w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(tw, "#   "+head)
	fill(func(format string, args ...any) { fmt.Fprintf(tw, "#   "+format+"\n", args...) })
	if err := tw.Flush(); p.err == nil {
		p.err = err
	}
}
