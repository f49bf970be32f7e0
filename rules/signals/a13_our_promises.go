package signals

var ourPromisesRow = Signal{
	ID: "A13", Name: "our_promises", Early: 100, On: true,
	Why:    "waits for something that we promised: stops every clock",
	Source: S3,
}

// ourPromises is A13: what they wait for because we promised it.
func ourPromises(h *View, sh *Sheet) {
	if len(h.Debts) == 0 {
		return
	}
	w := Weigh(h, RowOurPromises)
	for _, d := range h.Debts {
		w.Cite(d.At, d.ID)
	}
	sh.Note(&w, "waits for us: "+h.Debts[0].Why)
}
