package signals

import "github.com/winnow-crm/winnow/connectors/crm"

var recurringRow = Signal{
	ID: "A28", Name: "recurring_revenue", Sub: crm.Worth, Points: 10, Cap: 10, Early: 100, On: true,
	Why:    "brings recurring revenue",
	Source: S0,
}

func recurring(h *View, sh *Sheet) {
	numeric(h, sh, RowRecurring, h.S.RecurringProperty, "", func(n float64) (float64, string) {
		return min(max(n, 0)/float64(h.S.RecurringGood), 1), "reason.recurring_revenue"
	})
}
