package rules

import (
	"cmp"
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/signals"
	"github.com/winnow-crm/winnow/rules/status"
	"github.com/winnow-crm/winnow/rules/words"
)

// Explanation says how a rating came about, for people: who owes the next move and since when, what was said in turns,
// which attempts count, which clocks run, and what would change the rating next.
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
	Owed      crm.Owed   `json:"owed,omitempty"`    // what we owe them since then

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

// Explain rates a contact and says how the rating came about. say has the language of its reasons and its advice.
func Explain(s *Settings, r *Record, at Instant, say *words.Catalogue) Explanation {
	var h status.Judge
	x := Explanation{Rating: rate(&h, s, r, at), Facts: map[string]int{}}
	say.Fill(&x.Rating)
	for _, f := range r.Facts() {
		if !f.Gone {
			x.Facts[f.Kind.String()]++
		}
	}
	if x.Rating.Unrated != "" {
		return x
	}
	x.Segment, x.Zone, x.Country = h.P.Segment, h.Theirs.Zone.String(), h.Theirs.CountryCode
	_, x.Stage = h.Quota()
	x.Ball, x.BallSince, x.BallBy, x.Owed = h.Ball, h.Since, h.By, x.Rating.Owes
	x.Spared = h.Spared()
	if h.P.OddAt > h.P.OverrideAt {
		x.Hint = "the override holds a word that is none of A, B, C, D, keep, disqualified: it changes nothing, and what was set before goes on"
	}
	for i := range h.Turns {
		x.Turns = append(x.Turns, explainTurn(&h, i))
	}
	for i := range h.Events {
		if e := &h.Events[i]; e.Why == history.WhyUnknown && !e.Peer {
			x.Turns = append(x.Turns, Turn{Direction: "unknown", From: e.At, Until: e.At, Messages: 1, Fact: e.ID})
		}
	}
	slices.SortStableFunc(x.Turns, func(a, b Turn) int { return cmp.Compare(a.From, b.From) })
	for _, a := range h.Tries {
		x.Attempts = append(x.Attempts, Attempt{a.ID, a.At, a.Counted, a.Why})
	}
	for _, sp := range h.Stops {
		x.Stops = append(x.Stops, Stop{sp.From, finite(sp.Until), sp.Why, sp.Fact, sp.Ours})
	}
	slices.SortStableFunc(x.Stops, func(a, b Stop) int { return cmp.Compare(a.From, b.From) })
	x.Clocks = clocks(&h, &x.Rating)
	for i := range r.Decisions {
		if f := &r.Decisions[i]; f.Decision != nil {
			x.Decisions = append(x.Decisions, Announced{f.At, f.Decision.Status, f.Decision.Ground, f.Decision.Hangs, f.ID})
		}
	}
	spent := signals.Spent(&h.View).Hours()
	months := max(float64(h.Now-h.First)/float64(30*calendar.DayMS), 1)
	x.Effort = EffortLedger{Hours: tenths(spent), Notes: x.Facts[crm.KindNote.String()], Commitments: signals.Committed(&h.View), Cap: tenths(h.S.EffortCap.Hours()), Freed: tenths(spent / months)}
	x.Next = ahead(s, r, at, x.Rating, say)
	return x
}

func tenths(f float64) float64 { return float64(int(f*10+0.5)) / 10 }

func finite(m crm.Millis) crm.Millis {
	if m >= calendar.Never {
		return 0
	}
	return m
}

func explainTurn(h *status.Judge, i int) Turn {
	t := &h.Turns[i]
	out := Turn{
		Direction: t.Dir.String(), From: t.First.At, Until: t.Last.At, Messages: t.Messages, Asks: t.Ask.ID != "", Unread: t.Unread,
		Cleared: t.Cleared, Intents: t.Intents.String(), Fact: t.First.ID,
	}
	if t.Dir == 0 {
		out.Direction = "talk"
	}
	if i > 0 && h.Turns[i-1].Ask.ID != "" {
		out.Short = h.IsShort(t, &h.Turns[i-1])
	}
	return out
}

// clocks are the times that run, or would run, against the contact.
func clocks(h *status.Judge, rating *crm.Rating) []Clock {
	var list []Clock
	stopped := ""
	if sp, paused := h.Paused(); paused {
		stopped = sp.Why
	}
	if h.Start.ID != "" && h.Ball == crm.Them {
		quota, _ := h.Quota()
		counted, _, last := h.Attempts()
		end := h.SilentUntil(quota, last)
		quota = (quota + status.Respite(h)).Round(calendar.Days)
		c := Clock{
			Name: "silence", Since: h.Start.At, Quota: formatDuration(quota), Stopped: stopped,
			Elapsed: formatDays(calendar.Running(h.Pauses, h.Start.At, h.Seen)), Ends: finite(end),
		}
		if missing := h.S.Attempts - counted; missing > 0 {
			c.Lacks = words.Count(missing, "more attempt") + " to reach them"
		}
		list = append(list, c)
	}
	if rating.Status == crm.Pending && rating.Decide == nil {
		e := status.EpisodeOf(h.R.Decisions, calendar.Never)
		end := h.Theirs.DayEnd(e.Pending, h.S.Grace, h.Pauses)
		list = append(list, Clock{
			Name: "grace", Since: e.Pending, Quota: words.Count(h.S.Grace, "business day"), Stopped: stopped,
			Elapsed: words.BusinessTime(h.Theirs.Hours(e.Pending, h.Seen), h.Theirs.Shut-h.Theirs.Open), Ends: finite(end),
		})
	}
	if h.Ball == crm.Us && h.Owes {
		late := h.Ours.After(h.Since, h.S.SLA)
		list = append(list, Clock{
			Name: "our time to answer", Since: h.Since, Quota: words.Count(h.S.SLA, "business day"),
			Elapsed: words.BusinessTime(h.Ours.Hours(h.Since, h.Now), h.Ours.Shut-h.Ours.Open), Ends: late,
		})
	}
	if rating.Status == crm.Disqualified {
		list = append(list, Clock{Name: "recheck", Since: h.Now, Ends: rating.RecheckOn})
	}
	return list
}

func formatDays(m crm.Millis) string { return words.Count(int(m/calendar.DayMS), "day") }
