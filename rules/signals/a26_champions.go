package signals

import (
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/record"
	"github.com/winnow-crm/winnow/rules/words"
)

var championsRow = Signal{
	ID: "A26", Name: "champions", Sub: crm.Fit, Points: 8, Cap: 16, Window: 180 * calendar.Days, Early: 100, On: true,
	Why:    "holds a deciding role, or colleagues of it are active too",
	Source: S0,
}

// champions is A26: a deciding role, and colleagues who are active too.
func champions(h *View, sh *Sheet) {
	w := Weigh(h, RowChampions)
	if !w.sig.On {
		return
	}
	var says []crm.Phrase
	switch f := h.Property(h.S.RoleProperty); {
	case f == nil && len(h.S.Roles) > 0:
		sh.Note(&w, noneOnFile("role"))
	case f != nil && hasWord(f.Property.Value, h.S.Roles):
		w.sum++
		w.Cite(f.At, f.ID)
		says = append(says, words.Say("reason.champions.role")...)
	}
	if peers := activePeers(h, &w); peers > 0 {
		w.sum += min(0.5*float64(peers), 1)
		says = append(says, words.Say("reason.champions.peers")...)
	}
	if w.sum > 0 {
		sh.add(&w, RowChampions, says)
	}
}

func hasWord(value string, list []string) bool {
	between := func(r rune) bool { return strings.ContainsRune(" ,/-&", r) }
	for _, have := range strings.FieldsFunc(strings.ToLower(value), between) {
		if record.ContainsFold(list, have) {
			return true
		}
	}
	return false
}

// activePeers counts the colleagues from whom something came within the signal's window.
func activePeers(h *View, w *weight) int {
	var seen []string
	for i := range h.Events {
		e := &h.Events[i]
		if e.Peer && e.F.Peer != crm.Stranger && e.F.Meeting == nil && w.counts(e.At) &&
			!slices.Contains(seen, e.F.Peer) {
			seen = append(seen, e.F.Peer)
			w.Cite(e.At, e.ID)
		}
	}
	return len(seen)
}
