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
const noAnswer set = 1<<cueGreeting | 1<<cueCourtesy | 1<<cueSmallTalk | 1<<cueMissing |
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
	all := m.said(out)
	all |= m.entitled(out)
	if out.Asks > 0 {
		all |= crm.Asks
	}
	all = all&^(crm.Thanks|harmful) | sure
	all = settle(m.whole(all, out.Units), out.Units)
	if m.lostAgain() && !all.Any(crm.ChangeRequest|crm.Accepts) {
		all |= crm.QuoteAgain | crm.QuoteRequest
	}
	all = m.resent(all)
	if all&(demands|wanting|crm.ClearNo) == 0 && m.courteous() {
		all |= crm.Thanks
	}
	out.Intents = all
	doubtful |= m.doubt &^ all
	out.Horizon, out.Loose = m.horizon(all)
	if m.in.Direction == crm.Out {
		return
	}
	if all&^(crm.Answers|crm.Informs) == crm.ClearNo && m.declines() {
		doubtful |= crm.NotInterested
	}
	if !(all | doubtful).Any(harmful|evading|demands|wanting) && m.spurns() {
		doubtful |= crm.NotInterested
	}
	out.Weak = doubtful
	if m.cue(cueAbsent) {
		out.Return = m.returns()
	}
}

// said is what the sentences of the body do, and none of them takes back from another.
func (m *message) said(out *crm.Text) crm.Intents {
	var all, agreeing, pressing crm.Intents
	for i := m.first; i < m.tailFrom; i++ {
		s := &m.sentences[i]
		m.handsOver(s)
		asks, got := m.sentence(s, s.counts.units())
		out.Asks += asks
		all |= got
		if got.Any(crm.ClearYes) {
			agreeing |= got
		}
		if got.Any(crm.Discount) && (asks > 0 || got.Any(wanting)) {
			pressing |= got
		}
	}
	// A yes with something to go on puts nothing off by another sentence: "Yes, forty. Wednesday I am away."
	if agreeing != 0 && (out.Asks > 0 || all.Any(wanting|crm.Informs)) {
		all &^= (crm.DefersTime | crm.RefusesTime) &^ agreeing
	}
	if agreeing != 0 && !m.timely() {
		all &^= crm.DefersTime | crm.RefusesTime
	}
	if all.Any(crm.Accepts) { // "others are cheaper. Send the contract."
		all &^= crm.Discount &^ pressing
	}
	if all.Any(crm.Vague) && (all.Any(wanting|crm.Refers) || !m.shrug()) { // whoever moves on does not shrug
		all &^= crm.Vague
	}
	return all
}

// timely reports whether what refuses or puts off a time speaks of nothing else: "it does not work without the thing"
// is of no time.
func (m *message) timely() bool {
	for i := range m.hits {
		h := &m.hits[i]
		if !within(crm.DefersTime|crm.RefusesTime, h.feature) || !m.counts(h) {
			continue
		}
		first, end := m.clausesOf(h)
		if m.timed(&m.clauses[first]) || !m.owns(h, first, end) {
			return true
		}
	}
	return false
}

// owns reports whether words of its own stand in the clauses from first to end (exclusive) beside the steps of h.
func (m *message) owns(h *hit, first, end int) bool {
	const idle = traitLight | traitWe | traitUs | traitPlease | traitLater | traitOurs | traitContact | traitUntil |
		traitNext | traitDecides | traitKind
	for i := m.clauses[first].from; i < m.clauses[end-1].to; i++ {
		step := i >= int(h.from) && i < int(h.to) && h.gaps&(1<<(i-int(h.from))) == 0
		if !step && m.own(i, m.marks[i], idle) && !m.denies(i, m.lang) {
			return true
		}
	}
	return false
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
	mute := noAnswer
	if !s.refuses { // a refusal that is not believed takes no answer away
		mute &^= set(harmful)
	}
	if asks == 0 && s.found&mute == 0 && (units >= substance || s.found.has(bit(crm.Informs))) {
		got |= crm.Answers
	}
	s.does = got
	if asks > 0 {
		s.does |= crm.Asks
	}
	return asks, got
}

