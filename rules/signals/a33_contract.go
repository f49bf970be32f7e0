package signals

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/record"
	"github.com/winnow-crm/winnow/rules/words"
)

var contractRow = Signal{
	ID: "A33", Name: "contract_missing", Early: 100, On: true,
	Why:    "bought without a contract on file",
	Source: S2,
}

// Contract is when the contract or agreed scope that is on file began, and whether they bought without one.
func Contract(h *View) (since crm.Millis, missing bool) {
	bought := false
	for i := range h.R.Items {
		d := h.R.Items[i].Deal
		if d == nil || d.Won == 0 || d.Won > h.Ref() || h.R.Items[i].At > h.Limit {
			continue
		}
		bought = true
		if d.Contract {
			record.Earliest(&since, d.Won)
		}
	}
	return since, bought && since == 0 && h.S.Contracts
}

// contractMissing is A33: they bought, and nothing says what was agreed.
func contractMissing(h *View, sh *Sheet) {
	if _, missing := Contract(h); missing {
		w := Weigh(h, RowContract)
		sh.Note(&w, words.Say("reason.contract_missing"))
	}
}
