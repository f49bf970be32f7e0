package rules

import (
	"fmt"
	"slices"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// intake is how many questions and price requests of theirs there are in a signal's window, and in how many of our answered questions
// they gave us something.
func (h *view) intake(w *weight) (theirs int, asked, told int) {
	for i := range h.turns {
		t := &h.turns[i]
		if t.first.at < h.from || !w.counts(t.first.at) {
			continue
		}
		if t.dir == crm.In {
			theirs += t.asks
			if t.asks == 0 && t.intents.Any(crm.QuoteRequest|crm.QuoteAgain) {
				theirs++
			}
		}
		if h.answered(i) {
			asked++
			if r := &h.turns[i+1]; r.dir != crm.In || tells(r) {
				told++
			}
		}
	}
	return theirs, asked, told
}

// inboundLed reports whether they came to us.
func (h *view) inboundLed() bool {
	switch h.p.origin {
	case "inbound":
		return true
	case "outbound":
		return false
	}
	return len(h.turns) > 0 && h.turns[0].dir == crm.In
}

// factFinder is A16: much asked, nothing committed, no date and no milestone.
func (h *view) factFinder() bool {
	w := h.weigh(sFactFinding)
	theirs, _, _ := h.intake(&w)
	return theirs >= h.s.infoAsks && len(h.commits) == 0 && !h.ahead && !h.milestone()
}

// tookMuch reports whether a fact-finder told us little in return.
func (h *view) tookMuch() bool {
	w := h.weigh(sFactFinding)
	_, asked, told := h.intake(&w)
	return h.factFinder() && (asked == 0 || 2*told < asked)
}

// freeInformation is A02: asks much, tells little, commits to nothing.
func (h *view) freeInformation(sh *sheet) {
	w := h.weigh(sFreeInformation)
	theirs, asked, told := h.intake(&w)
	committed := slices.ContainsFunc(h.commits, func(c commitment) bool { return w.counts(c.at) })
	if theirs < h.s.infoAsks || asked < 2 || 2*told >= asked || committed || !h.inboundLed() {
		return
	}
	last := h.lastAsk()
	if !w.counts(last.at) {
		return
	}
	w.hit(last.at, last.id, 1)
	sh.add(&w, sFreeInformation, fmt.Sprintf("has asked %s and answered %d of %d of ours", count(theirs, "question"), told, asked))
}

// lastAsk is their newest turn that asks for something.
func (h *view) lastAsk() (m mark) {
	for i := range h.turns {
		if t := &h.turns[i]; t.dir == crm.In && (t.asks > 0 || t.intents.Any(crm.QuoteRequest|crm.QuoteAgain)) {
			m = t.last
		}
	}
	return m
}

// effort is A17: our time, from the touches that are known.
func (h *view) effort() time.Duration {
	var total time.Duration
	w := h.weigh(sEffort)
	for i := range h.events {
		e := &h.events[i]
		if e.f == nil || e.peer || e.at < h.from || !w.counts(e.at) {
			continue
		}
		switch {
		case e.kind == eOut && e.f.Message != nil:
			total += h.s.effortMail
		case e.f.Call != nil && (e.kind == eTalk || e.kind == eTry || e.kind == eOut):
			total += h.s.effortCall + time.Duration(min(e.f.Call.Seconds, 8*3600))*time.Second
		}
	}
	for i := range h.r.Items {
		f := &h.r.Items[i]
		switch {
		case f.Gone || f.At > h.limit || f.At < h.from || !w.counts(f.At):
		case f.Meeting != nil && f.Meeting.State != crm.Cancelled && f.Meeting.Start <= h.ref():
			if d := time.Duration(f.Meeting.End-f.Meeting.Start) * time.Millisecond; d > 0 && d < 12*time.Hour {
				total += d
			} else {
				total += h.s.effortMeeting
			}
		case f.Quote != nil:
			total += time.Duration(len(f.Quote.Sent)) * h.s.effortQuote
		}
	}
	return total
}

// spent is all of our time that is reported: the touches, and what our own people wrote about the contact. Notes are kept out of
// effort itself, because grounds and treatment rest on it, and what we write down must not move a contact.
func (h *view) spent() time.Duration {
	total := h.effort()
	for i := range h.r.Notes {
		if f := &h.r.Notes[i]; !f.Gone && f.At <= h.limit && f.At >= h.from {
			total += h.s.effortNote
		}
	}
	return total
}

// informs adds what explains without points.
func (h *view) informs(sh *sheet) {
	sig := &h.s.signals
	if len(h.debts) > 0 && sig[sOurPromises].On {
		w := h.weigh(sOurPromises)
		for _, d := range h.debts {
			w.cite(d.at, d.id)
		}
		sh.note(&w, "waits for us: "+h.debts[0].why)
	}
	if h.factFinder() && sig[sFactFinding].On {
		w := h.weigh(sFactFinding)
		last := h.lastAsk()
		w.cite(last.at, last.id)
		sh.note(&w, "is collecting facts, without a date or a next step yet")
	}
	if _, missing := h.contract(); missing && sig[sContract].On {
		w := h.weigh(sContract)
		sh.note(&w, "has bought, and no contract is on file")
	}
	if what, misfit := h.misfit(); misfit {
		w := h.weigh(sMisfit)
		if f := h.property(what); f != nil {
			w.cite(f.At, f.ID)
		}
		sh.note(&w, "needs what we do not offer, by its "+what)
	}
	if spent := h.spent(); spent >= time.Hour && sig[sEffort].On {
		w := h.weigh(sEffort)
		text := fmt.Sprintf("has had about %s of our time", count(hoursOf(spent), "hour"))
		switch n := h.committed(); {
		case n > 0:
			text += ", and has committed to something " + times(n)
		case len(h.commits) == 0:
			text += ", and has not committed to anything yet"
		}
		sh.note(&w, text)
	}
}