// plain takes from got what a sentence of so many units cannot mean beside the rest of it.
func (m *message) plain(s *sentence, got crm.Intents, units int) crm.Intents {
	got &^= m.torn(s)
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
	if got.Any(crm.Discount) && m.granted(s, got) {
		got &^= crm.Discount
	}
	if got.Any(crm.FutureBusiness) && !m.promised(s, got) {
		got &^= crm.FutureBusiness
	}
	if got.Any(crm.QuoteAgain) && !m.again(s) {
		got &^= crm.QuoteAgain
	}
	return got &^ m.haggling(s, got)
}

// torn is a yes that s does not mean: it says no in the same breath, or asks with the word for it ("sure about the
// price?").
func (m *message) torn(s *sentence) crm.Intents {
	const both = crm.ClearYes | crm.ClearNo
	if s.found.has(bit(crm.ClearYes)) && slices.ContainsFunc(m.clauses, func(c clause) bool {
		if c.from < s.from || s.to < c.to || !c.found.has(bit(crm.ClearYes)) {
			return false
		}
		return c.found&set(both) == set(both) || s.question && c.to == s.to && c.to-c.from > 2
	}) {
		return both
	}
	return 0
}

// haggling is what s cannot mean of a wish for a discount and an agreement beside it.
func (m *message) haggling(s *sentence, got crm.Intents) crm.Intents {
	if !got.Has(crm.Discount | crm.Accepts) {
		return 0
	}
	if m.conceded(s) { // "we take yours, although the others are cheaper"
		return crm.Discount
	}
	return crm.Accepts // "we take it if the price comes down" accepts nothing yet
}

// conceded reports whether s agrees although a price is what it is.
func (m *message) conceded(s *sentence) bool {
	return !s.question && slices.ContainsFunc(m.marks[s.from:s.to], func(t trait) bool { return t&traitConcedes != 0 })
}

// granted reports whether what s says of a price asks for nothing: it still stands, it is missing where it was granted,
// or it was too high at another time.
func (m *message) granted(s *sentence, got crm.Intents) bool {
	return m.outweighed(s) || s.found&(1<<cueStands|1<<cueFault) != 0 ||
		s.found.has(cueBygone) && !s.question && !got.Any(wanting)
}

// outweighed reports whether what s says of a price comes before a contrast that asks for nothing: what counts is what
// comes after it.
func (m *message) outweighed(s *sentence) bool {
	dear := false
	k, _ := slices.BinarySearchFunc(m.clauses, s.from, func(c clause, at int) int { return cmp.Compare(c.from, at) })
	for ; k < len(m.clauses) && m.clauses[k].to <= s.to; k++ {
		c := &m.clauses[k]
		if dear && m.marks[c.from]&traitContrast != 0 && c.found&set(harmful|crm.Discount|evading) == 0 &&
			!m.asked(c) && !m.wishes(c) {
			return true
		}
		dear = dear || c.found.has(bit(crm.Discount))
	}
	return false
}

// evading are the intents that put us off.
const evading = crm.DefersTime | crm.RefusesTime | crm.Vague

// doubted are the intents that only what is certain shows. What is not counts for nothing in a sentence, and takes
// nothing from the rest of it.
const doubted = crm.Discount | evading

// sift takes out of the sentences what is not certain, and keeps it as a doubt.
func (m *message) sift() {
	m.doubt = 0
	for i := range m.sentences {
		m.sentences[i].found &^= set(doubted)
	}
	m.cover(crm.Discount)
	k := 0
	m.hits = slices.DeleteFunc(m.hits, func(h hit) bool {
		for int(h.from) >= m.sentences[k].to {
			k++
		}
		if !within(doubted, h.feature) {
			return false
		}
		if h.weak || h.feature == bit(crm.Discount) && m.foreign(&h, &m.sentences[k]) {
			if k >= m.first && m.counts(&h) {
				m.doubt |= 1 << h.feature
			}
			return true
		}
		m.sentences[k].found.add(h.feature)
		return false
	})
}

// foreign reports whether the clauses of h hold words that have nothing to do with our price, so that it may be about
// somebody else's: "we give our clients a discount". A question to us is about ours.
func (m *message) foreign(h *hit, s *sentence) bool {
	first, end := m.clausesOf(h)
	from, to := m.clauses[first].from, m.clauses[end-1].to
	if last := int(h.to) - 1; m.amount(last, to) && m.traits(last+1, h.lang)&traitPrice == 0 {
		return true // "can you do it for 12 people"
	}
	if s.question && m.span(from, to, h.lang)&traitYou != 0 {
		return false
	}
	return m.net.spoken&(1<<h.lang) != 0 && m.unknown(from, to, h)
}

