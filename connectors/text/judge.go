package text

import (
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// harmful are the readings that can do harm: they park a contact, or take it out of scoring.
const harmful = crm.NotInterested | crm.NotReady | crm.OptOut

// ruling is how far a phrase that can do harm is to be believed.
type ruling uint8

const (
	unsaid ruling = iota // it says nothing of the kind: "do not hesitate to call me"
	weak                 // it may: a person should ask
	strong               // it is about us, in the present, by the writer, and nothing else is meant
)

// Longer clauses and sentences say more than a refusal; the limits bound the work as well.
const (
	longClause   = 40  // tokens
	longSentence = 120 // tokens
	shortRest    = 3   // tokens beside a refusal in a language whose light words are not known
)

// judge decides which of the phrases that can do harm are strong. A phrase is strong where the rest of its clause
// holds no word of its own, so that it can be about nothing but us, where no condition or contrast hangs on it, and
// where no other clause asks, agrees or speaks of the purchase.
func (m *message) judge() (sure, doubtful crm.Intents) {
	var beside crm.Intents // strong by themselves, but not alone in their sentences
	m.cover(harmful)
	for i := range m.hits {
		h := &m.hits[i]
		if !within(harmful, h.feature) || !m.counts(h) {
			continue
		}
		first, end := m.clausesOf(h)
		h.judged = m.hear(h, first, end)
		switch {
		case h.judged == strong && h.lang != 0 && m.elaborated(h, first, end):
			h.judged, beside = weak, beside|1<<h.feature
		case h.judged == strong:
			sure |= 1 << h.feature
			m.mark(first, end, true)
		case h.judged == weak && !(h.weak && m.goesOn(h)):
			doubtful |= 1 << h.feature
		}
	}
	if m.hears(crm.Accepts) { // what they do not want is not what they take
		doubtful &^= crm.NotInterested | crm.NotReady
	}
	doubtful |= beside
	if sure != 0 && m.substance() {
		sure, doubtful = 0, sure|doubtful
		m.mark(0, len(m.clauses), false)
	}
	m.refuse()
	return sure, doubtful &^ sure
}

// mark notes of the clauses from first to end (exclusive) whether they refuse.
func (m *message) mark(first, end int, refuses bool) {
	for k := first; k < end; k++ {
		m.clauses[k].refuses = refuses
	}
}

// goesOn reports whether another sentence than that of h asks, agrees or wants something: whoever goes on has not left.
func (m *message) goesOn(h *hit) bool {
	if h.feature == bit(crm.OptOut) {
		return false
	}
	for i := m.first; i < m.tailFrom; i++ {
		s := &m.sentences[i]
		if s.from <= int(h.from) && int(h.from) < s.to {
			continue
		}
		if s.found&set(wanting) != 0 || s.question && s.to-s.from > 1 && !s.found.has(cueSmallTalk) {
			return true
		}
	}
	return false
}

// refuse notes which sentences refuse.
func (m *message) refuse() {
	for k := range m.clauses {
		if c := &m.clauses[k]; c.refuses {
			m.sentences[c.sentence].refuses = true
		}
	}
}

// within reports whether f is one of the intents in all.
func within(all crm.Intents, f feature) bool { return f < 32 && all&(1<<f) != 0 }

// counts reports whether h stands in what they wrote, rather than in the tail or in the subject of an answer.
func (m *message) counts(h *hit) bool {
	switch {
	case m.tailFrom < len(m.sentences) && int(h.from) >= m.sentences[m.tailFrom].from:
		return false
	case m.bodyFrom < len(m.sentences) && int(h.from) < m.sentences[m.bodyFrom].from:
		return !m.subject.reply && !m.subject.forward
	}
	return true
}

// cover marks the tokens that are steps of phrases for one of the intents in all.
func (m *message) cover(all crm.Intents) {
	m.steps = append(m.steps[:0], make([]bool, len(m.tokens))...)
	for i := range m.hits {
		h := &m.hits[i]
		if !within(all, h.feature) {
			continue
		}
		for k := h.from; k < h.to; k++ {
			if h.gaps&(1<<(k-h.from)) == 0 {
				m.steps[k] = true
			}
		}
	}
}

// hear is the ruling on h alone, which lies in the clauses from first to end (exclusive).
func (m *message) hear(h *hit, first, end int) ruling {
	from, to := m.clauses[first].from, m.clauses[end-1].to
	s := &m.sentences[m.clauses[first].sentence]
	switch {
	case to-from > longClause || s.to-s.from > longSentence:
		return weak
	case h.lang == 0:
		return strong // the settings say so
	case m.undone(h, m.utterance(first, s)), m.governed(h, s):
		return unsaid
	case h.weak || m.hindered(h) || m.conditional(h, first, s) || m.answered(first, end) || m.partial(h, first, end):
		return weak
	}
	if h.feature == bit(crm.OptOut) && m.vows(h, from) {
		return unsaid
	}
	if m.alone(h, from, to) {
		return strong
	}
	return weak
}

// elaborated reports whether another clause of the same sentence says what it is that they do not want: "we are not
// ready yet, to switch off the old one", "do not call the office, call my mobile". A reason begins with a word of its
// own, or says that they have what they need.
func (m *message) elaborated(h *hit, first, end int) bool {
	if h.feature == bit(crm.OptOut) {
		for first > 0 && m.clauses[first-1].sentence == m.clauses[first].sentence {
			first--
		}
	}
	for k := first; k < len(m.clauses) && m.clauses[k].sentence == m.clauses[first].sentence; k++ {
		c := &m.clauses[k]
		if k < end && c.to > int(h.from) {
			continue
		}
		const fits = polite | set(harmful|crm.DefersTime|crm.ClearNo|crm.Vague)
		if c.found&fits == 0 && m.marks[c.from]&traitJoins == 0 && !m.later(c) &&
			(c.all&traitWe == 0 || c.all&traitAsking != 0) && m.strange(c, h) {
			return true
		}
	}
	return false
}

// strange reports whether a word of c has nothing to do with h.
func (m *message) strange(c *clause, h *hit) bool {
	for i := c.from; i < c.to; i++ {
		if !m.steps[i] && m.own(i, m.marks[i], traitKind) && !m.light(i, h, false) && !m.name(i) {
			return true
		}
	}
	return false
}

// said are words that begin what somebody says, or does not say.
var said = setOf("that dass daß que che dat ob whether")

// utterance is where the clause that h begins in begins, or the one before it, of which it is what is said: "we never
// said that we are not interested".
func (m *message) utterance(first int, s *sentence) int {
	c := &m.clauses[first]
	if first == 0 || c.from <= s.from {
		return c.from
	}
	before := &m.clauses[first-1]
	if said[m.wordAt(c.from)] || said[m.wordAt(before.to-1)] || m.unthought(before) {
		return before.from
	}
	return c.from
}

// governReach is how far from a negation what it governs may begin.
const governReach = 7

// governed reports whether h is what somebody does not mean, say, or want thought: "I would not want you to think that
// we have lost interest", "it is not that we do not need it". What the writer does not think is another matter.
func (m *message) governed(h *hit, s *sentence) bool {
	for i := max(s.from, int(h.from)-3*governReach); i < int(h.from); i++ {
		if m.denies(i, h.lang) && m.governs(i, h, s) {
			return true
		}
	}
	return false
}

// governs reports whether the negation at i governs h.
func (m *message) governs(i int, h *hit, s *sentence) bool {
	var between trait
	before := m.span(max(s.from, i-shortRest), i, h.lang)
	for k := i + 1; k < min(int(h.from)+1, i+1+governReach); k++ {
		t, whole := m.traits(k, h.lang), before|between
		inside, opens := k < int(h.from), said[m.wordAt(k)]
		if inside && t&traitThinks != 0 && (between&traitYou != 0 || whole&traitWe == 0) {
			return true
		}
		if whole&traitSays != 0 && (opens || t&(traitWe|traitYou) != 0 && between&traitSays != 0) {
			return true
		}
		if inside && opens && k <= i+2 && whole&(traitWe|traitShall) == 0 && h.feature != bit(crm.OptOut) {
			return true
		}
		between |= t
	}
	return false
}

// span are the traits of the tokens from, to (exclusive) in the language lang.
func (m *message) span(from, to int, lang uint8) (all trait) {
	for k := from; k < to; k++ {
		all |= m.traits(k, lang)
	}
	return all
}

// unthought reports whether c asks us not to think something: "please do not think, ...". What the writer does not
// think is another matter.
func (m *message) unthought(c *clause) bool {
	return c.all&traitThinks != 0 && c.all&traitWe == 0 && m.denied(c)
}

// alone reports whether the tokens from, to (exclusive) say nothing beside h. Of a language of which only the phrases
// are known, few words may stand beside one.
func (m *message) alone(h *hit, from, to int) bool {
	if m.net.spoken&(1<<h.lang) == 0 {
		return to-from <= int(h.to-h.from)+shortRest
	}
	denial := m.denial(h)
	for i := from; i < to; i++ {
		if !m.steps[i] && !m.light(i, h, denial) {
			return false
		}
	}
	return true
}

// undone reports whether h is denied once more, or is the invitation that a negation makes of some verbs: "not that we
// do not want it", "never hesitate to call", "not only am I interested", "nothing else for now".
func (m *message) undone(h *hit, from int) bool {
	for i := from; i < int(h.to); i++ {
		inside := i >= int(h.from)
		switch t := m.traits(i, h.lang); {
		case t&traitSpares != 0 && i >= int(h.from)-2:
			return true
		case t&traitOnly != 0 && i > from && m.denies(i-1, h.lang):
			return true
		case t&traitNothing != 0 && m.nothingElse(i, h):
			return true
		// "no thanks, ..." denies nothing
		case !m.denies(i, h.lang) || m.entry(i).denies != everyLang && i+1 < int(h.to) && m.entry(i+1).filler:
		case !inside || h.gaps&(1<<(i-int(h.from))) != 0:
			return true
		}
	}
	return false
}

// nothingElse reports whether the word at i, which says "nothing", says "nothing else".
func (m *message) nothingElse(i int, h *hit) bool {
	return h.feature != bit(crm.OptOut) && m.span(max(i-1, 0), min(i+2, len(m.tokens)), h.lang)&traitElse != 0
}

// hindered reports whether h tells of an obstacle, which may be ours: "we cannot go ahead with this".
func (m *message) hindered(h *hit) bool {
	for i := int(h.from); i < int(h.to); i++ {
		if m.traits(i, h.lang)&traitCannot != 0 {
			return h.feature == bit(crm.NotInterested)
		}
	}
	return false
}

// partial reports whether h, in the clauses from first to end (exclusive), may be about one thing, one moment or one
// way to reach them.
func (m *message) partial(h *hit, first, end int) bool {
	from, to := m.clauses[first].from, m.clauses[end-1].to
	if h.feature == bit(crm.OptOut) {
		return m.span(from, to, h.lang)&traitNow != 0 || m.rerouted(first, end)
	}
	if strings.HasPrefix(m.text[m.tokens[h.to-1].end:], ":") { // "on hold: the shed"
		return true
	}
	return m.remains(h, to) || m.refersBack(h, first, end) || h.feature == bit(crm.NotReady) && m.soon(end)
}

// soon reports whether the clause with the number end has a time of day, or today or tomorrow,
// and denies nothing: "not now, I can talk at three".
func (m *message) soon(end int) bool {
	if end >= len(m.clauses) || m.clauses[end].sentence >= m.tailFrom {
		return false
	}
	timed := false
	for i := m.clauses[end].from; i < m.clauses[end].to; i++ {
		t := &m.tokens[i]
		timed = timed || t.e == m.words.clock || t.when == today || t.when == tomorrow || t.when >= one
		if m.denies(i, m.lang) {
			return false
		}
	}
	return timed && !m.later(&m.clauses[end])
}

// remains reports whether it is with us that they stay: "we stay with our present plan at your place".
func (m *message) remains(h *hit, to int) bool {
	for i := int(h.from) + 1; i < to; i++ {
		if m.traits(i, h.lang)&traitYou != 0 && m.traits(i-1, h.lang)&traitWith != 0 {
			return !m.denial(h)
		}
	}
	return false
}

// refersBack reports whether h, in the clauses from first to end (exclusive), may be about a thing that was spoken of
// right before: "please strike line 6, it is no longer needed".
func (m *message) refersBack(h *hit, first, end int) bool {
	all := m.span(m.clauses[first].from, m.clauses[end-1].to, h.lang)
	if first == 0 || h.feature != bit(crm.NotInterested) || all&(traitOurs|traitRival) != 0 ||
		all&traitWe != 0 && all&traitNeeds == 0 {
		return false
	}
	before := &m.clauses[first-1]
	return before.sentence >= m.first && before.found&(polite|set(harmful)) == 0 && m.strange(before, h)
}

// rerouted reports whether an address or a telephone number stands in another clause than those from first to end
// (exclusive): they want to be written to elsewhere.
func (m *message) rerouted(first, end int) bool {
	for k := range m.clauses {
		c := &m.clauses[k]
		if k >= first && k < end || c.sentence < m.first || c.sentence >= m.tailFrom {
			continue
		}
		digits := 0
		for i := c.from; i < c.to; i++ {
			switch t := &m.tokens[i]; t.kind {
			case addressToken:
				return true
			case numberToken:
				digits += int(t.end - t.start)
			default:
				digits = 0
			}
			if digits >= shortestPhone {
				return true
			}
		}
	}
	return false
}

// shortestPhone is how many digits a telephone number has at least; fewer are an amount or a year.
const shortestPhone = 7

// vows reports whether the writer says what the writer will do: "I will not write again".
func (m *message) vows(h *hit, from int) bool {
	t := m.span(from, int(h.to), h.lang)
	return t&traitShall != 0 && t&traitUs == 0
}

// conditional reports whether the sentence s of h asks, or says "if", "until" or the like outside of h. Whoever wants
// to leave a list may ask for it.
func (m *message) conditional(h *hit, first int, s *sentence) bool {
	if s.question && h.feature != bit(crm.OptOut) {
		return true
	}
	if h.feature == bit(crm.NotReady) {
		return false // "until spring" is what a deferral says; what else it waits for is no light word
	}
	for k := first; k >= 0 && m.clauses[k].from >= s.from; k-- {
		if m.waits(&m.clauses[k], h.lang) {
			return true
		}
	}
	for k := first + 1; k < len(m.clauses) && m.clauses[k].to <= s.to; k++ {
		if m.waits(&m.clauses[k], h.lang) {
			return true
		}
	}
	return false
}

// waits reports whether a word of c makes a condition. Courtesies make none: "merci quand même".
func (m *message) waits(c *clause, lang uint8) bool {
	for i := c.from; i < c.to && c.found&polite == 0; i++ {
		if !m.steps[i] && (m.entry(i).ifs&(1<<lang) != 0 || m.traits(i, lang)&(traitUnless|traitUntil) != 0) {
			return true
		}
	}
	return false
}

// answered reports whether a contrast follows in the same sentence: "not the small one, but we take the large one".
func (m *message) answered(first, end int) bool {
	for k := end; k < len(m.clauses) && m.clauses[k].sentence == m.clauses[first].sentence; k++ {
		c := &m.clauses[k]
		if m.marks[c.from]&traitContrast != 0 && c.found&(polite|set(harmful)) == 0 {
			return true
		}
	}
	return m.concludes(first, end)
}

// concludes reports whether a conclusion is drawn in the same sentence which denies and puts off nothing: "there is no
// budget for two, so it will be one".
func (m *message) concludes(first, end int) bool {
	for k := first; k < len(m.clauses) && m.clauses[k].sentence == m.clauses[first].sentence; k++ {
		c := &m.clauses[k]
		if c.all&traitThus == 0 || k >= end && c.found&(polite|set(harmful|evading)) != 0 {
			continue
		}
		thus := false
		for i := c.from; i < c.to; i++ {
			switch {
			case m.marks[i]&traitThus != 0:
				thus = i > m.sentences[c.sentence].from && i+2 < c.to && !m.calm(i+1)
			case m.denies(i, m.lang):
				thus = false
			}
		}
		if thus {
			return true
		}
	}
	return false
}

// denial reports whether h denies something rather than choosing something else.
func (m *message) denial(h *hit) bool {
	for i := int(h.from); i < int(h.to); i++ {
		if m.denies(i, h.lang) || m.traits(i, h.lang)&traitAgainst != 0 {
			return true
		}
	}
	return false
}

// light reports whether token i takes nothing from h: a word without a meaning of its own, or what such a phrase is
// about.
func (m *message) light(i int, h *hit, denial bool) bool {
	t := m.traits(i, h.lang)
	if h.feature == bit(crm.NotReady) && t&traitRival != 0 && t&traitLater == 0 {
		return false // "the other project is on hold": it may be why ours goes ahead
	}
	if t&(traitLight|traitPlease|traitJoins|traitWe|traitUs) != 0 || m.entry(i).filler || m.denies(i, h.lang) {
		return true
	}
	switch {
	case h.feature == bit(crm.OptOut):
		return t&traitMails != 0
	case t&traitOurs != 0:
		return true
	case h.feature == bit(crm.NotInterested):
		return t&traitRival != 0 && !denial
	}
	return t&(traitLater|traitContact|traitUntil) != 0 || m.dating(i) || m.entry(i).ifs != 0
}

// substance reports whether anything outside of the refusals weighs.
func (m *message) substance() bool {
	for k := range m.clauses {
		c := &m.clauses[k]
		if c.sentence >= m.first && c.sentence < m.tailFrom && !c.refuses &&
			(m.weighs(c) && !m.later(c) || m.mayAsk(c)) {
			return true
		}
	}
	return false
}

// mayAsk reports whether c may ask for something, by its words alone: it holds one of those that questions and wishes
// are made with, and is no courtesy. Phrases that are known are too few to trust their absence.
func (m *message) mayAsk(c *clause) bool {
	const none = 1<<cueAttached | 1<<cuePromise | set(harmful)
	const asking = traitAsking | traitPlease | traitYou
	if c.all&asking == 0 || c.found&none != 0 || c.found&polite != 0 && m.courtesy(c) || m.later(c) {
		return false
	}
	if m.wishes(c) {
		return true
	}
	says := false
	for i := c.from; i < c.to; i++ {
		if m.denies(i, m.lang) {
			return false
		}
		says = says || m.marks[i]&(traitLight|traitWe|traitPlease|traitAsking) == 0 && !m.entry(i).filler
	}
	return says && c.found&polite == 0 && (c.all&traitPlease != 0 || c.all&traitYou != 0 && c.all&traitWe == 0)
}

// comingBack are the traits of words beside a time at which we are to come back.
const comingBack = traitLight | traitWe | traitPlease | traitContact | traitLater | traitUntil | traitMails

// dating reports whether token i is a part of a time.
func (m *message) dating(i int) bool { return m.tokens[i].when != 0 || m.tokens[i].kind == numberToken }

// later reports whether c asks for nothing but that we come back at some time.
func (m *message) later(c *clause) bool {
	back, when := false, false
	for i := c.from; i < c.to; i++ {
		t := m.marks[i]
		day := m.tokens[i].when != 0 && m.tokens[i].when < one && m.tokens[i].when != today
		timed := m.dating(i) || t&traitNext != 0 && t&traitDeal == 0
		back, when = back || t&traitContact != 0, when || day || timed && t&traitNext != 0
		if e := m.entry(i); !timed && t&comingBack == 0 && !e.filler && e.ifs == 0 {
			return false
		}
	}
	return back && when
}
