package tuning

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/cmd/internal/backtesting"
	"github.com/winnow-crm/winnow/cmd/internal/lab/population"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
	"github.com/winnow-crm/winnow/rules/words"
)

// Outcome is what became of one person of a population.
type Outcome struct {
	ID        string
	Archetype *population.Archetype
	Bought    bool
	Rating    crm.Rating // at the end
	Reviews   int

	Flagged      time.Time // pending for the first time
	Ground       crm.Ground
	Disqualified time.Time // for the first time
	False        bool      // it was pending while it was of genuine interest
	FalseD       bool      // it was rated D while it was of genuine interest
	FalseEnd     bool      // it was disqualified while it was of genuine interest
	OwedPending  bool      // it became pending while a message of theirs waited for us
	OwedEnded    bool      // it was disqualified while one did

	pendings int // how often it became pending
	letters  letterChanges

	Since    time.Time // the turn of a waster; the first contact of others
	Turned   time.Time // since when it wastes our time, when it was found or at the end
	FairDays int       // days since then on which nothing of ours stood in the way, until it was found
	Idle     time.Time // when a rule that merely looks at silence would have flagged it
	IdleOwed bool      // while a message of theirs waited for us
	Held     string    // what kept these rules from it at that time, empty where nothing did
}

// Waster reports whether the person was planted as one.
func (o *Outcome) Waster() bool { return o.Archetype.Truth == population.Waster }

// InTime reports whether a waster was pending within its quota, as often as it takes to be found.
func (o *Outcome) InTime() bool { return o.within(0) }

// month is by how many days a kind of waster may be found after its quota.
const month = 30

// within reports whether a waster was found no more than so many days after its quota.
func (o *Outcome) within(days int) bool { return o.found() && o.FairDays <= o.Archetype.Quota+days }

// found reports whether it was pending as often as it takes, or was let go: whoever is let go without a farewell has
// none to answer.
func (o *Outcome) found() bool {
	return o.pendings >= max(o.Archetype.Times, 1) || !o.Disqualified.IsZero()
}

// Simulate leads every person of a population through its time, with the settings as the judge. done is told how many
// people have come to their end; it may be nil, and is called from several goroutines.
func Simulate(ctx context.Context, s *rules.Settings, p *population.Population, done func(n int)) ([]Outcome, error) {
	outcomes := make([]Outcome, p.Len())
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	var n atomic.Int64
	for i := range outcomes {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			outcomes[i] = lead(s, p, i)
			if done != nil {
				done(int(n.Add(1)))
			}
			return nil
		})
	}
	return outcomes, g.Wait()
}

// Together leads the people of several populations, one after another, and sums each up and all of them. done is told
// how many people of how many have come to their end; it may be nil, and is called from several goroutines.
func Together(ctx context.Context, s *rules.Settings, crowds []*population.Population,
	done func(n, of int),
) (each []*Crowd, all *Crowd, err error) {
	people, before := 0, 0
	for _, p := range crowds {
		people += p.Len()
	}
	var outcomes []Outcome
	most := 0
	for _, p := range crowds {
		list, err := Simulate(ctx, s, p, func(n int) {
			if done != nil {
				done(before+n, people)
			}
		})
		if err != nil {
			return nil, nil, err
		}
		before += p.Len()
		c := Sum(s, list)
		most = max(most, c.Most)
		each, outcomes = append(each, c), append(outcomes, list...)
	}
	all = Sum(s, outcomes)
	all.Most, all.breaker = most, each[0].breaker // crowds know nothing of each other
	return each, all, nil
}

// morning is when ratings are made and written, in UTC.
const morning = 6 * time.Hour

// lead is one life under the settings. Each morning it is rated if something came about or its time has come, and what
// is announced becomes a fact as soon as the CRM has shown it.
func lead(s *rules.Settings, p *population.Population, i int) Outcome {
	l := p.Live(i)
	o := Outcome{ID: l.ID, Archetype: l.Archetype}
	var r rules.Record
	j := backtesting.Judge{Rules: s}
	idle := idleRule{early: 45 * 24 * time.Hour, after: 30 * 24 * time.Hour}
	for now := p.Begin.Add(morning); now.Before(p.End); now = now.AddDate(0, 0, 1) {
		facts := l.Until(now)
		if !j.Rated && len(facts) == 0 {
			continue // not there yet
		}
		for i := range facts {
			r.Fold(facts[i])
			idle.see(&facts[i])
		}
		d := j.Look(&r, len(facts) > 0, now)
		o.count(l, now)
		o.announced(l, d, now)
		o.letters.see(j.Rating.Letter, now)
		o.FalseD = o.FalseD || j.Rating.Letter == "D" && l.Truth() == population.Genuine
		if o.Idle.IsZero() && !l.Bought() && idle.flags(now) {
			o.idle(&j, &r, l, now)
		}
		l.See(&j.Rating)
	}
	o.Rating, o.Reviews, o.Bought, o.Since = j.Rating, j.Reviews, l.Bought(), l.Appears
	o.letters.until = p.End
	if o.Waster() && !o.Turned.IsZero() {
		o.Since = o.Turned
	}
	return o
}

