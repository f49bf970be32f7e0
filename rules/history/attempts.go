package history

import (
	"github.com/winnow-crm/winnow/connectors/crm"
)

// WhyTooSoon is why an attempt does not count that came too soon.
const WhyTooSoon = "too soon after the one before"

const whyEnough = "enough had been tried"

// countAttempts says which of our attempts in the current silence count: delivered ones, none sooner than the gap after
// the one before, and no more than are needed. Writing more often must not cost the contact anything.
func (h *History) countAttempts() {
	counted := 0
	var before *Attempt // the last that counted
	for i := range h.Tries {
		a := &h.Tries[i]
		if !a.delivered {
			continue
		}
		switch {
		case !a.Counted:
		case before != nil && a.At < h.Theirs.After(before.At, h.S.AttemptGap):
			a.Counted, a.Why = false, WhyTooSoon
		case counted >= h.S.Attempts:
			a.Counted, a.Why = false, whyEnough
		default:
			counted++
			before = a
		}
	}
}

// Attempts is how many attempts count, on how many days, and when the last of them was.
func (h *History) Attempts() (counted, onDays int, last crm.Millis) {
	day := -1 << 30
	for i := range h.Tries {
		a := &h.Tries[i]
		if a.Counted {
			counted++
			if d, _ := h.Theirs.Civil(a.At); d != day {
				day = d
				onDays++
			}
			last = a.At
		}
	}
	return counted, onDays, last
}

// Counted are the attempts that count.
func (h *Silence) Counted() (list []Mark) {
	for i := range h.Tries {
		if h.Tries[i].Counted {
			list = append(list, h.Tries[i].Mark)
		}
	}
	return list
}

// LastTry is when our last delivered attempt was, whether it counts or not; 0 where there is none.
func (h *Silence) LastTry() (last crm.Millis) {
	for i := range h.Tries {
		if h.Tries[i].delivered {
			last = h.Tries[i].At
		}
	}
	return last
}

// Beyond is how many of our delivered messages in the current silence do not count, because they came too soon or after
// enough.
func (h *Silence) Beyond() (n int) {
	for i := range h.Tries {
		if a := &h.Tries[i]; a.delivered && (a.Why == WhyTooSoon || a.Why == whyEnough) {
			n++
		}
	}
	return n
}
