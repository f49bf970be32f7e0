package status

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
)

// Episode is where the decisions among the facts have led: what was announced last, and when for the first time. The
// CRM may have been told twice, so that the earliest of equal decisions counts.
type Episode struct {
	crm.Decision
	at      crm.Millis // when the status was first announced
	Pending crm.Millis // when the episode began
}

// EpisodeOf is where the decisions up to an instant have led.
func EpisodeOf(decisions []crm.Fact, limit crm.Millis) (e Episode) {
	for i := range decisions {
		f := &decisions[i]
		if f.Decision == nil || f.At > limit {
			continue
		}
		d := *f.Decision
		against := d.Status == crm.Pending || d.Status == crm.Disqualified
		same := against && (e.Status == crm.Pending || e.Status == crm.Disqualified) && d.Ground == e.Ground &&
			d.Hangs == e.Hangs
		switch {
		case !same:
			e = Episode{Decision: d, at: f.At, Pending: f.At}
		case e.Status == crm.Pending && d.Status == crm.Disqualified:
			e.Decision, e.at = d, f.At
		}
	}
	return e
}

// skew is how far the CRM's clock may differ from ours when we look back at a decision.
const skew = calendar.DayMS

// Dates are shown without a zone: a date is midnight in UTC of the day that it names.

// ourDay is the date of an instant in the owner's zone.
func (h *Judge) ourDay(at crm.Millis) crm.Millis { return dateOf(&h.Ours, at) }

func dateOf(c *calendar.Calendar, at crm.Millis) crm.Millis {
	day, _ := c.Civil(at)
	return crm.Millis(day) * calendar.DayMS
}

// lastDay is the date of the day that ends at an instant, 0 for one without an end.
func (h *Judge) lastDay(end crm.Millis) crm.Millis {
	if end >= calendar.Never {
		return 0
	}
	return h.ourDay(end - 1)
}

// recheck is when a disqualified contact is looked at again: at the beginning of a day, so that it is the same when the
// CRM's answer comes.
func (h *Judge) recheck(e Episode) crm.Millis {
	wait := h.S.Recheck
	if e.Ground == crm.Unresponsive {
		wait = h.S.RecheckSilent
	}
	return h.Ours.DayStart(e.at + calendar.Millis(wait))
}

// lookBack rates the contact as of the episode's beginning with what is known today: a decision stands if it would have
// been right when it was made. A reply or a mail of before that was found later takes it away.
func (h *Judge) lookBack(e Episode) (Finding, bool) {
	var v Judge
	v.Due.Now = calendar.Never // what happened then wakes nobody now
	// The decision is timed by the CRM's clock: what came just before it need not have been known to whoever made it,
	// but a reply always counts.
	v.Look(h.S, h.R, e.Pending, min(e.Pending+skew, max(h.Seen, e.Pending)), e.Pending)
	f := v.find(e.Ground, nil)
	return f, f.met && f.Hangs == e.Hangs
}
