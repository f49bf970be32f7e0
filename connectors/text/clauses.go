package text

import (
	"cmp"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// trait is what words of a class of the lexicons are beside the phrases, whatever phrase they stand in.
type trait uint64

// The traits, by the names of their classes.
const (
	traitLight    trait = 1 << iota // says nothing of its own: "we", "have", "unfortunately"
	traitOurs                       // what a refusal is about: "offer", "product"
	traitRival                      // whom they have instead: "another", "supplier"
	traitMails                      // what an opt-out is about: "mails", "list"
	traitDeal                       // speaks of the purchase: "contract", "sign"
	traitJoins                      // begins another clause: "and", "because"
	traitContrast                   // what comes after it counts: "but", "instead"
	traitSpares                     // with a negation it is an invitation: "hesitate", "forget"
	traitPlease                     // makes a request
	traitUnless                     // makes a condition: "unless", "without"
	traitUntil                      // what ends then, or has to come first
	traitHandles                    // makes somebody the right one to ask: "handles", "responsible"
	traitDecides                    // what people do about an offer in the end: "decide"
	traitLetter                     // what desks acknowledge: "message", "request"
	traitCannot                     // an obstacle rather than a wish: "cannot"
	traitShall                      // speaks of what the writer will do
	traitOthers                     // whom machines send one to: "colleague", "reception"
	traitLater                      // what a deferral is about: "budget", "project"
	traitNext                       // what makes a day the time of the next move: "decide", "then"
	traitContact                    // asks us to come back: "call", "write"
	traitAgainst                    // turns a choice into a refusal: "against"
	traitOnly                       // "not only" denies nothing
	traitWe                         // the writer
	traitUs                         // the writer as an object
	traitRevised                    // makes another quote of the same one: "corrected", "new"
	traitGives                      // hands something over: "send", "get"
	traitThinks                     // with a negation, what follows is not so: "do not think"
	traitSays                       // with a negation before what is said, that is not meant: "I am not saying"
	traitThus                       // what follows is what comes of it: "so"
	traitFor                        // begins what thanks are for
	traitIs                         // makes a statement of the words around it
	traitWhole                      // says all of what thanks are for: "everything"
	traitYou                        // whom the writer speaks to
	traitKind                       // says something nice, or that all is well: "lovely", "noted"
	traitNice                       // says something nice to them: "kind of you", "we wish you"
	traitPrice                      // belongs to a talk about our price: "cheaper", "upfront"
	traitConcedes                   // begins what changes nothing: "although"
	traitLoses                      // what happened to what is gone: "deleted", "mislaid"
	traitRepeats                    // says, with the word before it at times, that it is wanted once more: "again"
	traitAsking                     // may make a question or a wish of any clause: "which", "need"
	traitNeeds                      // what is needed or not is what was spoken of before: "need", "use"
	traitWith                       // with "you", whom they stay with: "with", "at"
	traitSlow                       // how something is to be done, by which nothing is agreed to: "slowly"
	traitRegret                     // what comes is not what we hoped for: "unfortunately"
	traitNothing                    // with a word like "else" it ends the message: "nothing"
	traitElse                       // "nothing else" puts nothing off
	traitMine                       // whose the thing is: "our"
	traitNow                        // this moment, and no other: "now", "today"
	traitRest                       // what else there is, so that not all is refused: "rest"
)

// apart are traits that tell nothing of what a word is beside a refusal or a price.
const apart = traitLoses | traitRepeats | traitNeeds | traitWith | traitRest | traitNow | traitNothing | traitElse |
	traitRegret | traitSlow | traitMine

var traitNames = map[string]trait{
	"light": traitLight, "ours": traitOurs, "rival": traitRival, "mails": traitMails, "deal": traitDeal,
	"joins": traitJoins, "contrast": traitContrast, "spares": traitSpares, "please": traitPlease, "unless": traitUnless,
	"until": traitUntil, "handles": traitHandles, "decides": traitDecides, "letter": traitLetter, "cannot": traitCannot,
	"shall": traitShall, "others": traitOthers, "later": traitLater, "contact": traitContact, "next_move": traitNext,
	"against": traitAgainst, "only": traitOnly, "we": traitWe, "us": traitUs,
	"revised": traitRevised, "give": traitGives, "thinks": traitThinks, "asking": traitAsking,
	"you": traitYou, "kind": traitKind, "nice": traitNice, "thus": traitThus,
	"price": traitPrice, "loses": traitLoses, "repeats": traitRepeats, "concedes": traitConcedes,
	"for": traitFor, "is": traitIs, "whole": traitWhole, "says": traitSays,
	"needs": traitNeeds, "with": traitWith, "rest": traitRest, "now": traitNow, "nothing": traitNothing,
	"else": traitElse, "regret": traitRegret, "mine": traitMine, "slow": traitSlow,
}

// role is the trait that a word has in one language, by the number of its file.
type role struct {
	lang  uint8
	trait trait
}

// traits are those of token i in the language lang; 0 asks for any language.
func (s *scan) traits(i int, lang uint8) trait {
	e := s.entry(i)
	if lang == 0 || e.traits == 0 {
		return e.traits
	}
	var t trait
	for _, r := range e.roles {
		if r.lang == lang {
			t |= r.trait
		}
	}
	return t
}

// clause is a part of a sentence up to a comma, a dash or a word that joins it to the next.
type clause struct {
	from, to int // tokens
	sentence int
	found    set
	all      trait // of its words
	refuses  bool  // it is a refusal and nothing else
}

// cutClauses notes the traits of the tokens and cuts the sentences into clauses.
func (s *scan) cutClauses() {
	s.clauses, s.marks = s.clauses[:0], s.marks[:0]
	s.held = append(s.held[:0], make([]set, len(s.tokens))...)
	for i := range s.tokens {
		s.marks = append(s.marks, s.traits(i, s.lang))
	}
	for n := range s.sentences {
		at := s.sentences[n].from
		for i := at + 1; i <= s.sentences[n].to; i++ {
			if i == s.sentences[n].to || s.tokens[i].clause || i > at+1 && s.marks[i]&traitJoins != 0 {
				c := clause{from: at, to: i, sentence: n}
				for _, t := range s.marks[at:i] {
					c.all |= t
				}
				s.clauses = append(s.clauses, c)
				at = i
			}
		}
	}
}

// clausesOf are the numbers of the first clause that h touches and of the one after the last.
func (s *scan) clausesOf(h *hit) (first, end int) {
	lo, hi := 0, len(s.clauses)
	for lo < hi {
		if mid := (lo + hi) / 2; s.clauses[mid].to <= int(h.from) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	end = lo + 1
	for end < len(s.clauses) && s.clauses[end].from < int(h.to) {
		end++
	}
	return lo, end
}

// place notes in each clause what was found in it. A demand counts where it begins: phrases reach over commas.
func (m *message) place() {
	s := m.scan
	for i := range s.hits {
		first, end := s.clausesOf(&s.hits[i])
		if within(wanting, s.hits[i].feature) {
			end = first + 1
		}
		for k := first; k < end; k++ {
			s.clauses[k].found.add(s.hits[i].feature)
		}
		m.hold(&s.hits[i], first)
	}
}

// hold notes which tokens stand in h: of a language of which only the phrases are known, the few words beside a
// courtesy as well.
func (m *message) hold(h *hit, first int) {
	from, to := int(h.from), int(h.to)
	c := &m.clauses[first]
	if polite.has(h.feature) && m.net.spoken&(1<<h.lang) == 0 && c.to-c.from <= to-from+shortRest {
		from, to = c.from, max(to, c.to)
	}
	for i := from; i < to; i++ {
		m.held[i].add(h.feature)
	}
}

// polite are features of clauses that ask for nothing and tell nothing.
const polite set = 1<<cueGreeting | 1<<cueCourtesy | 1<<cueSmallTalk | set(crm.Thanks)

// wanting are the intents that need an answer or an act of ours, or agree to one.
const wanting = crm.QuoteRequest | crm.QuoteAgain | crm.ChangeRequest | crm.Requests | crm.Accepts | crm.AcceptsTime |
	crm.ProposesTime

// requests finds the clauses that ask for something: "please", and a word that says what; and those that name somebody
// else. A plea for time asks for nothing.
func (m *message) requests() {
	for i := range m.sentences {
		m.sentences[i].found &^= set(crm.Requests)
	}
	for k := range m.clauses {
		c := &m.clauses[k]
		switch {
		case c.found&(1<<cueCourtesy|1<<cueSmallTalk|1<<cuePromise) != 0:
			c.found &^= set(crm.Requests)
		case c.found.has(cueAttached):
		default:
			m.request(c)
		}
		m.sentences[c.sentence].found |= c.found & set(crm.Requests|crm.Refers)
	}
}

// request adds to c what its words ask for, phrase or not.
func (m *message) request(c *clause) {
	what := false
	for i := c.from; i < c.to && c.all&traitPlease != 0 && !what; i++ {
		what = m.marks[i]&(traitLight|traitWe|traitPlease) == 0 && !m.entry(i).filler
	}
	if what {
		c.found.add(bit(crm.Requests))
	}
	// "my colleague decides on this"
	if all := c.all; all&traitOthers != 0 && all&(traitHandles|traitDecides) != 0 && all&traitWe == 0 {
		c.found.add(bit(crm.Refers))
	}
}

// ourFault is what has to be sent once more because of us, or of what lies between us.
const ourFault set = 1<<cueFault | 1<<cueMissing

// weighs reports whether clause c holds anything of substance: a demand, an agreement, a question, or a word of the
// purchase.
func (m *message) weighs(c *clause) bool {
	pleads := c.found&(set(crm.Asks)|ourFault) != 0 && c.found&(1<<cueSmallTalk|1<<cueCourtesy) == 0
	return pleads || c.found&(set(wanting)|1<<cueKeen) != 0 || c.all&traitRest != 0 || m.asked(c) || m.deals(c)
}

// asked reports whether c ends a question that is more than a courtesy.
func (m *message) asked(c *clause) bool {
	s := &m.sentences[c.sentence]
	return c.to == s.to && s.question && !s.found.has(cueSmallTalk) && c.to-c.from > 1
}

// deals reports whether c speaks of the purchase, and denies nothing.
func (m *message) deals(c *clause) bool {
	return c.all&traitDeal != 0 && !m.denied(c)
}

// quiet reports whether c is nothing but courtesy.
func (m *message) quiet(c *clause) bool {
	const busy = set(demands|wanting|crm.Asks|crm.AsksYesNo|crm.ClearNo|crm.Vague|harmful) | 1<<cuePromise |
		1<<cueAttached
	if c.found&busy != 0 || m.asked(c) || m.deals(c) {
		return false
	}
	if closing(m.text[m.tokens[c.from].start:m.tokens[c.to-1].end]) == strongClosing {
		return true
	}
	return m.courtesy(c)
}

// calming are features of what is said out of courtesy, and of a plain yes beside it.
const calming = polite | set(crm.ClearYes)

// courtesy reports whether nothing stands in c beside phrases and words of courtesy, what thanks are for, and a name:
// whatever else is said may await an answer, whether its words are known or not.
func (m *message) courtesy(c *clause) bool {
	known, object := c.found&calming != 0, m.object(c)
	names, things, said := 0, 0, false
	for i := c.from; i < c.to; i++ {
		switch {
		case m.polite(i, c):
		case m.demanding(i, object, c):
			return false
		case m.marks[i]&traitKind != 0:
			known = true
		case m.idle(i) || m.between(i, c):
			said = said || !m.entry(i).filler
		case i >= object && m.thing(i):
			things++
		case m.called(i, c):
			names++
		default:
			return false
		}
	}
	if !known && (said || c.to-c.from > shortRest+1) {
		return false
	}
	return names <= 2 && things <= thanked
}

// idle reports whether token i says nothing of its own.
func (m *message) idle(i int) bool {
	return m.marks[i]&(traitLight|traitPlease) != 0 || m.entry(i).filler
}

// between reports whether token i of c stands between a courtesy and a word of one: "enjoy the long weekend".
func (m *message) between(i int, c *clause) bool {
	return i+1 < c.to && m.marks[i+1]&traitKind != 0 && m.kindBefore(i, c) && m.tokens[i].kind == wordToken &&
		!m.dating(i)
}

// polite reports whether token i of c belongs to a courtesy: "very nice of you".
func (m *message) polite(i int, c *clause) bool {
	return m.calm(i) || m.tokens[i].kind == emojiToken ||
		m.marks[i]&traitYou != 0 && (m.kindBefore(i, c) || m.says(c.from, c.to, alike))
}

// alike are words by which a wish is returned: "auch Ihnen".
var alike = setOf("too auch ebenfalls aussi également también igualmente anche altrettanto também ook eveneens")

// demanding reports whether token i of c makes more than a courtesy of it: "you have not answered me", "so do we",
// "... the job is yours".
func (m *message) demanding(i, object int, c *clause) bool {
	if i < object && m.among(i, acts) {
		return true
	}
	t := m.traits(i, m.tongue(c))
	if c.all&traitNice != 0 && t&(traitWe|traitYou) != 0 {
		return !m.nice(i, c)
	}
	if t&traitIs != 0 && i+1 < c.to && m.marks[i+1]&traitYou != 0 && m.kindBefore(i, c) { // "bonne journée à vous"
		return false
	}
	return m.denies(i, m.lang) || t&(traitAsking|traitWe|traitYou) != 0 ||
		t&traitKind == 0 && t&traitIs != 0 && !m.kindAfter(i, c)
}

// acts are words that tell us to do something, or that they do: "thanks go ahead", "danke weiter so".
var acts = setOf("go ahead proceed proceeding do take taking get start started continue going move decided chosen " +
	"choose buy buying accept accepting purchase use machen mach macht los nehmen nehme nimm weiter " +
	"weitermachen starten anfangen loslegen allez allons faites fais prenons prends prend prenez lancez " +
	"procédez adelante hacedlo hágalo haga dale tomamos procedan proceda procedete procedi fate faccia " +
	"avanti prendiamo prendo partite avance avancem avançar façam faça siga sigam levamos doe doen ga " +
	"gaan neem nemen door starten begin")

// nice reports whether something nice is said right beside token i of c: "we wish you", "how kind of you".
func (m *message) nice(i int, c *clause) bool {
	for k := max(c.from, i-shortRest); k < min(i+1+shortRest, c.to); k++ {
		if m.marks[k]&traitNice != 0 {
			return true
		}
	}
	return false
}

// own reports whether token i, of the traits t, is a word that says something of its own: no filler, no part of a time,
// and nothing that idle names.
func (m *message) own(i int, t, idle trait) bool {
	return m.tokens[i].kind == wordToken && t&idle == 0 && !m.entry(i).filler && !m.dating(i)
}

// thing reports whether token i may be a word of what thanks are for.
func (m *message) thing(i int) bool {
	return m.tokens[i].kind == wordToken && !m.dating(i) && !m.breaks(i)
}

// called reports whether token i of c is the name of somebody who is spoken to, and not of what is asked about: "and
// Leeds?"
func (m *message) called(i int, c *clause) bool {
	if i > c.from && m.marks[i-1]&(traitFor|traitJoins) != 0 {
		return false
	}
	return m.name(i) && !m.opens(i) && (i+1 == c.to || m.calm(i+1) || m.name(i+1))
}

// kindAfter reports whether a word of courtesy follows shortly on token i: "it is very kind".
func (m *message) kindAfter(i int, c *clause) bool { return m.kind(i+1, min(i+1+shortRest, c.to)) }

// kindBefore reports whether a word of courtesy stands shortly before token i.
func (m *message) kindBefore(i int, c *clause) bool { return m.kind(max(c.from, i-shortRest), i) }

// kind reports whether one of the tokens from, to (exclusive) is a word of courtesy.
func (m *message) kind(from, to int) bool {
	for k := from; k < to; k++ {
		if m.marks[k]&traitKind != 0 || m.calm(k) {
			return true
		}
	}
	return false
}

// breaks reports whether a capital at token i shows that another sentence begins, whose stop was left out. German has
// capitals within sentences.
func (m *message) breaks(i int) bool {
	r, _ := utf8.DecodeRuneInString(m.text[m.tokens[i].start:])
	return unicode.IsUpper(r) && m.net.files[m.lang] != "de"
}

// opens reports whether a sentence begins with token i, so that its capital shows no name.
func (m *message) opens(i int) bool {
	k, found := slices.BinarySearchFunc(m.sentences, i, func(s sentence, at int) int { return cmp.Compare(s.from, at) })
	return found && m.sentences[k].to > i+1
}

// wishes reports whether a word that questions and wishes are made with stands in c, and no denial beside it.
func (m *message) wishes(c *clause) bool {
	for i := c.from; i < c.to && c.all&traitAsking != 0; i++ {
		if m.marks[i]&traitAsking == 0 || m.calm(i) {
			continue
		}
		denied := false
		for k := max(c.from, i-2); k < min(c.to, i+shortRest+1); k++ {
			denied = denied || m.denies(k, m.lang)
		}
		if !denied {
			return true
		}
	}
	return false
}

// thanked is how many words may say what thanks are for.
const thanked = 4

// calm reports whether token i stands in a phrase of courtesy. Whoever says yes to something does more than that.
func (m *message) calm(i int) bool {
	return m.held[i]&polite != 0 || m.held[i]&set(crm.ClearYes) != 0 && m.marks[i]&traitWe == 0
}

// object is where what thanks are for begins in c: behind a word like "for" right after a courtesy.
func (m *message) object(c *clause) int {
	last, lang := -longClause, m.tongue(c)
	for i := c.from; i < c.to; i++ {
		if m.traits(i, lang)&traitFor != 0 && i-last <= thanksReach && !m.breaks(i) {
			if i+1 < c.to && m.marks[i+1]&traitWhole != 0 {
				return c.to
			}
			return i
		}
		if m.held[i]&set(crm.Thanks) != 0 {
			last = i
		}
	}
	return c.to
}

// tongue is the language of the courtesy in c, 0 where several have it; a short text does not show its language.
func (m *message) tongue(c *clause) uint8 {
	lang := m.lang
	for i := 0; i < len(m.hits) && m.lang == 0 && c.found&polite != 0; i++ {
		h := &m.hits[i]
		switch {
		case !polite.has(h.feature) || int(h.from) < c.from || int(h.to) > c.to:
		case lang != 0 && lang != h.lang:
			return 0
		default:
			lang = h.lang
		}
	}
	return lang
}

// thanksReach is how far behind thanks a word like "for" may stand.
const thanksReach = 3

// name reports whether token i may be a person's name.
func (m *message) name(i int) bool {
	t := &m.tokens[i]
	r, _ := utf8.DecodeRuneInString(m.text[t.start:])
	return t.kind == wordToken && t.e == 0 && unicode.IsUpper(r)
}
