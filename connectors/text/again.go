package text

import (
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// again reports whether s asks for the same quote once more: it asks for it, or says that it is lost, and changes
// nothing in it. "I read the quote again", "the signed quote, I send it back" and "again, with 20 seats" do not.
func (m *message) again(s *sentence) bool {
	if m.swallowed || m.cue(cueFault) { // which makes a request of it
		return true
	}
	if m.revised(s) || m.thanksAgain(s) {
		return false
	}
	asks := s.question || s.found&set(crm.Asks|crm.Requests|crm.QuoteRequest) != 0 ||
		slices.ContainsFunc(m.marks[s.from:s.to], func(t trait) bool { return t&traitPlease != 0 })
	for i := range m.hits {
		h := &m.hits[i]
		if h.feature == bit(crm.QuoteAgain) && s.from <= int(h.from) && int(h.to) <= s.to && m.repeats(h, asks) {
			return true
		}
	}
	return false
}

// repeats reports whether h asks for a quote once more, in a sentence that asks or not, or says that it is lost.
func (m *message) repeats(h *hit, asks bool) bool {
	if !h.deny {
		return m.mislaid(h)
	}
	return (asks || m.wished(h)) && m.handed(h)
}

// wished reports whether the clause in which h begins wishes for something: "I need you to send the quote again".
func (m *message) wished(h *hit) bool {
	first, _ := m.clausesOf(h)
	return m.wishes(&m.clauses[first])
}

// mislaid reports whether h says that the quote is lost: not "we have not lost it", nor that it lacks something.
func (m *message) mislaid(h *hit) bool {
	first, _ := m.clausesOf(h)
	return m.plainGaps(h) && !m.undone(h, m.clauses[first].from)
}

// handed reports whether it is to be handed over what h names once more, rather than read, explained or reckoned: its
// clause says so, or says nothing else.
func (m *message) handed(h *hit) bool {
	first, end := m.clausesOf(h)
	other := false
	for i := m.clauses[first].from; i < m.clauses[end-1].to; i++ {
		switch t := m.marks[i]; {
		case t&traitGives != 0 && !m.among(i, remade):
			return true
		case i >= int(h.from) && i < int(h.to) && h.gaps&(1<<(i-int(h.from))) == 0:
		case m.tokens[i].kind == wordToken && t&(traitLight|traitWe|traitUs|traitPlease|traitOurs|traitAsking) == 0 &&
			!m.entry(i).filler && !m.dating(i) && (i == m.clauses[first].from || !m.name(i)):
			other = true
		}
	}
	return !other
}

// thanksAgain reports whether it is thanks that s says once more: "thanks again for the quote, when can you deliver?"
func (m *message) thanksAgain(s *sentence) bool {
	for i := range m.hits {
		h := &m.hits[i]
		if h.feature != bit(crm.QuoteAgain) || int(h.from) < s.from || int(h.to) > s.to {
			continue
		}
		first, _ := m.clausesOf(h)
		if c := &m.clauses[first]; !c.found.has(bit(crm.Thanks)) || c.found.has(bit(crm.Requests)) { // "merci de ..."
			return false
		}
	}
	return true
}

// revises is revised by value.
func (m *message) revises(s sentence) bool { return m.revised(&s) }

// revised reports whether s wants another quote than the one that there is.
func (m *message) revised(s *sentence) bool {
	if s.found&set(crm.ChangeRequest|crm.Accepts) != 0 {
		return true
	}
	for k := range m.clauses {
		c := &m.clauses[k]
		if s.from < c.from && c.to <= s.to && m.marks[c.from]&traitContrast != 0 &&
			c.found&(polite|set(crm.QuoteAgain)) == 0 { // "again, but in blue"
			return true
		}
	}
	for i := s.from; i < s.to; i++ {
		if m.marks[i]&traitRevised != 0 || m.lessens(i, s.to) || i > s.from && m.reformed(i) ||
			i > s.from && m.marks[i-1]&traitLight != 0 && m.amount(i, s.to) {
			return true
		}
	}
	return false
}

// reformed reports whether token i, with the words before it, asks for the quote in another form: "as a PDF".
func (m *message) reformed(i int) bool {
	return m.among(i, forms) && (m.marks[i-1]&traitRival != 0 || m.says(max(0, i-2), i, into))
}

var (
	forms = setOf("pdf word excel xls xlsx doc docx format formats formato formaat papier paper papel carta english " +
		"englisch anglais inglés inglese inglês engels german deutsch allemand alemán tedesco alemão duits euros euro")
	into = setOf("in as als im en em come auf su op au por per formato format a")
)

// lessens reports whether token i takes something out of a quote, before to: "without the installation", and neither
// "without delay" nor "before Friday".
func (m *message) lessens(i, to int) bool {
	if m.marks[i]&traitUnless == 0 || !m.among(i, excluding) {
		return false
	}
	for k := i + 1; k < min(to, i+1+shortRest); k++ {
		word := m.wordAt(k)
		switch {
		case nothingLess[word] || m.dating(k):
			return false
		case m.tokens[k].kind == wordToken && m.marks[k]&(traitLight|traitPlease) == 0:
			return true
		}
	}
	return false
}

var (
	excluding = setOf("without except excluding minus ohne außer abzüglich sans sauf hormis sin excepto salvo senza " +
		"tranne escluso esclusa sem exceto zonder behalve exclusief")
	nothingLess = setOf("delay fail wanting meaning thinking noticing reading looking problem problems searching " +
		"having dass zu verzögerung absicht nachzudenken hast eile umschweife weiteres tarder attendre délai faute " +
		"vouloir exprès problème querer demora falta tardar prisa problema darme dar volere volerlo indugio ritardo " +
		"fretta problemi accorgermene pressa perceber vertraging haast uitstel erbij problemen dat")
)

// lostAgain reports whether the body says that they lost a quote, and asks right beside for it to be handed over once
// more: "your quote, I must have binned it. Could you mail it again?"
func (m *message) lostAgain() bool {
	if m.in.Direction == crm.Out {
		return false
	}
	var before, now, all bereft
	for n := m.first; n < m.tailFrom; n++ {
		before, now = now, m.bereft(&m.sentences[n])
		switch near := before | now; {
		case now&isLost != 0 && near&named == 0: // of something else
			now &^= isLost
		case near&(isLost|wanted) == isLost|wanted:
			all = near
		}
	}
	return all != 0 && !slices.ContainsFunc(m.sentences[m.first:m.tailFrom], m.revises)
}

// bereft is what a sentence says of a quote that is gone.
type bereft uint8

const (
	named  bereft = 1 << iota // the quote
	isLost                    // it is gone
	wanted                    // it is to be handed over once more
)

func (m *message) bereft(s *sentence) (b bereft) {
	asks, gives := s.question || s.found&set(crm.Asks|crm.Requests) != 0, false
	for i := s.from; i < s.to; i++ {
		t := m.marks[i]
		if t&traitOurs != 0 && m.among(i, quotes) {
			b |= named
		}
		if t&traitLoses != 0 && !m.denies(max(s.from, i-1), m.lang) {
			b |= isLost
		}
		gives = gives || t&traitGives != 0
		if asks && t&traitRepeats != 0 && m.onceMore(i, s.from) {
			b |= wanted
		}
	}
	if !gives {
		b &^= wanted
	}
	return b
}

// onceMore reports whether token i, in a sentence that begins at from, says that something is wanted once more: by
// itself or with the word before it.
func (m *message) onceMore(i, from int) bool {
	word := m.wordAt(i)
	return !halves[word] || i > from && repeated[m.wordAt(i-1)+" "+word]
}

var (
	repeated = pairsOf("once more|second time|one more|more time|another copy|noch mal|noch einmal|à nouveau|" +
		"de nouveau|nouvelle fois|autre fois|otra vez|de nuevo|otra copia|di nuovo|altra volta|altra copia|de novo|" +
		"outra vez|segunda via|nog eens|nog een")
	halves = func() map[string]bool {
		m := map[string]bool{}
		for p := range repeated {
			_, word, _ := strings.Cut(p, " ")
			m[word] = true
		}
		return m
	}()
	quotes = setOf("quote quotes quotation estimate proposal offer pdf angebot kostenvoranschlag offerte devis " +
		"offre chiffrage presupuesto oferta cotización propuesta preventivo offerta " +
		"orçamento cotação proposta prijsopgave voorstel")
	// what is made once more is another one
	remade = setOf("make prepare draw machen mache macht erstellen erstelle faire faites établir établissez " +
		"hacer hacerme haga fare farmi farci fate fazer faça façam maken maak maakt opstellen")
)

// pairsOf is the set of the pairs of words in list, between bars, folded.
func pairsOf(list string) map[string]bool {
	m := map[string]bool{}
	for _, p := range strings.Split(list, "|") {
		m[fold(p)] = true
	}
	return m
}
