package signals

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/words"
)

var commitmentsRow = Signal{
	ID: "A40", Name: "commitments", Sub: crm.Engagement, Points: 6,
	Cap: 18, HalfLife: 120 * calendar.Days, Window: 365 * calendar.Days, Early: 100, On: true,
	Why:    "booked or held meetings, accepted quotes, advanced stages",
	Source: S1 + "; " + S2,
}

// commitments is A40: what they bound themselves to.
func commitments(h *View, sh *Sheet) {
	w := Weigh(h, RowCommitments)
	for _, c := range h.Commits {
		if w.counts(c.At) {
			w.hit(c.At, c.ID, c.Strength)
		}
	}
	if n := Committed(h); n > 0 {
		sh.add(&w, RowCommitments, "has committed to something "+words.Times(n)+": a meeting, a quote accepted or a "+
			"step ahead")
	}
}

// Committed is how many commitments of theirs count: every reason says the same number.
func Committed(h *View) (n int) {
	w := Weigh(h, RowCommitments)
	for _, c := range h.Commits {
		if w.counts(c.At) {
			n++
		}
	}
	return n
}
