package rules

import (
	"github.com/winnow-crm/winnow/connectors/crm"
)

// episode is where the decisions among the facts have led: what was announced last, and when for the first time. The CRM may
// have been told twice, so that the earliest of equal decisions counts.
type episode struct {
	crm.Decision
	at      crm.Millis // when the status was first announced
	pending crm.Millis // when the episode began
}

func episodeOf(decisions []crm.Fact, limit crm.Millis) (e episode) {
	for i := range decisions {
		f := &decisions[i]
		if f.Decision == nil || f.At > limit {
			continue
		}
		d := *f.Decision
		against := d.Status == crm.Pending || d.Status == crm.Disqualified
		same := against && (e.Status == crm.Pending || e.Status == crm.Disqualified) && d.Ground == e.Ground && d.Hangs == e.Hangs
		switch {
		case !same:
			e = episode{Decision: d, at: f.At, pending: f.At}
		case e.Status == crm.Pending && d.Status == crm.Disqualified:
			e.Decision, e.at = d, f.At
		}
	}
	return e
}

// outcome is what the status machine says.
type outcome struct {
	status  crm.Status
	ground  crm.Ground
	decide  *crm.Decision
	held    string
	until   crm.Millis // pending until
	recheck crm.Millis
	note    finding // the ground in words
	again   bool    // open at its recheck date: look again
	back    bool    // requalified
}

// skew is how far the CRM's clock may stand from ours when a decision is looked back at.
const skew = dayMS

// outcome decides on the status: what was announced, whether it still stands, whether something new is to be announced.
func (h *view) outcome(at Instant, sh *sheet) outcome {
	e := episodeOf(h.r.Decisions, never)
	against := e.Status == crm.Pending || e.Status == crm.Disqualified
	if h.p.customer || h.won() {
		if against {
			return outcome{status: crm.Open, decide: &crm.Decision{Status: crm.Open}}
		}
		return h.standing(e)
	}
	if against {
		return h.announced(e, at, sh)
	}
	o := h.standing(e)
	if h.ball == crm.Us {
		return o
	}
	if ahead := max(h.own.at, h.any.at); ahead > h.now {
		// By a clock that runs ahead they have just done something: an episode that begins now would end at once.
		h.due.at(ahead, "what is dated ahead has come")
		return o
	}
	for _, g := range grounds {
		f := h.find(g, sh)
		if !f.met || f.hangs == "" {
			continue
		}
		if _, paused := h.paused(); paused {
			continue
		}
		if old := h.first + millis(h.s.minAge); h.first == 0 || h.now < old {
			h.due.at(old, "the contact is old enough")
			continue
		}
		if o.held = h.withheld(at); o.held != "" {
			return o
		}
		return h.announce(f)
	}
	return h.nurtured(o)
}

// announce begins an episode. The grace is counted in whole days, so that it is the same when the CRM's answer comes.
func (h *view) announce(f finding) outcome {
	h.due.at(h.theirs.nextDay(h.now), "the grace would begin a day later")
	return outcome{status: crm.Pending, ground: f.ground, until: h.lastDay(h.theirs.dayEnd(h.now, h.s.grace, h.pauses)), note: f, decide: &crm.Decision{Status: crm.Pending, Ground: f.ground, Hangs: f.hangs}}
}

// lastDay is the date of the day that ends at an instant in the prospect's zone, 0 for one without an end. People are shown a date.
func (h *view) lastDay(end crm.Millis) crm.Millis {
	if end >= never {
		return 0
	}
	day, _ := h.theirs.civil(end - 1)
	return crm.Millis(day) * dayMS
}

// announced looks at a contact that is pending or disqualified.
func (h *view) announced(e episode, at Instant, sh *sheet) outcome {
	void := outcome{status: crm.Open, decide: &crm.Decision{Status: crm.Open}}
	if h.own.at > e.pending {
		if no := h.saidNo(); no.met && no.hangs != e.Hangs && h.ball != crm.Us {
			o := h.announce(no)
			if held := h.withheld(at); held != "" {
				o = outcome{status: e.Status, ground: e.Ground, held: held}
			}
			return o
		}
		return outcome{status: crm.Requalified, back: true, decide: &crm.Decision{Status: crm.Requalified, Hangs: h.own.id}}
	}
	then, ok := h.lookBack(e)
	if !ok || h.any.at > e.pending || e.Status == crm.Pending && h.ball == crm.Us {
		return void
	}
	o := outcome{status: e.Status, ground: e.Ground, note: then}
	if e.Status == crm.Disqualified {
		o.recheck = h.recheckOn(e)
		if h.now >= o.recheck {
			return outcome{status: crm.Open, again: true, decide: &crm.Decision{Status: crm.Open, Ground: e.Ground, Hangs: e.Hangs}}
		}
		h.due.at(o.recheck, "the recheck date comes")
		return o
	}
	end := h.theirs.dayEnd(e.pending, h.s.grace, h.pauses)
	o.until = h.lastDay(end)
	if h.seen < end {
		h.due.read(end, "the grace ends")
		return o
	}
	if o.held = h.withheld(at); o.held != "" {
		return o
	}
	o.status, o.until = crm.Disqualified, 0
	o.recheck = h.recheckOn(episode{Decision: e.Decision, at: h.now})
	h.due.at((h.now/dayMS+1)*dayMS, "the recheck date would be a day later")
	o.decide = &crm.Decision{Status: crm.Disqualified, Ground: e.Ground, Hangs: e.Hangs}
	return o
}

