package signals

import (
	"cmp"
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/words"
)

var marginPressureRow = Signal{
	ID: "A11", Name: "margin_pressure", Sub: crm.Engagement, Points: -8,
	Cap: 8, HalfLife: 90 * calendar.Days, Window: 365 * calendar.Days, Early: 100, On: true,
	Why:    "asks for discounts repeatedly; what we gave way to counts too, our own first offer never",
	Source: S3,
}

// marginPressure is A11: how often they asked for a better price, and how often we gave way. What we offered unasked
// does not count.
func marginPressure(h *View, sh *Sheet) {
	w := Weigh(h, RowMarginPressure)
	each := 1 / float64(h.S.Discounts+1)
	var asked []history.Mark
	for i := range h.Turns {
		if t := &h.Turns[i]; t.Dir == crm.In && t.Intents.Any(crm.Discount) && w.counts(t.First.At) {
			w.hit(t.First.At, t.First.ID, each)
			asked = append(asked, t.First)
		}
	}
	if len(asked) < h.S.Discounts {
		return
	}
	says := words.Say("reason.margin_pressure.asked", h.Days("on", asked))
	given := concessions(h, asked)
	for _, c := range given {
		w.hit(c.At, c.ID, each)
	}
	if len(given) > 0 {
		says = append(says, words.Say("reason.margin_pressure.given", h.Days("on", given))...)
	}
	sh.add(&w, RowMarginPressure, says)
}

// concessions are the quotes that take off more than any before, after they had asked for that. The first quote is our
// own offer, and what we take off unasked is too.
func concessions(h *View, asked []history.Mark) []history.Mark {
	type offer struct {
		history.Mark
		off float64 // share of the list price
	}
	var offers []offer
	for i := range h.R.Items {
		f := &h.R.Items[i]
		q := f.Quote
		if q == nil || len(q.Sent) == 0 || q.Amount+q.Discount <= 0 || f.At > h.Limit || q.Sent[0] > h.Ref() {
			continue
		}
		offers = append(offers, offer{
			history.Mark{At: q.Sent[0], ID: f.ID}, float64(q.Discount) / float64(q.Amount+q.Discount),
		})
	}
	slices.SortFunc(offers, func(a, b offer) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID)) })
	var given []history.Mark
	for i := 1; i < len(offers); i++ {
		o, before := offers[i], &offers[i-1]
		if o.off > before.off && slices.ContainsFunc(asked, func(m history.Mark) bool {
			return m.At > before.At && m.At < o.At
		}) {
			given = append(given, o.Mark)
		}
		offers[i].off = max(o.off, before.off) // what was once given is not given again
	}
	return given
}
