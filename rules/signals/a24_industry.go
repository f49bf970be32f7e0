package signals

import "github.com/winnow-crm/winnow/connectors/crm"

var industryRow = Signal{
	ID: "A24", Name: "industry", Sub: crm.Fit, Points: 15, Cap: 15, Early: 100, On: true,
	Why:    "is in an industry that settings name",
	Source: S0,
}

func industry(h *View, sh *Sheet) {
	listed(h, sh, RowIndustry, h.S.IndustryProperty, h.S.IndustryGood, h.S.IndustryBad,
		"industry", "reason.industry.good", "reason.industry.bad")
}