// recheckOn is a date, so that it is the same when the CRM's answer comes.
func (h *view) recheckOn(e episode) crm.Millis {
	wait := h.s.recheck
	if e.Ground == crm.Unresponsive {
		wait = h.s.recheckSilent
	}
	return (e.at + millis(wait)) / dayMS * dayMS
}

// lookBack rates the contact as of the episode's beginning with what is known today: a decision stands if it would have been
// right when it was made. A reply or a mail of before that was found later takes it away.
func (h *view) lookBack(e episode) (finding, bool) {
	var v view
	v.due.now = never // what happened then wakes nobody now
	// The decision is timed by the CRM's clock: what came just before it need not have been known to whoever made it, but a
	// reply always counts.
	v.build(h.base, h.r, e.pending, min(e.pending+skew, max(h.seen, e.pending)), e.pending)
	f := v.find(e.Ground, nil)
	return f, f.met && f.hangs == e.Hangs
}

// standing is the status of a contact that is neither pending nor disqualified.
func (h *view) standing(e episode) outcome {
	switch {
	case e.Status == crm.Requalified:
		if end := h.theirs.dayStart(e.at) + millis(h.s.floor); h.now < end {
			h.due.at(end, "the time after coming back ends")
			return outcome{status: crm.Requalified, back: true}
		}
	case e.Status == crm.Open && e.Ground != "" && h.any.at < e.at && (len(h.acts) == 0 || h.acts[len(h.acts)-1] < e.at):
		return outcome{status: crm.Open, again: true}
	}
	return outcome{status: crm.Open}
}

// nurtured is the mild end: somebody who asked for later, or does not fit and was helped on.
func (h *view) nurtured(o outcome) outcome {
	if h.later != nil {
		for _, f := range h.follow {
			if f.fact == h.later.id && f.due > h.now {
				h.due.at(f.due, "the agreed date comes")
				return outcome{status: crm.Nurture, ground: crm.SaidLater, recheck: f.due, note: finding{text: "has asked us to come back later"}}
			}
		}
	}
	if o.status != crm.Open || !h.helped() {
		return o
	}
	if what, misfit := h.misfit(); misfit {
		return outcome{status: crm.Nurture, ground: crm.Misfit, note: finding{text: "needs what we do not offer, by its " + what}}
	}
	return o
}

// withheld says why nothing may be announced against the contact now, empty if it may.
func (h *view) withheld(at Instant) string {
	settled := crm.At(at.Arrived)
	if settled != 0 {
		settled += millis(h.s.settle)
	}
	switch {
	case at.Hold != "":
		h.due.at(h.now+hourMS, "look again")
		return at.Hold
	case len(h.r.Missing()) > 0:
		return "merge"
	case !at.Profiled:
		h.due.at(h.now+hourMS, "look again")
		return "profile"
	case at.Lagging:
		h.due.at(h.now+hourMS, "look again")
		return "lag"
	case settled > h.now:
		h.due.at(settled, "no new fact has come for the time of settling")
		return "settle"
	}
	return ""
}

// Missing are the contacts merged into this one whose facts have not all come yet: nothing is decided until they have.
func (r *Record) Missing() []string {
	var missing []string
	for i := range r.Life {
		m := r.Life[i].Merge
		if m == nil {
			continue
		}
		for _, loser := range m.From {
			if !r.merged(loser) && !contains(missing, loser) {
				missing = append(missing, loser)
			}
		}
	}
	return missing
}

func (r *Record) merged(loser string) bool {
	for i := range r.Life {
		if m := r.Life[i].Merge; m != nil && m.Done == loser {
			return true
		}
	}
	return false
}

func contains(list []string, s string) bool { return indexOf(list, s) >= 0 }