// unknown reports whether one of the tokens from, to (exclusive) is neither a step nor a word that the lexicon of h
// knows for anything.
func (m *message) unknown(from, to int, h *hit) bool {
	for i := from; i < to; i++ {
		if !m.steps[i] && m.own(i, m.traits(i, h.lang), ^apart) && !m.denies(i, h.lang) && m.entry(i).ifs == 0 {
			return true
		}
	}
	return false
}

// shrug reports whether the body says nothing beside what puts us off: "I don't know who has the key" does, and so does
// "of the red one I am not sure, the blue one we take".
func (m *message) shrug() bool {
	const idle = traitLight | traitWe | traitUs | traitPlease | traitJoins | traitContrast | traitLater | traitNext |
		traitDecides | traitOurs | traitContact | traitUntil
	m.cover(crm.Vague | crm.DefersTime)
	said := 0
	for k := range m.clauses {
		c := &m.clauses[k]
		if c.sentence < m.first || c.sentence >= m.tailFrom {
			continue
		}
		if c.found&polite != 0 {
			said += max(0, m.strangers(c, polite)-spare)
			continue
		}
		for i := c.from; i < c.to; i++ {
			if !m.steps[i] && m.own(i, m.marks[i], idle) {
				said++
			}
		}
	}
	return said <= spare
}

// spare is how many words of its own a shrug may hold.
const spare = 1

// promised reports whether s speaks of business to come: by its phrase, or by a condition or a time beside a weak one,
// with which no amount is ordered. "The new contracts are signed" speaks of none, nor does "there will be more guests".
func (m *message) promised(s *sentence, got crm.Intents) bool {
	if got.Any(crm.Accepts|crm.ChangeRequest) || s.question && !got.Any(crm.Discount) { // it is wanted now
		return false
	}
	given, ahead, amount := got.Any(crm.Discount), false, false
	for i := s.from; i < s.to; i++ {
		given = given || m.entry(i).ifs&(1<<m.lang) != 0
		ahead = ahead || m.tokens[i].when != 0 || m.marks[i]&traitShall != 0
		amount = amount || m.amount(i, s.to)
	}
	switch phrase, foreign := m.promise(s); {
	case phrase && (given || !foreign):
		return true
	case phrase:
		m.doubt |= crm.FutureBusiness
		return false
	}
	return (given || ahead) && !amount
}

// promise reports whether a phrase in s that is not weak speaks of business to come, and whether it ends in what nobody
// knows: "there will be more guests".
func (m *message) promise(s *sentence) (phrase, foreign bool) {
	m.cover(crm.FutureBusiness)
	for i := range m.hits {
		h := &m.hits[i]
		if h.feature != bit(crm.FutureBusiness) || h.weak || int(h.from) < s.from || s.to < int(h.to) {
			continue
		}
		next := int(h.to)
		if !m.unknown(next, min(next+1, s.to), h) {
			return true, false
		}
		phrase = true
	}
	return phrase, phrase
}

// plainGaps reports whether nothing of its own stands within h: "I cannot find the transport in your quote" has it.
func (m *message) plainGaps(h *hit) bool {
	for i := int(h.from); i < int(h.to); i++ {
		if h.gaps&(1<<(i-int(h.from))) != 0 && m.marks[i]&(traitLight|traitWe|traitOurs) == 0 && !m.entry(i).filler &&
			!mishap[m.wordAt(i)] {
			return false
		}
	}
	return true
}

// mishap are words of how something was lost.
var mishap = setOf("by accident mistake accidentally versehentlich irrtümlich aus versehen par erreur mégarde por " +
	"error per sbaglio errore engano ongeluk vergissing")

// amount reports whether token i, in a clause that ends before to, says how many of something.
func (m *message) amount(i, to int) bool {
	if m.tokens[i].kind != numberToken || i+1 >= to || m.tokens[i+1].kind != wordToken || m.tokens[i+1].when != 0 ||
		m.marks[i+1]&traitLight != 0 || spans[m.wordAt(i+1)] {
		return false
	}
	_, n := m.dateAt(m.calendar, i, to)
	return n == 0
}

