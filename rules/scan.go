package rules

import (
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// turn is a run of consecutive messages in one direction; a talk is a turn of its own, without direction.
type turn struct {
	dir         crm.Direction
	first, last mark
	messages    int
	intents     crm.Intents
	units       int
	asks        int
	unread      bool // of one of its messages the text is not known
	spoken      bool // it holds a missed or voicemail call
	awaits      bool // it awaits an answer
	ask         mark // the first message of ours that asks something
	proposed    mark // the first that proposes a time
	cleared     bool // a colleague answered it, or it came to something without a message
	unsure      bool // what may be an answer of theirs came after it
}

const quiet = crm.Thanks | crm.Accepts | crm.AcceptsTime | crm.NotInterested | crm.NotReady | crm.OptOut | crm.Promises

// needsAnswer reports whether a message of theirs awaits one. What is not known does.
func needsAnswer(f *crm.Fact) bool {
	if f.Message == nil {
		return true
	}
	t := &f.Message.Text
	return t.Unread || t.Asks > 0 || t.Intents.Any(crm.Asks|crm.AsksYesNo|crm.QuoteRequest|crm.QuoteAgain|crm.ChangeRequest|crm.Discount|crm.ProposesTime) || !t.Intents.Any(quiet)
}

// asksThem reports whether a message of ours wants something of them: a question, a proposed time, a quote.
func (h *view) asksThem(f *crm.Fact) bool {
	if f.Call != nil {
		return true // a voicemail asks to be called back
	}
	t := &f.Message.Text
	return t.Asks > 0 || t.Intents.Any(crm.Asks|crm.AsksYesNo|crm.ProposesTime) || h.carriesQuote(f)
}

// carriesQuote reports whether a message of ours hands over a quote, by what it says or by the quote's link.
func (h *view) carriesQuote(f *crm.Fact) bool {
	if f.Message == nil {
		return false
	}
	if f.Message.Text.Intents.Any(crm.CarriesQuote) {
		return true
	}
	for _, link := range f.Message.Links {
		for i := range h.r.Items {
			if q := h.r.Items[i].Quote; q != nil && q.Link != 0 && q.Link == link {
				return true
			}
		}
	}
	return false
}

// scan goes through the events once, oldest first, and finds turns, ball, the current silence and the attempts in it.
func (h *view) scan() {
	h.turns = make([]turn, 0, len(h.events)/2+2)
	for i := range h.events {
		e := &h.events[i]
		if e.kind != eVoid && e.f != nil && !e.peer && (e.f.Message != nil || e.f.Call != nil || e.f.Gone) {
			earliest(&h.first, e.at)
		}
		switch e.kind {
		case eIn:
			h.theyWrote(e)
		case eOut:
			h.weWrote(e)
		case eTalk:
			h.talked(e)
		case eClear:
			h.cleared(e)
		case eAway:
			h.away(e)
		case eGone:
			h.gone = true
		case eTry:
			h.acts = append(h.acts, e.at)
			h.tries = append(h.tries, attempt{mark: mark{e.at, e.id}, why: e.why})
		case eVoid:
			if e.f != nil && (e.f.Message != nil && e.f.Message.Direction == crm.Out && !e.f.Message.Mass || e.f.Call != nil && e.f.Call.Direction == crm.Out) {
				h.tries = append(h.tries, attempt{mark: mark{e.at, e.id}, why: e.why})
			}
		case eQuote:
			h.published(e)
		case eAnew:
			h.silenceEnds(mark{e.at, ""})
			h.refused, h.anew = nil, e.at
			if h.ball == crm.Them {
				h.move(crm.None, e)
			}
		}
	}
	h.countAttempts()
}

func (h *view) move(ball crm.Ball, e *event) { h.ball, h.since, h.by = ball, e.at, e.id }

// silenceEnds starts the count of our attempts anew.
func (h *view) silenceEnds(by mark) {
	if by.id != "" {
		h.any = by
	}
	h.start = mark{}
	h.tries = h.tries[:0]
}

func (h *view) turn(e *event, dir crm.Direction) *turn {
	if n := len(h.turns); n == 0 || dir == 0 || h.turns[n-1].dir != dir || h.turns[n-1].cleared {
		h.turns = append(h.turns, turn{dir: dir, first: mark{e.at, e.id}})
	}
	t := &h.turns[len(h.turns)-1]
	t.last = mark{e.at, e.id}
	t.messages++
	switch {
	case e.f.Message != nil:
		t.intents |= e.f.Message.Text.Intents
		t.asks += e.f.Message.Text.Asks
		t.units += e.f.Message.Text.Units
		t.unread = t.unread || e.f.Message.Text.Unread
	case e.f.Call != nil:
		t.spoken = true
	case e.f.Quote != nil:
		t.intents |= crm.CarriesQuote
	}
	return t
}

// theyWrote: what awaits an answer gives us the ball, and a thank-you after an open question does not take it from us. Who promises to
// come back keeps it.
func (h *view) theyWrote(e *event) {
	if n := len(h.turns); n > 0 && h.turns[n-1].unsure { // the answer, or one more of it
		h.turns[n-1].cleared = false
	}
	turn, awaits := h.turn(e, crm.In), needsAnswer(e.f)
	turn.awaits = turn.awaits || awaits
	promise := e.f.Message != nil && !e.f.Message.Text.Unread && e.f.Message.Text.Intents.Any(crm.Promises)
	switch {
	case h.ball == crm.Us:
	case awaits:
		h.move(crm.Us, e)
		h.owes = true
	case promise:
		h.move(crm.Them, e)
	default:
		h.move(crm.None, e)
	}
	h.spoke(e)
	if e.f.Message == nil {
		return
	}
	t := &e.f.Message.Text
	if promise {
		h.theyPromised(e)
	}
	if t.Intents.Any(crm.Accepts) && !t.Unread {
		h.theyAccepted(e)
	}
	h.optOut = t.Intents.Any(crm.OptOut)
	if t.Intents.Any(crm.NotInterested) && !awaits {
		h.refused = e
	}
	if t.Intents.Any(crm.NotReady|crm.DefersTime) && !t.Unread {
		due := t.Horizon
		if due <= e.at {
			due = 0
		}
		assumed := due == 0
		if t.Intents.Any(crm.NotReady) && !awaits {
			h.later = e
			if assumed {
				due = e.at + millis(h.s.notReady)
			}
		}
		if due != 0 {
			due = min(due, e.at+3*365*dayMS)
			h.follow = append(h.follow, followUp{set: e.at, due: due, fact: e.id, assumed: assumed, theirs: promise})
		}
	}
}

// theyAccepted: a quote of ours that they accept in words is a commitment, unless the CRM says itself that it was accepted.
func (h *view) theyAccepted(e *event) {
	if h.offered && !slices.ContainsFunc(h.r.Items, func(f crm.Fact) bool {
		q := f.Quote
		return q != nil && !f.Gone && q.Accepted != 0 && q.Accepted <= h.limit && len(q.Sent) > 0 && q.Sent[0] <= e.at
	}) {
		h.commits = append(h.commits, commitment{mark{e.at, e.id}, acceptance, false})
	}
	h.offered = false
}

// theyPromised: until the day that they named is over, and a business day more, nothing is to be expected of them.
func (h *view) theyPromised(e *event) {
	h.backBy = e.at + millis(h.s.replyTime)
	if due := min(e.f.Message.Text.Horizon, e.at+365*dayMS); due > e.at {
		h.backBy = h.theirs.dayEnd(due, 1, nil)
		h.stops = append(h.stops, span{from: e.at, until: h.backBy, why: "they said when they would come back", fact: e.id, away: true})
	}
	h.due.at(h.backBy, "they said that they would be back")
	h.ahead = h.ahead || h.backBy > h.ref()
}

// spoke notes that they did something themselves.
func (h *view) spoke(e *event) {
	h.own = mark{e.at, e.id}
	h.refused, h.later, h.optOut, h.gone, h.backBy = nil, nil, false, false, 0
	h.silenceEnds(h.own)
}

// weWrote: what asks something gives them the ball; what asks nothing answers them, and leaves open what we asked before.
func (h *view) weWrote(e *event) {
	h.acts = append(h.acts, e.at)
	if h.gone {
		h.tries = append(h.tries, attempt{mark: mark{e.at, e.id}, why: "they are no longer there"})
		return
	}
	t := h.turn(e, crm.Out)
	ask := h.asksThem(e.f)
	if h.carriesQuote(e.f) {
		h.quoted, h.offered = true, true
	}
	if ask && t.ask.id == "" {
		t.ask = mark{e.at, e.id}
	}
	if e.f.Message != nil && e.f.Message.Text.Intents.Any(crm.ProposesTime) && t.proposed.id == "" {
		t.proposed = mark{e.at, e.id}
	}
	switch {
	case ask && h.ball != crm.Them:
		h.move(crm.Them, e)
	case !ask && h.ball == crm.Us:
		h.move(crm.None, e)
	}
	h.owes = false
	if ask && h.start.id == "" {
		h.start = mark{e.at, e.id}
	}
	switch {
	case h.start.id == "":
		return
	case h.absent(e.at) != "":
		h.tries = append(h.tries, attempt{mark: mark{e.at, e.id}, delivered: true, why: h.absent(e.at)})
	case e.f.Message != nil && e.f.Message.Copied:
		h.tries = append(h.tries, attempt{mark: mark{e.at, e.id}, delivered: true, why: "written to somebody else, with a copy to them"})
	case e.f.Message != nil && e.f.Message.Text.Unread:
		h.tries = append(h.tries, attempt{mark: mark{e.at, e.id}, delivered: true, why: "its text is not known"})
	default:
		h.tries = append(h.tries, attempt{mark: mark{e.at, e.id}, delivered: true, counted: true})
	}
}

// published: a quote that was published answers them and leaves the next move to them, also where no mail of ours is known. It is no
// question of ours and no attempt, since nothing shows that it reached them: a mail that carries it says that itself, in the same turn.
func (h *view) published(e *event) {
	h.acts = append(h.acts, e.at)
	if h.gone {
		return
	}
	h.turn(e, crm.Out)
	h.offered = true
	if h.ball != crm.Them {
		h.move(crm.Them, e)
	}
	h.owes = false
}

func (h *view) talked(e *event) {
	h.turn(e, 0)
	h.acts = append(h.acts, e.at)
	h.move(crm.None, e)
	h.owes = false
	h.spoke(e)
}

// cleared ends a silence without being a message of theirs. What they asked us stays open.
func (h *view) cleared(e *event) {
	if n := len(h.turns); n > 0 && h.turns[n-1].dir == crm.Out {
		h.turns[n-1].unsure = e.why == whyUnknown && (h.turns[n-1].unsure || !h.turns[n-1].cleared)
		h.turns[n-1].cleared = true
	}
	if h.ball == crm.Them || h.ball == crm.Us && e.f.Meeting != nil && !e.peer && h.onlyATime() {
		h.move(crm.None, e)
		h.owes = false
	}
	if e.f.Quote != nil { // an acceptance is theirs, and takes a refusal back
		h.spoke(e)
		return
	}
	h.silenceEnds(mark{e.at, e.id})
}

// onlyATime reports whether all that awaits an answer is a time to meet: booking the meeting answers that.
func (h *view) onlyATime() bool {
	n := len(h.turns)
	if n == 0 || h.turns[n-1].dir != crm.In {
		return false
	}
	t := &h.turns[n-1]
	return !t.unread && !t.spoken && t.asks == 0 && t.intents.Any(crm.ProposesTime) &&
		!t.intents.Any(crm.Asks|crm.AsksYesNo|crm.QuoteRequest|crm.QuoteAgain|crm.ChangeRequest|crm.Discount)
}

// away: they cannot answer before they are back. A question of theirs stays ours to answer.
func (h *view) away(e *event) {
	t := &e.f.Message.Text
	until := e.at + millis(h.s.away)
	if t.Return > e.at {
		until = h.theirs.after(min(t.Return, e.at+365*dayMS), h.s.awayMargin)
	}
	h.stops = append(h.stops, span{from: e.at, until: until, why: "out of office", fact: e.id, away: true})
	h.due.at(until, "the absence ends")
	if n := len(h.turns); h.ball != crm.Us && n > 0 && h.turns[n-1].dir == crm.Out {
		h.move(crm.Them, e)
	}
}

// absent says why nothing could be expected of them at an instant, empty if it could: an automatic reply had told us by then that they
// are away, or they had said when they would come back. What is sent meanwhile is no attempt to get an answer.
func (h *view) absent(at crm.Millis) string {
	for _, sp := range h.stops {
		if sp.away && sp.from <= at && at < sp.until {
			return sp.why
		}
	}
	return ""
}

const whyOwnSilence = "we did not come back to them"

// ownSilence finds where we did not come back to them. Until enough has been tried, an attempt keeps their clock running for some time;
// what follows up to the next attempt is our own silence, which counts against nobody.
func (h *view) ownSilence() {
	if h.start.id == "" || h.s.attemptLasts == 0 {
		return
	}
	stops := union(slices.Clone(h.stops))
	from, counted := h.start.at, 0
	for i := range h.tries {
		a := &h.tries[i]
		if !a.counted { // what does not count must not speed their clock either (G15)
			continue
		}
		if a.at > from {
			if end := ends(stops, from, millis(h.s.attemptLasts)); end < a.at {
				h.stops = append(h.stops, span{from: end, until: a.at, why: whyOwnSilence, fact: a.id, ours: true})
			}
			from = a.at
		}
		if counted++; counted >= h.s.attempts {
			return
		}
	}
}

const whyTooSoon = "too soon after the one before"

// countAttempts says which of our attempts in the current silence count: delivered ones, none sooner than the gap after the one
// before, and no more than are needed. Writing more often must not cost the contact anything.
func (h *view) countAttempts() {
	counted := 0
	var before *attempt
	for i := range h.tries {
		a := &h.tries[i]
		if !a.delivered {
			continue
		}
		switch {
		case !a.counted:
		case before != nil && a.at < h.theirs.after(before.at, h.s.attemptGap):
			a.counted, a.why = false, whyTooSoon
		case counted >= h.s.attempts:
			a.counted, a.why = false, "enough had been tried"
		default:
			counted++
		}
		before = a
	}
}

// attempts is how many attempts count, on how many days, and when the last delivered one was.
func (h *view) attempts() (counted, onDays int, last crm.Millis) {
	day := -1 << 30
	for i := range h.tries {
		a := &h.tries[i]
		if a.counted {
			counted++
			if d, _ := h.theirs.civil(a.at); d != day {
				day = d
				onDays++
			}
		}
		if a.delivered {
			last = a.at
		}
	}
	return counted, onDays, last
}
