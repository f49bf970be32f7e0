package signals

import (
	"math"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
)

// weight gathers one signal's hits: each a share of its points, aged since its fact.
type weight struct {
	h        *View
	sig      *Signal
	sum      float64 // in units of the signal's points
	ahead    bool    // one of the hits is newer than the tick: from the next tick on it ages
	evidence []crm.Evidence
}

// keep takes a mark whose time has come and counts.
func (w *weight) keep(marks []history.Mark, m history.Mark) []history.Mark {
	if m.At > w.h.Ref() {
		w.h.Due.At(m.At)
		return marks
	}
	if w.counts(m.At) {
		marks = append(marks, m)
	}
	return marks
}

// Weigh begins the weight of a row.
func Weigh(h *View, i int) weight { return weight{h: h, sig: &h.S.Rows[i]} }

// counts reports whether a fact of that time lies inside the signal's window, and notes when it will leave it. Conduct
// from before the contact came back does not count.
func (w *weight) counts(at crm.Millis) bool {
	h := w.h
	if w.sig.Sub == crm.Engagement && at < h.From {
		return false
	}
	if w.sig.Window == 0 {
		return true
	}
	leaves := at + calendar.Millis(w.sig.Window)
	if leaves < h.Tick {
		return false
	}
	h.Due.At(h.TickAfter(leaves))
	return true
}

// hit adds a share of the signal's points for something that came about at an instant. It must count.
func (w *weight) hit(at crm.Millis, id string, strength float64) {
	if strength == 0 {
		return
	}
	if w.sig.HalfLife > 0 {
		if age := w.h.Tick - at; age > 0 {
			strength *= math.Exp2(-float64(age) / float64(w.sig.HalfLife.Milliseconds()))
		} else {
			w.ahead = true
		}
	}
	w.sum += strength
	w.Cite(at, id)
}

// Cite names a fact as evidence.
func (w *weight) Cite(at crm.Millis, id string) {
	if id == "" {
		return
	}
	if len(w.evidence) == maxEvidence {
		copy(w.evidence, w.evidence[1:])
		w.evidence = w.evidence[:maxEvidence-1]
	}
	w.evidence = append(w.evidence, crm.Evidence{Fact: id, At: at})
}

// newest is when the last fact that was cited came about.
func (w *weight) newest() (last crm.Millis) {
	for _, e := range w.evidence {
		last = max(last, e.At)
	}
	return last
}

// raw is the sum in points, before rounding and cap.
func (w *weight) raw() float64 {
	v := w.sum * float64(w.sig.Points)
	if v < 0 && w.h.Early() {
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
		h.Due.At(h.Tick + calendar.DayMS)
		return n
	}
	half := float64(w.sig.HalfLife.Milliseconds()) / float64(calendar.DayMS) // in days
	d := max(1, int(half*math.Log2(math.Abs(raw)/(math.Abs(float64(n))-0.5)))-1)
	for w.rounded(raw*math.Exp2(-float64(d)/half)) == n {
		d++
	}
	h.Due.At(h.Tick + crm.Millis(d)*calendar.DayMS)
	return n
}
