package history

import (
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/record"
)

// AsksThem reports whether a message of ours wants something of them: a question, a proposed time, a quote.
func (h *History) AsksThem(f *crm.Fact) bool {
	if f.Call != nil {
		return true // a voicemail asks to be called back
	}
	t := &f.Message.Text
	return t.Asks > 0 || t.Intents.Any(crm.Asks|crm.AsksYesNo|crm.ProposesTime) || h.CarriesQuote(f)
}

// CarriesQuote reports whether a message of ours hands over a quote, by what it says or by the quote's link.
func (h *History) CarriesQuote(f *crm.Fact) bool {
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
	n := len(h.Events) // as many as there are where each answers the one before it
	h.Turns, h.Acts, h.Reached = slices.Grow(h.Turns, n), slices.Grow(h.Acts, n), slices.Grow(h.Reached, n)
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
		case Left: // to somebody who is not there nothing is owed
			h.Gone, h.Owes = true, false
			h.move(crm.None, e)
		case Tried:
			h.Acts = append(h.Acts, e.At)
			h.Tries = append(h.Tries, Attempt{Mark: Mark{e.At, e.ID}, Why: e.Why})
		case Void:
			h.cameBack(e)
			if e.F != nil && (e.F.Message != nil && e.F.Message.Direction == crm.Out && !e.F.Message.Mass ||
				e.F.Call != nil && e.F.Call.Direction == crm.Out) {
				h.Tries = append(h.Tries, Attempt{Mark: Mark{e.At, e.ID}, Why: e.Why})
			}
		case Published:
			h.published(e)
		case Settled:
			h.settled(e)
		case Anew:
			h.silenceEnds(Mark{e.At, ""})
			h.Declined = h.Declined || e.F.Decision.Ground == crm.SaidNo
			h.Refused, h.Anew = nil, e.At
			if h.Ball == crm.Them {
				h.move(crm.None, e)
			}
		}
	}
	h.countAttempts()
}

func (h *scanner) move(ball crm.Ball, e *Event) {
	h.Ball, h.Since, h.By = ball, e.At, e.ID
	h.stranger, h.signed, h.rang = false, false, false
}

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
		if e.F.Message.Text.Intents.Any(crm.OurFault) {
			t.Amends += min(e.F.Message.Text.Asks, 1)
		}
		t.units += e.F.Message.Text.Units
		t.Unread = t.Unread || e.F.Message.Text.Unread
	case e.F.Call != nil:
		t.Spoken = true
	case e.F.Quote != nil:
		t.Intents |= crm.CarriesQuote
	}
	return t
}

// weWrote: what asks something gives them the ball; what asks nothing answers them, and leaves open what we asked
// before.
func (h *scanner) weWrote(e *Event) {
	h.Acts = append(h.Acts, e.At)
	h.Reached = append(h.Reached, e.At)
	h.Returned = Mark{}
	if h.Gone {
		h.Tries = append(h.Tries, Attempt{Mark: Mark{e.At, e.ID}, Why: "they are no longer there"})
		return
	}
	t := h.turn(e, crm.Out)
	ask := h.AsksThem(e.F)
	if h.CarriesQuote(e.F) {
		h.Quoted, h.offered = true, true
	}
	if ask && t.Ask.ID == "" {
		t.Ask = Mark{e.At, e.ID}
	}
	if e.F.Message != nil && e.F.Message.Text.Intents.Any(crm.ProposesTime) && t.Proposed.ID == "" {
		t.Proposed = Mark{e.At, e.ID}
	}
	if e.F.Call != nil && h.Owes && !h.rang {
		return // a voicemail tells them nothing of what they asked in writing
	}
	h.passOn(e, ask)
}

// passOn: a message of ours that answers them or asks them gives the next move away, and counts as an attempt.
func (h *scanner) passOn(e *Event, ask bool) {
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
	case e.F.Message != nil && e.F.Message.Text.Unread:
		h.Tries = append(h.Tries, Attempt{Mark: Mark{e.At, e.ID}, delivered: true, Why: "its text is not known"})
	default:
		h.Tries = append(h.Tries, Attempt{Mark: Mark{e.At, e.ID}, delivered: true, Counted: true})
	}
}

