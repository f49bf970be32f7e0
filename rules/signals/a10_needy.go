package signals

import (
	"fmt"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/words"
)

var needyRow = Signal{
	ID: "A10", Name: "needy", Sub: crm.Engagement, Points: -6,
	Cap: 6, HalfLife: 14 * calendar.Days, Window: 60 * calendar.Days, Early: 30, On: true,
	Why:    "writes in bursts, at all hours, while we are within our own time to answer",
	Source: S3,
}

// needy is A10: bursts of messages while we are within our own time to answer, and weeks of messages at all hours.
func needy(h *View, sh *Sheet) {
	w := Weigh(h, RowNeedy)
	bursts := 0
	var run, week []history.Mark
	var since crm.Millis
	asked := false // the ball is ours: something that awaits an answer is known among them
	off, busy := 0, history.Mark{}
	for i := range h.Events {
		e := &h.Events[i]
		if e.Peer || e.Kind != history.Received && e.Kind != history.Sent && e.Kind != history.Talked && e.Kind != history.Published {
			continue
		}
		if e.Kind != history.Received || e.F.Message == nil {
			run, since, asked = run[:0], 0, false
			continue
		}
		m := history.Mark{At: e.At, ID: e.ID}
		if since == 0 {
			since = e.At
		}
		if asked = asked || !e.F.Message.Text.Unread && history.NeedsAnswer(e.F); asked {
			run = append(run, m)
		}
		if k := len(run) - h.S.Burst; k >= 0 && m.At-run[k].At <= calendar.Millis(h.S.BurstWithin) && m.At < h.Ours.After(since, h.S.SLA) {
			run = run[:0] // the same messages make one burst
			if w.counts(m.At) {
				bursts++
				w.hit(m.At, m.ID, 0.5)
			}
		}
		week = append(week, m)
		if !h.Theirs.At(m.At) {
			off++
		}
		for week[0].At <= m.At-7*calendar.DayMS {
			if !h.Theirs.At(week[0].At) {
				off--
			}
			week = week[1:]
		}
		if len(week) >= h.S.NeedyWeek && 2*off >= len(week) && h.Theirs.Known {
			busy = m
		}
	}
	text := fmt.Sprintf("wrote several messages in a row before our time to answer was over, %s", words.Times(bursts))
	if busy.ID != "" && w.counts(busy.At) {
		w.hit(busy.At, busy.ID, 1)
		text = "wrote many messages in a week, at all hours"
	}
	if w.sum > 0 {
		sh.add(&w, RowNeedy, text)
	}
}
