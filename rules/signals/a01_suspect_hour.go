package signals

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/words"
)

var suspectHourRow = Signal{
	ID: "A01", Name: "suspect_hour", Sub: crm.Engagement, Points: -3,
	Cap: 3, HalfLife: 30 * calendar.Days, Window: 180 * calendar.Days, Early: 100, On: true,
	Why:    "first wrote at an hour that settings call suspect; counts only beside another negative",
	Source: S0,
}

// suspectHour is A01: a small hint from the hour of the very first enquiry, and only beside something else that counts
// against them. Where the zone is not known there is no hour.
func suspectHour(h *View, sh *Sheet) {
	if len(h.Turns) == 0 || h.Turns[0].Dir != crm.In || !h.Theirs.Known || sh.against == 0 {
		return
	}
	w := Weigh(h, RowSuspectHour)
	first := h.Turns[0].First
	if first.At != h.R.Lasting.FirstIn || !isSuspect(h, first.At) || !w.counts(first.At) {
		return
	}
	w.hit(first.At, first.ID, 1)
	sh.add(&w, RowSuspectHour, words.Say("reason.suspect_hour", h.Day("on", first.At)))
}

func isSuspect(h *View, m crm.Millis) bool {
	day, tod := h.Theirs.Civil(m)
	for _, win := range h.S.Suspect {
		if win.Days == 0 && !h.Theirs.At(m) || win.Days.Has(day) && tod >= win.Open && tod < win.Shut {
			return true
		}
	}
	return false
}
