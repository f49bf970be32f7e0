package signals

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/words"
)

var needyRow = Signal{
	ID: "A10", Name: "needy", Sub: crm.Engagement, Points: -6,
	Cap: 6, HalfLife: 14 * calendar.Days, Window: 60 * calendar.Days, Early: 100, On: true,
	Why:    "writes in bursts, and at all hours; what answers a question of ours is not counted",
	Source: S3,
}

// needy is A10: bursts of messages and weeks of messages at all hours, by their own times, so that nothing hangs on how
// fast we answer. What answers a question of ours is not counted.
func needy(h *View, sh *Sheet) {
	w := Weigh(h, RowNeedy)
	written := unasked(h)
	var says []crm.Phrase
	if bursts := bursts(h, &w, written); len(bursts) > 0 {
		says = words.Say("reason.needy.bursts", h.Days("on", bursts))
	}
	if busy := busyWeek(h, written); busy.ID != "" && w.counts(busy.At) {
		w.hit(busy.At, busy.ID, 1)
		says = append(says, words.Say("reason.needy.week", h.Day("last", busy.At))...)
	}
	if w.sum > 0 {
		sh.add(&w, RowNeedy, says)
	}
}

// unasked are the messages that they wrote without being asked, and without a fault of ours to write about.
func unasked(h *View) (written []*history.Event) {
	asked := false // a question of ours is open
	for i := range h.Events {
		e := &h.Events[i]
		switch {
		case e.Peer || e.F == nil:
		case e.Kind == history.Sent:
			asked = asked || h.AsksThem(e.F)
		case e.Kind == history.Talked:
			asked = false
		case e.Kind == history.Received:
			if !asked && e.F.Message != nil && !history.Amends(e.F) {
				written = append(written, e)
			}
			asked = false
		}
	}
	return written
}

// bursts finds, and weighs, the runs of messages that await an answer and came within a short time: the last of each.
func bursts(h *View, w *weight, written []*history.Event) (list []history.Mark) {
	var run []*history.Event
	for _, e := range written {
		if e.F.Message.Text.Unread || !history.NeedsAnswer(e.F) {
			continue
		}
		run = append(run, e)
		if k := len(run) - h.S.Burst; k >= 0 && e.At-run[k].At <= calendar.Millis(h.S.BurstWithin) {
			run = run[:0] // the same messages make one burst
			if w.counts(e.At) {
				list = append(list, history.Mark{At: e.At, ID: e.ID})
				w.hit(e.At, e.ID, 0.5)
			}
		}
	}
	return list
}

// busyWeek is the last message of the newest seven days with very many, half of them outside business hours.
func busyWeek(h *View, written []*history.Event) (busy history.Mark) {
	if !h.Theirs.Known {
		return busy
	}
	off, first := 0, 0
	for i, e := range written {
		if !h.Theirs.At(e.At) {
			off++
		}
		for written[first].At <= e.At-7*calendar.DayMS {
			if !h.Theirs.At(written[first].At) {
				off--
			}
			first++
		}
		if n := i + 1 - first; n >= h.S.NeedyWeek && 2*off >= n {
			busy = history.Mark{At: e.At, ID: e.ID}
		}
	}
	return busy
}
