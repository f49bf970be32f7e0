package rules

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// marginPressure is A11: how often they asked for a better price, and how often we gave way. What we offered unasked does not count.
func (h *view) marginPressure(sh *sheet) {
	w := h.weigh(sMarginPressure)
	each := 1 / float64(h.s.discounts+1)
	var asked []mark
	for i := range h.turns {
		if t := &h.turns[i]; t.dir == crm.In && t.intents.Any(crm.Discount) && w.counts(t.first.at) {
			w.hit(t.first.at, t.first.id, each)
			asked = append(asked, t.first)
		}
	}
	if len(asked) < h.s.discounts {
		return
	}
	text := "asked for a better price " + times(len(asked))
	given := h.concessions(asked)
	for _, c := range given {
		w.hit(c.at, c.id, each)
	}
	if len(given) > 0 {
		text += " and was given one " + times(len(given))
	}
	sh.add(&w, sMarginPressure, text)
}

// concessions are the quotes that take off more than any before, after they had asked for that. The first quote is our own offer, and what
// we take off unasked is too.
func (h *view) concessions(asked []mark) []mark {
	type offer struct {
		mark
		off float64 // share of the list price
	}
	var offers []offer
	for i := range h.r.Items {
		f := &h.r.Items[i]
		q := f.Quote
		if q == nil || len(q.Sent) == 0 || q.Amount+q.Discount <= 0 || f.At > h.limit || q.Sent[0] > h.ref() {
			continue
		}
		offers = append(offers, offer{mark{q.Sent[0], f.ID}, float64(q.Discount) / float64(q.Amount+q.Discount)})
	}
	slices.SortFunc(offers, func(a, b offer) int { return cmp.Or(compare(a.at, b.at), compareIDs(a.id, b.id)) })
	var given []mark
	for i := 1; i < len(offers); i++ {
		o, before := offers[i], &offers[i-1]
		if o.off > before.off && slices.ContainsFunc(asked, func(m mark) bool { return m.at > before.at && m.at < o.at }) {
			given = append(given, o.mark)
		}
		offers[i].off = max(o.off, before.off) // what was once given is not given again
	}
	return given
}

// A promise of later business without a date is expected within promiseHorizon; it is broken when its date has passed by
// promiseGrace without a deal won or a quote accepted since it was made.
const (
	promiseHorizon = 180 * dayMS
	promiseGrace   = 30 * dayMS
)

// futureBusiness is A12: the ledger of what they promised for later.
func (h *view) futureBusiness(sh *sheet) {
	broken, open := h.weigh(sBrokenPromises), h.weigh(sFuturePromises)
	nBroken := 0
	for i := range h.events {
		e := &h.events[i]
		if e.kind != eIn || e.f.Message == nil || !e.f.Message.Text.Intents.Any(crm.FutureBusiness) {
			continue
		}
		due := e.f.Message.Text.Horizon
		if due <= e.at {
			due = e.at + promiseHorizon
		}
		due = min(due, e.at+10*365*dayMS)
		if h.bought(e.at) {
			continue
		}
		end := ends(h.fair, due, promiseGrace)
		if h.seen < end {
			h.due.read(end, "their promise counts as not kept")
			if open.sum == 0 && open.counts(e.at) {
				open.hit(e.at, e.id, 1)
			}
			continue
		}
		if broken.counts(e.at) {
			broken.hit(end, e.id, 1)
			nBroken++
		}
	}
	if nBroken > 0 && broken.sig.On {
		sh.add(&broken, sBrokenPromises, "promised later business "+times(nBroken)+", which has not come")
	}
	if open.sum > 0 && open.sig.On {
		sh.add(&open, sFuturePromises, "promises later business")
	}
}

// bought reports whether a deal was won or a quote accepted after an instant.
func (h *view) bought(since crm.Millis) bool {
	for i := range h.r.Items {
		f := &h.r.Items[i]
		var at crm.Millis
		switch {
		case f.Deal != nil:
			at = f.Deal.Won
		case f.Quote != nil:
			at = f.Quote.Accepted
		}
		if at > since && at <= h.ref() {
			return true
		}
		h.due.at(at, "they buy")
	}
	return false
}

// contract is when the contract or agreed scope that is on file began, and whether they bought without one.
func (h *view) contract() (since crm.Millis, missing bool) {
	bought := false
	for i := range h.r.Items {
		d := h.r.Items[i].Deal
		if d == nil || d.Won == 0 || d.Won > h.ref() || h.r.Items[i].At > h.limit {
			continue
		}
		bought = true
		if d.Contract {
			earliest(&since, d.Won)
		}
	}
	return since, bought && since == 0
}

// scopeCreep is A14: changes asked for after the contract, beyond what is normal in thirty days. Without a contract on file
// there is nothing that could creep.
func (h *view) scopeCreep(sh *sheet) {
	since, _ := h.contract()
	if since == 0 {
		return
	}
	w := h.weigh(sScopeCreep)
	var changes []mark
	n := 0
	for i := range h.turns {
		t := &h.turns[i]
		if t.dir != crm.In || !t.intents.Any(crm.ChangeRequest) || t.first.at <= since {
			continue
		}
		changes = append(changes, t.first)
		inMonth := 0
		for _, c := range changes {
			if c.at > t.first.at-30*dayMS {
				inMonth++
			}
		}
		if inMonth > h.s.scopeFree && w.counts(t.first.at) {
			w.hit(t.first.at, t.first.id, 0.5)
			n++
		}
	}
	if n > 0 {
		sh.add(&w, sScopeCreep, fmt.Sprintf("asked for %s beyond the usual after the contract", count(n, "change")))
	}
}

// lowMargin is A21: the newest quote with a known margin leaves too little.
func (h *view) lowMargin() (mark, bool) {
	for i := len(h.r.Items) - 1; i >= 0; i-- {
		f := &h.r.Items[i]
		if f.Quote == nil || f.Quote.Margin == nil || f.At > h.limit {
			continue
		}
		w := h.weigh(sLowMargin)
		return mark{f.At, f.ID}, *f.Quote.Margin < h.s.minMargin && w.counts(f.At)
	}
	return mark{}, false
}

// dormantIntake is A15: took much information and gave little (A02), then left our question open for long.
func (h *view) dormantIntake(sh *sheet) {
	if h.ball != crm.Them || h.start.id == "" || !h.tookMuch() {
		return
	}
	end := ends(h.fair, h.start.at, millis(h.s.factFinding))
	if h.seen < end {
		h.due.read(end, "the fact-finder counts as dormant")
		return
	}
	w := h.weigh(sDormantIntake)
	w.sum = 1
	w.cite(h.start.at, h.start.id)
	sh.add(&w, sDormantIntake, "took much information and has been silent since "+dateText(h.start.at))
}
