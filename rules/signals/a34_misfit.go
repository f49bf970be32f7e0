package signals

import "github.com/winnow-crm/winnow/rules/words"

var misfitRow = Signal{
	ID: "A34", Name: "misfit", Early: 100, On: true,
	Why:    "is one whom we cannot serve: gets a helpful pointer",
	Source: S0 + "; " + S4,
}

// CannotServe reports whether one of the conditions in the settings says that we cannot serve the contact, and which.
// Who sends us others is none: what they bring counts more.
func CannotServe(h *View) (string, bool) {
	if !h.S.Rows[RowMisfit].On {
		return "", false
	}
	for _, p := range h.S.Misfits {
		if p.holds(h.R.Property(p.Property)) {
			return p.Property, !h.Refers()
		}
	}
	return "", false
}

// misfit is A34: they need what we do not offer.
func misfit(h *View, sh *Sheet) {
	if what, misfit := CannotServe(h); misfit {
		w := Weigh(h, RowMisfit)
		if f := h.Property(what); f != nil {
			w.Cite(f.At, f.ID)
		}
		sh.Note(&w, words.Say("reason.misfit", words.Word("what", what)))
	}
}
