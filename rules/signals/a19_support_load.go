package signals

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/record"
	"github.com/winnow-crm/winnow/rules/words"
)

var supportLoadRow = Signal{
	ID: "A19", Name: "support_load", Sub: crm.Worth, Points: -6, Cap: 6, Early: 100,
	Why:    "needs much support: open cases, escalations, refunds",
	Source: S2,
}

// supportLoad is A19: open support cases; an escalation or a refund weighs as several.
func supportLoad(h *View, sh *Sheet) {
	w := Weigh(h, RowSupportLoad)
	if !w.sig.On {
		return
	}
	cases, found := 0.0, false
	for _, of := range [...]struct {
		property string
		cases    int
	}{{h.S.SupportProperty, 1}, {h.S.EscalationsProperty, h.S.SupportHeavy}, {h.S.RefundsProperty, h.S.SupportHeavy}} {
		f := h.Property(of.property)
		if f == nil {
			continue
		}
		found = true
		if n, ok := record.Number(f.Property.Value); ok && n > 0 {
			cases += n * float64(of.cases)
			w.Cite(f.At, f.ID)
		}
	}
	if !found {
		sh.Note(&w, noneOnFile("support"))
		return
	}
	w.sum = min(cases/float64(h.S.SupportMany), 1)
	sh.add(&w, RowSupportLoad, words.Say("reason.support_load"))
}
