package signals

import (
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/words"
)

var freeInformationRow = Signal{
	ID: "A02", Name: "free_information", Sub: crm.Engagement, Points: -10,
	Cap: 10, HalfLife: 60 * calendar.Days, Window: 180 * calendar.Days, Early: 100, On: true,
	Why:    "asks much, answers less than half of what we ask, commits to nothing",
	Source: S0 + "; " + S1,
}

// intake is how many questions and price requests of theirs there are in a signal's window, and in how many of our
// answered questions they gave us something. What our own fault makes them ask for once more is none.
func intake(h *View, w *weight) (theirs int, asked, told int) {
	for i := range h.Turns {
		t := &h.Turns[i]
		if t.First.At < h.From || !w.counts(t.First.At) {
			continue
		}
		if t.Dir == crm.In {
			theirs += t.Asks - t.Amends
			if t.Asks == 0 && history.AsksQuote(t) {
				theirs++
			}
		}
		if !h.Answered(i) {
			continue
		}
		switch r := &h.Turns[i+1]; {
		case r.Dir != crm.In || history.Tells(r):
			asked++
			told++
		case !r.Intents.Any(crm.OurFault): // what did not reach them they could not answer
			asked++
		}
	}
	return theirs, asked, told
}

// TookMuch reports whether the contact asked for much and told us little in return.
func TookMuch(h *View) bool {
	w := Weigh(h, RowFactFinding)
	_, asked, told := intake(h, &w)
	return FactFinder(h) && (asked == 0 || 2*told < asked)
}

// freeInformation is A02: asks much, tells little, commits to nothing.
func freeInformation(h *View, sh *Sheet) {
	w := Weigh(h, RowFreeInformation)
	theirs, asked, told := intake(h, &w)
	committed := slices.ContainsFunc(h.Commits, func(c history.Commitment) bool { return w.counts(c.At) })
	if theirs < h.S.InfoAsks || asked < 2 || 2*told >= asked || committed || !h.InboundLed() {
		return
	}
	last := lastAsk(h)
	if !w.counts(last.At) {
		return
	}
	w.hit(last.At, last.ID, 1)
	sh.add(&w, RowFreeInformation, words.Say("reason.free_information", h.Day("last", last.At)))
}

// lastAsk is their newest turn that asks for something.
func lastAsk(h *View) (m history.Mark) {
	for i := range h.Turns {
		if t := &h.Turns[i]; t.Dir == crm.In && (t.Asks > t.Amends || history.AsksQuote(t)) {
			m = t.Last
		}
	}
	return m
}
