package status

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/signals"
	"github.com/winnow-crm/winnow/rules/words"
)

// Letter is the matrix, moved by worth, and by what keeps a contact from the top or the bottom.
func (h *Judge) Letter(rating *crm.Rating, sh *signals.Sheet, o Outcome) string {
	b := &h.S.Bands
	l := h.S.Matrix[h.steady(rating.Engagement)][b[1].Of(rating.Fit)]
	switch b[2].Of(rating.Worth) {
	case 0:
		if l == 'B' || l == 'C' {
			l--
		}
	case 2:
		if l == 'A' || l == 'B' {
			l++
		}
	}
	atBest := func(i int, best byte, by history.Mark, says []crm.Phrase) {
		if l < best {
			l = best
			w := signals.Weigh(&h.View, i)
			w.Cite(by.At, by.ID)
			sh.Note(&w, says)
		}
	}
	if h.S.Rows[signals.RowInbound].On && len(h.Commits) == 0 {
		atBest(signals.RowInbound, 'B', history.Mark{}, words.Say("reason.inbound"))
	}
	if quote, low := signals.LowMargin(&h.View); low && h.S.Rows[signals.RowLowMargin].On {
		atBest(signals.RowLowMargin, 'B', quote, words.Say("reason.low_margin", h.Day("quote", quote.At)))
	}
	if l > 'C' && o.back {
		l = 'C'
	}
	if l > 'C' && h.S.Rows[signals.RowTenure].On && signals.Tenured(&h.View) {
		l = 'C'
		w := signals.Weigh(&h.View, signals.RowTenure)
		sh.Note(&w, words.Say("reason.tenure"))
	}
	return string(l)
}

// Shown is the letter that people see: it agrees with the status. The machine's own stays beside it.
func (h *Judge) Shown(rating *crm.Rating) {
	best, key := "", ""
	switch rating.Status {
	case crm.Disqualified:
		best, key = "D", "reason.disqualified"
	case crm.Pending:
		best, key = "C", "reason.pending"
	}
	if rating.Letter == "" || rating.Letter >= best {
		return
	}
	rating.Letter = best
	rating.Reasons = append(rating.Reasons, crm.Reason{ID: "A50", Name: "status", Says: words.Say(key)})
}

// Override lets a human's word stand over the machine's, until it is cleared or has expired.
func (h *Judge) Override(rating *crm.Rating) {
	v := h.P.Override
	if v == "" {
		return
	}
	if until := h.P.OverrideUntil; until != 0 {
		if h.Now >= until {
			return
		}
		h.Due.At(until)
	}
	e := EpisodeOf(h.R.Decisions, calendar.Never)
	rating.Decide, rating.Held, rating.PendingUntil, rating.RecheckOn = nil, "", 0, 0
	if e.Status == crm.Pending || e.Status == crm.Disqualified {
		// what the machine announced ends here; afterwards it begins anew
		rating.Decide = &crm.Decision{Status: crm.Open}
	}
	rating.Status, rating.Ground, rating.Disqualified = crm.Override, "", false
	switch v {
	case "keep":
	case "disqualified":
		rating.Status, rating.Ground, rating.Disqualified = crm.Disqualified, crm.ByHuman, true
		rating.RecheckOn = h.P.OverrideUntil
		if rating.RecheckOn == 0 && h.P.OverrideAt != 0 {
			rating.RecheckOn = h.ourDay(h.P.OverrideAt + calendar.Millis(h.S.Recheck))
		}
	default:
		rating.Letter = v
	}
}
