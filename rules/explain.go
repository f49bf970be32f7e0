package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Explanation says how a rating came about, for people: who owes the next move and since when, what was said in turns, which
// attempts count, which clocks run, and what would change the rating next.
type Explanation struct {
	Rating  crm.Rating `json:"rating"`
	Segment string     `json:"segment,omitempty"`
	Zone    string     `json:"zone"` // by which the prospect's clocks run
	Country string     `json:"country,omitempty"`
	Stage   string     `json:"stage"` // early, after, late

	Spared string `json:"spared,omitempty"` // why nothing is decided against them, whatever the clocks say
	Hint   string `json:"hint,omitempty"`   // what a human set that does not do what they may think

	Ball      crm.Ball   `json:"ball"`
	BallSince crm.Millis `json:"ball_since,omitempty"`
	BallBy    string     `json:"ball_by,omitempty"` // the fact that decided it

	Turns     []Turn         `json:"turns,omitempty"`    // oldest first
	Attempts  []Attempt      `json:"attempts,omitempty"` // in the current silence
	Stops     []Stop         `json:"stops,omitempty"`    // what makes clocks stand still
	Clocks    []Clock        `json:"clocks,omitempty"`
	Decisions []Announced    `json:"decisions,omitempty"`
	Effort    EffortLedger   `json:"effort"`
	Next      []Moment       `json:"next,omitempty"` // if nothing happens until then, soonest first
	Facts     map[string]int `json:"facts"`          // how many of each kind are known
}

// Turn is a run of messages in one direction.
type Turn struct {
	Direction string     `json:"direction"` // in, out, talk, or unknown
	From      crm.Millis `json:"from"`
	Until     crm.Millis `json:"until"`
	Messages  int        `json:"messages"`
	Asks      bool       `json:"asks,omitempty"`    // of ours: asks something of them
	Short     bool       `json:"short,omitempty"`   // of theirs: a word or two that say nothing
	Unread    bool       `json:"unread,omitempty"`  // the text of one of them is not known
	Cleared   bool       `json:"cleared,omitempty"` // a colleague answered it, or it came to something without a message
	Intents   string     `json:"intents,omitempty"`
	Fact      string     `json:"fact"`
}

// Attempt is one try of ours to get an answer.
type Attempt struct {
	Fact    string     `json:"fact"`
	At      crm.Millis `json:"at"`
	Counted bool       `json:"counted"`
	Why     string     `json:"why,omitempty"` // why it does not count
}

// Stop is a stretch of time in which clocks stand still.
type Stop struct {
	From  crm.Millis `json:"from"`
	Until crm.Millis `json:"until,omitempty"` // 0: no end in sight
	Why   string     `json:"why"`
	Fact  string     `json:"fact"`
	Ours  bool       `json:"ours,omitempty"` // because we owe something
}

// Clock is one of the times that run against the contact.
type Clock struct {
	Name    string     `json:"name"`
	Since   crm.Millis `json:"since"`
	Quota   string     `json:"quota"`
	Elapsed string     `json:"elapsed"` // without the time in which it stood still
	Stopped string     `json:"stopped,omitempty"`
	Ends    crm.Millis `json:"ends,omitempty"`  // 0: never as things stand
	Lacks   string     `json:"lacks,omitempty"` // what else is needed before it means anything
}

// Announced is one decision that the CRM has shown.
type Announced struct {
	At     crm.Millis `json:"at"`
	Status crm.Status `json:"status"`
	Ground crm.Ground `json:"ground,omitempty"`
	Hangs  string     `json:"hangs,omitempty"`
	Fact   string     `json:"fact"`
}

// EffortLedger is our time and what came of it.
type EffortLedger struct {
	Hours       float64 `json:"hours"`
	Notes       int     `json:"notes,omitempty"` // that our own people wrote about it, their time among the hours
	Commitments int     `json:"commitments"`
	Cap         float64 `json:"cap_hours"` // for fact-finders
	// Freed is what a contact like this has taken a month so far: hours that a disqualification gives back.
	Freed float64 `json:"freed_hours_a_month"`
}

