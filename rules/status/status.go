package status

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/signals"
	"github.com/winnow-crm/winnow/rules/words"
)

// Outcome is what the status machine says.
type Outcome struct {
	Status  crm.Status
	Ground  crm.Ground
	Decide  *crm.Decision
	Held    string
	Until   crm.Millis // pending until
	Recheck crm.Millis
	Note    Finding // the ground in words
	Again   bool    // open at its recheck date: look again
	back    bool    // requalified
}

// Outcome decides on the status: what was announced, whether it still stands, whether something new is to be announced.
func (h *Judge) Outcome(at Instant, sh *signals.Sheet) Outcome {
	e := EpisodeOf(h.R.Decisions, calendar.Never)
	against := e.Status == crm.Pending || e.Status == crm.Disqualified
	if h.P.Customer || h.Won() {
		if against {
			return Outcome{Status: crm.Open, Decide: &crm.Decision{Status: crm.Open}}
		}
		return h.standing(e)
	}
	if against {
		return h.announced(e, at, sh)
	}
	o := h.standing(e)
	if h.Ball == crm.Us {
		return o
	}
	rest := h.nurtured(o) // what stands where nothing is announced
	if ahead := max(h.Own.At, h.Any.At); ahead > h.Now {
		// By a clock that runs ahead they have just done something: an episode that begins now would end at once.
		h.Due.At(ahead)
		return o
	}
	for _, g := range Grounds {
		f := h.find(g, sh)
		if !f.met || f.Hangs == "" {
			continue
		}
		if _, paused := h.Paused(); paused {
			continue
		}
		if old := h.First + calendar.Millis(h.S.MinAge); h.First == 0 || h.Now < old {
			h.Due.At(old)
			continue
		}
		if rest.Held = h.withheld(at); rest.Held != "" {
			return rest
		}
		return h.announce(f)
	}
	return rest
}

// announce begins an episode. The grace is counted in whole days, so that it is the same when the CRM's answer comes.
func (h *Judge) announce(f Finding) Outcome {
	h.Due.At(h.Theirs.NextDay(h.Now))
	return Outcome{
		Status: crm.Pending, Ground: f.ground, Until: h.lastDay(h.Theirs.DayEnd(h.Now, h.S.Grace, h.Pauses)), Note: f,
		Decide: &crm.Decision{Status: crm.Pending, Ground: f.ground, Hangs: f.Hangs},
	}
}

// announced looks at a contact that is pending or disqualified.
func (h *Judge) announced(e Episode, at Instant, sh *signals.Sheet) Outcome {
	void := Outcome{Status: crm.Open, Decide: &crm.Decision{Status: crm.Open}}
	if h.Own.At > e.Pending {
		if h.Refused != nil && h.Refused.ID != e.Hangs && h.Ball != crm.Us {
			return void // it was answered by a no, which is a ground of its own after a day
		}
		return Outcome{
			Status: crm.Requalified, back: true, Decide: &crm.Decision{Status: crm.Requalified, Hangs: h.Own.ID},
		}
	}
	then, ok := h.lookBack(e)
	if !ok || h.Any.At > e.Pending || e.Status == crm.Pending && h.Ball == crm.Us {
		return void
	}
	o := Outcome{Status: e.Status, Ground: e.Ground, Note: then}
	if e.Status == crm.Disqualified {
		again := h.recheck(e)
		o.Recheck = h.ourDay(again)
		if h.Now >= again {
			anew := &crm.Decision{Status: crm.Open, Ground: e.Ground, Hangs: e.Hangs}
			return Outcome{Status: crm.Open, Again: e.Ground != crm.SaidNo, Decide: anew}
		}
		h.Due.At(again)
		return o
	}
	end := h.Theirs.DayEnd(e.Pending, h.S.Grace, h.Pauses)
	o.Until = h.lastDay(end)
	if h.Seen < end {
		h.Due.Read(end)
		return o
	}
	if o.Held = h.withheld(at); o.Held != "" {
		return o
	}
	o.Status, o.Until = crm.Disqualified, 0
	o.Recheck = h.ourDay(h.recheck(Episode{Decision: e.Decision, at: h.Now}))
	h.Due.At(h.Ours.NextDay(h.Now))
	o.Decide = &crm.Decision{Status: crm.Disqualified, Ground: e.Ground, Hangs: e.Hangs}
	return o
}

// standing is the status of a contact that is neither pending nor disqualified.
func (h *Judge) standing(e Episode) Outcome {
	switch {
	case e.Status == crm.Requalified:
		if end := h.Theirs.DayStart(e.at) + calendar.Millis(h.S.Floor); h.Now < end {
			h.Due.At(end)
			return Outcome{Status: crm.Requalified, back: true}
		}
	case e.Status == crm.Open && e.Ground != "" && !h.Declined && h.Any.At < e.at &&
		(len(h.Acts) == 0 || h.Acts[len(h.Acts)-1] < e.at):
		return Outcome{Status: crm.Open, Again: true}
	}
	return Outcome{Status: crm.Open}
}

// nurtured is the mild end: somebody who asked for later, or does not fit and was helped on.
func (h *Judge) nurtured(o Outcome) Outcome {
	if h.Later != nil {
		for _, f := range h.Follow {
			if f.Fact == h.Later.ID && f.Due > h.Now {
				h.Due.At(f.Due)
				return Outcome{
					Status: crm.Nurture, Ground: crm.SaidLater, Recheck: dateOf(&h.Theirs, f.Due),
					Note: Finding{Says: words.Say("reason.ground.not_ready", h.Agreed("on", f.Due))},
				}
			}
		}
	}
	if o.Status != crm.Open || !h.Helped() {
		return o
	}
	if what, misfit := signals.CannotServe(&h.View); misfit {
		says := words.Say("reason.misfit", words.Word("what", what))
		return Outcome{Status: crm.Nurture, Ground: crm.Misfit, Note: Finding{Says: says}}
	}
	return o
}

// withheld says why nothing may be announced against the contact now, empty if it may.
func (h *Judge) withheld(at Instant) string {
	settled := crm.At(at.Arrived)
	if settled != 0 {
		settled += calendar.Millis(h.S.Settling)
	}
	switch {
	case at.Hold != "":
		h.Due.At(h.Now + calendar.HourMS)
		return at.Hold
	case len(h.R.Missing()) > 0:
		return "merge"
	case !at.Profiled:
		h.Due.At(h.Now + calendar.HourMS)
		return "profile"
	case at.Lagging:
		h.Due.At(h.Now + calendar.HourMS)
		return "lag"
	case settled > h.Now:
		h.Due.At(settled)
		return "settle"
	}
	return ""
}
