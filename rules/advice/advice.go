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

// Action is the one thing to do next.
func Action(h *status.Judge, rating *crm.Rating, o status.Outcome) string {
	_, misfit := signals.CannotServe(&h.View)
	counted, onDays, last := h.Attempts()
	pushed := slices.ContainsFunc(h.Tries, func(a history.Attempt) bool { return a.Why == history.WhyTooSoon })
	switch {
	case h.Ball == crm.Us && h.Owes:
		late := h.Ours.After(h.Since, h.S.SLA)
		h.Due.At(late, "our time to answer is over")
		if h.Now >= late {
			rating.Overdue = true
			return fmt.Sprintf(actOverdue, words.Date(h.Since))
		}
		return fmt.Sprintf(actAnswer, words.Date(h.Since))
	case h.Ball == crm.Us && len(h.Debts) > 0:
		return fmt.Sprintf(actDebt, h.Debts[0].Why)
	case rating.Status == crm.Pending:
		return BreakUps[rating.Ground]
	case rating.Status == crm.Disqualified:
		return fmt.Sprintf(actRest, words.Date(rating.RecheckOn))
	case o.Again:
		return actLookAgain
	case rating.Status == crm.Requalified:
		return actBack
	case misfit:
		return actPointer
	case rating.Status == crm.Nurture:
		return fmt.Sprintf(actNurture, words.Date(rating.RecheckOn))
	case h.Gone:
		return actGone
	case signals.FactFinder(&h.View) && signals.Effort(&h.View) > h.S.EffortCap:
		return ActHold
	case h.Ball == crm.Them && counted >= h.S.Attempts && onDays >= h.S.AttemptDays:
		return actStop
	case h.Ball == crm.Them && last != 0:
		again := h.Theirs.After(last, max(h.S.AttemptGap, 1))
		h.Due.At(again, "a reminder is due")
		switch _, paused := h.Paused(); {
		case paused:
			return ""
		case h.Now >= again:
			return actRemind
		case pushed:
			return actSlow
		}
		return ""
	}
	if h.Ball == crm.Them && h.BackBy != 0 && last == 0 {
		if h.Due.At(h.BackBy, "a reminder is due"); h.Now < h.BackBy {
			return ""
		}
		return actRemind
	}
	if _, missing := signals.Contract(&h.View); missing && h.S.Rows[signals.RowContract].On {
		return actContract
	}
	if rating.MilestoneMissing && h.Absent(h.Ref()) == "" { // who is away agrees to nothing
		return actNext
	}
	return ""
}
