package history

import (
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/record"
)

// gatherer turns the record's facts into events, stops and commitments.
type gatherer struct{ *History }

// talkEvents takes messages and calls, first their own and then the peers', and returns how many their own are.
func (h *gatherer) talkEvents() (own int) {
	for i := range h.R.Conduct {
		f := &h.R.Conduct[i]
		if f.At > h.Limit || h.isAhead(f) || outdated(f, h.R.Peers) {
			continue
		}
		kind, why := h.kindOf(f)
		h.Events = append(h.Events, Event{At: f.At, ID: f.ID, Kind: kind, F: f, Why: why})
	}
	own = len(h.Events)
	h.peerEvents()
	return own
}

// peerEvents takes the messages and calls of others, which clear what is owed and are nobody's conduct here.
func (h *gatherer) peerEvents() {
	for i := range h.R.Peers {
		f := &h.R.Peers[i]
		if f.At > h.Limit || f.Message == nil && f.Call == nil || outdated(f, h.R.Conduct) {
			continue
		}
		if f.Peer == crm.Stranger && f.Message != nil && f.Message.Direction == crm.Out {
			h.Events = append(h.Events, Event{At: f.At, ID: f.ID, Kind: Clearing, Peer: true, F: f})
		}
		if kind, _ := h.kindOf(f); (kind == Received || kind == Talked) &&
			!h.isOwn(strings.TrimPrefix(f.ID, crm.PeerPrefix)) {
			h.Events = append(h.Events, Event{At: f.At, ID: f.ID, Kind: Clearing, Peer: true, F: f})
		}
	}
}

// isAhead reports whether something of ours is dated in the future: it has no effect until then. What they did has
// happened as soon as it is known.
func (h *gatherer) isAhead(f *crm.Fact) bool {
	ours := f.Message != nil && f.Message.Direction == crm.Out || f.Call != nil && f.Call.Direction == crm.Out
	if !ours || f.At <= h.Now {
		return false
	}
	h.Due.At(f.At)
	return true
}

// outdated reports whether a later reading of the same message or call stands among others: whose it is may turn out to
// be another's than was thought, as when an address changes hands.
func outdated(f *crm.Fact, others []crm.Fact) bool {
	for i := range others {
		if others[i].ID == f.ID && record.Beats(&others[i], f) {
			return true
		}
	}
	return false
}

// isOwn reports whether a peer's fact is also among the contact's own facts, where it then counts.
func (h *gatherer) isOwn(id string) bool {
	return slices.ContainsFunc(h.R.Conduct, func(f crm.Fact) bool {
		return f.ID == id && !f.Gone && !outdated(&f, h.R.Peers)
	})
}

// whyUnknown: a messenger's logged message need not say whose it is. It may have been their answer, so that the silence
// before it is none; it is neither held to be one nor to be an attempt of ours. The same is all that is known of what
// was deleted from the CRM: a clean-up there must not turn somebody who answered into one who is silent.
const WhyUnknown = "whose it is is not known"

// kindOf says what a message or call is, and why where it counts for nothing.
func (h *gatherer) kindOf(f *crm.Fact) (EventKind, string) {
	switch {
	case f.Gone:
		return Clearing, WhyUnknown
	case f.Message != nil:
		m := f.Message
		in := m.Direction == crm.In
		switch {
		case m.Failed:
			return Void, "not delivered"
		case in && m.Channel == crm.Form: // a person sent it, whatever it looks like
			return Received, ""
		case in && m.Text.Class == crm.OutOfOffice:
			return Away, ""
		case in && m.Text.Class == crm.Gone:
			return Left, ""
		case m.Text.Class == crm.Bounce:
			return Void, "bounce"
		case in && m.Text.Class != crm.Human && named(f) != 0:
			return Away, ""
		case m.Text.Class != crm.Human:
			return Void, "written by a machine"
		case m.Mass:
			return Void, "mass mail"
		case in:
			return Received, ""
		case m.Direction == crm.Out && m.Copied:
			return Void, "written to somebody else, with a copy to them"
		case m.Direction == crm.Out && m.Text.Intents.Any(crm.Confirms) && !h.CarriesQuote(f):
			return Void, "a confirmation or a notice"
		case m.Direction == crm.Out:
			return Sent, ""
		}
		return Clearing, WhyUnknown
	case f.Call != nil:
		c := f.Call
		long := crm.Millis(c.Seconds)*1000 >= calendar.Millis(h.S.Talk)
		switch {
		case c.Outcome == crm.CallOff:
			return Void, "never rang"
		case c.Outcome == crm.Connected || c.Outcome == 0 && long:
			return Talked, ""
		case c.Direction != crm.In && c.Direction != crm.Out:
			return Clearing, WhyUnknown
		case c.Direction == crm.In:
			return Received, ""
		case c.Outcome == crm.Voicemail:
			return Sent, ""
		case c.Outcome == crm.NoAnswer:
			return Tried, "nobody answered, nothing was left"
		}
		return Void, "outcome not known"
	}
	return Void, ""
}

// conversations makes mass mail of ours that stands in a conversation with them what it is: somebody's answer, whatever
// program sent it and whatever footer is below it.
func (h *gatherer) conversations() {
	for i := range h.Events {
		e := &h.Events[i]
		if e.Kind != Void || e.F == nil || e.F.Message == nil {
			continue
		}
		m := e.F.Message
		mass := m.Mass && m.Text.Class == crm.Human || m.Text.Class == crm.Bulk
		if m.Direction == crm.Out && mass && !m.Failed && !m.Copied && m.Thread != "" && h.spoke(i, m.Thread) {
			e.Kind, e.Why = Sent, ""
		}
	}
}

// spoke reports whether they wrote in a conversation before an event.
func (h *gatherer) spoke(before int, thread string) bool {
	return slices.ContainsFunc(h.Events[:before], func(e Event) bool {
		return e.Kind == Received && e.F != nil && e.F.Message != nil && e.F.Message.Thread == thread
	})
}

const whyCameBack = "came back"

// bounces makes void what came back: of each bounce the last mail of ours before it, in the same conversation where one
// is named.
func (h *gatherer) bounces() {
	for i := range h.Events {
		f := h.Events[i].F
		if f == nil || f.Message == nil || f.Message.Direction != crm.In || f.Message.Text.Class != crm.Bounce &&
			f.Message.Text.Class != crm.Gone {
			continue
		}
		if j := h.bounced(i, f.Message.Thread); j >= 0 {
			h.Events[j].Kind, h.Events[j].Why = Void, whyCameBack
		}
	}
}

func (h *gatherer) bounced(i int, thread string) int {
	last := -1
	for j := i - 1; j >= 0 && h.Events[i].At-h.Events[j].At <= 7*calendar.DayMS; j-- {
		f := h.Events[j].F
		if h.Events[j].Kind != Sent || f == nil || f.Message == nil || f.Message.Channel != crm.Email {
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
