package signals

import (
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/words"
)

var factFindingRow = Signal{
	ID: "A16", Name: "fact_finding", Window: 180 * calendar.Days, Early: 100, On: true,
	Why:    "collects facts without a milestone or a date: a class of its own, not a bad one",
	Source: S1,
}

// FactFinder is A16: much asked, nothing committed, no date and no milestone.
func FactFinder(h *View) bool {
	w := Weigh(h, RowFactFinding)
	theirs, _, _ := intake(h, &w)
	return theirs >= h.S.InfoAsks && len(h.Commits) == 0 && !h.Ahead && !h.Milestone()
}

// factFinding says that they are a class of their own.
func factFinding(h *View, sh *Sheet) {
	if !FactFinder(h) {
		return
	}
	w := Weigh(h, RowFactFinding)
	last := lastAsk(h)
	w.Cite(last.At, last.ID)
	sh.Note(&w, words.Say("reason.fact_finding", h.Day("last", last.At)))
}
