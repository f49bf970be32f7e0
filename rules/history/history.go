// Package history reads a record as a history: turns, the ball, silence, attempts, debts.
package history

import (
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/record"
)

// History is one contact's history as it is seen at one instant: who owes the next move, what was said in which turn,
// what stands still. It is built once a rating and thrown away.
type History struct {
	Frame
	Due Due

	Events []Event
	Turns  []Turn
	Clocks
	Move
	Silence
	Stage

	Debts   []Debt
	Follow  []FollowUp      // agreed dates
	unsent  Move            // who owed the next move before a quote was published
	Today   Mark            // an agreed date that has come, and on which we have not come back yet
	done    []calendar.Span // tasks of ours ticked off, from due to done
	Kept    []Mark          // the agreed dates on which we came back
	Acts    []crm.Millis    // when we did something that may have reached them
	Reached []crm.Millis    // when something of ours did
	Commits []Commitment
}

// Frame is whose history it is, by which settings and calendars, and when it is looked at.
type Frame struct {
	S      *Settings
	R      *record.Record
	P      Profile
	Theirs calendar.Calendar // the prospect's
	Ours   calendar.Calendar // the owner's

	Now  crm.Millis
	Seen crm.Millis // silence counts up to here
	// facts later than this are not looked at: never, or the instant of a decision that is looked back at
	Limit crm.Millis
	Tick  crm.Millis // decay and windows are measured here, see ticked
	First crm.Millis // the contact has been known since
	Anew  crm.Millis // the contact was opened again at its recheck date: grounds rest on what came since
	From  crm.Millis // conduct before this does not count any more: the contact came back
}

// Clocks is what makes the clocks stand still that run against the contact.
type Clocks struct {
	Stops  []calendar.Span // everything, apart
	Pauses []calendar.Span // the same, joined
	// the same without our own silence: scores go by these, or deleting a message of ours would cost points
	Fair []calendar.Span
}

// Move is who owes the next one.
type Move struct {
	Ball     crm.Ball
	Since    crm.Millis
	By       string // the fact that decided the ball
	Owes     bool   // the ball is ours because a message of theirs awaits an answer
	stranger bool   // it is that of one who is no contact
	rang     bool   // they only rang us
	signed   bool   // it is a quote accepted in the CRM
}

// Silence is what has been tried since they last did something, and what that last thing was.
type Silence struct {
	Own      Mark // the last thing they did themselves
	Any      Mark // the last thing that ends a silence: theirs, or a colleague's
	Start    Mark // the first delivered ask since then
	Tries    []Attempt
	Refused  *Event      // their last message, when it is a refusal
	Declined bool        // their last word was a no, and they were told that we leave it at that
	Weak     crm.Intents // what their last message may be read as
	Later    *Event      // their last message, when it puts us off to some time
	OptOut   bool        // their last message asks for no more messages
	BackBy   crm.Millis  // by when they will come back, as their last message promises
	Gone     bool        // a machine said that they left
	vague    int         // how often they put us off to some time without a day, since their last step
	Returned Mark        // our last mail, when it did not reach them
}

// Stage is how far the two sides have come.
type Stage struct {
	Met     bool
	Quoted  bool
	offered bool // a quote of ours stands that they have not accepted in words
	Late    bool // a deal is in a late stage
	Booked  bool // a meeting was booked
	Moved   bool // a deal advanced or was won
	Ahead   bool // something is agreed for the future
}

// Won reports whether they have bought: by the deals that are known, and where the record has forgotten some by what
// lasts.
func (h *History) Won() bool {
	if len(h.R.Items) >= record.MaxItems && h.R.Lasting.Won != 0 && h.R.Lasting.Won <= h.Ref() {
		return true
	}
	for i := range h.R.Items {
		d := h.R.Items[i].Deal
		if d == nil || d.Won == 0 || h.R.Items[i].At > h.Limit {
			continue
		}
		if d.Won <= h.Ref() {
			return true
		}
		h.Due.At(d.Won)
	}
	return false
}

// Hang is what an episode hangs on: the last thing that they did, or where they never did anything our first open
// question.
func (h *History) Hang() string {
	if h.Own.ID != "" {
		return h.Own.ID
	}
	return h.Start.ID
}

// Milestone reports whether a next step is on file in an open deal.
func (h *History) Milestone() bool { return h.Noted() != 0 }

// Noted is when the deal that has a next milestone on file last changed, 0 where none has.
func (h *History) Noted() (last crm.Millis) {
	for i := range h.R.Items {
		f := &h.R.Items[i]
		if d := f.Deal; d != nil && d.NextStep && d.Won == 0 && d.Lost == 0 && f.At <= h.Limit {
			last = max(last, f.At, crm.Millis(f.Version))
		}
	}
	return last
}

