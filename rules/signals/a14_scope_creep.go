package signals

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/words"
)

var scopeCreepRow = Signal{
	ID: "A14", Name: "scope_creep", Sub: crm.Engagement, Points: -8,
	Cap: 8, HalfLife: 60 * calendar.Days, Window: 180 * calendar.Days, Early: 100, On: true,
	Why:    "keeps changing what was agreed, where a contract is on file",
	Source: S2,
}

// scopeCreep is A14: changes asked for after the contract, beyond what is normal in thirty days. Without a contract on
// file there is nothing that could creep.
func scopeCreep(h *View, sh *Sheet) {
	since, _ := Contract(h)
	if since == 0 {
		return
	}
	w := Weigh(h, RowScopeCreep)
	var changes, beyond []history.Mark
	for i := range h.Turns {
		t := &h.Turns[i]
		if t.Dir != crm.In || !t.Intents.Any(crm.ChangeRequest) || t.First.At <= since {
			continue
		}
		changes = append(changes, t.First)
		inMonth := 0
		for _, c := range changes {
			if c.At > t.First.At-30*calendar.DayMS {
				inMonth++
			}
		}
		if inMonth > h.S.ScopeFree && w.counts(t.First.At) {
			w.hit(t.First.At, t.First.ID, 0.5)
			beyond = append(beyond, t.First)
		}
	}
	if len(beyond) > 0 {
		sh.add(&w, RowScopeCreep, words.Say("reason.scope_creep", h.Days("on", beyond)))
	}
}
