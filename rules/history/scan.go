package history

import (
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/record"
)

// asksThem reports whether a message of ours wants something of them: a question, a proposed time, a quote.
func (h *scanner) asksThem(f *crm.Fact) bool {
	if f.Call != nil {
		return true // a voicemail asks to be called back
	}
	t := &f.Message.Text
	return t.Asks > 0 || t.Intents.Any(crm.Asks|crm.AsksYesNo|crm.ProposesTime) || h.carriesQuote(f)
}

// carriesQuote reports whether a message of ours hands over a quote, by what it says or by the quote's link.
func (h *scanner) carriesQuote(f *crm.Fact) bool {
	if f.Message == nil {
		return false
	}
	if f.Message.Text.Intents.Any(crm.CarriesQuote) {
		return true
	}
	for _, link := range f.Message.Links {
		for i := range h.R.Items {
			if q := h.R.Items[i].Quote; q != nil && q.Link != 0 && q.Link == link {
				return true
			}
		}
	}
	return false
}

// scanner goes through the events and finds turns, ball, silence and attempts.
type scanner struct{ *History }

// scan goes through the events once, oldest first, and finds turns, ball, the current silence and the attempts in it.
func (h *scanner) scan() {
	h.Turns = make([]Turn, 0, len(h.Events)/2+2)
	for i := range h.Events {
		e := &h.Events[i]
		if e.Kind != Void && e.F != nil && !e.Peer && (e.F.Message != nil || e.F.Call != nil || e.F.Gone) {
			record.Earliest(&h.First, e.At)
		}
		switch e.Kind {
		case Received:
			h.theyWrote(e)
		case Sent:
			h.weWrote(e)
		case Talked:
			h.talked(e)
		case Clearing:
			h.cleared(e)
		case Away:
			h.away(e)
		case Left:
			h.Gone = true
		case Tried:
			h.Acts = append(h.Acts, e.At)
			h.Tries = append(h.Tries, Attempt{Mark: Mark{e.At, e.ID}, Why: e.Why})
		case Void:
			if e.F != nil && (e.F.Message != nil && e.F.Message.Direction == crm.Out && !e.F.Message.Mass || e.F.Call != nil && e.F.Call.Direction == crm.Out) {
				h.Tries = append(h.Tries, Attempt{Mark: Mark{e.At, e.ID}, Why: e.Why})
			}
		case Published:
			h.published(e)
		case Anew:
			h.silenceEnds(Mark{e.At, ""})
			h.Refused, h.Anew = nil, e.At
			if h.Ball == crm.Them {
				h.move(crm.None, e)
			}
		}
	}
	h.countAttempts()
}

func (h *scanner) move(ball crm.Ball, e *Event) { h.Ball, h.Since, h.By = ball, e.At, e.ID }

// silenceEnds starts the count of our attempts anew.
func (h *scanner) silenceEnds(by Mark) {
	if by.ID != "" {
		h.Any = by
	}
	h.Start = Mark{}
	h.Tries = h.Tries[:0]
}

func (h *scanner) turn(e *Event, dir crm.Direction) *Turn {
	if n := len(h.Turns); n == 0 || dir == 0 || h.Turns[n-1].Dir != dir || h.Turns[n-1].Cleared {
		h.Turns = append(h.Turns, Turn{Dir: dir, First: Mark{e.At, e.ID}})
	}
	t := &h.Turns[len(h.Turns)-1]
	t.Last = Mark{e.At, e.ID}
	t.Messages++
	switch {
	case e.F.Message != nil:
		t.Intents |= e.F.Message.Text.Intents
		t.Asks += e.F.Message.Text.Asks
		t.units += e.F.Message.Text.Units
		t.Unread = t.Unread || e.F.Message.Text.Unread
	case e.F.Call != nil:
		t.Spoken = true
	case e.F.Quote != nil:
		t.Intents |= crm.CarriesQuote
	}
	return t
}

