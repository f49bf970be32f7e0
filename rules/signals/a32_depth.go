package signals

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/record"
	"github.com/winnow-crm/winnow/rules/words"
)

var depthRow = Signal{
	ID: "A32", Name: "depth", Sub: crm.Worth, Points: 5, Cap: 10, Window: 365 * calendar.Days, Early: 100, On: true,
	Why:    "several people or several deals: a broad relation; open product lines",
	Source: S2,
}

// depth is A32: several deals, several people, lines that are still open to it.
func depth(h *View, sh *Sheet) {
	w := Weigh(h, RowDepth)
	if !w.sig.On {
		return
	}
	deals := 0
	for i := range h.R.Items {
		if f := &h.R.Items[i]; f.Deal != nil && f.Deal.Lost == 0 && f.At <= h.Limit && w.counts(f.At) {
			deals++
			w.Cite(f.At, f.ID)
		}
	}
	w.sum = 0.5*float64(max(deals-1, 0)) + 0.5*float64(max(activePeers(h, &w)-1, 0))
	if f := h.Property(h.S.GapsProperty); f != nil && deals > 0 {
		if n, ok := record.Number(f.Property.Value); ok && n > 0 {
			w.sum += 0.5
			w.Cite(f.At, f.ID)
		}
	}
	if w.sum > 0 {
		sh.add(&w, RowDepth, words.Say("reason.depth"))
	}
}
