package signals

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
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
	var kinds [len(committed)][]history.Mark
	for _, c := range h.Commits {
		if w.counts(c.At) {
			w.hit(c.At, c.ID, c.Strength)
			kinds[c.Kind] = append(kinds[c.Kind], c.Mark)
		}
	}
	var says []crm.Phrase
	for kind, marks := range kinds {
		if len(marks) > 0 {
			says = append(says, words.Say(committed[kind], h.Days("on", marks))...)
		}
	}
	if says != nil {
		sh.add(&w, RowCommitments, says)
	}
}

// committed says each kind of commitment.
var committed = [...]string{
	history.Met:      "reason.commitments.met",
	history.Booked:   "reason.commitments.booked",
	history.Accepted: "reason.commitments.accepted",
	history.Advanced: "reason.commitments.advanced",
	history.Bought:   "reason.commitments.won",
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
