package signals

import (
	"cmp"
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/words"
)

// Sheet gathers what the signals say.
type Sheet struct {
	Reasons []crm.Reason
	against uint64 // the signals that lower engagement, a bit each
	sums    [3]int
}

// Speak is how many of these signals lower engagement, and by how many points together.
func (sh *Sheet) Speak(signals ...int) (n, points int) {
	for i := range sh.Reasons {
		r := &sh.Reasons[i]
		if r.Points < 0 && slices.ContainsFunc(signals, func(sig int) bool { return Book[sig].Name == r.Name }) {
			n++
			points -= r.Points
		}
	}
	return n, points
}

// Gains is how many points of engagement speak for the contact.
func (sh *Sheet) Gains() (points int) {
	for i := range sh.Reasons {
		if r := &sh.Reasons[i]; r.Sub == crm.Engagement && r.Points > 0 && r.ID != ClampID {
			points += r.Points
		}
	}
	return points
}

// maxEvidence is how many facts a reason names; the newest are kept.
const maxEvidence = 5

// Subs are the sub-scores in the order of their sums.
var Subs = [3]crm.Sub{crm.Engagement, crm.Fit, crm.Worth}

// add makes a reason of the weight, if it is worth any point.
func (sh *Sheet) add(w *weight, i int, says []crm.Phrase) {
	if w.sig.Sub == "" {
		sh.Note(w, says)
		return
	}
	n := w.points()
	if n == 0 {
		return
	}
	k := slices.Index(Subs[:], w.sig.Sub)
	sh.sums[k] += n
	if n < 0 && k == 0 {
		sh.against |= 1 << i
	}
	sh.Reasons = append(sh.Reasons, crm.Reason{
		ID: w.sig.ID, Name: w.sig.Name, Sub: w.sig.Sub, Points: n, Says: says, Evidence: w.evidence,
		HalfLife: int(w.sig.HalfLife / calendar.Days),
	})
}

// Note adds a reason that explains without points.
func (sh *Sheet) Note(w *weight, says []crm.Phrase) {
	sh.Reasons = append(sh.Reasons, crm.Reason{ID: w.sig.ID, Name: w.sig.Name, Says: says, Evidence: w.evidence})
}

// ClampID marks the reason that a sub-score has reached its end.
const ClampID = "A00"

// Close brings each sub-score into 0 to 100, says so where that took points away, and sorts the reasons, strongest
// first.
func (sh *Sheet) Close() (scores [3]int) {
	for k := range scores {
		n := 50 + sh.sums[k]
		scores[k] = min(max(n, 0), 100)
		if cut := scores[k] - n; cut != 0 {
			says := words.Say("reason.clamp.upper", words.Word("score", string(Subs[k])))
			if cut > 0 {
				says = words.Say("reason.clamp.lower", words.Word("score", string(Subs[k])))
			}
			r := crm.Reason{ID: ClampID, Name: "clamp", Sub: Subs[k], Points: cut, Says: says}
			sh.Reasons = append(sh.Reasons, r)
		}
	}
	slices.SortStableFunc(sh.Reasons, func(a, b crm.Reason) int {
		return cmp.Or(abs(b.Points)-abs(a.Points), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Name, b.Name))
	})
	return scores
}
