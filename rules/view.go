package rules

import (
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// view is one contact's history as it is seen at one instant: who owes the next move, what was said in which turn, what stands
// still. It is built once a rating and thrown away.
type view struct {
	base   *Settings // all settings
	s      *Settings // those of the contact's segment
	r      *Record
	p      profile
	theirs calendar // the prospect's
	ours   calendar // the owner's

	now   crm.Millis
	seen  crm.Millis // silence counts up to here
	limit crm.Millis // facts later than this are not looked at: never, or the instant of a decision that is looked back at
	tick  crm.Millis // decay and windows are measured here, see ticked
	anew  crm.Millis // the contact was opened again at its recheck date: grounds rest on what came since
	from  crm.Millis // conduct before this does not count any more: the contact came back

	due due

	events  []event
	turns   []turn
	stops   []span // everything that makes clocks stand still, apart
	pauses  []span // the same, joined
	fair    []span // the same without our own silence: scores go by these, or deleting a message of ours would cost points
	acts    []crm.Millis
	debts   []debt
	follow  []followUp
	ball    crm.Ball
	since   crm.Millis
	by      string // the fact that decided the ball
	owes    bool   // the ball is ours because a message of theirs awaits an answer
	own     mark   // the last thing they did themselves
	any     mark   // the last thing that ends a silence: theirs, or a colleague's
	start   mark   // the first delivered ask since then
	tries   []attempt
	refused *event     // their last message, when it is a refusal
	later   *event     // their last message, when it puts us off to some time
	optOut  bool       // their last message asks for no more messages
	backBy  crm.Millis // by when they will come back, as their last message promises
	gone    bool       // a machine said that they left
	met     bool
	quoted  bool
	offered bool // a quote of ours stands that they have not accepted in words
	late    bool
	ahead   bool // something is agreed for the future
	kept    []mark
	first   crm.Millis
	commits []commitment
}

// mark is a fact and its instant.
type mark struct {
	at crm.Millis
	id string
}

// commitment is something they bound themselves to.
type commitment struct {
	mark
	strength float64
	held     bool
}

// debt is something that we owe.
type debt struct {
	mark
	why string
}

// attempt is one try of ours to get an answer.
type attempt struct {
	mark
	delivered bool
	counted   bool
	why       string // why it does not count
}

type eventKind uint8

const (
	eVoid  eventKind = iota // counts for nothing
	eIn                     // theirs
	eOut                    // ours, delivered
	eTalk                   // both at once: a call that connected, a meeting held
	eClear                  // ends a silence without being their message: a colleague's answer, a booking, an acceptance, what may be theirs
	eAway                   // out of office
	eGone                   // no longer with the company
	eTry                    // ours, and nobody was reached
	eQuote                  // ours: a quote was published
	eAnew                   // the contact was opened again at its recheck date
)

type event struct {
	at   crm.Millis
	id   string
	kind eventKind
	peer bool
	f    *crm.Fact
	why  string // why it counts for nothing
}

// build makes the view of a record at an instant. Facts later than limit are left out.
func (h *view) build(s *Settings, r *Record, now, seen, limit crm.Millis) {
	h.base, h.r, h.now, h.seen, h.limit = s, r, now, seen, limit
	h.ball = crm.None
	h.p.read(r, s.followUps, limit)
	if own := s.of(h.p.segment); own != s {
		s = own
		h.p = profile{}
		h.p.read(r, s.followUps, limit)
	}
	h.s = s
	h.calendars()
	h.ticked()
	h.first = h.p.created
	earliest(&h.first, r.Lasting.First)
	h.events = make([]event, 0, len(r.Conduct)+2*len(r.Items)+4)
	h.follow = h.p.follow
	h.talkEvents()
	h.items()
	h.decisionEvents()
	if !slices.IsSortedFunc(h.events, order) { // a record's conduct is sorted, so that mostly there is little to do
		slices.SortFunc(h.events, order)
	}
	h.bounces()
	h.scan()
	h.owe()
	h.fair = union(slices.Clone(h.stops))
	h.ownSilence()
	for _, sp := range h.stops {
		h.due.at(sp.from, "clocks stand still: "+sp.why)
	}
	h.pauses = union(slices.Clone(h.stops))
}

func order(a, b event) int {
	if a.at != b.at {
		return compare(a.at, b.at)
	}
	if a.id != b.id {
		return strings.Compare(a.id, b.id)
	}
	return int(a.kind) - int(b.kind)
}

// ref is the instant up to which things have happened in this view.
func (h *view) ref() crm.Millis { return min(h.now, h.limit) }

func (h *view) calendars() {
	country, zone := h.p.country, zoneNamed(h.p.zone)
	if zone == nil {
		zone = zoneNamed(zoneOf[country])
	} else if country == "" {
		country = countryOf[h.p.zone]
	}
	h.theirs = calendar{zone: zone, open: h.s.hours.open, shut: h.s.hours.shut, known: zone != nil, countryCode: country}
	if zone == nil {
		h.theirs.zone = h.s.zone
	}
	h.theirs.days = workdaysOf(country, weekOf(country, h.s.week))
	h.ours = calendar{zone: zoneNamed(h.p.ownerZone), open: h.s.ownerHours.open, shut: h.s.ownerHours.shut, countryCode: h.s.ownerCountry}
	h.ours.known = h.ours.zone != nil
	if !h.ours.known {
		h.ours.zone = h.s.ownerZone
	}
	h.ours.days = workdaysOf(h.s.ownerCountry, weekOf(h.s.ownerCountry, h.s.week))
}

func weekOf(country string, usual week) week {
	if w, ok := weeks[country]; ok {
		return w
	}
	return usual
}

// ticked sets the instant at which decay and windows are measured: it moves on once a day, at the hour of their first message,
// so that time alone changes a contact's scores at most once a day, and not all contacts' at the same hour. Our own messages
// have no part in it, because deleting one must not move a score.
func (h *view) ticked() {
	phase := h.r.Lasting.FirstIn % dayMS
	h.tick = (h.now-phase)/dayMS*dayMS + phase
}

// talkEvents takes messages and calls, the peers' among them.
func (h *view) talkEvents() {
	for i := range h.r.Conduct {
		f := &h.r.Conduct[i]
		if f.At > h.limit {
			continue
		}
		kind, why := h.kindOf(f)
		h.events = append(h.events, event{at: f.At, id: f.ID, kind: kind, f: f, why: why})
	}
	for i := range h.r.Peers {
		f := &h.r.Peers[i]
		if f.At > h.limit || f.Message == nil && f.Call == nil {
			continue
		}
		if kind, _ := h.kindOf(f); (kind == eIn || kind == eTalk) && !h.isOwn(strings.TrimPrefix(f.ID, crm.PeerPrefix)) {
			h.events = append(h.events, event{at: f.At, id: f.ID, kind: eClear, peer: true, f: f})
		}
	}
}

// isOwn reports whether a fact is among the contact's own too: then it counts as that.
func (h *view) isOwn(id string) bool {
	return slices.ContainsFunc(h.r.Conduct, func(f crm.Fact) bool { return f.ID == id && !f.Gone })
}

// whyUnknown: a messenger's logged message need not say whose it is. It may have been their answer, so that the silence before it is none; it
// is neither held to be one nor to be an attempt of ours. The same is all that is known of what was deleted from the CRM: a clean-up there
// must not turn somebody who answered into one who is silent.
const whyUnknown = "whose it is is not known"

// kindOf says what a message or call is, and why where it counts for nothing.
func (h *view) kindOf(f *crm.Fact) (eventKind, string) {
	switch {
	case f.Gone:
		return eClear, whyUnknown
	case f.Message != nil:
		m := f.Message
		in := m.Direction == crm.In
		switch {
		case m.Failed:
			return eVoid, "not delivered"
		case in && m.Text.Class == crm.OutOfOffice:
			return eAway, ""
		case in && m.Text.Class == crm.Gone:
			return eGone, ""
		case m.Text.Class == crm.Bounce:
			return eVoid, "bounce"
		case m.Text.Class != crm.Human:
			return eVoid, "written by a machine"
		case m.Mass:
			return eVoid, "mass mail"
		case in:
			return eIn, ""
		case m.Direction == crm.Out:
			return eOut, ""
		}
		return eClear, whyUnknown
	case f.Call != nil:
		c := f.Call
		long := crm.Millis(c.Seconds)*1000 >= millis(h.s.talk)
		switch {
		case c.Outcome == crm.CallOff:
			return eVoid, "never rang"
		case c.Outcome == crm.Connected || c.Outcome == 0 && long:
			return eTalk, ""
		case c.Direction != crm.In && c.Direction != crm.Out:
			return eClear, whyUnknown
		case c.Direction == crm.In:
			return eIn, ""
		case c.Outcome == crm.Voicemail:
			return eOut, ""
		case c.Outcome == crm.NoAnswer:
			return eTry, "nobody answered, nothing was left"
		}
		return eVoid, "outcome not known"
	}
	return eVoid, ""
}

// bounces makes void what came back: of each bounce the last mail of ours before it, in the same conversation where one is
// named.
func (h *view) bounces() {
	for i := range h.events {
		f := h.events[i].f
		if f == nil || f.Message == nil || f.Message.Direction != crm.In || f.Message.Text.Class != crm.Bounce && f.Message.Text.Class != crm.Gone {
			continue
		}
		if j := h.bounced(i, f.Message.Thread); j >= 0 {
			h.events[j].kind, h.events[j].why = eVoid, "came back"
		}
	}
}

func (h *view) bounced(i int, thread string) int {
	last := -1
	for j := i - 1; j >= 0 && h.events[i].at-h.events[j].at <= 7*dayMS; j-- {
		f := h.events[j].f
		if h.events[j].kind != eOut || f == nil || f.Message == nil || f.Message.Channel != crm.Email {
			continue
		}
		if thread != "" && f.Message.Thread == thread {
			return j
		}
		if last < 0 && (thread == "" || f.Message.Thread == "") {
			last = j
		}
	}
	return last
}
