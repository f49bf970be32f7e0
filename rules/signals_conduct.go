package rules

import (
	"fmt"
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// conduct weighs what they did. Of our own messages only those count that they answered: an unanswered one is at most a
// question that is still open, and the fewer of them there are the better for the contact.
func (h *view) conduct(sh *sheet) {
	for _, sig := range [...]struct {
		index int
		weigh func(*view, *sheet)
	}{
		{sAnswers, (*view).answers},
		{sReplyLatency, (*view).replyLatency},
		{sShortAnswers, (*view).shortAnswers},
		{sNoCallTime, (*view).noCallTime},
		{sFreeInformation, (*view).freeInformation},
		{sDinnerCalls, (*view).dinnerCalls},
		{sSameQuote, (*view).sameQuote},
		{sNeedy, (*view).needy},
		{sMarginPressure, (*view).marginPressure},
		{sScopeCreep, (*view).scopeCreep},
		{sDormantIntake, (*view).dormantIntake},
		{sCommitments, (*view).commitments},
	} {
		if h.s.signals[sig.index].On {
			sig.weigh(h, sh)
		}
	}
	h.futureBusiness(sh)
	h.customs(sh)
	if h.s.signals[sSuspectHour].On {
		h.suspectHour(sh) // after all others: it counts only beside one of them
	}
}

// answered reports whether turn i is a question of ours that has come to an end: answered by them, or by what followed.
func (h *view) answered(i int) bool {
	return h.turns[i].dir == crm.Out && h.turns[i].ask.id != "" && i+1 < len(h.turns) && !h.turns[i].cleared
}

// answers is A04: the share of our questions that they answered. The last one counts as unanswered once its time is over. A shrug
// (A06) or a question in return (A02) is neither an answer nor none.
func (h *view) answers(sh *sheet) {
	w := h.weigh(sAnswers)
	good, open, others := 0, 0, 0
	for i := range h.turns {
		t := &h.turns[i]
		switch {
		case !h.answered(i) || !w.counts(t.ask.at):
		case h.isShort(&h.turns[i+1], t) || asksBack(&h.turns[i+1]):
			others++
		default:
			good++
			w.cite(h.turns[i+1].first.at, h.turns[i+1].first.id)
		}
	}
	if n := len(h.turns); n > 0 {
		if t := &h.turns[n-1]; t.dir == crm.Out && t.ask.id != "" && !t.cleared && !h.gone {
			end := ends(h.fair, t.ask.at, millis(h.s.replyTime))
			if h.seen >= end {
				// It has no window: a question of ours that grew too old would leave the place to a later one.
				open = 1
				w.cite(t.ask.at, t.ask.id)
			} else {
				h.due.read(end, "our question counts as unanswered")
			}
		}
	}
	if good+open == 0 {
		return
	}
	// Few questions prove little, so one answered question is worth a third of what many are.
	share := float64(open-good) / float64(good+open)
	if sure := float64(good+open) / 3; open == 0 && sure < 1 {
		share *= sure
	}
	w.sum = share
	text := fmt.Sprintf("answered %d of our last %d questions", good, good+open)
	switch {
	case good == 0 && others > 0:
		text = "has not answered our open question yet"
	case good == 0:
		text = "has not answered our question yet"
	case open == 0:
		text = "answers our questions"
	}
	sh.add(&w, sAnswers, text)
}

// asksBack reports whether a reply asks and says nothing. What is not known says something.
func asksBack(t *turn) bool {
	return t.dir == crm.In && t.asks > 0 && !tells(t)
}

// tells reports whether a turn of theirs gives us something.
func tells(t *turn) bool {
	return t.unread || t.spoken || t.intents.Any(crm.Answers|crm.ClearYes|crm.ClearNo|crm.Informs|crm.AcceptsTime|crm.ProposesTime|crm.Accepts)
}

// replyLatency is A05: the median business time to an answer, against what is usual and against their own earlier answers. A message
// that cannot be read may have been a shrug, which is no answer: it can show that they are quick, and not that they are slow.
func (h *view) replyLatency(sh *sheet) {
	w, all := h.latencies(true)
	if w.sum > 0 {
		w, all = h.latencies(false)
	}
	switch {
	case w.sum > 0 && h.theirs.known: // the hours of somebody whose zone is not known prove nothing
		sh.add(&w, sReplyLatency, fmt.Sprintf("takes about %s to answer", businessTime(all, h.theirs.shut-h.theirs.open)))
	case w.sum < 0:
		sh.add(&w, sReplyLatency, "answers quickly")
	}
}

// latencies weighs the times that answers took, those that cannot be read among them or not, and returns their median.
func (h *view) latencies(unread bool) (w weight, all crm.Millis) {
	w = h.weigh(sReplyLatency)
	var times []crm.Millis
	for i := range h.turns {
		if t := &h.turns[i]; h.answered(i) && !t.unsure && h.turns[i+1].dir == crm.In && (unread || !h.turns[i+1].unread) && !h.isShort(&h.turns[i+1], t) && w.counts(h.turns[i+1].first.at) {
			reply := h.turns[i+1].first
			if d, ok := h.latency(t.ask.at, reply.at); ok {
				times = append(times, d)
				w.cite(reply.at, reply.id)
			}
		}
	}
	if len(times) < h.s.latencyTurns {
		return w, 0
	}
	recent := median(times[max(0, len(times)-max(3, h.s.latencyTurns)):])
	all = median(times)
	fast, typical, slow := millis(h.s.latencyFast), millis(h.s.latencyTypical), millis(h.s.latencySlow)
	switch {
	case all <= fast:
		w.sum = -1
	case all < typical:
		w.sum = -float64(typical-all) / float64(typical-fast)
	default:
		w.sum = min(float64(all-typical)/float64(slow-typical), 1)
		if earlier := times[:max(0, len(times)-3)]; len(earlier) >= 3 {
			// Somebody who has always taken that long is not losing interest.
			was := max(median(earlier), hourMS)
			w.sum = min(w.sum, min(max(float64(recent-was)/float64(2*was), 0), 1))
		}
	}
	return w, all
}

// latency is the business time between our question and their answer, without their absences. Where something else made clocks
// stand still meanwhile, a slow answer says nothing, and ok is false.
func (h *view) latency(from, until crm.Millis) (total crm.Millis, ok bool) {
	total = h.theirs.hours(from, until)
	stopped := false
	var absences []span
	for _, sp := range h.stops {
		if sp.from >= until || sp.until <= from {
			continue
		}
		if sp.away {
			absences = append(absences, sp)
		} else {
			stopped = true
		}
	}
	for _, sp := range union(absences) {
		total -= h.theirs.hours(max(sp.from, from), min(sp.until, until))
	}
	return max(total, 0), !stopped || total <= millis(h.s.latencyTypical)
}

func median(times []crm.Millis) crm.Millis {
	sorted := slices.Clone(times)
	slices.Sort(sorted)
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

func businessTime(m, day crm.Millis) string {
	if m < day {
		return count(int((m+hourMS/2)/hourMS), "business hour")
	}
	return count(int((m+day/2)/day), "business day")
}

func count(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// shortAnswers is A06: of their last answers to questions of ours, those in a word or two that say nothing.
func (h *view) shortAnswers(sh *sheet) {
	w := h.weigh(sShortAnswers)
	looked, short := 0, 0
	var marks []mark
	for i := len(h.turns) - 1; i > 0 && looked < h.s.shortOf; i-- {
		t := &h.turns[i]
		if t.dir != crm.In || !h.answered(i-1) {
			continue
		}
		if !w.counts(t.first.at) {
			break
		}
		looked++
		if h.isShort(t, &h.turns[i-1]) {
			short++
			marks = append(marks, t.last)
		}
	}
	if short < h.s.shortMin {
		return
	}
	slices.Reverse(marks)
	for _, m := range marks {
		w.cite(m.at, m.id)
	}
	newest := marks[len(marks)-1]
	share := weight{h: h, sig: w.sig}
	share.hit(newest.at, "", float64(short)/float64(h.s.shortOf))
	w.sum, w.ahead = share.sum, share.ahead
	text := fmt.Sprintf("answered %s of the last %s questions in a word or two", numeral(short), numeral(looked))
	if short == looked {
		text = fmt.Sprintf("answered the last %s questions in a word or two", numeral(short))
	}
	sh.add(&w, sShortAnswers, text)
}

// isShort reports whether an answer is short and says nothing. A clear yes or no to a question that asks for one says enough,
// and so does a date, a time or a number. What is not known is not short.
func (h *view) isShort(t, question *turn) bool {
	if t.dir != crm.In || t.unread || t.spoken || t.units == 0 || t.units > h.s.shortUnits {
		return false
	}
	if t.intents.Any(crm.Informs | crm.AcceptsTime | crm.ProposesTime | crm.Accepts | crm.QuoteRequest | crm.OptOut | crm.NotInterested) {
		return false
	}
	if t.intents.Any(crm.ClearYes|crm.ClearNo) && question.intents.Any(crm.AsksYesNo|crm.ProposesTime) && !t.intents.Any(crm.Vague) {
		return false
	}
	return true
}

var numerals = [...]string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}

func numeral(n int) string {
	if n < len(numerals) {
		return numerals[n]
	}
	return fmt.Sprint(n)
}

// noCallTime is A07: times that they declined, and meetings that they moved, cancelled or missed, beyond those held. What is
// not known to be theirs is held against nobody.
func (h *view) noCallTime(sh *sheet) {
	w := h.weigh(sNoCallTime)
	var marks []mark
	held := 0
	for i := range h.turns {
		if h.declined(i) && w.counts(h.turns[i+1].first.at) {
			marks = append(marks, h.turns[i+1].first)
		}
	}
	for i := range h.r.Items {
		f := &h.r.Items[i]
		m := f.Meeting
		if m == nil || f.Gone || f.At > h.limit {
			continue
		}
		start := max(m.Start, f.At)
		switch {
		case m.State == crm.NoShow:
			marks = w.keep(marks, mark{start, f.ID})
		case m.State == crm.Cancelled && m.By == crm.In:
			marks = w.keep(marks, mark{min(start, max(crm.Millis(f.Version), f.At)), f.ID})
		case m.By == crm.In && len(m.Moved) == 0 && m.State == crm.Rescheduled:
			marks = w.keep(marks, mark{f.At, f.ID})
		}
		if m.By == crm.In {
			for _, at := range m.Moved {
				marks = w.keep(marks, mark{at, f.ID})
			}
		}
	}
	for _, c := range h.commits {
		if c.held && w.counts(c.at) {
			held++
		}
	}
	if len(marks) < h.s.callTimes || len(marks) <= held {
		return
	}
	slices.SortFunc(marks, func(a, b mark) int {
		if a.at != b.at {
			return compare(a.at, b.at)
		}
		return compareIDs(a.id, b.id)
	})
	each := float64(len(marks)-held) / float64(len(marks)) / float64(h.s.callTimes+1)
	for _, m := range marks {
		w.hit(m.at, m.id, each)
	}
	text := fmt.Sprintf("declined, moved or missed %s", count(len(marks), "appointment"))
	if held > 0 {
		text += fmt.Sprintf(" and kept %d", held)
	}
	sh.add(&w, sNoCallTime, text)
}

// keep takes a mark whose time has come and counts.
func (w *weight) keep(marks []mark, m mark) []mark {
	if m.at > w.h.ref() {
		w.h.due.at(m.at, "an appointment's time comes")
		return marks
	}
	if w.counts(m.at) {
		marks = append(marks, m)
	}
	return marks
}

// declined reports whether in turn i we proposed a time, they answered, and neither a yes, a time of theirs, a booking nor a talk followed.
// Not every appointment is put into the CRM.
func (h *view) declined(i int) bool {
	if !h.answered(i) || h.turns[i].unsure || h.turns[i].proposed.id == "" || h.turns[i+1].dir != crm.In {
		return false
	}
	reply := &h.turns[i+1]
	if reply.unread || reply.spoken || reply.intents.Any(crm.AcceptsTime|crm.ProposesTime|crm.Accepts) {
		return false
	}
	refused := reply.intents.Any(crm.RefusesTime | crm.DefersTime)
	if reply.intents.Any(crm.ClearYes) && !refused {
		return false
	}
	until := h.theirs.after(reply.first.at, h.s.bookWithin)
	for j := range h.events {
		if e := &h.events[j]; e.kind == eTalk && e.at >= reply.first.at && e.at <= until {
			return false
		}
	}
	for j := range h.r.Items {
		f := &h.r.Items[j]
		lost := f.Meeting != nil && !f.Gone && (f.Meeting.State == crm.NoShow || f.Meeting.State == crm.Cancelled && f.Meeting.By == crm.In)
		if f.Meeting != nil && !lost && f.At >= h.turns[i].proposed.at && f.At <= min(until, h.limit) {
			return false
		}
	}
	if refused {
		return true
	}
	if h.seen < until {
		h.due.read(until, "the proposed time counts as declined")
		return false
	}
	return true
}

// commitments is A40: what they bound themselves to.
func (h *view) commitments(sh *sheet) {
	w := h.weigh(sCommitments)
	for _, c := range h.commits {
		if w.counts(c.at) {
			w.hit(c.at, c.id, c.strength)
		}
	}
	if n := h.committed(); n > 0 {
		sh.add(&w, sCommitments, "has committed to something "+times(n)+": a meeting, a quote accepted or a step ahead")
	}
}

// committed is how many commitments of theirs count: every reason says the same number.
func (h *view) committed() (n int) {
	w := h.weigh(sCommitments)
	for _, c := range h.commits {
		if w.counts(c.at) {
			n++
		}
	}
	return n
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}