// published: a quote that was published answers them and gives them the next move, also where no mail of ours is known.
// It counts neither as a question of ours nor as an attempt, since nothing shows that it reached them; a mail that
// carries it counts by itself, in the same turn.
func (h *scanner) published(e *Event) {
	h.Acts = append(h.Acts, e.At)
	if h.Gone {
		return
	}
	if h.Ball == crm.Us && h.Returned.ID != "" && e.At-h.Returned.At < calendar.DayMS {
		return // the mail with it came back
	}
	h.turn(e, crm.Out)
	h.offered = true
	h.unsent = h.Move
	if h.Ball != crm.Them {
		h.move(crm.Them, e)
	}
	h.Owes = false
}

func (h *scanner) talked(e *Event) {
	h.turn(e, 0)
	h.Acts = append(h.Acts, e.At)
	h.Reached = append(h.Reached, e.At)
	h.vague = 0
	h.move(crm.None, e)
	h.Owes = false
	h.spoke(e)
}

// cleared ends a silence without being a message of theirs. What they asked us stays open.
func (h *scanner) cleared(e *Event) {
	if e.Peer && e.F.Message != nil && e.F.Message.Direction == crm.Out {
		h.answeredStranger(e)
		return
	}
	if n := len(h.Turns); n > 0 && h.Turns[n-1].Dir == crm.Out {
		h.Turns[n-1].Unsure = e.Why == WhyUnknown && (h.Turns[n-1].Unsure || !h.Turns[n-1].Cleared)
		h.Turns[n-1].Cleared = true
	}
	switch {
	case e.F.Quote != nil: // an acceptance is theirs, takes a refusal back, and leaves the next step to us
		if h.Ball != crm.Us {
			h.move(crm.Us, e)
			h.signed = true
		}
		h.Owes = true
		h.spoke(e)
		return
	case h.Ball == crm.Them:
		h.move(crm.None, e)
		h.Owes = false
	case e.F.Meeting != nil && !e.Peer:
		h.settled(e)
	}
	h.silenceEnds(Mark{e.At, e.ID})
	if !e.Peer && e.Why == "" { // a step of theirs
		h.vague = 0
	}
	if e.Peer && e.F.Peer == crm.Stranger && e.F.Message != nil && demands(&e.F.Message.Text) && h.Ball != crm.Us {
		h.move(crm.Us, e)
		h.Owes, h.stranger = true, true
	}
}

// answeredStranger: what one who is no contact asked in the contact's conversation is answered by whatever we write
// back.
func (h *scanner) answeredStranger(e *Event) {
	h.Acts = append(h.Acts, e.At)
	if h.stranger && h.Ball == crm.Us {
		h.move(crm.None, e)
		h.Owes = false
	}
}

// cameBack notes that a mail of ours did not reach them: until another one does, their address is to be found.
func (h *scanner) cameBack(e *Event) {
	if e.F == nil || e.F.Message == nil || e.F.Message.Direction != crm.Out || e.F.Message.Channel != crm.Email {
		return
	}
	if !e.F.Message.Failed && e.Why != whyCameBack {
		return
	}
	h.Returned = Mark{e.At, e.ID}
	if h.unsent.Owes && h.Since != h.unsent.Since && e.At-h.Since < calendar.DayMS && h.CarriesQuote(e.F) {
		h.Move = h.unsent // the quote that was published has not reached them: they go on waiting
	}
}

// settled: a booking answers a time that they proposed or agreed to, and a deal won any yes. Other questions of theirs
// stay open.
func (h *scanner) settled(e *Event) {
	n := len(h.Turns)
	if h.Ball != crm.Us || n == 0 {
		return
	}
	answered := crm.ProposesTime | crm.AcceptsTime
	if e.F.Deal != nil {
		answered = crm.AcceptsTime | crm.Accepts
	}
	t := &h.Turns[n-1]
	yes := t.Dir == crm.In && !t.Unread && !t.Spoken && t.Asks == 0 && t.Intents.Any(answered) &&
		!t.Intents.Any(wants&^answered)
	if yes || h.signed && e.F.Deal != nil {
		h.move(crm.None, e)
		h.Owes = false
	}
}

// away: they cannot answer before they are back. A question of theirs stays ours to answer.
func (h *scanner) away(e *Event) {
	until := e.At + calendar.Millis(h.S.Away)
	if day := named(e.F); day != 0 {
		until = h.Theirs.After(day, h.S.AwayMargin)
	}
	h.Stops = append(h.Stops, calendar.Span{From: e.At, Until: until, Why: "out of office", Fact: e.ID, Away: true})
	h.Due.At(until)
	if n := len(h.Turns); h.Ball != crm.Us && n > 0 && h.Turns[n-1].Dir == crm.Out {
		h.move(crm.Them, e)
	}
}