// Explain rates a contact and says how the rating came about.
func Explain(s *Settings, r *Record, at Instant) Explanation {
	var h view
	h.due.keep = true
	x := Explanation{Rating: h.rate(s, r, at), Facts: map[string]int{}}
	x.Next = h.due.all // before anything below adds to them
	h.due.keep = false
	for _, f := range r.Facts() {
		if !f.Gone {
			x.Facts[f.Kind.String()]++
		}
	}
	if x.Rating.Unrated != "" {
		return x
	}
	x.Segment, x.Zone, x.Country = h.p.segment, h.theirs.zone.String(), h.theirs.countryCode
	_, x.Stage = h.quota()
	x.Ball, x.BallSince, x.BallBy = h.ball, h.since, h.by
	x.Spared = h.spared()
	if h.p.oddAt > h.p.overrideAt {
		x.Hint = "the override holds a word that is none of A, B, C, D, keep, disqualified: it changes nothing, and what was set before goes on"
	}
	for i := range h.turns {
		x.Turns = append(x.Turns, h.explainTurn(i))
	}
	for i := range h.events {
		if e := &h.events[i]; e.why == whyUnknown && !e.peer {
			x.Turns = append(x.Turns, Turn{Direction: "unknown", From: e.at, Until: e.at, Messages: 1, Fact: e.id})
		}
	}
	slices.SortStableFunc(x.Turns, func(a, b Turn) int { return compare(a.From, b.From) })
	for _, a := range h.tries {
		x.Attempts = append(x.Attempts, Attempt{a.id, a.at, a.counted, a.why})
	}
	for _, sp := range h.stops {
		x.Stops = append(x.Stops, Stop{sp.from, finite(sp.until), sp.why, sp.fact, sp.ours})
	}
	slices.SortStableFunc(x.Stops, func(a, b Stop) int { return compare(a.From, b.From) })
	x.Clocks = h.clocks(&x.Rating)
	for i := range r.Decisions {
		if f := &r.Decisions[i]; f.Decision != nil {
			x.Decisions = append(x.Decisions, Announced{f.At, f.Decision.Status, f.Decision.Ground, f.Decision.Hangs, f.ID})
		}
	}
	spent := h.spent().Hours()
	months := max(float64(h.now-h.first)/float64(30*dayMS), 1)
	x.Effort = EffortLedger{Hours: tenths(spent), Notes: x.Facts[crm.KindNote.String()], Commitments: h.committed(), Cap: tenths(h.s.effortCap.Hours()), Freed: tenths(spent / months)}
	slices.SortFunc(x.Next, func(a, b Moment) int { return cmp.Or(compare(a.At, b.At), strings.Compare(a.What, b.What)) })
	x.Next = slices.Compact(x.Next)
	return x
}

// spared is what keeps the rules from deciding anything against the contact, "" where nothing does.
func (h *view) spared() string {
	if v := h.p.override; v != "" && (h.p.overrideUntil == 0 || h.now < h.p.overrideUntil) {
		return "a human has set the override " + v
	}
	switch sp, paused := h.paused(); {
	case h.p.customer:
		return "is a customer: customers are rated, never let go"
	case h.won():
		return "has bought from us: a deal is won"
	case h.ball == crm.Us && h.owes:
		return "the next move is ours"
	case paused && sp.until < never:
		return "clocks stand still until " + dateText(sp.until) + ": " + sp.why
	case paused:
		return "clocks stand still: " + sp.why
	}
	return ""
}

func tenths(f float64) float64 { return float64(int(f*10+0.5)) / 10 }

func finite(m crm.Millis) crm.Millis {
	if m >= never {
		return 0
	}
	return m
}

func (h *view) explainTurn(i int) Turn {
	t := &h.turns[i]
	out := Turn{
		Direction: t.dir.String(), From: t.first.at, Until: t.last.at, Messages: t.messages, Asks: t.ask.id != "", Unread: t.unread,
		Cleared: t.cleared, Intents: t.intents.String(), Fact: t.first.id,
	}
	if t.dir == 0 {
		out.Direction = "talk"
	}
	if i > 0 && h.turns[i-1].ask.id != "" {
		out.Short = h.isShort(t, &h.turns[i-1])
	}
	return out
}

// clocks are the times that run, or would run, against the contact.
func (h *view) clocks(rating *crm.Rating) []Clock {
	var list []Clock
	stopped := ""
	if sp, paused := h.paused(); paused {
		stopped = sp.why
	}
	if h.start.id != "" && h.ball == crm.Them {
		quota, _ := h.quota()
		counted, _, last := h.attempts()
		c := Clock{
			Name: "silence", Since: h.start.at, Quota: formatDuration(quota), Stopped: stopped,
			Elapsed: formatDays(running(h.pauses, h.start.at, h.seen)), Ends: finite(max(ends(h.pauses, h.start.at, millis(quota)), h.rested(last))),
		}
		if missing := h.s.attempts - counted; missing > 0 {
			c.Lacks = count(missing, "more attempt") + " to reach them"
		}
		list = append(list, c)
	}
	if rating.Status == crm.Pending && rating.Decide == nil {
		e := episodeOf(h.r.Decisions, never)
		end := h.theirs.dayEnd(e.pending, h.s.grace, h.pauses)
		list = append(list, Clock{
			Name: "grace", Since: e.pending, Quota: count(h.s.grace, "business day"), Stopped: stopped,
			Elapsed: businessTime(h.theirs.hours(e.pending, h.seen), h.theirs.shut-h.theirs.open), Ends: finite(end),
		})
	}
	if h.ball == crm.Us && h.owes {
		late := h.ours.after(h.since, h.s.sla)
		list = append(list, Clock{
			Name: "our time to answer", Since: h.since, Quota: count(h.s.sla, "business day"),
			Elapsed: businessTime(h.ours.hours(h.since, h.now), h.ours.shut-h.ours.open), Ends: late,
		})
	}
	if rating.Status == crm.Disqualified {
		list = append(list, Clock{Name: "recheck", Since: h.now, Ends: rating.RecheckOn})
	}
	return list
}

func formatDays(m crm.Millis) string { return count(int(m/dayMS), "day") }
