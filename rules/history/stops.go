package history

import (
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
)

// Paused reports whether clocks stand still now, and why.
func (h *History) Paused() (calendar.Span, bool) {
	for _, sp := range h.Stops {
		if sp.From <= h.Ref() && sp.Until > h.Ref() {
			h.Due.At(sp.Until)
			return sp, true
		}
	}
	return calendar.Span{}, false
}

// Absent says why nothing could be expected of them at an instant, empty if it could: an automatic reply had told us by
// then that they are away, or they had said when they would come back. What is sent meanwhile is no attempt to get an
// answer.
func (h *History) Absent(at crm.Millis) string {
	for _, sp := range h.Stops {
		if sp.Away && sp.From <= at && at < sp.Until {
			return sp.Why
		}
	}
	return ""
}

// WhyOwnSilence is why clocks stand still where we did not come back to them.
const WhyOwnSilence = "we did not come back to them"

// ownSilence finds where we did not come back to them. Until enough has been tried, an attempt keeps their clock
// running for some time; what follows up to the next attempt is our own silence, which counts against nobody.
func (h *ledger) ownSilence() {
	if h.Start.ID == "" || h.S.AttemptLasts == 0 {
		return
	}
	stops := calendar.Union(slices.Clone(h.Stops))
	from, counted := h.Start.At, 0
	for i := range h.Tries {
		a := &h.Tries[i]
		if !a.Counted { // what does not count must not speed their clock either (G15)
			continue
		}
		if a.At > from {
			if end := calendar.Ends(stops, from, calendar.Millis(h.S.AttemptLasts)); end < a.At {
				h.Stops = append(h.Stops, calendar.Span{
					From: end, Until: a.At, Why: WhyOwnSilence, Fact: a.ID, Ours: true,
				})
			}
			from = a.At
		}
		if counted++; counted >= h.S.Attempts {
			return
		}
	}
}
