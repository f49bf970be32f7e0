package population

import (
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// theirTime is when they come to write, so many business hours from t: in their hours or, for some, at odd ones.
func (l *Life) theirTime(t time.Time, median float64) time.Time {
	at := l.home.after(l.back(t), hours(l.rnd, median)+l.upTo(30*time.Minute))
	if l.chance(l.m.busy) {
		at = l.home.after(at.AddDate(0, 0, between(l.rnd, 10, 28)), l.upTo(6*time.Hour))
	}
	at = l.home.after(l.back(at), l.upTo(time.Hour))
	if l.chance(l.m.odd) {
		at = l.home.at(at.In(l.home.zone), 19).Add(l.upTo(4 * time.Hour)).UTC()
	}
	return at
}

// evening is soon, after our hours.
func (l *Life) evening() time.Time {
	at := l.seller.home.at(l.now.In(l.seller.home.zone).AddDate(0, 0, between(l.rnd, 0, 2)),
		18).Add(l.upTo(3 * time.Hour))
	if !at.After(l.now) {
		at = at.AddDate(0, 0, 1)
	}
	return at.UTC()
}

// enquire is their first message.
func (l *Life) enquire() {
	t := crm.Text{Units: between(l.rnd, 20, 90), Asks: between(l.rnd, 1, 2), Intents: crm.Asks}
	if l.chance(0.4) {
		t.Intents |= crm.QuoteRequest
	}
	if l.chance(0.3) {
		t.Intents |= crm.Informs | crm.Answers
	}
	l.write(t, true)
}

// write is a message of theirs; wants says that it awaits an answer.
func (l *Life) write(t crm.Text, wants bool) {
	channel := crm.Email
	if l.turn == 0 && l.chance(0.5) {
		channel = crm.Form
	}
	if wants && l.chance(0.02) {
		t = crm.Text{Unread: true} // the CRM does not show it
	}
	l.emit(&crm.Fact{ID: l.id("emails"), Kind: crm.KindMessage, Message: &crm.Message{
		Direction: crm.In, Channel: channel, Text: l.understood(t),
	}})
	l.turn++
	l.tries, l.most, l.reacting = 0, 0, false
	if l.task != nil && l.chance(0.8) { // most of us tick off what has become pointless
		l.closeTask()
	}
	if wants {
		if l.owed.IsZero() {
			l.owed = l.now
		}
		l.planAnswer()
	} else {
		l.planTurn(l.seller.home.businessDays(l.now, between(l.rnd, 4, 8)), func() {
			if l.meeting == nil {
				l.ask(l.next())
			}
		})
	}
	if l.reformed || l.bought || l.closed {
		return
	}
	if l.chance(l.m.fades) {
		l.gone = true
	}
	if l.chance(l.m.bursts) {
		for range between(l.rnd, 2, 4) {
			l.plan(l.now.Add(10*time.Minute+l.upTo(100*time.Minute)), l.more)
		}
	}
}

// more is another message on the heels of the one before.
func (l *Life) more() {
	t := crm.Text{Units: between(l.rnd, 4, 30), Asks: 1, Intents: crm.Asks}
	if l.chance(0.3) {
		t.Intents |= crm.Urgent
	}
	l.emit(&crm.Fact{ID: l.id("emails"), Kind: crm.KindMessage, Message: &crm.Message{
		Direction: crm.In, Channel: crm.Email, Text: t,
	}})
	if l.owed.IsZero() {
		l.owed = l.now
	}
	l.planAnswer()
}

// callBack is their call outside our hours, which nobody takes.
func (l *Life) callBack() {
	if l.closed || l.bought {
		return
	}
	l.emit(&crm.Fact{ID: l.id("calls"), Kind: crm.KindCall, Call: &crm.Call{Direction: crm.In, Outcome: crm.NoAnswer}})
	l.turn++
	l.tries, l.most, l.reacting = 0, 0, false
	if l.owed.IsZero() {
		l.owed = l.now
	}
	l.planAnswer()
}

// reactTo decides whether our last message gets an answer, and when.
func (l *Life) reactTo() {
	if l.reacting || l.gone || l.closed {
		return
	}
	if l.cold > 0 {
		l.cold--
		if l.cold == 0 && l.chance(l.m.comes) {
			l.planTurn(l.theirTime(l.now.AddDate(0, 0, between(l.rnd, 12, 40)), 6), l.react)
		}
		return
	}
	if l.chance(l.m.peers) && l.deal != nil {
		l.plan(l.theirTime(l.now, 12), l.colleague)
	}
	if !l.chance(l.m.answer) {
		if l.Archetype.Truth != Waster && l.deal != nil && l.often(l.hard.instead) {
			l.plan(l.theirTime(l.now, 12), l.colleague)
		}
		if l.chance(l.m.comes) {
			l.planTurn(l.theirTime(l.now.AddDate(0, 0, between(l.rnd, 12, 40)), 6), l.react)
		}
		return
	}
	l.reacting = true
	l.planTurn(l.theirTime(l.now, l.m.hours), l.react)
}

// colleague is somebody else at the same firm, who writes about the same deal.
func (l *Life) colleague() {
	if l.closed || l.bought {
		return
	}
	l.emit(&crm.Fact{ID: l.id("emails"), Kind: crm.KindMessage, Peer: "peer" + l.ID, Message: &crm.Message{
		Direction: crm.In, Channel: crm.Email, Text: crm.Text{Units: 25, Intents: crm.Answers},
	}})
}

// react is their answer to what we want.
func (l *Life) react() {
	l.reacting = false
	if l.gone || l.closed {
		return
	}
	if l.bought {
		l.write(crm.Text{Units: 5, Intents: crm.Thanks}, false)
		return
	}
	if l.chance(l.m.no) && l.told > 0 {
		l.refuse()
		return
	}
	switch {
	case l.often(l.m.putsOff):
		l.putOff()
	case l.purpose != propose && l.often(l.m.warm), l.Archetype.Truth == Waster && l.often(l.m.warm):
		l.kind()
	case l.purpose == propose:
		l.reactToTime()
	case l.quote != nil:
		l.reactToQuote()
	default:
		l.reactToQuestion()
	}
}

// refuse is an open no.
func (l *Life) refuse() {
	l.closed = true
	l.write(crm.Text{Units: between(l.rnd, 8, 40), Intents: crm.NotInterested | crm.Thanks}, false)
	if l.deal != nil {
		l.deal.Deal.Lost = crm.At(l.now)
		l.emit(l.deal)
	}
	if l.chance(0.5) {
		l.plan(l.seller.home.after(l.now, hours(l.rnd, l.seller.quick)), func() {
			l.send(crm.Text{Units: 20, Intents: crm.Thanks}, nil)
		})
	}
}

// brief is an answer in a word or two.
func (l *Life) brief() (t crm.Text, says bool) {
	t = crm.Text{Units: between(l.rnd, 1, 2)}
	if l.chance(l.m.vague) {
		if l.chance(0.7) {
			t.Intents = crm.Vague
		}
		return t, false
	}
	t.Intents = crm.ClearYes
	if l.chance(0.4) {
		t.Intents = crm.Informs
	}
	return t, true
}

func (l *Life) reactToQuestion() {
	switch {
	case l.chance(l.m.short):
		t, says := l.brief()
		if says {
			l.told++
		}
		l.write(t, true)
	case l.chance(l.m.dodges):
		t := crm.Text{Units: between(l.rnd, 15, 50), Asks: between(l.rnd, 1, 4), Intents: crm.Asks}
		if l.chance(0.4) {
			t.Intents |= crm.QuoteRequest
		}
		l.write(t, true)
	default:
		t := crm.Text{Units: between(l.rnd, 15, 90), Intents: crm.Answers}
		if l.chance(0.6) {
			t.Intents |= crm.Informs
		}
		if l.chance(l.m.asks) {
			t.Asks, t.Intents = between(l.rnd, 1, 2), t.Intents|crm.Asks
		}
		l.told++
		l.write(t, true)
	}
}

func (l *Life) reactToTime() {
	if l.chance(l.m.call) {
		t := crm.Text{Units: between(l.rnd, 2, 25), Intents: crm.AcceptsTime}
		if l.chance(0.3) {
			t.Intents |= crm.Informs
		}
		l.write(t, false)
		l.book()
		return
	}
	if l.Archetype.Truth != Waster && l.chance(0.5) { // another time would do
		l.write(crm.Text{Units: between(l.rnd, 5, 25), Intents: crm.ProposesTime | crm.Informs}, true)
		l.plan(l.seller.home.after(l.now, hours(l.rnd, 3)), func() {
			if l.meeting == nil && !l.closed {
				l.book()
			}
		})
		return
	}
	l.refusals++
	switch {
	case l.chance(l.m.short):
		t, _ := l.brief()
		l.write(t, true)
	case l.chance(0.4):
		t := crm.Text{Units: between(l.rnd, 4, 25), Intents: crm.DefersTime}
		if l.chance(0.3) {
			t.Horizon = crm.At(l.now.AddDate(0, 0, between(l.rnd, 7, 25)))
			l.until = t.Horizon.Time()
		}
		l.write(t, true)
	case l.chance(0.5):
		l.write(crm.Text{Units: between(l.rnd, 4, 30), Intents: crm.RefusesTime}, true)
	default:
		l.write(crm.Text{Units: between(l.rnd, 10, 40), Asks: 1, Intents: crm.Asks | crm.QuoteRequest}, true)
	}
}
