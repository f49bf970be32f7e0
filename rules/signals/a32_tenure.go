package signals

import "github.com/winnow-crm/winnow/rules/calendar"

var tenureRow = Signal{
	ID: "A32", Name: "tenure", Early: 100, On: true,
	Why:    "has talked with us for long: no worse than C",
	Source: S2,
}

// Tenured reports whether they have talked with us for so long that one bad stretch must not sink them.
func Tenured(h *View) bool {
	first, last := h.R.Lasting.FirstIn, h.Own.At
	if first == 0 || last-first < calendar.Millis(h.S.Tenure) {
		return false
	}
	recent := last + 365*calendar.DayMS
	h.Due.At(recent)
	return h.Now < recent
}
