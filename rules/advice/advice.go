// Package advice says what to do next about a contact.
package advice

import (
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/signals"
	"github.com/winnow-crm/winnow/rules/status"
	"github.com/winnow-crm/winnow/rules/words"
)

// Treatment is how much of our time is due.
func Treatment(h *status.Judge, rating *crm.Rating, o status.Outcome) string {
	switch {
	case rating.Status == crm.Nurture:
		return "nurture"
	case rating.Letter == "D" || rating.Status == crm.Disqualified || rating.Status == crm.Pending:
		return "light"
	case signals.FactFinder(&h.View) && signals.Effort(&h.View) > h.S.EffortCap:
		return "light"
	case h.S.Bands[1].Of(rating.Fit) == 2 && rating.Letter != "A":
		return "light"
	case rating.Letter == "A":
		return "intensive"
	}
	return "standard"
}

// Say is the one thing to do next: first what we owe, then what was decided, then the next step.
func Say(h *status.Judge, rating *crm.Rating, o status.Outcome) []crm.Phrase {
	if h.Gone {
		return words.Say("advice.gone")
	}
	if says := owed(h, rating); says != nil {
		return says
	}
	if says := decided(h, rating, o); says != nil {
		return says
	}
	if signals.FactFinder(&h.View) && signals.Effort(&h.View) > h.S.EffortCap {
		return words.Say(Hold)
	}
	if says, waiting := patience(h); waiting {
		return says
	}
	if _, missing := signals.Contract(&h.View); missing && h.S.Rows[signals.RowContract].On {
		return words.Say("advice.contract")
	}
	if rating.MilestoneMissing && h.Absent(h.Ref()) == "" { // who is away agrees to nothing
		return next(rating)
	}
	return nil
}

// doubtful is what their last message may be read as, and is not sure to be.
const doubtful = crm.NotInterested | crm.OptOut | crm.NotReady

// owed is what we owe them: an answer, a promise, an agreed date, a mail that came back.
func owed(h *status.Judge, rating *crm.Rating) []crm.Phrase {
	switch {
	case h.Ball == crm.Us && h.Owes:
		late := h.Ours.After(h.Since, h.S.SLA)
		h.Due.At(late)
		rating.Overdue = h.Now >= late
		if h.Returned.ID != "" {
			return words.Say("advice.returned", h.Day("on", h.Returned.At))
		}
		says := words.Say(awaited(h), h.Day("since", h.Since))
		if h.Weak.Any(doubtful) {
			says = append(says, words.Say("advice.maybe_no")...)
		} else if rating.Overdue {
			says = append(says, words.Say("advice.overdue")...)
		}
		return says
	case h.Returned.ID != "":
		return words.Say("advice.returned", h.Day("on", h.Returned.At))
	case h.Ball == crm.Us && len(h.Debts) > 0:
		return signals.Owed(&h.View, "advice.debt.promise", "advice.debt.task", "advice.debt.date")
	case h.Today.ID != "":
		return words.Say("advice.today", h.Agreed("on", h.Today.At))
	}
	return nil
}

// answers say what to do about what they want, the most telling first.
var answers = [...]struct {
	wants crm.Intents
	key   string
}{
	{crm.Accepts, "advice.answer.accepted"},
	{crm.QuoteAgain, "advice.answer.again"},
	{crm.QuoteRequest, "advice.answer.quote"},
	{crm.ChangeRequest, "advice.answer.change"},
	{crm.Discount, "advice.answer.price"},
	{crm.ProposesTime | crm.AcceptsTime, "advice.answer.time"},
	{crm.Asks | crm.AsksYesNo, "advice.answer.question"},
	{crm.Requests, "advice.answer.request"},
}

