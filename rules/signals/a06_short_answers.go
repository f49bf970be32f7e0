package signals

import (
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/words"
)

var shortAnswersRow = Signal{
	ID: "A06", Name: "short_answers", Sub: crm.Engagement, Points: -12,
	Cap: 12, HalfLife: 60 * calendar.Days, Window: 180 * calendar.Days, Early: 60, On: true,
	Why:    "answers questions in a word or two that say nothing",
	Source: S3,
}

// shortAnswers is A06: of their last answers to questions of ours, those in a word or two that say nothing.
func shortAnswers(h *View, sh *Sheet) {
	w := Weigh(h, RowShortAnswers)
	looked, short := 0, 0
	var marks []history.Mark
	for i := len(h.Turns) - 1; i > 0 && looked < h.S.ShortOf; i-- {
		t := &h.Turns[i]
		if t.Dir != crm.In || !h.Answered(i-1) {
			continue
		}
		if !w.counts(t.First.At) {
			break
		}
		looked++
		if h.IsShort(t, &h.Turns[i-1]) {
			short++
			marks = append(marks, t.Last)
		}
	}
	if short < h.S.ShortMin {
		return
	}
	slices.Reverse(marks)
	for _, m := range marks {
		w.Cite(m.At, m.ID)
	}
	newest := marks[len(marks)-1]
	share := weight{h: h, sig: w.sig}
	share.hit(newest.At, "", float64(short)/float64(h.S.ShortOf))
	w.sum, w.ahead = share.sum, share.ahead
	sh.add(&w, RowShortAnswers, words.Say("reason.short_answers", h.Days("on", marks)))
}