// theyWrote: what awaits an answer gives us the ball, and a thank-you after an open question does not take it from us. Who promises to
// come back keeps it.
func (h *scanner) theyWrote(e *Event) {
	if n := len(h.Turns); n > 0 && h.Turns[n-1].Unsure { // the answer, or one more of it
		h.Turns[n-1].Cleared = false
	}
	turn, awaits := h.turn(e, crm.In), NeedsAnswer(e.F)
	turn.Awaits = turn.Awaits || awaits
	promise := e.F.Message != nil && !e.F.Message.Text.Unread && e.F.Message.Text.Intents.Any(crm.Promises)
	switch {
	case h.Ball == crm.Us:
	case awaits:
		h.move(crm.Us, e)
		h.Owes = true
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
	if promise {
		h.theyPromised(e)
	}
	if t.Intents.Any(crm.Accepts) && !t.Unread {
		h.theyAccepted(e)
	}
	h.OptOut = t.Intents.Any(crm.OptOut)
	if t.Intents.Any(crm.NotInterested) && !awaits {
		h.Refused = e
	}
	if t.Intents.Any(crm.NotReady|crm.DefersTime) && !t.Unread {
		due := t.Horizon
		if due <= e.At {
			due = 0
		}
		assumed := due == 0
		if t.Intents.Any(crm.NotReady) && !awaits {
			h.Later = e
			if assumed {
				due = e.At + calendar.Millis(h.S.NotReady)
			}
		}
		if due != 0 {
			due = min(due, e.At+3*365*calendar.DayMS)
			h.Follow = append(h.Follow, FollowUp{set: e.At, Due: due, Fact: e.ID, assumed: assumed, theirs: promise})
		}
	}
}

// theyAccepted: a quote of ours that they accept in words is a commitment, unless the CRM says itself that it was accepted.
func (h *scanner) theyAccepted(e *Event) {
	if h.offered && !slices.ContainsFunc(h.R.Items, func(f crm.Fact) bool {
		q := f.Quote
		return q != nil && !f.Gone && q.Accepted != 0 && q.Accepted <= h.Limit && len(q.Sent) > 0 && q.Sent[0] <= e.At
	}) {
		h.Commits = append(h.Commits, Commitment{Mark{e.At, e.ID}, acceptance, false})
	}
	h.offered = false
}

// theyPromised: until the day that they named is over, and a business day more, nothing is to be expected of them.
func (h *scanner) theyPromised(e *Event) {
	h.BackBy = e.At + calendar.Millis(h.S.ReplyTime)
	if due := min(e.F.Message.Text.Horizon, e.At+365*calendar.DayMS); due > e.At {
		h.BackBy = h.Theirs.DayEnd(due, 1, nil)
		h.Stops = append(h.Stops, calendar.Span{From: e.At, Until: h.BackBy, Why: "they said when they would come back", Fact: e.ID, Away: true})
	}
	h.Due.At(h.BackBy, "they said that they would be back")
	h.Ahead = h.Ahead || h.BackBy > h.Ref()
}

// spoke notes that they did something themselves.
func (h *scanner) spoke(e *Event) {
	h.Own = Mark{e.At, e.ID}
	h.Refused, h.Later, h.OptOut, h.Gone, h.BackBy = nil, nil, false, false, 0
	h.silenceEnds(h.Own)
}

// weWrote: what asks something gives them the ball; what asks nothing answers them, and leaves open what we asked before.
func (h *scanner) weWrote(e *Event) {
	h.Acts = append(h.Acts, e.At)
	if h.Gone {
		h.Tries = append(h.Tries, Attempt{Mark: Mark{e.At, e.ID}, Why: "they are no longer there"})
		return
	}
	t := h.turn(e, crm.Out)
	ask := h.asksThem(e.F)
	if h.carriesQuote(e.F) {
		h.Quoted, h.offered = true, true
	}
	if ask && t.Ask.ID == "" {
		t.Ask = Mark{e.At, e.ID}
	}
	if e.F.Message != nil && e.F.Message.Text.Intents.Any(crm.ProposesTime) && t.Proposed.ID == "" {
		t.Proposed = Mark{e.At, e.ID}
	}
	switch {
	case ask && h.Ball != crm.Them:
		h.move(crm.Them, e)
	case !ask && h.Ball == crm.Us:
		h.move(crm.None, e)
	}
	h.Owes = false
	if ask && h.Start.ID == "" {
		h.Start = Mark{e.At, e.ID}
	}
	switch {
	case h.Start.ID == "":
		return
	case h.Absent(e.At) != "":
		h.Tries = append(h.Tries, Attempt{Mark: Mark{e.At, e.ID}, delivered: true, Why: h.Absent(e.At)})
	case e.F.Message != nil && e.F.Message.Copied:
		h.Tries = append(h.Tries, Attempt{Mark: Mark{e.At, e.ID}, delivered: true, Why: "written to somebody else, with a copy to them"})
	case e.F.Message != nil && e.F.Message.Text.Unread:
		h.Tries = append(h.Tries, Attempt{Mark: Mark{e.At, e.ID}, delivered: true, Why: "its text is not known"})
	default:
		h.Tries = append(h.Tries, Attempt{Mark: Mark{e.At, e.ID}, delivered: true, Counted: true})
	}
}

// published: a quote that was published answers them and leaves the next move to them, also where no mail of ours is known. It is no
// question of ours and no attempt, since nothing shows that it reached them: a mail that carries it says that itself, in the same turn.
func (h *scanner) published(e *Event) {
	h.Acts = append(h.Acts, e.At)
	if h.Gone {
		return
	}
	h.turn(e, crm.Out)
	h.offered = true
	if h.Ball != crm.Them {
		h.move(crm.Them, e)
	}
	h.Owes = false
}

func (h *scanner) talked(e *Event) {
	h.turn(e, 0)
	h.Acts = append(h.Acts, e.At)
	h.move(crm.None, e)
	h.Owes = false
	h.spoke(e)
}

// cleared ends a silence without being a message of theirs. What they asked us stays open.
func (h *scanner) cleared(e *Event) {
	if n := len(h.Turns); n > 0 && h.Turns[n-1].Dir == crm.Out {
		h.Turns[n-1].Unsure = e.Why == WhyUnknown && (h.Turns[n-1].Unsure || !h.Turns[n-1].Cleared)
		h.Turns[n-1].Cleared = true
	}
	if h.Ball == crm.Them || h.Ball == crm.Us && e.F.Meeting != nil && !e.Peer && h.onlyATime() {
		h.move(crm.None, e)
		h.Owes = false
	}
	if e.F.Quote != nil { // an acceptance is theirs, and takes a refusal back
		h.spoke(e)
		return
	}
	h.silenceEnds(Mark{e.At, e.ID})
}

// onlyATime reports whether all that awaits an answer is a time to meet: booking the meeting answers that.
func (h *scanner) onlyATime() bool {
	n := len(h.Turns)
	if n == 0 || h.Turns[n-1].Dir != crm.In {
		return false
	}
	t := &h.Turns[n-1]
	return !t.Unread && !t.Spoken && t.Asks == 0 && t.Intents.Any(crm.ProposesTime) &&
		!t.Intents.Any(crm.Asks|crm.AsksYesNo|crm.QuoteRequest|crm.QuoteAgain|crm.ChangeRequest|crm.Discount)
}

// away: they cannot answer before they are back. A question of theirs stays ours to answer.
func (h *scanner) away(e *Event) {
	t := &e.F.Message.Text
	until := e.At + calendar.Millis(h.S.Away)
	if t.Return > e.At {
		until = h.Theirs.After(min(t.Return, e.At+365*calendar.DayMS), h.S.AwayMargin)
	}
	h.Stops = append(h.Stops, calendar.Span{From: e.At, Until: until, Why: "out of office", Fact: e.ID, Away: true})
	h.Due.At(until, "the absence ends")
	if n := len(h.Turns); h.Ball != crm.Us && n > 0 && h.Turns[n-1].Dir == crm.Out {
		h.move(crm.Them, e)
	}
}