// awaited says what they wait for, as far as it is known.
func awaited(h *status.Judge) string {
	if i := slices.IndexFunc(h.Events, func(e history.Event) bool { return e.ID == h.By }); i >= 0 {
		switch f := h.Events[i].F; {
		case f == nil || h.Events[i].Peer:
			return "advice.answer.other"
		case f.Quote != nil:
			return "advice.answer.signed"
		}
	}
	for _, t := range slices.Backward(h.Turns) {
		if t.Dir != crm.In {
			continue // a voicemail of ours, which answered nothing
		}
		for _, a := range answers {
			if t.Intents.Any(a.wants) {
				return a.key
			}
		}
		if t.Spoken {
			return "advice.answer.call"
		}
		break
	}
	return "advice.answer.other"
}

// partings say why it is time for the farewell, by ground.
var partings = map[crm.Ground]string{
	crm.Unresponsive: "advice.pending.unresponsive",
	crm.SaidNo:       "advice.pending.not_interested",
	crm.FactFinding:  "advice.pending.fact_finding",
	crm.NoProgress:   "advice.pending.no_progress",
	crm.Unprofitable: "advice.pending.unprofitable",
	crm.Difficult:    "advice.pending.difficult",
	crm.Misfit:       "advice.pending.misfit",
}

// decided is what follows from where the contact stands.
func decided(h *status.Judge, rating *crm.Rating, o status.Outcome) []crm.Phrase {
	_, misfit := signals.CannotServe(&h.View)
	refused := o.Decide != nil && o.Decide.Status == crm.Open && o.Decide.Ground == crm.SaidNo
	switch {
	case rating.Status == crm.Pending:
		says := crm.Phrase{Key: partings[rating.Ground]}
		if len(o.Note.Says) > 0 {
			says.Args = o.Note.Says[0].Args // the evidence of the ground
		}
		return []crm.Phrase{says}
	case h.Declined || rating.Status == crm.Disqualified && rating.Ground == crm.SaidNo || refused:
		return words.Say("advice.their_word") // whatever else there were to do would break what the farewell promised
	case rating.Status == crm.Disqualified:
		return until(h, rating.RecheckOn, "advice.rest", "advice.rest.open")
	case h.Refused != nil:
		return words.Say("advice.said_no", h.Day("on", h.Refused.At))
	case o.Again:
		return words.Say("advice.look_again")
	case rating.Status == crm.Requalified:
		return words.Say("advice.back", h.Day("on", h.Own.At))
	case misfit:
		return words.Say("advice.pointer")
	case rating.Status == crm.Nurture:
		return until(h, rating.RecheckOn, "advice.nurture", "advice.nurture.open")
	}
	return nil
}

// until names a date, where there is one.
func until(h *status.Judge, date crm.Millis, dated, open string) []crm.Phrase {
	if date == 0 {
		return words.Say(open)
	}
	return words.Say(dated, h.Dated("on", date))
}

// patience is what to do while the next move is theirs, and whether it is.
func patience(h *status.Judge) (says []crm.Phrase, waiting bool) {
	if h.Ball != crm.Them {
		return nil, false
	}
	counted, onDays, _ := h.Attempts()
	last := h.LastTry()
	if counted >= h.S.Attempts && onDays >= h.S.AttemptDays {
		return words.Say("advice.stop", h.Days("on", h.Counted())), true
	}
	if last == 0 {
		if h.BackBy == 0 {
			return nil, false
		}
		if h.Due.At(h.BackBy); h.Now < h.BackBy {
			return nil, true
		}
		return words.Say("advice.remind.promise", h.Day("on", h.Own.At)), true
	}
	again := h.Theirs.After(last, max(h.S.AttemptGap, 1))
	h.Due.At(again)
	_, paused := h.Paused()
	switch {
	case paused:
	case h.Now >= again:
		return words.Say("advice.remind", h.Day("ask", last)), true
	case slices.ContainsFunc(h.Tries, func(a history.Attempt) bool { return a.Why == history.WhyTooSoon }):
		return words.Say("advice.slow", h.Day("last", last)), true
	}
	return nil, true
}
