// Package advice says what to do next about a contact.
package advice

import (
	"fmt"
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

// Action is the one thing to do next: first what we owe, then what was decided, then the next step.
func Action(h *status.Judge, rating *crm.Rating, o status.Outcome) string {
	if h.Gone {
		return actGone
	}
	if text := owed(h, rating); text != "" {
		return text
	}
	if text := decided(h, rating, o); text != "" {
		return text
	}
	if signals.FactFinder(&h.View) && signals.Effort(&h.View) > h.S.EffortCap {
		return ActHold
	}
	if text, waiting := patience(h); waiting {
		return text
	}
	if _, missing := signals.Contract(&h.View); missing && h.S.Rows[signals.RowContract].On {
		return actContract
	}
	if rating.MilestoneMissing && h.Absent(h.Ref()) == "" { // who is away agrees to nothing
		return actNext
	}
	return ""
}

// doubtful is what their last message may be read as, and is not sure to be.
const doubtful = crm.NotInterested | crm.OptOut | crm.NotReady

// owed is what we owe them: an answer, a promise, an agreed date, a mail that came back.
func owed(h *status.Judge, rating *crm.Rating) string {
	switch {
	case h.Ball == crm.Us && h.Owes:
		late := h.Ours.After(h.Since, h.S.SLA)
		h.Due.At(late)
		rating.Overdue = h.Now >= late
		switch {
		case h.Returned.ID != "":
			return fmt.Sprintf(actReturned, words.Date(h.Returned.At))
		case h.Weak.Any(doubtful):
			return fmt.Sprintf(actReadsLikeNo, words.Date(h.Since))
		case rating.Overdue:
			return fmt.Sprintf(actOverdue, words.Date(h.Since))
		}
		return fmt.Sprintf(actAnswer, words.Date(h.Since))
	case h.Returned.ID != "":
		return fmt.Sprintf(actReturned, words.Date(h.Returned.At))
	case h.Ball == crm.Us && len(h.Debts) > 0:
		return fmt.Sprintf(actDebt, h.Debts[0].Why)
	case h.Today.ID != "":
		return actToday
	}
	return ""
}

// decided is what follows from where the contact stands.
func decided(h *status.Judge, rating *crm.Rating, o status.Outcome) string {
	_, misfit := signals.CannotServe(&h.View)
	switch {
	case rating.Status == crm.Pending:
		return BreakUps[rating.Ground]
	case h.Declined || rating.Status == crm.Disqualified && rating.Ground == crm.SaidNo || o.Decide != nil && o.Decide.Status == crm.Open && o.Decide.Ground == crm.SaidNo:
		return actTheirWord // whatever else there were to do would break what the farewell promised
	case rating.Status == crm.Disqualified:
		return fmt.Sprintf(actRest, words.Date(rating.RecheckOn))
	case h.Refused != nil:
		return actSaidNo
	case o.Again:
		return actLookAgain
	case rating.Status == crm.Requalified:
		return actBack
	case misfit:
		return actPointer
	case rating.Status == crm.Nurture:
		return fmt.Sprintf(actNurture, words.Date(rating.RecheckOn))
	}
	return ""
}

// patience is what to do while the next move is theirs, and whether it is.
func patience(h *status.Judge) (text string, waiting bool) {
	if h.Ball != crm.Them {
		return "", false
	}
	counted, onDays, _ := h.Attempts()
	last := h.LastTry()
	if counted >= h.S.Attempts && onDays >= h.S.AttemptDays {
		return actStop, true
	}
	if last == 0 {
		if h.BackBy == 0 {
			return "", false
		}
		if h.Due.At(h.BackBy); h.Now < h.BackBy {
			return "", true
		}
		return actRemind, true
	}
	again := h.Theirs.After(last, max(h.S.AttemptGap, 1))
	h.Due.At(again)
	_, paused := h.Paused()
	switch {
	case paused:
	case h.Now >= again:
		return actRemind, true
	case slices.ContainsFunc(h.Tries, func(a history.Attempt) bool { return a.Why == history.WhyTooSoon }):
		return actSlow, true
	}
	return "", true
}
