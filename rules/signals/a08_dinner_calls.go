package signals

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/words"
)

var dinnerCallsRow = Signal{
	ID: "A08", Name: "dinner_calls", Sub: crm.Engagement, Points: -3,
	Cap: 6, HalfLife: 30 * calendar.Days, Window: 90 * calendar.Days, Early: 30, On: true,
	Why:    "returns our voicemails outside our hours",
	Source: S3,
}

// dinnerCalls is A08: our voicemail is answered by a call outside our hours, soon after. Where our hours are not known
// there is no dinner.
func dinnerCalls(h *View, sh *Sheet) {
	if !h.Ours.Known {
		return
	}
	w := Weigh(h, RowDinnerCalls)
	var left crm.Millis
	var late []history.Mark
	for i := range h.Events {
		e := &h.Events[i]
		if e.F == nil || e.F.Call == nil || e.Peer || e.Kind == history.Void {
			continue
		}
		switch {
		case e.Kind == history.Sent:
			left = e.At
		case e.F.Call.Direction == crm.In && left != 0:
			if e.At < h.Ours.After(left, h.S.ReturnCall) && !h.Ours.At(e.At) && w.counts(e.At) {
				w.hit(e.At, e.ID, 1)
				late = append(late, history.Mark{At: e.At, ID: e.ID})
			}
			left = 0
		case e.Kind == history.Talked:
			left = 0 // who was reached since has nothing to return
		}
	}
	if len(late) > 0 {
		sh.add(&w, RowDinnerCalls, words.Say("reason.dinner_calls", h.Days("on", late)))
	}
}
