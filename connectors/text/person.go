package text

import "github.com/winnow-crm/winnow/connectors/crm"

// speaks reports whether the body holds what only a person writes: a question of substance, a demand, an agreement, a
// time to meet, or a word of the purchase. What machines ask for ("please contact my colleague") is none of it.
func (m *message) speaks() bool {
	if m.heard {
		return m.spoke
	}
	m.heard = true
	for k := range m.clauses {
		c := &m.clauses[k]
		if c.sentence < m.first || c.sentence >= m.tailFrom {
			continue
		}
		if m.personal(c) {
			m.spoke = true
			return true
		}
	}
	return false
}

// desk are the cues of sentences in which machines say where to turn and what was received.
const desk set = 1<<cueMachine | 1<<cueReceived | 1<<cueTicket | 1<<cueBounced | 1<<cueFooter | 1<<cueMass | 1<<cueRead |
	1<<cueInvite

// note are the cues of notes of absence and of those who left.
const note set = 1<<cueGone | 1<<cueAbsent | 1<<cueReturn | 1<<cueFormula

// asksUs is what somebody wants of us.
const asksUs = set(crm.QuoteRequest|crm.QuoteAgain|crm.ChangeRequest|crm.Requests) | 1<<cueMissing

// personal reports whether c holds what only a person writes.
func (m *message) personal(c *clause) bool {
	s := &m.sentences[c.sentence]
	switch {
	case m.asked(c) && s.found&(1<<cueFooter|1<<cueMass) == 0:
		return true
	case c.found&desk != 0 || m.elsewhere(c):
		return false
	case c.found.has(bit(crm.Accepts)), c.found.has(bit(crm.ClearYes)) && c.found&note == 0:
		return true
	case c.found&asksUs != 0 && s.found&desk == 0:
		return true
	case c.found&set(crm.ProposesTime|crm.AcceptsTime) != 0 && c.found&(1<<cueReturn|1<<cueAbsent) == 0 && m.timed(c):
		return true
	case c.found.has(cueKeen), c.all&traitDecides != 0, m.counting(c):
		return true
	case m.deals(c):
		return c.found&(1<<cueFormula|1<<cueAbsent|1<<cueReturn) == 0 || c.all&traitWe != 0
	}
	return false
}

// elsewhere reports whether c says whom to turn to instead. Address and number of whom it names may stand behind it.
func (m *message) elsewhere(c *clause) bool {
	const sends set = 1<<cueRedirect | 1<<cueFormula | set(crm.Refers|crm.Requests)
	if c.found&sends == 0 || m.deals(c) && !c.found.has(cueRedirect) {
		return false
	}
	me, digits := false, int32(0)
	for i := c.from; i < min(m.sentences[c.sentence].to, c.to+longClause); i++ {
		t, tk := m.marks[i], &m.tokens[i]
		if tk.kind == numberToken {
			digits += tk.end - tk.start
		}
		if tk.kind == addressToken || digits > 5 || i < c.to && t&traitOthers != 0 {
			return true
		}
		me = me || i < c.to && t&traitUs != 0
	}
	if m.urgent(c) {
		return true
	}
	return !me && c.found&(1<<cueRedirect|set(crm.Refers)) != 0 && m.unreachable()
}

// unreachable reports whether the writer left, or is away and the subject says that a machine answers: neither is to be
// written to.
func (m *message) unreachable() bool {
	named := m.subject.class()
	return m.cue(cueGone) || (named == crm.OutOfOffice || named == crm.AutoReply) && m.cue(cueAbsent)
}

// urgent reports whether c follows in its sentence on what notes of absence say: "in urgent cases, please call".
func (m *message) urgent(c *clause) bool {
	for k := range m.clauses {
		if d := &m.clauses[k]; d.sentence == c.sentence && d.from < c.from && d.found.has(cueFormula) {
			return true
		}
	}
	return false
}

// spans are words behind the number of a time within which desks answer.
var spans = setOf("hour hours business working minutes stunden werktage werktagen arbeitstagen minuten heures " +
	"horas minutos ore minuti lavorativi uur uren werkdagen h hrs uhr")

// counting reports whether c, in an answer, says how many of something: a number before a word, which is neither a time
// nor a part of where to call. No note of absence does.
func (m *message) counting(c *clause) bool {
	s := &m.sentences[c.sentence]
	if !m.subject.reply && !m.quotes || s.found&(desk|1<<cueRedirect) != 0 || c.found&note != 0 {
		return false
	}
	digits, many := int32(0), false
	for i := c.from; i < c.to; i++ {
		if m.tokens[i].kind != numberToken {
			continue
		}
		digits += m.tokens[i].end - m.tokens[i].start
		many = many || m.amount(i, c.to)
	}
	return many && digits <= 5
}

// timed reports whether c names a day or a time of day.
func (m *message) timed(c *clause) bool {
	for i := c.from; i < c.to; i++ {
		if m.tokens[i].when != 0 || m.tokens[i].e != 0 && m.tokens[i].e == m.words.clock {
			return true
		}
	}
	return false
}

// asksBack reports whether the body asks something of substance, as no machine does.
func (m *message) asksBack() bool {
	for i := m.first; i < m.tailFrom; i++ {
		if s := &m.sentences[i]; s.question && s.counts.units() >= substance && !s.found.has(cueSmallTalk) {
			return true
		}
	}
	return false
}
