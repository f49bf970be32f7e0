package signals

import (
	"strings"

	"github.com/winnow-crm/winnow/rules/record"
)

// noneOnFile says that something is not known which settings ask for.
func noneOnFile(what string) string { return "has no " + what + " on file, which costs nothing" }

// listed weighs a property whose good and bad values settings list.
func listed(h *View, sh *Sheet, i int, name string, good, bad []string, label string) {
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
	text := "fits by its " + strings.ReplaceAll(w.sig.Name, "_", " ")
	if w.sum < 0 {
		text = "fits less by its " + strings.ReplaceAll(w.sig.Name, "_", " ")
	}
	sh.add(&w, i, text)
}

// numeric weighs a property that holds a number.
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
	var text string
	w.sum, text = weigh(n)
	w.Cite(f.At, f.ID)
	sh.add(&w, i, text)
}
