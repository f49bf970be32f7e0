package signals

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/record"
	"github.com/winnow-crm/winnow/rules/words"
)

// noneOnFile says that something is not known which settings ask for.
func noneOnFile(what string) []crm.Phrase {
	return words.Say("reason.none_on_file", words.Word("what", what))
}

// listed weighs a property whose good and bad values settings list, and says which it is. label is what is said of one
// that is not known.
func listed(h *View, sh *Sheet, i int, name string, good, bad []string, label, isGood, isBad string) {
	w := Weigh(h, i)
	if !w.sig.On || len(good)+len(bad) == 0 {
		return
	}
	f := h.Property(name)
	switch {
	case f == nil:
		if label != "" {
			sh.Note(&w, noneOnFile(label))
		}
		return
	case record.ContainsFold(good, f.Property.Value):
		w.sum = 1
	case record.ContainsFold(bad, f.Property.Value):
		w.sum = -1
	default:
		return
	}
	w.Cite(f.At, f.ID)
	key := isGood
	if w.sum < 0 {
		key = isBad
	}
	sh.add(&w, i, words.Say(key))
}

// numeric weighs a property that holds a number: weigh returns its weight, and the key of what is said of it.
func numeric(h *View, sh *Sheet, i int, name, label string, weigh func(float64) (float64, string)) {
	w := Weigh(h, i)
	if !w.sig.On {
		return
	}
	f := h.Property(name)
	if f == nil {
		if label != "" {
			sh.Note(&w, noneOnFile(label))
		}
		return
	}
	n, ok := record.Number(f.Property.Value)
	if !ok {
		return
	}
	var key string
	w.sum, key = weigh(n)
	w.Cite(f.At, f.ID)
	sh.add(&w, i, words.Say(key))
}
