package rules

import (
	"fmt"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// suspectHour is A01: a small hint from the hour of the very first enquiry, and only beside something else that counts against
// them. Where the zone is not known there is no hour.
func (h *view) suspectHour(sh *sheet) {
	if len(h.turns) == 0 || h.turns[0].dir != crm.In || !h.theirs.known || sh.against == 0 {
		return
	}
	w := h.weigh(sSuspectHour)
	first := h.turns[0].first
	if first.at != h.r.Lasting.FirstIn || !h.isSuspect(first.at) || !w.counts(first.at) {
		return
	}
	w.hit(first.at, first.id, 1)
	sh.add(&w, sSuspectHour, "first wrote at an unusual hour")
}

func (h *view) isSuspect(m crm.Millis) bool {
	day, tod := h.theirs.civil(m)
	for _, win := range h.s.suspect {
		if win.days == 0 && !h.theirs.at(m) || win.days.has(day) && tod >= win.open && tod < win.shut {
			return true
		}
	}
	return false
}

// dinnerCalls is A08: our voicemail is answered by a call outside our hours, soon after. Where our hours are not known there
// is no dinner.
func (h *view) dinnerCalls(sh *sheet) {
	if !h.ours.known {
		return
	}
	w := h.weigh(sDinnerCalls)
	var left crm.Millis
	n := 0
	for i := range h.events {
		e := &h.events[i]
		if e.f == nil || e.f.Call == nil || e.peer || e.kind == eVoid {
			continue
		}
		switch {
		case e.kind == eOut:
			left = e.at
		case e.f.Call.Direction == crm.In && left != 0:
			if e.at < h.ours.after(left, h.s.returnCall) && !h.ours.at(e.at) && w.counts(e.at) {
				w.hit(e.at, e.id, 1)
				n++
			}
			left = 0
		case e.kind == eTalk:
			left = 0 // who was reached since has nothing to return
		}
	}
	if n > 0 {
		sh.add(&w, sDinnerCalls, "returned our calls outside our hours "+times(n))
	}
}

// needy is A10: bursts of messages while we are within our own time to answer, and weeks of messages at all hours.
func (h *view) needy(sh *sheet) {
	w := h.weigh(sNeedy)
	bursts := 0
	var run, week []mark
	var since crm.Millis
	asked := false // the ball is ours: something that awaits an answer is known among them
	off, busy := 0, mark{}
	for i := range h.events {
		e := &h.events[i]
		if e.peer || e.kind != eIn && e.kind != eOut && e.kind != eTalk && e.kind != eQuote {
			continue
		}
		if e.kind != eIn || e.f.Message == nil {
			run, since, asked = run[:0], 0, false
			continue
		}
		m := mark{e.at, e.id}
		if since == 0 {
			since = e.at
		}
		if asked = asked || !e.f.Message.Text.Unread && needsAnswer(e.f); asked {
			run = append(run, m)
		}
		if k := len(run) - h.s.burst; k >= 0 && m.at-run[k].at <= millis(h.s.burstWithin) && m.at < h.ours.after(since, h.s.sla) {
			run = run[:0] // the same messages make one burst
			if w.counts(m.at) {
				bursts++
				w.hit(m.at, m.id, 0.5)
			}
		}
		week = append(week, m)
		if !h.theirs.at(m.at) {
			off++
		}
		for week[0].at <= m.at-7*dayMS {
			if !h.theirs.at(week[0].at) {
				off--
			}
			week = week[1:]
		}
		if len(week) >= h.s.needyWeek && 2*off >= len(week) && h.theirs.known {
			busy = m
		}
	}
	text := fmt.Sprintf("wrote several messages in a row before our time to answer was over, %s", times(bursts))
	if busy.id != "" && w.counts(busy.at) {
		w.hit(busy.at, busy.id, 1)
		text = "wrote many messages in a week, at all hours"
	}
	if w.sum > 0 {
		sh.add(&w, sNeedy, text)
	}
}