// count counts the days on which the person's waste could have been seen.
func (o *Outcome) count(l *population.Life, now time.Time) {
	if o.found() {
		return
	}
	turned := l.Turned()
	if !turned.Equal(o.Turned) {
		o.Turned, o.FairDays = turned, 0
	}
	if !turned.IsZero() && now.After(turned) && l.Fair() {
		o.FairDays++
	}
}

func (o *Outcome) announced(l *population.Life, d *crm.Decision, now time.Time) {
	if d == nil {
		return
	}
	_, owes := l.Owes()
	switch d.Status {
	case crm.Pending:
		o.pendings++
		if o.Flagged.IsZero() {
			o.Flagged, o.Ground = now, d.Ground
		}
		o.False = o.False || l.Truth() == population.Genuine
		o.OwedPending = o.OwedPending || owes
	case crm.Disqualified:
		if o.Disqualified.IsZero() {
			o.Disqualified = now
		}
		o.FalseEnd = o.FalseEnd || l.Truth() == population.Genuine
		o.OwedEnded = o.OwedEnded || owes
	}
}

// idleRule is what many a CRM offers: no word of theirs for so many days, whoever owes the next one. It is what these
// rules are compared with.
type idleRule struct {
	early, after time.Duration
	since        time.Time // their last word, or our first
	later        bool      // a quote was sent or a meeting booked
}

func (r *idleRule) see(f *crm.Fact) {
	at := f.At.Time()
	human := f.Message != nil && f.Message.Text.Class == crm.Human && !f.Message.Mass && f.Peer == ""
	in := human && f.Message.Direction == crm.In || f.Call != nil && (f.Call.Direction == crm.In ||
		f.Call.Outcome == crm.Connected)
	switch {
	case in && at.After(r.since), r.since.IsZero() && human:
		r.since = at
	case f.Meeting != nil && f.Meeting.State == crm.Held && f.Meeting.Start.Time().After(r.since):
		r.since = f.Meeting.Start.Time()
	}
	r.later = r.later || f.Quote != nil || f.Meeting != nil
}

func (r *idleRule) flags(now time.Time) bool {
	quota := r.early
	if r.later {
		quota = r.after
	}
	return !r.since.IsZero() && now.Sub(r.since) >= quota
}

// What keeps the rules from flagging somebody whom the idle rule flags.
const (
	heldAnswer   = "G1 we owe them an answer"
	heldDebt     = "G3 we missed a date, a task or a promise"
	heldDate     = "A42 a date is agreed, or they are away"
	heldAttempts = "A39 too few attempts of ours on too few days"
	heldPursuit  = "G15 our attempts came too close together"
	heldAsked    = "A39 we have asked them nothing since"
	heldClock    = "A39 the clock began later, or stood still"
)

// idle notes that the idle rule flags the person, and what says otherwise here.
func (o *Outcome) idle(j *backtesting.Judge, r *rules.Record, l *population.Life, now time.Time) {
	o.Idle = now
	_, o.IdleOwed = l.Owes()
	x := rules.Explain(j.Rules, r, rules.Instant{Now: now, Profiled: true}, words.Default())
	if !o.Flagged.IsZero() {
		return
	}
	if l.Truth() == population.Declines {
		return
	}
	stop, ours := false, false
	for _, st := range x.Stops {
		if st.From <= crm.At(now) && (st.Until == 0 || st.Until > crm.At(now)) {
			stop, ours = true, ours || st.Ours
		}
	}
	counted, tooSoon := 0, 0
	for _, a := range x.Attempts {
		if a.Counted {
			counted++
		} else if a.Why != "" {
			tooSoon++
		}
	}
	switch {
	case x.Ball == crm.Us && x.Rating.OwedSince != 0 && !ours:
		o.Held = heldAnswer
	case ours:
		o.Held = heldDebt
	case stop:
		o.Held = heldDate
	case x.Ball != crm.Them:
		o.Held = heldAsked
	case counted < 3 && tooSoon > 0:
		o.Held = heldPursuit
	case counted < 3:
		o.Held = heldAttempts
	default:
		o.Held = heldClock
	}
}
