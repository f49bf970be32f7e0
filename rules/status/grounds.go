package status

import (
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/signals"
	"github.com/winnow-crm/winnow/rules/words"
)

// Finding is what a view says of one ground.
type Finding struct {
	ground crm.Ground
	met    bool
	Hangs  string       // the fact that the episode hangs on
	Says   []crm.Phrase // completes "This contact ...", where it is met
}

// Grounds are looked at in this order; the first that is met is announced.
var Grounds = [...]crm.Ground{
	crm.SaidNo, crm.Unresponsive, crm.FactFinding, crm.NoProgress, crm.Unprofitable, crm.Difficult, crm.Misfit,
}

// find says whether a ground is met. sh is what the signals say: the ground difficult rests on it. Looking back at a
// decision there is none, and it is enough that nothing ended the episode.
func (h *Judge) find(g crm.Ground, sh *signals.Sheet) Finding {
	if h.Ball == crm.Us || h.P.Customer || h.Won() || h.Declined { // to one no there is one farewell
		return Finding{ground: g}
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
	return Finding{ground: g}
}

func (h *Judge) saidNo() Finding {
	f := Finding{ground: crm.SaidNo}
	if h.Refused == nil {
		return f
	}
	f.Hangs, f.Says = h.Refused.ID, words.Say("reason.ground.not_interested", h.Day("on", h.Refused.At))
	end := h.Theirs.After(h.Refused.At, 1)
	if f.met = h.Seen >= end; !f.met {
		h.Due.Read(end)
	}
	return f
}

// unresponsive is A39: enough silence, enough attempts that reached them, and time to answer the last.
func (h *Judge) unresponsive() Finding {
	f := Finding{ground: crm.Unresponsive, Hangs: h.Hang()}
	if h.Ball != crm.Them || h.Start.ID == "" {
		return f
	}
	counted, onDays, last := h.Attempts()
	if counted < h.S.Attempts || onDays < h.S.AttemptDays {
		return f
	}
	quota, _ := h.Quota()
	end := h.SilentUntil(quota, last)
	if f.met = h.Seen >= end; !f.met {
		h.Due.Read(end)
	}
	f.Says = words.Say("reason.ground.unresponsive", h.Days("on", h.Counted()))
	return f
}

// rested is when they have had time to answer our last attempt. After an absence it begins anew with their return.
func (h *Judge) rested(last crm.Millis) crm.Millis {
	end := h.Theirs.After(last, h.S.AttemptRest)
	for _, sp := range h.Stops {
		if sp.Away && sp.Until > last {
			end = max(end, h.Theirs.After(sp.Until, h.S.AttemptRest))
		}
	}
	return end
}

// dormant is A15, with attempts of ours to reach them.
func (h *Judge) dormant() Finding {
	f := Finding{ground: crm.FactFinding, Hangs: h.Hang()}
	if h.Ball != crm.Them || h.Start.ID == "" || !signals.TookMuch(&h.View) {
		return f
	}
	counted, _, last := h.Attempts()
	if counted < h.S.FactAttempts {
		return f
	}
	f.Says = words.Say("reason.dormant_after_intake", h.Day("since", h.Start.At))
	end := h.SilentUntil(patient(h, h.S.FactFinding), last)
	if f.met = h.Seen >= end; !f.met {
		h.Due.Read(end)
	}
	return f
}

// stuck is A43: we came back as agreed, more than once, and nothing moved. Of somebody who answers in
// a word, never finds a time, puts us off again and again or only asks, it is enough that we asked often. An answer
// that says something is a step too. One who has fallen silent is unresponsive or nothing: silence has a clock of its
// own, which stands still where this one runs.
func (h *Judge) stuck(sh *signals.Sheet) Finding {
	f := Finding{ground: crm.NoProgress, Hangs: h.Hang()}
	since := max(stepped(h), h.From, h.First, h.Anew)
	n := 0
	var tried crm.Millis // when we last came back to it
	for _, k := range h.Kept {
		if k.At > since && k.At <= h.Ref() {
			n++
			tried = max(tried, k.At)
		}
	}
	asks, putOff, asked := askedSince(h.Turns, since)
	tried = max(tried, asked)
	// Nothing was asked of them, or a yes was their last word, or "not now", and not for the third time.
	if h.Ball == crm.None && (asks == 0 || putOff <= h.S.NoProgressFollowUp && leftToUs(h.Turns)) {
		return f
	}
	often := h.S.NoProgressAsks > 0 && asks >= h.S.NoProgressAsks
	if often && sh == nil {
		sh = new(signals.Sheet)
		signals.Conduct(&h.View, sh) // looking back
	}
	if often {
		habits, _ := sh.Speak(signals.RowFreeInformation, signals.RowShortAnswers, signals.RowNoCallTime)
		often = habits > 0 || putOff > h.S.NoProgressFollowUp
	}
	if n < h.S.NoProgressFollowUp && !often || h.Ahead {
		return f
	}
	// A next milestone on file that nobody touched in all that time is none any more.
	if noted := h.Noted(); noted != 0 && h.Seen < noted+calendar.Millis(h.S.NoProgress) {
		h.Due.Read(noted + calendar.Millis(h.S.NoProgress))
		return f
	}
	if silent := h.Own.At + calendar.Millis(h.S.ReplyTime); h.Ball == crm.Them && h.Start.ID != "" {
		if h.Seen >= silent {
			return f
		}
		h.Due.Read(silent)
	}
	end := calendar.Ends(h.waits(), since, calendar.Millis(h.S.NoProgress))
	f.Says = words.Say("reason.ground.no_progress", h.Day("since", since), h.Day("last", tried))
	if f.met = h.Seen >= end; !f.met {
		h.Due.Read(end)
	}
	return f
}

// stepped is when they last took the matter a step further. Of one who comes to no appointment neither words nor
// another booking is a step.
func stepped(h *Judge) crm.Millis {
	never := signals.NeverThere(&h.View)
	last := h.told()
	if never != 0 {
		last = min(last, never)
	}
	for _, c := range h.Commits {
		if never == 0 || c.Kind != history.Booked {
			last = max(last, min(c.At, h.Ref()))
		}
	}
	return last
}

// askedSince is how often we asked since then, how often they put us off to some time without a day, and when we asked
// last.
func askedSince(turns []history.Turn, since crm.Millis) (asks, putOff int, last crm.Millis) {
	for i := range turns {
		switch t := &turns[i]; {
		case t.Dir == crm.Out && t.Ask.ID != "" && t.Ask.At > since:
			asks++
			last = max(last, t.Ask.At)
		case t.Dir == crm.In && t.Vague && t.Last.At > since:
			putOff++
		}
	}
	return asks, putOff, last
}

// leftToUs reports whether the last word is theirs, and agrees, or says that the time has not come: we come back first.
func leftToUs(turns []history.Turn) bool {
	n := len(turns)
	return n > 0 && turns[n-1].Dir == crm.In && turns[n-1].Intents.Any(crm.NotReady|crm.ClearYes)
}

// benefit is how many answers in a row that hold no fact we can see are taken for a step all the same: some of them
// will have held one.
const benefit = 3

// told is when they last took the matter a step further: an answer that holds a fact, a talk, a colleague's word. Warm
// words are none, if there are more of them than can be by chance.
func (h *Judge) told() (last crm.Millis) {
	warm := 0
	for i := range h.Turns {
		t := &h.Turns[i]
		switch {
		case t.Dir == crm.Out, t.Dir == crm.In && i > 0 && h.IsShort(t, &h.Turns[i-1]):
			continue
		case t.Dir == 0 || history.Steps(t):
			warm = 0
		case history.Tells(t) && !t.Vague && warm < benefit:
			warm++
		default:
			continue
		}
		last = t.Last.At
	}
	for i := range h.Events {
		if e := &h.Events[i]; e.Peer && e.F.Peer != crm.Stranger {
			last = max(last, e.At)
		}
	}
	return last
}

// waits are the times in which no step of theirs could be expected: everything that makes clocks stand still, except
// what we have merely planned, and the times in which they waited for our answer.
func (h *Judge) waits() []calendar.Span {
	var list []calendar.Span
	for _, sp := range h.Stops {
		if sp.From = max(sp.From, sp.Planned); sp.From < sp.Until {
			list = append(list, sp)
		}
	}
	for i := range h.Turns {
		if t := &h.Turns[i]; t.Awaits.ID != "" && i+1 < len(h.Turns) {
			list = append(list, calendar.Span{From: t.First.At, Until: h.Turns[i+1].First.At})
		}
	}
	return calendar.Union(list)
}

func (h *Judge) unprofitable() Finding {
	f := Finding{ground: crm.Unprofitable, Hangs: h.Hang()}
	if h.S.UnprofitableHours == 0 || len(h.Commits) > 0 || h.Own.At <= h.Anew {
		return f
	}
	spent := signals.Effort(&h.View)
	f.met = spent >= time.Duration(h.S.UnprofitableHours)*time.Hour
	f.Says = words.Say("reason.ground.unprofitable", words.Number("hours", int(spent.Hours())))
	return f
}

// difficult: several habits at once that take our time, and not enough beside them that is worth it: who answers well
// and commits may bargain and move appointments.
func (h *Judge) difficult(sh *signals.Sheet) Finding {
	f := Finding{ground: crm.Difficult, Hangs: h.Hang(), Says: words.Say("reason.ground.difficult")}
	if h.Own.ID == "" || h.Own.At <= h.Anew || h.Ball == crm.None && leftToUs(h.Turns) {
		return f
	}
	if sh == nil {
		f.met = true
		return f
	}
	n, points := sh.Speak(signals.RowShortAnswers, signals.RowNoCallTime, signals.RowDinnerCalls, signals.RowSameQuote,
		signals.RowNeedy, signals.RowMarginPressure, signals.RowBrokenPromises, signals.RowScopeCreep)
	f.met = n >= h.S.Difficult && points >= h.S.DifficultPoints && points > sh.Gains()
	return f
}

// misfitEnds reports whether we have told somebody that we cannot serve them, where the settings say that this ends it.
func (h *Judge) misfitEnds() Finding {
	f := Finding{ground: crm.Misfit, Hangs: h.Hang(), Says: words.Say("reason.ground.misfit")}
	_, misfit := signals.CannotServe(&h.View)
	if misfit && h.S.MisfitEnds && h.Helped() && !h.Refers() && h.Own.At > h.Anew {
		f.met = f.Hangs != ""
	}
	return f
}

// GroundIDs are the rows of the rule book that the grounds come from.
var GroundIDs = map[crm.Ground]string{
	crm.Unresponsive: "A39", crm.NoProgress: "A43", crm.FactFinding: "A15", crm.SaidNo: "A52", crm.SaidLater: "A43",
	crm.Misfit:       "A34",
	crm.Unprofitable: "A17", crm.Difficult: "A50",
}

// EvidenceOf names one fact as evidence, none where there is no id.
func EvidenceOf(id string) []crm.Evidence {
	if id == "" {
		return nil
	}
	return []crm.Evidence{{Fact: id}}
}
