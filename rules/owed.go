package rules

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/status"
)

// kindOfDebt is what gave us the next move: an answer, unless a debt of ours did.
func kindOfDebt(h *status.Judge) crm.Owed {
	for i := range h.Debts {
		d := &h.Debts[i]
		if d.ID != h.By || d.At != h.Since {
			continue
		}
		switch d.Kind {
		case history.Promise:
			return crm.OwedPromise
		case history.Task:
			return crm.OwedTask
		case history.AgreedDate:
			return crm.OwedDate
		}
	}
	return crm.OwedAnswer
}
