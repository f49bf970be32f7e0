package text

import (
	"cmp"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// What is read into a message of each direction. A quote handed over is ours only; what a prospect wants or refuses is
// theirs only. Promises are made by both, and read with phrases of their own.
const (
	readOut = crm.Asks | crm.AsksYesNo | crm.ProposesTime | crm.CarriesQuote | crm.Promises | crm.Thanks | crm.Informs |
		crm.Confirms
	readIn = ^(crm.CarriesQuote | crm.Confirms)
)

// demands need an answer or an act of ours; with one of them a message is more than a thank-you.
const demands = crm.QuoteRequest | crm.QuoteAgain | crm.Discount | crm.ProposesTime | crm.DefersTime | crm.RefusesTime | crm.Asks | crm.Urgent |
	crm.ChangeRequest | crm.CarriesQuote | crm.Promises | crm.NotReady | crm.NotInterested | crm.OptOut | crm.FutureBusiness

// noAnswer are features of sentences that explain nothing by themselves.
const noAnswer set = 1<<cueGreeting | 1<<cueCourtesy | 1<<cueSmallTalk |
	set(crm.QuoteRequest|crm.QuoteAgain|crm.Discount|crm.FutureBusiness|crm.DefersTime|crm.Vague|crm.NotInterested|crm.NotReady|crm.OptOut|crm.Thanks|
		crm.Urgent|crm.ChangeRequest|crm.RefusesTime|crm.Promises)

// substance is the length in units from which a plain statement counts as an answer.
const substance = 4

// salutation finds what the body begins with before it says anything.
func (m *message) salutation() {
	m.first, m.greeted = m.bodyFrom, 0
	if m.bodyFrom == m.tailFrom {
		return
	}
	s := &m.sentences[m.bodyFrom]
	end := s.from
	for end < s.to-1 && !m.tokens[end].ends {
		end++
	}
	n := end + 1 - s.from
	after := strings.TrimLeft(m.text[m.tokens[end].end:], " \t")
	name := n <= 3 && m.tokens[s.from].kind == wordToken && s.found&^(1<<cueGreeting) == 0 &&
		(strings.HasPrefix(after, ",\n") || strings.HasPrefix(after, ",\r\n"))
	if !name && !(n <= 6 && m.greets(s.from)) {
		return
	}
	if s.to > end+1 {
		m.greeted = n
	} else if m.bodyFrom+1 < m.tailFrom {
		m.first++
	}
}

// greets reports whether a greeting begins at token i.
func (m *message) greets(i int) bool {
	one := sentence{from: i, to: min(i+6, len(m.tokens))}
	for _, h := range m.net.match(m.scan, &one) {
		if h.feature == cueGreeting && int(h.from) == i {
			return true
		}
	}
	return false
}

// intents fills in what the sentences of the body do. The subject of a new message counts as well; that of a reply is
// the thread's and says nothing.
func (m *message) intents(out *crm.Text) {
	sure, doubtful := m.judge()
	var all crm.Intents
	for i := m.first; i < m.tailFrom; i++ {
		s := &m.sentences[i]
		m.handsOver(s)
		asks, got := m.sentence(s, s.counts.units())
		out.Asks += asks
		all |= got
	}
	all |= m.entitled(out)
	if out.Asks > 0 {
		all |= crm.Asks
	}
	all = all&^(crm.Thanks|harmful) | sure
	all = settle(m.whole(all, out.Units), out.Units)
	// our link was broken: a request, and not one for the same quote again
	if all.Any(crm.QuoteAgain) && m.cue(cueFault) {
		all = all&^(crm.QuoteAgain|crm.QuoteRequest) | crm.Requests
	}
	if all&(demands|wanting|crm.ClearNo) == 0 && m.courteous() {
		all |= crm.Thanks
	}
	out.Intents = all
	out.Horizon, out.Loose = m.horizon(all)
	if m.in.Direction == crm.Out {
		return
	}
	out.Weak = doubtful
	if m.cue(cueAbsent) {
		out.Return = m.returns()
	}
}

// whole is what all the sentences together mean, of as many units, by who wrote them.
func (m *message) whole(all crm.Intents, units int) crm.Intents {
	if m.in.Direction == crm.Out {
		all &= readOut
		if all.Any(crm.Confirms) && !m.notice(all) {
			all &^= crm.Confirms
		}
		return all
	}
	all &= readIn
	if m.button() {
		all |= crm.OptOut
	}
	if all.Any(crm.DefersTime) && units <= 2 && !all.Any(crm.Informs) { // "later" is a shrug
		all |= crm.Vague
	}
	return all
}

// entitled is what the subject of a new message does. That of a reply is the thread's and says nothing.
func (m *message) entitled(out *crm.Text) (all crm.Intents) {
	if m.subject.reply || m.subject.forward {
		return 0
	}
	for i := range m.sentences[:m.bodyFrom] {
		asks, got := m.sentence(&m.sentences[i], 0)
		if out.Asks == 0 {
			out.Asks += asks
		} else {
			got &^= crm.AsksYesNo
		}
		all |= got &^ (crm.Asks | crm.Informs | crm.Thanks | crm.ClearYes | crm.ClearNo | crm.Vague | crm.Answers)
	}
	return all
}

// handsOver tells what we hand over from what we promise, which both say "I send you the quote": what is attached is
// there, and what is said for a day ahead is not yet.
func (m *message) handsOver(s *sentence) {
	if m.in.Direction != crm.Out || !s.found.has(bit(crm.Promises)) {
		return
	}
	ahead := slices.ContainsFunc(m.dates(m.calendar, s.from, s.to), func(d dated) bool {
		return d.last.After(m.calendar.today)
	})
	switch attached := s.found.has(cueAttached); {
	case attached && !ahead:
		s.found &^= set(crm.Promises) | 1<<cuePromise
	case ahead && !attached:
		s.found &^= set(crm.CarriesQuote)
	}
}

// sentence returns how many questions s asks and what it does.
func (m *message) sentence(s *sentence, units int) (int, crm.Intents) {
	got := crm.Intents(s.found) &^ (crm.Asks | crm.AsksYesNo)
	asks := 0
	if !s.refuses && (s.question || crm.Intents(s.found).Any(crm.Asks|crm.AsksYesNo)) && !s.found.has(cueSmallTalk) {
		asks = 1
		if s.found.has(bit(crm.AsksYesNo)) || s.question && !s.found.has(cueOpen) && !s.found.has(bit(crm.Asks)) {
			got |= crm.AsksYesNo
		}
	}
	got = m.plain(s, got, units)
	if asks == 0 && s.found&noAnswer == 0 && (units >= substance || s.found.has(bit(crm.Informs))) {
		got |= crm.Answers
	}
	return asks, got
}

// plain takes from got what a sentence of so many units cannot mean beside the rest of it.
func (m *message) plain(s *sentence, got crm.Intents, units int) crm.Intents {
	if s.refuses { // "please take me off your list" asks for nothing else
		got &^= wanting | crm.Discount
	}
	if s.question && got.Has(crm.Discount) && !got.Has(crm.QuoteAgain) && !s.found.has(cueOpen) {
		got &^= crm.QuoteRequest // "can you do a better price" asks for no quote
	}
	if got.Any(crm.DefersTime) && units <= 3 {
		got &^= crm.Accepts
	}
	got &^= m.beside(s, got)
	if s.found.has(cueStands) {
		got &^= crm.Discount
	}
	if got.Any(crm.Accepts) { // what is ordered now is no mere promise
		got &^= crm.FutureBusiness
	}
	if got.Any(crm.Discount) { // "we take it if the price comes down" accepts nothing yet
		got &^= crm.Accepts
	}
	return got
}

// beside are the evasions in got that are none, for what stands in the same sentence: a shrug with a number or a
// question beside it, a delay that is apologised for, a discount that thanks are for, a refused day with another one
// offered.
func (m *message) beside(s *sentence, got crm.Intents) crm.Intents {
	var none crm.Intents
	if s.question || got.Any(crm.Informs|wanting) && !got.Any(crm.DefersTime) {
		none |= crm.Vague
	}
	if s.question && !got.Any(crm.NotReady) || got.Any(crm.Accepts|crm.Requests) || s.found.has(cueCourtesy) {
		none |= crm.DefersTime
	}
	if s.found.has(bit(crm.Thanks)) && !s.question {
		none |= crm.Discount
	}
	return none
}

// settle resolves what cannot be meant together.
func settle(all crm.Intents, units int) crm.Intents {
	if all.Any(crm.QuoteAgain) {
		all |= crm.QuoteRequest // asking again is asking
	}
	if all.Has(crm.RefusesTime | crm.AcceptsTime) { // "Monday is bad, Tuesday works"
		all = all&^crm.AcceptsTime | crm.ProposesTime
	}
	if all.Any(crm.ProposesTime) {
		all &^= crm.RefusesTime
	}
	if all.Any(crm.Vague) && units <= 3 { // "maybe yes"
		all &^= crm.ClearYes
	}
	if all.Any(crm.NotReady) { // "not interested at the moment" is not now, which is kinder to them
		all &^= crm.NotInterested
	}
	if all.Any(crm.NotInterested | crm.OptOut) { // "it does not suit us" is of no time then
		all &^= crm.RefusesTime | crm.ClearYes | crm.Discount
	}
	return all
}

// horizon is by when something is promised, before when nothing is to be expected, or the day that they name for the
// next move. loose tells that they named no day: "next week", "later".
func (m *message) horizon(all crm.Intents) (at crm.Millis, loose bool) {
	for _, i := range []crm.Intents{crm.FutureBusiness, crm.Promises, crm.NotReady, crm.DefersTime} {
		if !all.Any(i) {
			continue
		}
		for k := m.first; k < m.tailFrom; k++ {
			if s := &m.sentences[k]; s.found.has(bit(i)) {
				if d, ok := m.exact(s); ok {
					if i == crm.FutureBusiness || i == crm.Promises {
						return m.calendar.millis(d.last), d.loose
					}
					return m.calendar.millis(d.first), d.loose
				}
			}
		}
	}
	if m.in.Direction == crm.Out {
		return 0, false
	}
	for k := m.first; k < m.tailFrom; k++ {
		s := &m.sentences[k]
		if !m.moves(s) {
			continue
		}
		if d, ok := m.exact(s); ok {
			if m.until(d.from, s.from) {
				return m.calendar.millis(d.last), d.loose
			}
			return m.calendar.millis(d.first), d.loose
		}
	}
	return 0, all.Any(crm.DefersTime)
}

// moves reports whether a day in s is when they make the next move, or ask us to: neither a question, nor a time to
// meet, nor by when they want something.
func (m *message) moves(s *sentence) bool {
	if s.question || s.found&set(crm.QuoteRequest|crm.ChangeRequest|crm.Urgent|crm.AcceptsTime|crm.RefusesTime) != 0 {
		return false
	}
	var t trait
	for i := s.from; i < s.to; i++ {
		t |= m.marks[i]
	}
	if t&traitContact != 0 && t&traitDeal == 0 {
		return true
	}
	return t&(traitNext|traitUntil|traitContact) != 0 && s.found&set(crm.Requests|crm.ProposesTime) == 0
}

// exact is the date in s that says most: a day rather than a month, the first of equals. Today says nothing of what is
// to come.
func (m *message) exact(s *sentence) (dated, bool) {
	ds := m.dates(m.calendar, s.from, s.to)
	ds = slices.DeleteFunc(ds, func(d dated) bool { return d.now || m.calendar.millis(d.last) == 0 })
	if len(ds) == 0 {
		return dated{}, false
	}
	return slices.MinFunc(ds, func(a, b dated) int { return cmp.Compare(a.last.Sub(a.first), b.last.Sub(b.first)) }),
		true
}

// notice reports whether a message of ours that confirms or reminds does nothing else: it asks nothing, hands nothing
// over, and holds no more than another sentence, which would be an answer.
func (m *message) notice(all crm.Intents) bool {
	if all.Any(crm.Asks | crm.AsksYesNo | crm.ProposesTime | crm.CarriesQuote) {
		return false
	}
	others := 0
	for i := m.first; i < m.tailFrom; i++ {
		if m.sentences[i].found&(polite|set(crm.Confirms)) == 0 {
			others++
		}
	}
	return others <= 1
}

// courteous reports whether the body thanks or says goodbye, and nothing else, clause by clause.
func (m *message) courteous() bool {
	thanks := false
	for k := range m.clauses {
		c := &m.clauses[k]
		if c.sentence < m.first || c.sentence >= m.tailFrom {
			continue
		}
		if !m.quiet(c) {
			return false
		}
		thanks = thanks || c.found&(1<<cueCourtesy|set(crm.Thanks)) != 0
	}
	return thanks
}
