package signals

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/words"
)

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
	sh.Note(&w, Owed(h, "reason.our_promises.promise", "reason.our_promises.task", "reason.our_promises.date"))
}

// Owed says the first thing that we owe, by the key for what it is.
func Owed(h *View, promise, task, date string) []crm.Phrase {
	switch d := &h.Debts[0]; d.Kind {
	case history.Promise:
		return words.Say(promise, h.Day("on", d.Due))
	case history.Task:
		return words.Say(task, h.Day("on", d.Due))
	default:
		return words.Say(date, h.Agreed("on", d.Due))
	}
}
