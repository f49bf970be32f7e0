package signals

import (
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/words"
)

var fitProfileRow = Signal{
	ID: "A31", Name: "fit_profile", Sub: crm.Fit, Points: 1, Cap: 50, Early: 100, On: true,
	Why:    "meets conditions that settings give points for; the points factor them",
	Source: S2,
}

var worthProfileRow = Signal{
	ID: "A31", Name: "worth_profile", Sub: crm.Worth, Points: 1, Cap: 50, Early: 100, On: true,
	Why:    "meets conditions that settings give points for; the points factor them",
	Source: S2,
}

func predicates(h *View, sh *Sheet, i int, list []Weighted) {
	w := Weigh(h, i)
	if !w.sig.On || len(list) == 0 {
		return
	}
	var met, missing []string
	for _, p := range list {
		switch f := h.Property(p.Property); {
		case f == nil && !slices.Contains(missing, p.Property):
			missing = append(missing, p.Property)
		case f != nil && p.holds(f.Property.Value):
			w.sum += float64(p.points)
			w.Cite(f.At, f.ID)
			met = append(met, p.Property)
		}
	}
	key := "reason.profile.good"
	if w.sum < 0 {
		key = "reason.profile.less"
	}
	sh.add(&w, i, words.Say(key, words.Word("what", strings.Join(met, ", "))))
	if len(missing) > 0 {
		sh.Note(&w, noneOnFile(strings.Join(missing, ", ")))
	}
}

func fitProfile(h *View, sh *Sheet) { predicates(h, sh, RowFitProfile, h.S.FitPredicates) }

func worthProfile(h *View, sh *Sheet) { predicates(h, sh, RowWorthProfile, h.S.WorthPredicates) }
