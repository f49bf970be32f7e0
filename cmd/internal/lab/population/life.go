package population

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Life is one conversation as it goes on. It is led forward by Until; See is how the seller learns what the CRM shows.
type Life struct {
	Person
	m    manner
	hard hardship
	rnd  *rand.Rand
	end  time.Time

	now    time.Time
	agenda []plan // by time, then in the order of planning
	facts  []crm.Fact
	n      int

	// Their side.
	turn     int // rises with everything of theirs: what was planned for the silence before is void
	cold     int // how many more of our messages stay without an answer
	told     int // questions of ours that they answered
	refusals int // times they did not take
	rounds   int // talks about the quote
	reacting bool
	gone     bool // never writes again, unless the break-up mail moves them
	reformed bool // came back and means it
	closed   bool // said no, and that is that
	bought   bool
	away     []stretch
	machine  time.Time // the last automatic reply
	turned   time.Time

	// Our side.
	owed     time.Time // since when a message of theirs awaits an answer
	answers  bool      // an answer is on its way
	asked    int       // questions of ours about what they need
	promised time.Time // since when a promise of ours is open
	purpose  purpose   // of our last message
	tries    int
	most     int
	task     *crm.Fact // open
	late     plan      // the reminder that we forgot, with the time for which it was meant
	until    time.Time // a date that was agreed
	parted   bool      // the break-up mail is written, or on its way
	rested   bool      // the CRM says disqualified
	met      bool
	meeting  *crm.Fact // ahead
	quote    *crm.Fact
	deal     *crm.Fact
}

// stretch is a time of absence.
type stretch struct{ from, until time.Time }

// plan is something that will come about unless they speak first.
type plan struct {
	at   time.Time
	n    int
	turn int // valid only in this turn; negative: in any
	do   func()
}

func newLife(p *Population, i int) *Life {
	l := &Life{Person: p.people[i], hard: p.hardship, rnd: rand.New(rand.NewPCG(p.seed, uint64(i)+1)), end: p.End}
	l.m = l.Archetype.manner
	l.m.peers = min(l.m.peers*l.hard.peers, 1)
	l.temper()
	if l.m.cold > 0 {
		l.cold = between(l.rnd, 1, l.m.cold)
	}
	l.now = l.Appears
	l.holidays(p)
	l.plan(l.Appears, l.appear)
	if l.m.refers > 0 {
		for at := l.Appears.AddDate(0, 1, 0); at.Before(p.End); at = at.AddDate(0, 1, 0) {
			if l.chance(l.m.refers) {
				l.plan(at.Add(l.upTo(20*24*time.Hour)), l.refer)
			}
		}
	}
	l.weeklyQuestions()
	for at := l.Appears.AddDate(0, 0, 20); at.Before(p.End); at = at.AddDate(0, 0, 30) {
		l.plan(at.Add(l.upTo(5*24*time.Hour)), l.newsletter)
	}
	return l
}

// temper makes the person quicker or slower than others of its kind: in answering, and in deciding.
func (l *Life) temper() {
	pace := math.Exp2(2*l.rnd.Float64() - 0.8) // from 0.57 to 2.3
	l.m.hours *= pace
	l.m.busy *= pace
	l.m.buys /= pace
	l.m.answer = math.Pow(l.m.answer, pace)
}

// Truth is what the person really is: one who came back and means it wastes nobody's time any more.
func (l *Life) Truth() Truth {
	switch {
	case l.closed && l.Archetype.Truth == Genuine:
		return Declines
	case l.reformed:
		return Genuine
	}
	return l.Archetype.Truth
}

// Bought reports whether they have become a customer.
func (l *Life) Bought() bool { return l.bought }

// Owes reports whether a message of theirs awaits an answer of ours, and since when.
func (l *Life) Owes() (since time.Time, owes bool) { return l.owed, !l.owed.IsZero() }

// Turned is since when they waste our time; zero while they do not.
func (l *Life) Turned() time.Time { return l.turned }

// Fair reports whether today's silence is all theirs: we have written to them, owe nothing and have nothing to do, no
// reminder of ours is late, they are not away, and no date is agreed after which we have not come back to them yet.
func (l *Life) Fair() bool {
	ours := !l.owed.IsZero() || !l.promised.IsZero() || l.task != nil || l.late.turn == l.turn && l.now.After(l.late.at)
	return l.turn > 0 && !ours && l.meeting == nil && l.until.IsZero() && l.back(l.now).Equal(l.now)
}

