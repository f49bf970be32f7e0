package status

import (
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/words"
)

// Spared is what keeps the rules from deciding anything against the contact, "" where nothing does.
func (h *Judge) Spared() string {
	if v := h.P.Override; v != "" && (h.P.OverrideUntil == 0 || h.Now < h.P.OverrideUntil) {
		return "a human has set the override " + v
	}
	switch sp, paused := h.Paused(); {
	case h.P.Customer:
		return "is a customer: customers are rated, never let go"
	case h.Won():
		return "has bought from us: a deal is won"
	case h.Ball == crm.Us && h.Owes:
		return "the next move is ours"
	case paused && sp.Until < calendar.Never:
		return "clocks stand still until " + words.Date(h.ourDay(sp.Until)) + ": " + sp.Why
	case paused:
		return "clocks stand still: " + sp.Why
	}
	return ""
}

// Quota is how long a silence may last at the contact's stage.
func (h *Judge) Quota() (time.Duration, string) {
	switch {
	case h.Late:
		return h.S.QuotaLate, "late"
	case h.Met || h.Quoted:
		return h.S.QuotaAfter, "after"
	}
	return h.S.QuotaEarly, "early"
}