// Property is the fact of a property that has a value, nil where there is none.
func (h *History) Property(name string) *crm.Fact {
	for i := range h.R.Profile {
		if f := &h.R.Profile[i]; f.Property != nil && f.Property.Name == name &&
			strings.TrimSpace(f.Property.Value) != "" {
			return f
		}
	}
	return nil
}

// Referred is the property that counts whom they sent us.
func (h *History) Referred() (*crm.Fact, int) {
	f := h.Property(h.S.ReferralsProperty)
	if f == nil {
		return nil, 0
	}
	n, ok := record.Number(f.Property.Value)
	if !ok || n < 1 {
		return nil, 0
	}
	return f, int(min(n, 1000))
}

// Helped reports whether a message of ours has reached them since they first wrote, or at all where they never did.
func (h *History) Helped() bool {
	for i := range h.Events {
		e := &h.Events[i]
		if !e.Peer && (e.Kind == Talked || e.Kind == Sent && e.F.Message != nil && e.At >= h.R.Lasting.FirstIn) {
			return true
		}
	}
	return false
}

// Refers reports whether the contact has sent us others.
func (h *History) Refers() bool {
	for i := range h.R.Referrals {
		if f := &h.R.Referrals[i]; f.Referral != nil && f.Referral.Direction == crm.Out && f.At <= h.Limit {
			return true
		}
	}
	_, n := h.Referred()
	return n > 0
}

// InboundLed reports whether they came to us.
func (h *History) InboundLed() bool {
	switch h.P.origin {
	case "inbound":
		return true
	case "outbound":
		return false
	}
	return len(h.Turns) > 0 && h.Turns[0].Dir == crm.In
}

// Build makes the history of a record at an instant. Facts later than limit are left out.
func (h *History) Build(s *Settings, r *record.Record, now, seen, limit crm.Millis) {
	h.S, h.R, h.Now, h.Seen, h.Limit = s, r, now, seen, limit
	h.Ball = crm.None
	h.P.read(r, s.FollowUps, limit)
	h.calendars()
	h.ticked()
	h.First = h.P.created
	record.Earliest(&h.First, r.Lasting.First)
	old := spare.Get().(*lists)
	h.Events, h.Turns = slices.Grow(old.events, len(r.Conduct)+2*len(r.Items)+4), old.turns
	h.Follow = h.P.follow
	g := gatherer{h}
	own := g.talkEvents()
	g.items()
	g.decisionEvents()
	merge(h.Events, own)
	g.conversations()
	g.bounces()
	(&scanner{h}).scan()
	l := ledger{h}
	l.owe()
	h.Fair = calendar.Union(slices.Clone(h.Stops))
	l.ownSilence()
	for _, sp := range h.Stops {
		h.Due.At(sp.From)
	}
	h.Pauses = calendar.Union(slices.Clone(h.Stops))
}

// Ref is the instant up to which things have happened in this history.
func (h *History) Ref() crm.Millis { return min(h.Now, h.Limit) }

func (h *History) calendars() {
	country, zone := h.P.country, calendar.ZoneNamed(h.P.zone)
	if zone == nil {
		zone = calendar.ZoneNamed(calendar.ZoneOf[country])
	} else if country == "" {
		country = calendar.CountryOf[h.P.zone]
	}
	h.Theirs = calendar.New(zone, h.S.Zone, h.S.Hours, country, h.S.Week)
	h.Ours = calendar.New(calendar.ZoneNamed(h.P.ownerZone), h.S.OwnerZone, h.S.OwnerHours, h.S.OwnerCountry, h.S.Week)
}

// ticked sets the instant at which decay and windows are measured: it moves on once a day, at the hour of their first
// message, so that time alone changes a contact's scores at most once a day, and not all contacts' at the same hour.
// Our own messages have no part in it, because deleting one must not move a score.
func (h *History) ticked() {
	phase := h.R.Lasting.FirstIn % calendar.DayMS
	h.Tick = (h.Now-phase)/calendar.DayMS*calendar.DayMS + phase
}

// Early reports whether nothing has been booked, quoted or advanced yet: coldness is normal then.
func (h *History) Early() bool { return !h.Met && !h.Booked && !h.Quoted && !h.Moved }

// TickAfter is the first tick after an instant.
func (h *History) TickAfter(m crm.Millis) crm.Millis {
	if m < h.Tick {
		return h.Tick + calendar.DayMS
	}
	return h.Tick + ((m-h.Tick)/calendar.DayMS+1)*calendar.DayMS
}
