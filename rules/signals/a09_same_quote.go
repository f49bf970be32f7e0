package signals

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/words"
)

var sameQuoteRow = Signal{
	ID: "A09", Name: "same_quote", Sub: crm.Engagement, Points: -12,
	Cap: 12, HalfLife: 90 * calendar.Days, Window: 365 * calendar.Days, Early: 100, On: true,
	Why:    "asks for one and the same quote again and again",
	Source: S3,
}

// sameQuote is A09: how often one and the same quote went out because they asked for it. Each request counts once, and
// only if that quote was sent before their next request; what we send again unasked does not count.
func sameQuote(h *View, sh *Sheet) {
	w := Weigh(h, RowSameQuote)
	requests := requests(h)
	if len(requests) < h.S.QuoteWarn {
		return
	}
	var worst []history.Mark
	var first crm.Millis // when that quote went out for the first time
	for _, sends := range sends(h) {
		caused := causedBy(requests, sends)
		caused = slices.DeleteFunc(caused, func(m history.Mark) bool { return !w.counts(m.At) })
		if len(caused) > len(worst) {
			worst, first = caused, slices.Min(sends)
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
	again := slices.DeleteFunc(worst, func(m history.Mark) bool { return m.At <= first })
	sh.add(&w, RowSameQuote, words.Say("reason.same_quote", h.Day("quote", first), h.Days("on", again)))
}

// causedBy are the requests after which, and before the next of them, something was sent.
func causedBy(requests []history.Mark, sends []crm.Millis) (caused []history.Mark) {
	for i, req := range requests {
		next := calendar.Never
		if i+1 < len(requests) {
			next = requests[i+1].At
		}
		if slices.ContainsFunc(sends, func(at crm.Millis) bool { return at >= req.At && at < next }) {
			caused = append(caused, req)
		}
	}
	return caused
}

// requests are their turns in which they ask for a quote.
func requests(h *View) []history.Mark {
	var list []history.Mark
	for i := range h.Turns {
		if t := &h.Turns[i]; history.AsksQuote(t) {
			list = append(list, t.First)
		}
	}
	return list
}

// file is an attachment at the instant at which it was sent.
type file struct {
	hash uint64
	at   crm.Millis
}

// files are the attachments that are quotes. One that has also gone out with a message that neither carries a quote nor
// follows a request for one is none: a logo, a brochure.
func files(h *View) []file {
	var sent []file
	quote, other := map[uint64]bool{}, map[uint64]bool{}
	requested := false
	for i := range h.Events {
		e := &h.Events[i]
		switch {
		case e.Peer || e.F == nil || e.F.Message == nil:
		case e.Kind == history.Received:
			requested = requested || e.F.Message.Text.Intents.Any(crm.QuoteRequest|crm.QuoteAgain)
		case e.Kind == history.Sent:
			carries := h.CarriesQuote(e.F)
			for _, hash := range e.F.Message.Files {
				quote[hash] = quote[hash] || carries
				other[hash] = other[hash] || !carries && !requested
				sent = append(sent, file{hash, e.At})
			}
			requested = false
		}
	}
	return slices.DeleteFunc(sent, func(f file) bool { return !quote[f.hash] || other[f.hash] })
}

// sends are the instants at which each quote went out, by the quote's content: published, mailed as a link, or as a
// file.
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
			if e := &h.Events[j]; e.Kind == history.Sent && e.F.Message != nil &&
				slices.Contains(e.F.Message.Links, q.Link) {
				all = append(all, send{key, e.At})
			}
		}
	}
	for _, f := range files(h) {
		all = append(all, send{fmt.Sprintf("file/%x", f.hash), f.at})
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
