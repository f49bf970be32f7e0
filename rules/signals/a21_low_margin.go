package signals

import (
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
)

var lowMarginRow = Signal{
	ID: "A21", Name: "low_margin", Window: 365 * calendar.Days, Early: 100, On: true,
	Why:    "leaves too small a margin: no better than B",
	Source: S3,
}

// LowMargin is A21: the newest quote with a known margin leaves too little.
func LowMargin(h *View) (history.Mark, bool) {
	for i := len(h.R.Items) - 1; i >= 0; i-- {
		f := &h.R.Items[i]
		if f.Quote == nil || f.Quote.Margin == nil || f.At > h.Limit {
			continue
		}
		w := Weigh(h, RowLowMargin)
		return history.Mark{At: f.At, ID: f.ID}, *f.Quote.Margin < h.S.MinMargin && w.counts(f.At)
	}
	return history.Mark{}, false
}
