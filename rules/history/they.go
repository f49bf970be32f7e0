package history

import (
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
)

// theyWrote: what awaits an answer gives us the ball, and a thank-you after an open question does not take it from us.
// Who promises to come back keeps it.
func (h *scanner) theyWrote(e *Event) {
	if n := len(h.Turns); n > 0 && h.Turns[n-1].Unsure { // the answer, or one more of it
		h.Turns[n-1].Cleared = false
	}
	awaits := NeedsAnswer(e.F) && !h.nods(e)
	turn := h.turn(e, crm.In)
	turn.wait(awaits, e)
	promise := e.F.Message != nil && !e.F.Message.Text.Unread && e.F.Message.Text.Intents.Any(crm.Promises)
	switch {
	case h.Ball == crm.Us:
		h.writeToo(e, awaits)
	case awaits:
		h.move(crm.Us, e)
		h.Owes, h.rang = true, e.F.Call != nil
	case promise:
		h.move(crm.Them, e)
	default:
		h.move(crm.None, e)
	}
	h.spoke(e)
	if e.F.Message == nil {
		return
	}
	t := &e.F.Message.Text
	h.OptOut = Strong(t, crm.OptOut)
	h.Weak = t.Weak
	if t.Unread {
		return
	}
	if t.Intents.Any(crm.Accepts) {
		h.theyAccepted(e)
	}
	if Strong(t, crm.NotInterested) && !awaits {
		h.Refused = e
	}
	h.theyNamed(e, turn, promise, awaits)
}

// writeToo notes what else they ask while we owe them an answer already.
func (h *scanner) writeToo(e *Event, awaits bool) {
	if awaits && e.F.Call == nil {
		h.rang = false
	}
}

// nods reports whether all that they wrote is a short yes to something that asked for none: a courtesy.
func (h *scanner) nods(e *Event) bool {
	n := len(h.Turns)
	if e.F.Message == nil || n == 0 || h.Ball == crm.Us {
		return false
	}
	if last := &h.Turns[n-1]; last.Dir != crm.Out || last.Ask.ID != "" || last.Unread { // it may have asked
		return false
	}
	t := &e.F.Message.Text
	return t.Intents.Has(crm.ClearYes) && t.Intents&^(crm.ClearYes|crm.Thanks) == 0 && t.Asks == 0 &&
		t.Units <= h.S.ShortUnits
}

// farthest is how far a day may lie ahead that they name.
const farthest = 365 * calendar.DayMS

// named is the future day that a message of theirs names as the time of the next move, 0 where it names none.
func named(f *crm.Fact) crm.Millis {
	t := &f.Message.Text
	if day := max(t.Return, t.Horizon); day > f.At {
		return min(day, f.At+farthest)
	}
	return 0
}

// theyNamed: until the day that they named is over, and a business day more, nothing is to be expected of them. A time
// without a day does so once: who puts us off to some time again, and took no step in between, let the first one pass.
func (h *scanner) theyNamed(e *Event, turn *Turn, promise, awaits bool) {
	t := &e.F.Message.Text
	day := named(e.F)
	if t.Intents.Any(crm.FutureBusiness) && !t.Intents.Any(crm.Accepts|crm.Promises|crm.NotReady|crm.DefersTime) {
		day = 0 // when they may buy more is not the time of the next move
	}
	later := Strong(t, crm.NotReady|crm.DefersTime)
	vague := day != 0 && t.Loose || day == 0 && Strong(t, crm.NotReady)
	if vague {
		turn.Vague = true
		h.vague++
	} else if t.Intents.Any(progress) {
		h.vague = 0
	}
	again := vague && h.vague > 1
	if promise {
		h.BackBy = e.At + calendar.Millis(h.S.ReplyTime)
	}
	if day != 0 && !again {
		until := h.Theirs.DayEnd(day, 1, nil)
		if t.Return > t.Horizon {
			until = h.Theirs.After(day, h.S.AwayMargin)
		}
		if promise {
			h.BackBy = until
		}
		h.Stops = append(h.Stops, calendar.Span{
			From: e.At, Until: until, Why: "they named the time of the next move", Fact: e.ID, Away: true,
		})
		h.Due.At(until)
		h.Ahead = h.Ahead || until > h.Ref()
	}
	if promise {
		h.Due.At(h.BackBy)
		h.Ahead = h.Ahead || h.BackBy > h.Ref()
	}
	if later {
		h.theyPutOff(e, promise, awaits, again)
	}
}

// theyPutOff: a date is agreed on which one of us comes back.
func (h *scanner) theyPutOff(e *Event, promise, awaits, again bool) {
	t := &e.F.Message.Text
	due := t.Horizon
	if due <= e.At {
		due = 0
	}
	assumed := due == 0
	if Strong(t, crm.NotReady) && !awaits && !again {
		h.Later = e
		if assumed {
			due = e.At + calendar.Millis(h.S.NotReady)
		}
	}
	if due != 0 {
		due = min(due, e.At+3*365*calendar.DayMS)
		h.Follow = append(h.Follow, FollowUp{
			set: e.At, Due: due, Fact: e.ID, assumed: assumed, theirs: promise, again: again,
		})
	}
}

// theyAccepted: a quote of ours that they accept in words is a commitment, unless the CRM says itself that it was
// accepted.
func (h *scanner) theyAccepted(e *Event) {
	if h.offered && !slices.ContainsFunc(h.R.Items, func(f crm.Fact) bool {
		q := f.Quote
		return q != nil && !f.Gone && q.Accepted != 0 && q.Accepted <= h.Limit && len(q.Sent) > 0 && q.Sent[0] <= e.At
	}) {
		h.Commits = append(h.Commits, Commitment{Mark{e.At, e.ID}, acceptance, false, Accepted})
	}
	h.offered = false
}

// spoke notes that they did something themselves.
func (h *scanner) spoke(e *Event) {
	h.Own = Mark{e.At, e.ID}
	h.Refused, h.Later, h.OptOut, h.Gone, h.BackBy = nil, nil, false, false, 0
	h.Returned, h.Declined, h.Weak = Mark{}, false, 0
	h.silenceEnds(h.Own)
}
