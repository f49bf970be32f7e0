package population

import (
	"fmt"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// book puts a talk into both calendars.
func (l *Life) book() {
	l.closeTask()
	start := l.home.businessDays(l.back(l.now), between(l.rnd, 2, 7))
	l.meeting = &crm.Fact{ID: l.id("meetings"), Kind: crm.KindMeeting, Meeting: &crm.Meeting{
		Start: crm.At(start), End: crm.At(start.Add(45 * time.Minute)),
	}}
	l.emit(l.meeting)
	l.owed = time.Time{} // the date is the answer
	l.advance("call booked", 20)
	l.plan(start, l.meet)
}

// meet is the hour of the talk.
func (l *Life) meet() {
	f := l.meeting
	if f == nil {
		return
	}
	m := f.Meeting
	if start := m.Start.Time(); start.After(l.now) { // it was moved meanwhile
		l.plan(start, l.meet)
		return
	}
	away := !l.back(l.now).Equal(l.now)
	switch {
	case !away && l.chance(l.m.keeps):
		l.hold()
	case l.chance(0.15): // one of us could not come
		m.By = crm.Out
		l.move()
	case len(m.Moved) < 3 && l.chance(0.5):
		m.By = crm.In
		l.move()
	case l.chance(0.5):
		m.State = crm.NoShow
		l.lapse()
	default:
		m.State, m.By = crm.Cancelled, crm.In
		l.lapse()
	}
}

func (l *Life) move() {
	m := l.meeting.Meeting
	start := l.home.businessDays(l.back(l.now), between(l.rnd, 2, 8))
	m.Moved = append(m.Moved, crm.At(l.now))
	m.Start, m.End = crm.At(start), crm.At(start.Add(45*time.Minute))
	l.emit(l.meeting)
	l.plan(start, l.meet)
}

// lapse is a talk that did not take place: we try to find another time.
func (l *Life) lapse() {
	l.emit(l.meeting)
	l.meeting = nil
	l.refusals++
	l.planTurn(l.seller.home.after(l.now, hours(l.rnd, 5)), func() { l.ask(l.next()) })
}

// hold is the talk itself. Not every seller notes that it took place.
func (l *Life) hold() {
	f := l.meeting
	l.meeting = nil
	l.met = true
	l.told += 2
	l.turn++
	l.tries, l.reacting = 0, false
	l.owed, l.promised = time.Time{}, time.Time{}
	l.plan(l.now.Add(time.Hour), func() {
		if l.chance(l.seller.logs) {
			f.Meeting.State = crm.Held
			l.emit(f)
		}
		l.advance("met", 30)
	})
	at := l.seller.home.after(l.now, hours(l.rnd, 6))
	if l.chance(l.m.miss * l.seller.careless) {
		at = l.seller.home.after(at.AddDate(0, 0, between(l.rnd, 10, 40)), hours(l.rnd, 3))
	}
	l.plan(at, func() { l.ask(l.next()) })
}

// offer makes the quote, or sends the one there is once more.
func (l *Life) offer() {
	if l.quote == nil {
		l.revise(0)
	}
	l.resend()
	l.advance("quote sent", 40)
}

func (l *Life) resend() {
	l.quote.Quote.Sent = append(l.quote.Quote.Sent, crm.At(l.now))
	if !l.m.file {
		l.emit(l.quote)
	}
}

// revise makes a new quote with a discount, in per cent.
func (l *Life) revise(discount int64) {
	amount := int64(between(l.rnd, 4, 60)) * 1000_00
	if l.quote != nil {
		amount = l.quote.Quote.Amount
	}
	off := amount * discount / 100
	l.n++
	l.quote = &crm.Fact{ID: l.id("quotes"), Kind: crm.KindQuote, Quote: &crm.Quote{
		Key: fmt.Sprintf("k%s-%d", l.ID, l.n), Link: uint64(l.n)<<32 | 1, Amount: amount - off, Discount: off,
	}}
}

// advance moves the deal on, or opens it. It never moves back.
func (l *Life) advance(stage string, probability int) {
	if l.deal == nil {
		l.deal = &crm.Fact{ID: l.id("deals"), Kind: crm.KindDeal, Deal: &crm.Deal{}}
	}
	d := l.deal.Deal
	if n := len(d.Moves); n > 0 && d.Moves[n-1].Probability >= probability {
		return
	}
	d.Stage = stage
	d.Moves = append(d.Moves, crm.StageMove{At: crm.At(l.now), Stage: stage, Probability: probability})
	d.NextStep = l.chance(l.seller.steps)
	if l.quote != nil {
		d.Amount = l.quote.Quote.Amount
	}
	l.emit(l.deal)
}

// reactToQuote is what they say to our offer.
func (l *Life) reactToQuote() {
	l.rounds++
	if l.m.ghost {
		l.gone = true // they have what they wanted
		return
	}
	switch {
	case l.chance(l.m.buys):
		l.buy()
	case l.chance(l.m.later):
		l.postpone()
	case l.chance(l.m.again):
		l.write(crm.Text{Units: between(l.rnd, 5, 25), Asks: 1, Intents: crm.QuoteRequest | crm.QuoteAgain}, true)
		l.instead(func() { l.resend(); l.send(l.wording(offer)); l.purpose = offer; l.reactTo(); l.planReminder() })
	case l.chance(l.m.discount):
		l.write(crm.Text{Units: between(l.rnd, 8, 40), Asks: 1, Intents: crm.Discount}, true)
		if l.rounds <= 3 && l.chance(0.6) {
			l.instead(func() { l.revise(int64(3 * l.rounds)); l.ask(offer) })
		}
	case l.chance(l.m.promise):
		t := crm.Text{Units: between(l.rnd, 10, 40), Intents: crm.FutureBusiness}
		if l.chance(0.5) {
			t.Horizon = crm.At(l.now.AddDate(0, 0, between(l.rnd, 60, 120)))
		}
		l.write(t, true)
	case l.chance(0.4) && l.Archetype.Truth == Genuine:
		l.write(crm.Text{Units: between(l.rnd, 15, 60), Intents: crm.Answers | crm.Informs}, true)
		l.advance("negotiating", 60)
	default:
		l.reactToQuestion()
	}
}

// instead has our answer be something else than the next step.
func (l *Life) instead(do func()) {
	at := l.seller.home.after(l.now, hours(l.rnd, l.seller.quick))
	l.plan(at, func() {
		if !l.owed.IsZero() && !l.closed && !l.bought {
			l.closeTask()
			do()
		}
	})
}

// buy ends it well.
func (l *Life) buy() {
	l.bought = true
	l.write(crm.Text{Units: between(l.rnd, 4, 30), Intents: crm.Accepts}, false)
	l.quote.Quote.Accepted = crm.At(l.now)
	if !l.m.file {
		l.emit(l.quote)
	}
	l.advance("won", 100)
	l.deal.Deal.Won, l.deal.Deal.NextStep, l.deal.Deal.Contract = crm.At(l.now), false, true
	l.emit(l.deal)
	l.owed = time.Time{}
	l.closeTask()
	if l.chance(0.8) {
		l.property(crm.PropCustomer, "true")
	}
}

// postpone asks us to come back at a date. Some sellers make a task of it, some note it at the contact, some merely
// remember.
func (l *Life) postpone() {
	due := l.now.AddDate(0, 0, between(l.rnd, 20, 80))
	t := crm.Text{Units: between(l.rnd, 8, 40), Intents: crm.NotReady}
	if l.chance(0.8) {
		t.Horizon = crm.At(due)
	}
	l.write(t, false)
	l.until = due
	switch {
	case l.chance(l.seller.tasks):
		l.closeTask()
		l.openTask(due.Add(8 * time.Hour))
	case l.chance(0.4):
		l.property(crm.PropNextActivity, due.Format(time.RFC3339))
	}
	at := l.seller.home.after(due, hours(l.rnd, 3))
	if l.chance(l.m.miss * l.seller.careless) {
		at = l.seller.home.after(at.AddDate(0, 0, between(l.rnd, 10, 40)), hours(l.rnd, 3))
	}
	l.turn++ // nothing is done before the date
	l.planTurn(at, func() { l.ask(decide) })
}

// refer sends us somebody they know.
func (l *Life) refer() {
	if l.gone || l.closed {
		return
	}
	l.emit(&crm.Fact{ID: l.id("referrals"), Kind: crm.KindReferral, Referral: &crm.Referral{
		Direction: crm.Out, Other: l.id("x"), Level: 1,
	}})
}
