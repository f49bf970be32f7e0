package signals

import "github.com/winnow-crm/winnow/connectors/crm"

var companySizeRow = Signal{
	ID: "A25", Name: "company_size", Sub: crm.Fit, Points: 10, Cap: 10, Early: 100, On: true,
	Why:    "has the size that settings name",
	Source: S0,
}

func companySize(h *View, sh *Sheet) {
	s := h.S
	if s.SizeMin == 0 && s.SizeMax == 0 {
		return
	}
	numeric(h, sh, RowCompanySize, s.SizeProperty, "company_size", func(n float64) (float64, string) {
		if n >= float64(s.SizeMin) && (s.SizeMax == 0 || n <= float64(s.SizeMax)) {
			return 1, "reason.company_size.good"
		}
		return -1, "reason.company_size.bad"
	})
}
