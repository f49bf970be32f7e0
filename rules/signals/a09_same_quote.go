package signals

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
)

var sameQuoteRow = Signal{
	ID: "A09", Name: "same_quote", Sub: crm.Engagement, Points: -12,
	Cap: 12, HalfLife: 90 * calendar.Days, Window: 365 * calendar.Days, Early: 30, On: true,
	Why:    "asks for one and the same quote again and again",
	Source: S3,
}

// sameQuote is A09: how often one and the same quote went out because they asked for it. Each request counts once, and only if
// that quote was sent before their next request; what we send again unasked does not count.
func sameQuote(h *View, sh *Sheet) {
	w := Weigh(h, RowSameQuote)
	requests := requests(h)
	if len(requests) < h.S.QuoteWarn {
		return
	}
	var worst []history.Mark
	for _, sends := range sends(h) {
		var caused []history.Mark
		for i, req := range requests {
			next := calendar.Never
			if i+1 < len(requests) {
				next = requests[i+1].At
			}
			if slices.ContainsFunc(sends, func(at crm.Millis) bool { return at >= req.At && at < next }) && w.counts(req.At) {
				caused = append(caused, req)
			}
		}
		if len(caused) > len(worst) {
			worst = caused
		}
	}
	if len(worst) < h.S.QuoteWarn {
		return
	}
	last := worst[len(worst)-1]
	for _, m := range worst[:len(worst)-1] {
		w.Cite(m.At, m.ID)
	}
	strength := 1.0
	if len(worst) < h.S.QuoteFlag {
		strength = 0.5
	}
	w.hit(last.At, last.ID, strength)
	sh.add(&w, RowSameQuote, fmt.Sprintf("asked %d times for the same quote", len(worst)))
}

// requests are their turns in which they ask for a quote.
func requests(h *View) []history.Mark {
	var list []history.Mark
	for i := range h.Turns {
		if t := &h.Turns[i]; t.Dir == crm.In && t.Intents.Any(crm.QuoteRequest|crm.QuoteAgain) {
			list = append(list, t.First)
		}
	}
	return list
}

// sends are the instants at which each quote went out, by the quote's content: published, or mailed as a link.
func sends(h *View) [][]crm.Millis {
	type send struct {
		key string
		at  crm.Millis
	}
	var all []send
	for i := range h.R.Items {
		f := &h.R.Items[i]
		q := f.Quote
		if q == nil || f.At > h.Limit {
			continue
		}
		key := cmp.Or(q.Key, f.ID)
		for _, at := range q.Sent {
			all = append(all, send{key, at})
		}
		if q.Link == 0 {
			continue
		}
		for j := range h.Events {
			if e := &h.Events[j]; e.Kind == history.Sent && e.F.Message != nil && slices.Contains(e.F.Message.Links, q.Link) {
				all = append(all, send{key, e.At})
			}
		}
	}
	slices.SortFunc(all, func(a, b send) int { return cmp.Or(strings.Compare(a.key, b.key), cmp.Compare(a.at, b.at)) })
	var lists [][]crm.Millis
	for i, s := range all {
		if i == 0 || all[i-1].key != s.key {
			lists = append(lists, nil)
		}
		lists[len(lists)-1] = append(lists[len(lists)-1], s.at)
	}
	return lists
}
