package signals

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/words"
)

var answersRow = Signal{
	ID: "A04", Name: "answers", Sub: crm.Engagement, Points: -10,
	Cap: 10, Window: 180 * calendar.Days, Early: 30, On: true,
	Why:    "the share of our questions that got an answer: none lowers, all raises",
	Source: S3,
}

// answers is A04: the share of our questions that they answered. The last one counts as unanswered once its time is
// over. A shrug (A06) or a question in return (A02) is neither an answer nor none.
func answers(h *View, sh *Sheet) {
	w := Weigh(h, RowAnswers)
	good, open := 0, 0
	var last, asked crm.Millis // their last answer, our open question
	for i := range h.Turns {
		t := &h.Turns[i]
		switch {
		case !h.Answered(i) || !w.counts(t.Ask.At):
		case h.IsShort(&h.Turns[i+1], t) || history.AsksBack(&h.Turns[i+1]):
		default:
			good++
			last = h.Turns[i+1].First.At
			w.Cite(h.Turns[i+1].First.At, h.Turns[i+1].First.ID)
		}
	}
	if n := len(h.Turns); n > 0 {
		if t := &h.Turns[n-1]; t.Dir == crm.Out && t.Ask.ID != "" && !t.Cleared && !h.Gone {
			end := calendar.Ends(h.Fair, t.Ask.At, calendar.Millis(h.S.ReplyTime))
			if h.Seen >= end {
				// It has no window: a question of ours that grew too old would leave the place to a later one.
				open, asked = 1, t.Ask.At
				w.Cite(t.Ask.At, t.Ask.ID)
			} else {
				h.Due.Read(end)
			}
		}
	}
	if good+open == 0 {
		return
	}
	// Few questions prove little, so one answered question is worth a third of what many are.
	share := float64(open-good) / float64(good+open)
	if sure := float64(good+open) / 3; open == 0 && sure < 1 {
		share *= sure
	}
	w.sum = share
	switch {
	case open == 0:
		sh.add(&w, RowAnswers, words.Say("reason.answers.all", h.Day("last", last)))
	case good == 0:
		sh.add(&w, RowAnswers, words.Say("reason.answers.none", h.Day("open", asked)))
	default:
		sh.add(&w, RowAnswers, words.Say("reason.answers.open", words.Number("answered", good), h.Day("open", asked)))
	}
}
