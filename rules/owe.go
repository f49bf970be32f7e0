package rules

import (
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// owe finds what we owe beside an answer: promises of ours, agreed dates that we let pass. A debt gives us the ball, and while
// it lasts every clock that runs against them stands still.
func (h *view) owe() {
	slices.Sort(h.acts)
	h.promises()
	for i := range h.follow {
		if f := &h.follow[i]; !f.theirs && (!f.assumed || h.own.at <= f.set) {
			h.followed(f)
		}
	}
	for i := range h.debts {
		d := &h.debts[i]
		if h.ball != crm.Us || !h.owes && d.at < h.since {
			h.ball, h.since, h.by = crm.Us, d.at, d.id
		}
	}
}

// promises of ours are kept by whatever we do next that reaches them, and overdue once their date has passed without it.
func (h *view) promises() {
	for i := range h.events {
		e := &h.events[i]
		if e.kind != eOut || e.f == nil || e.f.Message == nil || !e.f.Message.Text.Intents.Any(crm.Promises) {
			continue
		}
		due := e.f.Message.Text.Horizon
		if due <= e.at {
			due = h.ours.after(e.at, h.s.promiseDue)
		}
		until := h.keptBy(e)
		switch {
		case until < never:
			h.stops = append(h.stops, span{from: e.at, until: until, why: "we had promised something", fact: e.id, ours: until > due})
		case due > h.ref():
			h.due.at(due, "our promise falls due")
			h.stops = append(h.stops, span{from: e.at, until: never, why: "we have promised something", fact: e.id})
		default:
			h.stops = append(h.stops, span{from: e.at, until: never, why: "a promise of ours is overdue", fact: e.id, ours: true})
			h.debts = append(h.debts, debt{mark{due, e.id}, "a promise of ours is overdue"})
		}
	}
}

// keptBy is when we next did something that reached them after a promise, or never.
func (h *view) keptBy(promise *event) crm.Millis {
	for i := range h.events {
		e := &h.events[i]
		after := e.at > promise.at || e.at == promise.at && e.id > promise.id
		if after && !e.peer && (e.kind == eOut || e.kind == eTalk || e.kind == eTry || e.kind == eQuote) {
			return e.at
		}
	}
	return never
}

// followed looks at an agreed date: before it clocks stand still; after it they do until we have come back to them. The date is
// missed at the end of our day.
func (h *view) followed(f *followUp) {
	if f.due > h.ref() {
		h.ahead = true
		h.due.at(f.due, "the agreed date comes")
		h.stops = append(h.stops, span{from: f.set, until: never, why: "a date is agreed", fact: f.fact})
		return
	}
	from, late := h.ours.dayStart(f.due), h.ours.nextDay(f.due)
	i, _ := slices.BinarySearch(h.acts, from)
	if i < len(h.acts) && h.acts[i] <= h.ref() {
		h.stops = append(h.stops, span{from: f.set, until: max(h.acts[i], f.due), why: "a date was agreed", fact: f.fact, ours: h.acts[i] > late})
		h.kept = append(h.kept, mark{h.acts[i], f.fact})
		return
	}
	if i < len(h.acts) {
		h.due.at(h.acts[i], "we come back to them")
	}
	h.stops = append(h.stops, span{from: f.set, until: never, why: "we let an agreed date pass", fact: f.fact, ours: late <= h.ref()})
	if late <= h.ref() {
		h.debts = append(h.debts, debt{mark{late, f.fact}, "we let an agreed date pass"})
		return
	}
	h.due.at(late, "the agreed date is missed")
}

// paused reports whether clocks stand still now, and why.
func (h *view) paused() (span, bool) {
	for _, sp := range h.stops {
		if sp.from <= h.ref() && sp.until > h.ref() {
			h.due.at(sp.until, "clocks run again")
			return sp, true
		}
	}
	return span{}, false
}
