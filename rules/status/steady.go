package status

import (
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/record"
	"github.com/winnow-crm/winnow/rules/signals"
)

// fresh is how long after the last news the present engagement decides alone, so that the history is built only once.
const fresh = crm.Millis(time.Hour / time.Millisecond)

// steady is the row of the matrix for an engagement. Since something new came about, time alone moves a contact to
// another one only where the engagement has left the band by a margin: a letter that goes back and forth with the
// fading of old conduct tells nobody anything.
func (h *Judge) steady(engagement int) int {
	band := h.S.Bands[0]
	best, worst := band.Of(engagement+h.S.Margin), band.Of(engagement-h.S.Margin)
	if best == worst {
		return best
	}
	at := h.lastNews()
	if at == 0 || at+fresh >= h.Now {
		return band.Of(engagement)
	}
	at += fresh
	var then Judge
	defer then.GiveBack()
	then.Due.Now = calendar.Never // what changed then wakes nobody now
	then.Look(h.S, h.R, at, min(at, h.Seen), calendar.Never)
	var sh signals.Sheet
	signals.Conduct(&then.View, &sh)
	signals.Profile(&then.View, &sh) // the vote of our people counts towards engagement
	return min(max(band.Of(sh.Close()[0]), best), worst)
}

// lastNews is when something last came about that may move a letter: conduct of theirs, or a fact about them. Our own
// messages are none.
func (h *Judge) lastNews() (last crm.Millis) {
	news := func(at crm.Millis) {
		if at > h.Ref() { // it counts already, by a clock that runs ahead
			h.Due.At(at)
			return
		}
		last = max(last, at)
	}
	for i := range h.Events {
		switch e := &h.Events[i]; {
		case e.Why == history.WhyUnknown:
		case e.Kind == history.Received || e.Kind == history.Talked || e.Kind == history.Clearing ||
			e.Kind == history.Settled:
			news(e.At)
		}
	}
	if f := h.Property(h.S.VoteProperty); f != nil { // of the profile it alone counts towards engagement
		news(record.Changed(f))
	}
	for i := range h.R.Referrals {
		if f := &h.R.Referrals[i]; !f.Gone {
			news(f.At)
		}
	}
	return last
}
