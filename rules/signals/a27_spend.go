package signals

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/words"
)

var spendRow = Signal{
	ID: "A27", Name: "spend", Sub: crm.Worth, Points: 15, Cap: 20, Window: 730 * calendar.Days, Early: 100, On: true,
	Why:    "has bought, or has a sizeable deal open",
	Source: S0,
}

// spend is A27: what they bought, and a quarter of what lies open.
func spend(h *View, sh *Sheet) {
	w := Weigh(h, RowSpend)
	if !w.sig.On {
		return
	}
	won := false
	for i := range h.R.Items {
		f := &h.R.Items[i]
		d := f.Deal
		if d == nil || d.Amount <= 0 || d.Lost != 0 || f.At > h.Limit {
			continue
		}
		share := min(float64(d.Amount)/float64(h.S.SpendGood), 1)
		switch {
		case d.Won != 0 && d.Won <= h.Ref():
			if w.counts(d.Won) {
				w.hit(d.Won, f.ID, share)
				won = true
			}
		case w.counts(f.At):
			w.hit(f.At, f.ID, share/4)
		}
	}
	switch {
	case w.sum <= 0:
	case won:
		sh.add(&w, RowSpend, words.Say("reason.spend.won"))
	default:
		sh.add(&w, RowSpend, words.Say("reason.spend.open"))
	}
}
