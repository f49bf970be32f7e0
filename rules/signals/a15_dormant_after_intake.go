package signals

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/words"
)

var dormantIntakeRow = Signal{
	ID: "A15", Name: "dormant_after_intake", Sub: crm.Engagement, Points: -8, Cap: 8, Early: 30, On: true,
	Why:    "took much information and fell silent",
	Source: S2,
}

// dormantIntake is A15: took much information and gave little (A02), then left our question open for long.
func dormantIntake(h *View, sh *Sheet) {
	if h.Ball != crm.Them || h.Start.ID == "" || !TookMuch(h) {
		return
	}
	end := calendar.Ends(h.Fair, h.Start.At, calendar.Millis(h.S.FactFinding))
	if h.Seen < end {
		h.Due.Read(end)
		return
	}
	w := Weigh(h, RowDormantIntake)
	w.sum = 1
	w.Cite(h.Start.At, h.Start.ID)
	sh.add(&w, RowDormantIntake, words.Say("reason.dormant_after_intake", h.Day("since", h.Start.At)))
}
