package population

import (
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// purpose is what a message of ours is for.
type purpose uint8

const (
	greet   purpose = iota // the first words, where we went to them
	qualify                // what do you need
	propose                // when shall we talk
	offer                  // here is the quote
	decide                 // what do you think of it
	inform                 // an answer, and no question
	checkIn                // how are things
)

// appear is how it begins: they come to us, or we go to them.
func (l *Life) appear() {
	l.property(crm.PropCreated, l.now.Format(time.RFC3339))
	l.property(crm.PropOwner, l.seller.id)
	if l.seller.shown {
		l.property(crm.PropOwnerTimeZone, l.seller.home.zone.String())
	}
	if l.zoned {
		l.property(crm.PropTimeZone, l.home.zone.String())
	}
	if l.landed {
		l.property(crm.PropCountry, l.home.country)
	}
	l.describe()
	if l.Archetype.Talks {
		l.turned = l.now
	}
	if l.Inbound {
		l.property(crm.PropOrigin, "inbound")
		l.plan(l.theirTime(l.now, 0), l.enquire)
		return
	}
	l.property(crm.PropOrigin, "outbound")
	l.plan(l.seller.home.after(l.now, l.upTo(8*time.Hour)), func() { l.ask(greet) })
}

// describe puts down who they are: firms of some kinds buy more often than others, as anywhere.
func (l *Life) describe() {
	industries := []string{"manufacturing", "manufacturing", "logistics", "retail", "software", "consulting"}
	if l.Archetype.Truth == Waster {
		industries = []string{"manufacturing", "logistics", "retail", "software", "consulting", "consulting"}
	}
	if l.chance(0.85) {
		l.property("industry", industries[l.rnd.IntN(len(industries))])
	}
	if l.chance(0.7) {
		l.property("company_size", []string{"4", "12", "35", "80", "250", "900"}[l.rnd.IntN(6)])
	}
	if l.chance(0.6) {
		l.property("role", []string{
			"Head of Production", "Purchasing Manager", "Assistant", "Managing Director", "Engineer",
		}[l.rnd.IntN(5)])
	}
}

// next is what we have to say next to somebody who has just spoken.
func (l *Life) next() purpose {
	switch {
	case l.quote != nil:
		return decide
	case l.asked < 4 && (l.told == 0 || l.told < l.m.rounds && !l.m.helpless):
		return qualify
	case !l.met && l.refusals < 3 && !l.m.helpless:
		return propose
	}
	return offer
}

// answer is what we write back, once we come to it.
func (l *Life) answer() {
	l.answers = false
	if l.owed.IsZero() || l.closed {
		return
	}
	if l.chance(0.06) { // we have to look it up first, and say so
		l.promise()
		return
	}
	if l.chance(0.1) {
		l.ask(inform)
		return
	}
	l.ask(l.next())
}

// promise answers with a promise, which we keep or let pass.
func (l *Life) promise() {
	due := l.seller.home.businessDays(l.now, between(l.rnd, 1, 4))
	l.send(crm.Text{Units: between(l.rnd, 15, 40), Intents: crm.Promises, Horizon: crm.At(due)}, nil)
	l.promised = l.now
	keep := due.Add(-l.upTo(2 * time.Hour))
	if l.chance(l.m.miss * l.seller.careless) {
		keep = l.seller.home.after(due.AddDate(0, 0, between(l.rnd, 12, 45)), hours(l.rnd, 3))
	}
	l.plan(keep, func() {
		if !l.promised.IsZero() && !l.closed {
			l.ask(l.next())
		}
	})
}

// planAnswer has us answer in our own time, or much too late.
func (l *Life) planAnswer() {
	if l.answers {
		return
	}
	l.answers = true
	at := l.seller.home.after(l.now, hours(l.rnd, l.seller.quick))
	if l.chance(l.m.forget * l.seller.careless) {
		at = l.seller.home.after(at.AddDate(0, 0, between(l.rnd, 12, 75)), hours(l.rnd, 3))
	}
	l.plan(at, l.answer)
}

// ask writes to them for a purpose and waits for what comes of it.
func (l *Life) ask(p purpose) {
	if l.closed || l.bought && p != inform {
		return
	}
	l.closeTask()
	if !l.until.After(l.now) {
		l.until = time.Time{}
	}
	if p == qualify {
		l.asked++
	}
	if p == offer {
		l.offer()
	}
	l.send(l.wording(p))
	l.purpose = p
	l.reactTo()
	l.planReminder()
}

// wording is what a message for a purpose says, and the links in it.
func (l *Life) wording(p purpose) (crm.Text, []uint64) {
	t := crm.Text{Units: between(l.rnd, 30, 120)}
	switch p {
	case greet, qualify:
		t.Asks = between(l.rnd, 1, 3)
		t.Intents = crm.Asks
		if l.chance(0.3) {
			t.Intents |= crm.AsksYesNo
		}
	case propose:
		t.Asks, t.Intents = 1, crm.Asks|crm.AsksYesNo|crm.ProposesTime
	case offer:
		t.Intents = crm.CarriesQuote
		if l.chance(0.7) {
			t.Asks, t.Intents = 1, t.Intents|crm.Asks
		}
		if l.m.file {
			return t, nil
		}
		return t, []uint64{l.quote.Quote.Link}
	case decide, checkIn:
		t.Asks, t.Intents = 1, crm.Asks
		if l.chance(0.5) {
			t.Intents |= crm.AsksYesNo
		}
	}
	return t, nil
}

// send puts a mail of ours on its way. It answers whatever they waited for.
func (l *Life) send(t crm.Text, links []uint64) {
	m := &crm.Message{Direction: crm.Out, Channel: crm.Email, Text: t, Links: links}
	if l.m.file && t.Intents.Has(crm.CarriesQuote) {
		m.Files = []uint64{l.fileOf()}
	}
	if l.chance(l.hard.bounces) {
		m.Failed = true
	}
	if l.often(l.hard.unread) {
		m.Text = crm.Text{Unread: true} // sent from a mailbox of which the CRM shows no text
	}
	l.emit(&crm.Fact{ID: l.id("emails"), Kind: crm.KindMessage, Message: m})
	if m.Failed {
		return
	}
	l.owed, l.promised = time.Time{}, time.Time{}
	l.reached()
}

// reached is what happens on their side when a mail arrives: somebody away has a machine answer, and for a waster who
// is gone the waste begins.
func (l *Life) reached() {
	if l.gone && l.turned.IsZero() {
		l.turned = l.now
	}
	l.machines()
	back := l.back(l.now)
	if back.Equal(l.now) || l.now.Sub(l.machine) < l.hard.repeats {
		return
	}
	l.machine = l.now
	t := crm.Text{Class: crm.OutOfOffice, Units: 20}
	if l.chance(l.hard.dated) {
		y, m, d := l.stated(back).In(l.home.zone).AddDate(0, 0, 1).Date()
		t.Return = crm.At(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
	}
	l.plan(l.now.Add(time.Minute), func() {
		l.emit(&crm.Fact{ID: l.id("emails"), Kind: crm.KindMessage, Message: &crm.Message{
			Direction: crm.In, Channel: crm.Email, Text: t,
		}})
	})
}

// planReminder is our next attempt, should they stay silent.
func (l *Life) planReminder() {
	if l.most == 0 {
		l.most = between(l.rnd, l.seller.attempts[0], l.seller.attempts[1])
		if l.m.pursued {
			l.most *= 3
		}
	}
	if l.tries >= l.most || l.rested || l.closed || l.bought {
		if l.chance(0.3) && !l.rested && !l.closed && !l.bought {
			l.planTurn(l.now.AddDate(0, 0, between(l.rnd, 40, 75)), func() { l.tries++; l.ask(checkIn) })
		}
		return
	}
	gap := between(l.rnd, l.seller.gap[0], l.seller.gap[1])
	if l.m.pursued {
		gap = 1
	}
	due := l.seller.home.businessDays(l.now, gap)
	tasked := l.chance(l.seller.tasks) && !l.m.pursued
	if tasked {
		l.openTask(due.Add(time.Hour))
	}
	at := due
	if l.chance(l.m.miss * l.seller.careless) {
		l.late = plan{at: due, turn: l.turn}
		at = l.seller.home.after(due.AddDate(0, 0, between(l.rnd, 10, 40)), hours(l.rnd, 3))
	}
	l.planTurn(at, l.remind)
}

// remind is an attempt in a silence.
func (l *Life) remind() {
	if l.rested || l.closed || l.bought || l.parted {
		l.closeTask()
		return
	}
	l.tries++
	l.late = plan{turn: -1}
	if l.chance(l.seller.phones) {
		l.phone()
		return
	}
	p := l.purpose
	if p == offer || p == inform || p == greet {
		p = checkIn
	}
	l.ask(p)
}

// phone is an attempt by telephone: mostly a voicemail, at times a talk.
func (l *Life) phone() {
	l.closeTask()
	c := &crm.Call{Direction: crm.Out, Outcome: crm.Voicemail, Seconds: 30}
	reachable := !l.gone && l.cold == 0 && l.back(l.now).Equal(l.now)
	switch {
	case reachable && l.chance(0.25*l.m.answer):
		c.Outcome, c.Seconds = crm.Connected, between(l.rnd, 180, 900)
	case l.chance(0.3):
		c.Outcome, c.Seconds = crm.NoAnswer, 0
	}
	l.emit(&crm.Fact{ID: l.id("calls"), Kind: crm.KindCall, Call: c})
	if c.Outcome == crm.Connected {
		l.owed, l.promised = time.Time{}, time.Time{}
		l.turn++
		l.tries, l.reacting = 0, false
		l.told++
		l.plan(l.seller.home.after(l.now, hours(l.rnd, 4)), func() { l.ask(l.next()) })
		return
	}
	if l.gone && l.turned.IsZero() {
		l.turned = l.now
	}
	if c.Outcome == crm.Voicemail && reachable && l.chance(l.m.evening) {
		l.plan(l.evening(), l.callBack)
	}
	l.reactTo()
	l.planReminder()
}

// breakUp is the cordial last mail, after the text that the rating recommends. It asks nothing.
func (l *Life) breakUp() {
	l.closeTask()
	l.send(crm.Text{Units: 45}, nil)
	if l.m.shrugs {
		l.shrug()
		return
	}
	if !l.chance(l.m.returns) {
		return
	}
	l.plan(l.theirTime(l.now, 12), func() {
		if l.closed {
			return
		}
		l.gone, l.turned, l.parted = false, time.Time{}, false
		if l.chance(0.5) { // what the mail set off is earnest
			l.reformed = true
			l.m = buyer(func(*manner) {})
		} else if l.Archetype.Talks {
			l.turned = l.now
		}
		l.write(crm.Text{Units: between(l.rnd, 10, 60), Asks: 1, Intents: crm.Answers | crm.Asks}, true)
	})
}

// newsletter is a mass mail: nobody wrote it to them.
func (l *Life) newsletter() {
	if l.chance(0.5) {
		l.emit(&crm.Fact{ID: l.id("emails"), Kind: crm.KindMessage, Message: &crm.Message{
			Direction: crm.Out, Channel: crm.Email, Mass: true, Text: crm.Text{Units: 200, Asks: 1, Intents: crm.Asks},
		}})
	}
}

func (l *Life) openTask(due time.Time) {
	l.task = &crm.Fact{ID: l.id("tasks"), Kind: crm.KindTask, Task: &crm.Task{Due: crm.At(due)}}
	l.emit(l.task)
}

func (l *Life) closeTask() {
	if l.task == nil {
		return
	}
	l.task.Task.Done = crm.At(l.now)
	l.emit(l.task)
	l.task = nil
}
