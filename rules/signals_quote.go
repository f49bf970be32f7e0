package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

func compareIDs(a, b string) int { return strings.Compare(a, b) }

// sameQuote is A09: how often one and the same quote went out because they asked for it. Each request counts once, and only if
// that quote was sent before their next request; what we send again unasked does not count.
func (h *view) sameQuote(sh *sheet) {
	w := h.weigh(sSameQuote)
	requests := h.requests()
	if len(requests) < h.s.quoteWarn {
		return
	}
	var worst []mark
	for _, sends := range h.sends() {
		var caused []mark
		for i, req := range requests {
			next := never
			if i+1 < len(requests) {
				next = requests[i+1].at
			}
			if slices.ContainsFunc(sends, func(at crm.Millis) bool { return at >= req.at && at < next }) && w.counts(req.at) {
				caused = append(caused, req)
			}
		}
		if len(caused) > len(worst) {
			worst = caused
		}
	}
	if len(worst) < h.s.quoteWarn {
		return
	}
	last := worst[len(worst)-1]
	for _, m := range worst[:len(worst)-1] {
		w.cite(m.at, m.id)
	}
	strength := 1.0
	if len(worst) < h.s.quoteFlag {
		strength = 0.5
	}
	w.hit(last.at, last.id, strength)
	sh.add(&w, sSameQuote, fmt.Sprintf("asked %d times for the same quote", len(worst)))
}

// requests are their turns in which they ask for a quote.
func (h *view) requests() []mark {
	var list []mark
	for i := range h.turns {
		if t := &h.turns[i]; t.dir == crm.In && t.intents.Any(crm.QuoteRequest|crm.QuoteAgain) {
			list = append(list, t.first)
		}
	}
	return list
}

// sends are the instants at which each quote went out, by the quote's content: published, or mailed as a link.
func (h *view) sends() [][]crm.Millis {
	type send struct {
		key string
		at  crm.Millis
	}
	var all []send
	for i := range h.r.Items {
		f := &h.r.Items[i]
		q := f.Quote
		if q == nil || f.At > h.limit {
			continue
		}
		key := cmp.Or(q.Key, f.ID)
		for _, at := range q.Sent {
			all = append(all, send{key, at})
		}
		if q.Link == 0 {
			continue
		}
		for j := range h.events {
			if e := &h.events[j]; e.kind == eOut && e.f.Message != nil && slices.Contains(e.f.Message.Links, q.Link) {
				all = append(all, send{key, e.at})
			}
		}
	}
	slices.SortFunc(all, func(a, b send) int { return cmp.Or(strings.Compare(a.key, b.key), compare(a.at, b.at)) })
	var lists [][]crm.Millis
	for i, s := range all {
		if i == 0 || all[i-1].key != s.key {
			lists = append(lists, nil)
		}
		lists[len(lists)-1] = append(lists[len(lists)-1], s.at)
	}
	return lists
}
