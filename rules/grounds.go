package rules

import (
	"fmt"
	"slices"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// finding is what a view says of one ground.
type finding struct {
	ground crm.Ground
	met    bool
	hangs  string // the fact that the episode hangs on
	text   string // completes "This contact ..."
}

// grounds are looked at in this order; the first that is met is announced.
var grounds = [...]crm.Ground{crm.SaidNo, crm.Unresponsive, crm.FactFinding, crm.NoProgress, crm.Unprofitable, crm.Difficult, crm.Misfit}

// find says whether a ground is met. sh is what the signals say: the ground difficult rests on it. Looking back at a
// decision there is none, and it is enough that nothing ended the episode.
func (h *view) find(g crm.Ground, sh *sheet) finding {
	if h.ball == crm.Us || h.p.customer || h.won() {
		return finding{ground: g}
	}
	switch g {
	case crm.SaidNo:
		return h.saidNo()
	case crm.Unresponsive:
		return h.unresponsive()
	case crm.FactFinding:
		return h.dormant()
	case crm.NoProgress:
		return h.stuck(sh)
	case crm.Unprofitable:
		return h.unprofitable()
	case crm.Difficult:
		return h.difficult(sh)
	case crm.Misfit:
		return h.misfitEnds()
	}
	return finding{ground: g}
}

// won reports whether they have bought: by the deals that are known, and where the record has forgotten some by what lasts.
func (h *view) won() bool {
	if len(h.r.Items) >= maxItems && h.r.Lasting.Won != 0 && h.r.Lasting.Won <= h.ref() {
		return true
	}
	for i := range h.r.Items {
		d := h.r.Items[i].Deal
		if d == nil || d.Won == 0 || h.r.Items[i].At > h.limit {
			continue
		}
		if d.Won <= h.ref() {
			return true
		}
		h.due.at(d.Won, "the deal is won")
	}
	return false
}

// hang is what an episode hangs on: the last thing that they did, or where they never did anything our first open question.
func (h *view) hang() string {
	if h.own.id != "" {
		return h.own.id
	}
	return h.start.id
}

func (h *view) saidNo() finding {
	f := finding{ground: crm.SaidNo}
	if h.refused != nil {
		f.met, f.hangs, f.text = true, h.refused.id, "has said that they do not want it"
	}
	return f
}

// quota is how long a silence may last at the contact's stage.
func (h *view) quota() (time.Duration, string) {
	switch {
	case h.late:
		return h.s.quotaLate, "late"
	case h.met || h.quoted:
		return h.s.quotaAfter, "after"
	}
	return h.s.quotaEarly, "early"
}

// unresponsive is A39: enough silence, enough attempts that reached them, and time to answer the last.
func (h *view) unresponsive() finding {
	f := finding{ground: crm.Unresponsive, hangs: h.hang()}
	if h.ball != crm.Them || h.start.id == "" {
		return f
	}
	quota, _ := h.quota()
	counted, onDays, last := h.attempts()
	if counted < h.s.attempts || onDays < h.s.attemptDays {
		return f
	}
	end := max(ends(h.pauses, h.start.at, millis(quota)), h.rested(last))
	if f.met = h.seen >= end; !f.met {
		h.due.read(end, "the silence reaches its quota")
	}
	f.text = fmt.Sprintf("has not answered %s of ours since %s", count(counted, "message"), dateText(h.start.at))
	return f
}

// rested is when they have had time to answer our last attempt. Of an absence in between it begins anew with their return.
func (h *view) rested(last crm.Millis) crm.Millis {
	end := h.theirs.after(last, h.s.attemptRest)
	for _, sp := range h.stops { // absences stand in it in the order of time
		if sp.away && sp.from < end && sp.until > last {
			end = h.theirs.after(sp.until, h.s.attemptRest)
		}
	}
	return end
}

// dormant is A15, with attempts of ours to reach them.
func (h *view) dormant() finding {
	f := finding{ground: crm.FactFinding, hangs: h.hang(), text: "took much information and has been silent since " + dateText(h.start.at)}
	if h.ball != crm.Them || h.start.id == "" || !h.tookMuch() {
		return f
	}
	counted, _, last := h.attempts()
	if counted < h.s.factAttempts {
		return f
	}
	end := max(ends(h.pauses, h.start.at, millis(h.s.factFinding)), h.rested(last))
	if f.met = h.seen >= end; !f.met {
		h.due.read(end, "the fact-finder counts as dormant")
	}
	return f
}

// stuck is A43: we came back as agreed, more than once, and nothing moved. Of somebody who answers in
// a word, never finds a time or only asks, it is enough that we asked often. An answer that says something is a step too. One who has
// fallen silent is unresponsive or nothing: silence has a clock of its own, which stands still where this one runs.
func (h *view) stuck(sh *sheet) finding {
	f := finding{ground: crm.NoProgress, hangs: h.hang()}
	var since crm.Millis
	for _, c := range h.commits {
		since = max(since, min(c.at, h.ref()))
	}
	since = max(since, h.from, h.first, h.anew, h.told())
	n := 0
	for _, k := range h.kept {
		if k.at > since && k.at <= h.ref() {
			n++
		}
	}
	asks := 0
	for i := range h.turns {
		if t := &h.turns[i]; t.dir == crm.Out && t.ask.id != "" && t.ask.at > since {
			asks++
		}
	}
	often := h.s.noProgressAsks > 0 && asks >= h.s.noProgressAsks
	if often && sh == nil {
		sh = new(sheet)
		h.conduct(sh) // looking back
	}
	if often {
		habits, _ := sh.speak(sFreeInformation, sShortAnswers, sNoCallTime)
		often = habits > 0
	}
	if n < h.s.noProgressFollowUp && !often || h.milestone() || h.ahead {
		return f
	}
	if silent := h.own.at + millis(h.s.replyTime); h.ball == crm.Them && h.start.id != "" {
		if h.seen >= silent {
			return f
		}
		h.due.read(silent, "they count as silent")
	}
	end := ends(h.waits(), since, millis(h.s.noProgress))
	f.text = fmt.Sprintf("has taken no step since %s, over %s", dateText(since), count(max(n, asks), "follow-up"))
	if f.met = h.seen >= end; !f.met {
		h.due.read(end, "no progress since the last commitment")
	}
	return f
}

// told is when they last gave us something: an answer that says something, a talk, a colleague's word.
func (h *view) told() (last crm.Millis) {
	for i := len(h.turns) - 1; i >= 0; i-- {
		if t := &h.turns[i]; t.dir == 0 || t.dir == crm.In && tells(t) && (i == 0 || !h.isShort(t, &h.turns[i-1])) {
			last = t.last.at
			break
		}
	}
	for i := range h.events {
		if e := &h.events[i]; e.peer {
			last = max(last, e.at)
		}
	}
	return last
}

// waits are the times in which no step of theirs could be expected: everything that makes clocks stand still, except what we have
// merely planned, and the times in which they waited for our answer.
func (h *view) waits() []span {
	var list []span
	for _, sp := range h.stops {
		if sp.from = max(sp.from, sp.planned); sp.from < sp.until {
			list = append(list, sp)
		}
	}
	for i := range h.turns {
		if t := &h.turns[i]; t.awaits && i+1 < len(h.turns) {
			list = append(list, span{from: t.first.at, until: h.turns[i+1].first.at})
		}
	}
	return union(list)
}

// milestone reports whether a next step is on file in an open deal.
func (h *view) milestone() bool {
	for i := range h.r.Items {
		if d := h.r.Items[i].Deal; d != nil && d.NextStep && d.Won == 0 && d.Lost == 0 && h.r.Items[i].At <= h.limit {
			return true
		}
	}
	return false
}

func (h *view) unprofitable() finding {
	f := finding{ground: crm.Unprofitable, hangs: h.hang()}
	if h.s.unprofitableHours == 0 || len(h.commits) > 0 || h.own.at <= h.anew {
		return f
	}
	spent := h.effort()
	f.met = spent >= time.Duration(h.s.unprofitableHours)*time.Hour
	f.text = fmt.Sprintf("has taken %s of ours without a commitment", count(int(spent.Hours()), "hour"))
	return f
}

// difficult: several habits at once that take our time, and not enough beside them that is worth it: who answers well and commits may
// bargain and move appointments.
func (h *view) difficult(sh *sheet) finding {
	f := finding{ground: crm.Difficult, hangs: h.hang()}
	if h.own.id == "" || h.own.at <= h.anew {
		return f
	}
	if sh == nil {
		f.met = true
		return f
	}
	n, points := sh.speak(sShortAnswers, sNoCallTime, sDinnerCalls, sSameQuote, sNeedy, sMarginPressure, sBrokenPromises, sScopeCreep)
	f.met = n >= h.s.difficult && points >= h.s.difficultPoints && points > sh.gains()
	f.text = fmt.Sprintf("shows %s at once that take much of our time", count(n, "habit"))
	return f
}

// misfitEnds: one whom we cannot serve, told so by a message of ours, where settings want it to end there.
func (h *view) misfitEnds() finding {
	f := finding{ground: crm.Misfit, hangs: h.hang(), text: "needs what we do not offer"}
	if _, misfit := h.misfit(); misfit && h.s.misfitEnds && h.helped() && !h.refers() && h.own.at > h.anew {
		f.met = f.hangs != ""
	}
	return f
}

func dateText(m crm.Millis) string {
	if m == 0 {
		return "the start"
	}
	return m.Time().Format(time.DateOnly)
}

// speak is how many of these signals lower engagement, and by how many points together.
func (sh *sheet) speak(signals ...int) (n, points int) {
	for i := range sh.reasons {
		r := &sh.reasons[i]
		if r.Points < 0 && slices.ContainsFunc(signals, func(sig int) bool { return book[sig].Name == r.Name }) {
			n++
			points -= r.Points
		}
	}
	return n, points
}

// gains is how many points of engagement speak for the contact.
func (sh *sheet) gains() (points int) {
	for i := range sh.reasons {
		if r := &sh.reasons[i]; r.Sub == crm.Engagement && r.Points > 0 && r.ID != clampID {
			points += r.Points
		}
	}
	return points
}