// beside are the evasions in got that are none, for what stands in the same sentence: a shrug with a number or a
// question beside it, a delay that is apologised for, a discount that thanks are for, a refused day with another one
// offered.
func (m *message) beside(s *sentence, got crm.Intents) crm.Intents {
	var none crm.Intents
	if s.question || got.Any(crm.Informs|wanting) && !got.Any(crm.DefersTime) {
		none |= crm.Vague
	}
	if got.Any(crm.Vague|crm.DefersTime) && m.tells(s) { // "too early to say, between 40 and 60"
		none |= crm.Vague | crm.DefersTime
	}
	if got.Any(crm.Vague|crm.Discount) && m.decidesAfter(s) {
		none |= crm.Vague | crm.Discount
	}
	if s.question && !got.Any(crm.NotReady) || got.Any(crm.Accepts|crm.Requests) || s.found.has(cueCourtesy) {
		none |= crm.DefersTime
	}
	if s.found.has(bit(crm.Thanks)) && !s.question {
		none |= crm.Discount
	}
	if s.found.has(cueReturn) { // "on the road, and back on Wednesday" says when, rather than that it does not suit
		none |= crm.RefusesTime
	}
	return none
}

// tells reports whether s holds a number that is no part of a time.
func (m *message) tells(s *sentence) bool {
	for i := s.from; i < s.to; i++ {
		t := &m.tokens[i]
		if t.kind == numberToken && t.e != m.words.clock && (i+1 == s.to || m.tokens[i+1].when == 0) {
			if _, n := m.dateAt(m.calendar, i, s.to); n == 0 {
				return true
			}
		}
	}
	return false
}

// decidesAfter reports whether s speaks of the purchase after a contrast: "of the red one I am not sure, but we order
// the blue one".
func (m *message) decidesAfter(s *sentence) bool {
	k, _ := slices.BinarySearchFunc(m.clauses, s.from, func(c clause, at int) int { return cmp.Compare(c.from, at) })
	for k++; k < len(m.clauses) && m.clauses[k].to <= s.to; k++ {
		if c := &m.clauses[k]; m.marks[c.from]&traitContrast != 0 && (m.deals(c) || c.found&set(wanting) != 0) {
			return true
		}
	}
	return false
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
	// "Not interested at the moment" is not now, which is kinder to them; who cannot pay it now does not haggle.
	if all.Any(crm.NotReady) {
		all &^= crm.NotInterested | crm.Discount
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
	const other = set(crm.QuoteRequest|crm.ChangeRequest|crm.Urgent|crm.AcceptsTime|crm.RefusesTime) | 1<<cueMissing
	if s.question || s.found&other != 0 {
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

// declines reports whether all that the body says is no and thanks: to a question of ours it may be an answer.
func (m *message) declines() bool {
	for i := m.first; i < m.tailFrom; i++ {
		for k := m.sentences[i].from; k < m.sentences[i].to; k++ {
			if thanks[m.wordAt(k)] {
				return true
			}
		}
	}
	return false
}

// spurns reports whether a clause denies something of an offer or of a plan, or, where they take leave of us, anything
// at all: "sorry, we found another way. Good luck!"
func (m *message) spurns() bool {
	leave := m.cue(cueParting)
	for k := range m.clauses {
		c := &m.clauses[k]
		if c.sentence < m.first || c.sentence >= m.tailFrom || c.found&(polite|set(harmful)) != 0 ||
			!leave && c.all&(traitOurs|traitLater|traitRival) == 0 {
			continue
		}
		if leave && c.all&traitRegret != 0 || m.denied(c) {
			return true
		}
	}
	return false
}

// denied reports whether c holds a negation.
func (m *message) denied(c *clause) bool {
	for i := c.from; i < c.to; i++ {
		if m.denies(i, m.lang) {
			return true
		}
	}
	return false
}

var thanks = setOf("thanks thank danke dank merci gracias obrigado obrigada grazie bedankt")

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
		thanks = thanks || c.found&(1<<cueCourtesy|set(crm.Thanks)) != 0 || c.all&traitNice != 0
	}
	return thanks
}