// Until leads the life on and returns what came about before t. A fact that changed comes again with a higher version.
func (l *Life) Until(t time.Time) []crm.Fact {
	for len(l.agenda) > 0 && l.agenda[0].at.Before(t) {
		next := l.agenda[0]
		l.agenda = l.agenda[1:]
		if next.turn >= 0 && next.turn != l.turn {
			continue
		}
		if next.at.After(l.now) {
			l.now = next.at
		}
		next.do()
	}
	if t.After(l.now) {
		l.now = t
	}
	facts := l.facts
	l.facts = nil
	return facts
}

// See is the seller's morning look at the contact in the CRM: a break-up mail is due while it is pending, and nothing
// is done about one that is disqualified. One that is open again at its recheck date is asked once more.
func (l *Life) See(r *crm.Rating) {
	switch {
	case r.Status == crm.Pending && !l.parted:
		l.parted = true
		if l.chance(0.9) {
			l.planTurn(l.seller.home.after(l.now, hours(l.rnd, 6)), l.breakUp)
		}
	case r.Status == crm.Disqualified && !l.rested:
		l.rested = true
		l.closeTask()
	case r.Status == crm.Open && l.rested:
		l.rested, l.parted = false, false
		if !l.closed {
			l.planTurn(l.seller.home.after(l.now, hours(l.rnd, 6)), func() { l.tries = 0; l.ask(checkIn) })
		}
	case r.Status == crm.Open || r.Status == crm.Requalified:
		l.rested, l.parted = false, false
	}
}

func (l *Life) plan(at time.Time, do func()) { l.put(at, -1, do) }

// planTurn plans what they make pointless by speaking first.
func (l *Life) planTurn(at time.Time, do func()) { l.put(at, l.turn, do) }

func (l *Life) put(at time.Time, turn int, do func()) {
	l.n++
	p := plan{at, l.n, turn, do}
	i, _ := slices.BinarySearchFunc(l.agenda, p, func(a, b plan) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return a.n - b.n
	})
	l.agenda = slices.Insert(l.agenda, i, p)
}

func (l *Life) chance(p float64) bool { return l.rnd.Float64() < p }

func (l *Life) upTo(d time.Duration) time.Duration { return time.Duration(l.rnd.Int64N(int64(d))) }

// holidays draws when they are away: a holiday now and then, and for some much more.
func (l *Life) holidays(p *Population) {
	for at := p.Begin; at.Before(p.End); at = at.AddDate(0, 1, 0) {
		switch {
		case l.chance(l.m.away * 0.5):
			l.leave(at, between(l.rnd, 10, 28))
		case l.chance(0.1):
			l.leave(at, between(l.rnd, 4, 15))
		}
	}
	l.closures(p)
}

func sortStretches(list []stretch) {
	slices.SortFunc(list, func(a, b stretch) int { return a.from.Compare(b.from) })
}

func (l *Life) leave(month time.Time, days int) {
	from := l.home.at(month.Add(l.upTo(20*24*time.Hour)).In(l.home.zone), 17)
	l.away = append(l.away, stretch{from, from.AddDate(0, 0, days)})
}

// back is when they can react to something that reaches them at t: t itself unless they are away.
func (l *Life) back(t time.Time) time.Time {
	for _, s := range l.away {
		if !t.Before(s.from) && t.Before(s.until) {
			t = s.until
		}
	}
	return t
}

// emit puts out a fact as it is now. The version is the instant of the change, and rises with every change.
func (l *Life) emit(f *crm.Fact) {
	f.Version = max(f.Version+1, l.now.UnixMilli())
	if f.At == 0 {
		f.At = crm.At(l.now)
	}
	l.facts = append(l.facts, clone(f))
}

func (l *Life) id(kind string) string {
	l.n++
	return fmt.Sprintf("%s/%s%04d", kind, l.ID, l.n)
}

// clone is a copy that later changes of what it points at do not reach.
func clone(f *crm.Fact) crm.Fact {
	c := *f
	switch {
	case f.Meeting != nil:
		m := *f.Meeting
		m.Moved = slices.Clone(m.Moved)
		c.Meeting = &m
	case f.Quote != nil:
		q := *f.Quote
		q.Sent = slices.Clone(q.Sent)
		c.Quote = &q
	case f.Deal != nil:
		d := *f.Deal
		d.Moves = slices.Clone(d.Moves)
		c.Deal = &d
	case f.Task != nil:
		t := *f.Task
		c.Task = &t
	}
	return c
}

func (l *Life) property(name, value string) {
	l.facts = append(l.facts, crm.Fact{
		ID: "property/" + name, Version: l.now.UnixMilli(), Kind: crm.KindProperty, At: crm.At(l.now),
		Property: &crm.Property{Name: name, Value: value},
	})
}
