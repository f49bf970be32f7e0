package rules

import (
	"cmp"
	"math"
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// maxEvidence is how many facts a reason names; the newest are kept.
const maxEvidence = 5

// sheet gathers what the signals say.
type sheet struct {
	reasons []crm.Reason
	against uint64 // the signals that lower engagement, a bit each
	sums    [3]int
}

var subs = [3]crm.Sub{crm.Engagement, crm.Fit, crm.Worth}

// weight gathers one signal's hits: each a share of its points, aged since its fact.
type weight struct {
	h        *view
	sig      *Signal
	sum      float64 // in units of the signal's points
	ahead    bool    // one of the hits is newer than the tick: from the next tick on it ages
	evidence []crm.Evidence
}

func (h *view) weigh(i int) weight { return weight{h: h, sig: &h.s.signals[i]} }

// counts reports whether a fact of that time is inside the signal's window, and notes when it will leave it. Conduct from
// before the contact came back does not count.
func (w *weight) counts(at crm.Millis) bool {
	h := w.h
	if w.sig.Sub == crm.Engagement && at < h.from {
		return false
	}
	if w.sig.Window == 0 {
		return true
	}
	leaves := at + millis(w.sig.Window)
	if leaves < h.tick {
		return false
	}
	h.due.at(h.tickAfter(leaves), "older conduct no longer counts")
	return true
}

// tickAfter is the first tick after an instant.
func (h *view) tickAfter(m crm.Millis) crm.Millis {
	if m < h.tick {
		return h.tick + dayMS
	}
	return h.tick + ((m-h.tick)/dayMS+1)*dayMS
}

// hit adds a share of the signal's points for something that came about at an instant. It must count.
func (w *weight) hit(at crm.Millis, id string, strength float64) {
	if strength == 0 {
		return
	}
	if w.sig.HalfLife > 0 {
		if age := w.h.tick - at; age > 0 {
			strength *= math.Exp2(-float64(age) / float64(w.sig.HalfLife.Milliseconds()))
		} else {
			w.ahead = true
		}
	}
	w.sum += strength
	w.cite(at, id)
}

// cite names a fact as evidence.
func (w *weight) cite(at crm.Millis, id string) {
	if id == "" {
		return
	}
	if len(w.evidence) == maxEvidence {
		copy(w.evidence, w.evidence[1:])
		w.evidence = w.evidence[:maxEvidence-1]
	}
	w.evidence = append(w.evidence, crm.Evidence{Fact: id, At: at})
}

// raw is the sum in points, before rounding and cap.
func (w *weight) raw() float64 {
	v := w.sum * float64(w.sig.Points)
	if v < 0 && !w.h.met && !w.h.quoted {
		v *= float64(w.sig.Early) / 100
	}
	return v
}

func (w *weight) rounded(raw float64) int {
	limit := float64(w.sig.Cap)
	return int(math.Round(min(max(raw, -limit), limit)))
}

// points rounds once, to whole points, and notes when age will have taken one of them away.
func (w *weight) points() int {
	raw := w.raw()
	n := w.rounded(raw)
	if n == 0 || w.sig.HalfLife <= 0 {
		return n
	}
	h := w.h
	if w.ahead {
		h.due.at(h.tick+dayMS, "conduct begins to age")
		return n
	}
	half := float64(w.sig.HalfLife.Milliseconds()) / float64(dayMS) // in days
	d := max(1, int(half*math.Log2(math.Abs(raw)/(math.Abs(float64(n))-0.5)))-1)
	for w.rounded(raw*math.Exp2(-float64(d)/half)) == n {
		d++
	}
	h.due.at(h.tick+crm.Millis(d)*dayMS, "older conduct weighs less")
	return n
}

// add makes a reason of the weight, if it is worth any point. text completes "This contact ...".
func (sh *sheet) add(w *weight, i int, text string) {
	if w.sig.Sub == "" {
		sh.note(w, text)
		return
	}
	n := w.points()
	if n == 0 {
		return
	}
	k := slices.Index(subs[:], w.sig.Sub)
	sh.sums[k] += n
	if n < 0 && k == 0 {
		sh.against |= 1 << i
	}
	sh.reasons = append(sh.reasons, crm.Reason{
		ID: w.sig.ID, Name: w.sig.Name, Sub: w.sig.Sub, Points: n, Text: text, Evidence: w.evidence, HalfLife: int(w.sig.HalfLife / days),
	})
}

// note adds a reason that explains without points.
func (sh *sheet) note(w *weight, text string) {
	sh.reasons = append(sh.reasons, crm.Reason{ID: w.sig.ID, Name: w.sig.Name, Text: text, Evidence: w.evidence})
}

// clampID marks the reason that a sub-score has reached its end.
const clampID = "A00"

// close brings each sub-score into 0 to 100, says so where that took points away, and sorts the reasons, strongest first.
func (sh *sheet) close() (scores [3]int) {
	for k := range scores {
		n := 50 + sh.sums[k]
		scores[k] = min(max(n, 0), 100)
		if cut := scores[k] - n; cut != 0 {
			text := "has reached the upper end of " + string(subs[k])
			if cut > 0 {
				text = "has reached the lower end of " + string(subs[k])
			}
			sh.reasons = append(sh.reasons, crm.Reason{ID: clampID, Name: "clamp", Sub: subs[k], Points: cut, Text: text})
		}
	}
	slices.SortStableFunc(sh.reasons, func(a, b crm.Reason) int {
		return cmp.Or(abs(b.Points)-abs(a.Points), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Name, b.Name))
	})
	return scores
}
