package text

import (
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// class decides what sort of message it is. Headers say it best; most CRMs give none, so subject and body must do
// alone. Neither the subject nor a phrase makes a machine of somebody who asks, agrees or speaks of the purchase: in
// doubt a person wrote it.
func (m *message) class() crm.Class {
	h := readHeaders(m.in.Header)
	switch {
	case h.report != crm.Human:
		return m.reported(h.report)
	case m.button():
		return crm.Human
	}
	named, daemon := m.named(), isDaemon(m.in.From)
	if !h.auto && !daemon && !h.calendar && (h.person || m.speaks()) {
		return m.spoken(h)
	}
	if c := m.notified(named, daemon, h.calendar); c != crm.Human {
		return c
	}
	auto := h.auto || named == crm.AutoReply || named == crm.OutOfOffice
	switch {
	case m.gone(auto):
		return crm.Gone
	case m.absent(auto, named):
		return crm.OutOfOffice
	case auto, m.automatic():
		return crm.AutoReply
	case m.bounced(), h.nullPath:
		return crm.Bounce
	}
	return m.spoken(h)
}

// named is what the subject says. A desk may call its acknowledgement a receipt.
func (m *message) named() crm.Class {
	c := m.subject.class()
	if c == crm.Receipt && m.cue(cueReceived) && m.cue(cueMachine) {
		return crm.AutoReply
	}
	return c
}

// notified is the class of what mail systems and calendars send, Human where it is none of that.
func (m *message) notified(named crm.Class, daemon, calendar bool) crm.Class {
	switch {
	case daemon && named != crm.OutOfOffice && named != crm.AutoReply, named == crm.Bounce:
		return m.reported(crm.Bounce)
	case named == crm.Receipt && (m.body == "" || m.cue(cueRead) || m.units() <= 3):
		return crm.Receipt
	case calendar, named == crm.Calendar && (m.body == "" || m.cue(cueInvite)):
		return crm.Calendar
	}
	return crm.Human
}

// spoken is the class of what no machine wrote as an answer: a person's, or one letter to many.
func (m *message) spoken(h headers) crm.Class {
	if h.oneClick || m.mass() {
		return crm.Bulk
	}
	return crm.Human
}

// button reports whether a person pressed the button of a mail program that leaves a list: Gmail writes such a mail
// for them.
func (m *message) button() bool {
	if m.in.Direction == crm.Out || m.subject.folded != "unsubscribe" {
		return false
	}
	return m.first+1 >= m.tailFrom && (m.body == "" || m.cue(cueMachine))
}

// absent reports whether it is a note of absence. Where nothing else says that a machine wrote it, the note has to say
// when it ends, or to sound like one.
func (m *message) absent(auto bool, named crm.Class) bool {
	away := m.cue(cueAbsent) || named == crm.OutOfOffice
	switch {
	case auto:
		return away || m.ahead()
	case away && m.cue(cueMachine):
		return true
	case m.asksBack() || !m.explained():
		return false
	}
	return away && m.cue(cueFormula) && !m.hears(harmful) || m.leaves(away) && m.ends()
}

// leaves reports whether they are away, or say when they will be back, and put nothing off by it. In an answer "from
// Thursday" alone is a time that suits them.
func (m *message) leaves(away bool) bool {
	switch {
	case m.in.Direction == crm.Out:
		return false
	case m.cue(cueReturn):
		return away || !m.subject.reply && !m.quotes && !m.defers()
	}
	return away && !m.hears(harmful)
}

// meets reports whether c tells when they can be met rather than when they are back: an appointment has a time of day,
// and the end of an absence has none.
func (m *message) meets(c *clause) bool {
	if c.found&(note|desk) != 1<<cueReturn {
		return false
	}
	return c.found.has(bit(crm.ProposesTime)) || slices.ContainsFunc(m.tokens[c.from:c.to], func(t token) bool {
		return t.e != 0 && t.e == m.words.clock
	})
}

// explained reports whether everything in the body is what notes of absence and desks say. Without a header or a
// subject that names a machine the whole body has to agree: "I am away until Friday, but the plan is fine" is an
// answer.
func (m *message) explained() bool {
	for k := range m.clauses {
		c := &m.clauses[k]
		if c.sentence >= m.first && c.sentence < m.tailFrom && !m.noted(c) {
			return false
		}
	}
	return true
}

// noted reports whether c is what such notes say, belongs to a sentence of theirs, or says nothing of its own.
func (m *message) noted(c *clause) bool {
	const turns = desk | polite | 1<<cueFormula | 1<<cueRedirect | set(crm.Refers)
	const theirs = desk | note | 1<<cueRedirect | 1<<cueThrough | 1<<cuePromise | set(crm.Promises|crm.Refers)
	switch {
	case c.found&(ourFault|set(crm.ClearYes|crm.ClearNo)) != 0, m.meets(c):
		return false
	case c.found&turns == 0 && m.wishes(c): // no machine needs a thing
		return false
	case c.found&theirs != 0:
		return m.strangers(c, theirs) <= noteRest
	case c.found&polite != 0:
		return m.courtesy(c) || m.strangers(c, polite) <= shortRest
	case c.all&traitLetter != 0 && c.all&traitShall != 0: // "I will see to your message then"
		return true
	case m.marks[c.from]&traitContrast != 0: // "but forty is right"
		return false
	case m.sentences[c.sentence].found&theirs != 0:
		return c.all&traitWe == 0 || m.strangers(c, theirs) <= ownRest
	}
	return m.bare(c)
}

// ownRest is how many words of its own a clause about the writer may hold that says nothing of an absence: "I am away,
// and I carry on with the project" is a person's.
const ownRest = 1

// bare reports whether c says nothing of its own, but of a time or a name.
func (m *message) bare(c *clause) bool {
	for i := c.from; i < c.to; i++ {
		if m.own(i, m.marks[i], traitLight|traitWe|traitPlease) && !m.name(i) {
			return false
		}
	}
	return true
}

// noteRest is how many words of its own a clause of a note may hold beside what such notes say.
const noteRest = 6

// strangers counts the words of c that stand neither in a phrase for one of all nor say nothing of their own.
func (m *message) strangers(c *clause, all set) int {
	n := 0
	for i := c.from; i < c.to; i++ {
		const idle = traitLight | traitWe | traitPlease | traitOthers | traitLetter | traitContact | traitUntil |
			traitMails
		if m.own(i, m.marks[i], idle) && !m.name(i) && m.held[i]&all == 0 {
			n++
		}
	}
	return n
}

// hears reports whether any sentence of the body was found to show one of the intents in all.
func (m *message) hears(all crm.Intents) bool {
	for i := m.first; i < m.tailFrom; i++ {
		if m.sentences[i].found&set(all) != 0 {
			return true
		}
	}
	return false
}

// defers reports whether the body puts us off or asks us to come back, rather than telling of an absence.
func (m *message) defers() bool {
	for k := range m.clauses {
		c := &m.clauses[k]
		if c.sentence < m.first || c.sentence >= m.tailFrom {
			continue
		}
		if c.found&(set(harmful|crm.DefersTime|crm.Promises|crm.Requests)|1<<cuePromise) != 0 || m.later(c) {
			return true
		}
	}
	return false
}

// ends reports whether somebody says until when, or from when on, and promises nothing but that: "I will get back to
// you on Monday" is no absence.
func (m *message) ends() bool {
	if m.returns() == 0 {
		return false
	}
	for i := m.first; i < m.tailFrom; i++ {
		s := &m.sentences[i]
		if s.found&(1<<cuePromise|set(crm.DefersTime|crm.Promises)) != 0 {
			continue
		}
		for _, d := range m.dates(m.calendar, s.from, s.to) {
			if s.found.has(cueThrough) || m.until(d.from, s.from) {
				return true
			}
		}
		if s.found.has(cueReturn) && !s.found.has(bit(crm.RefusesTime)) {
			return true
		}
	}
	return false
}

// until reports whether "until" stands shortly before token i, from token from on.
func (m *message) until(i, from int) bool {
	for k := max(from, i-3); k < i; k++ {
		if m.marks[k]&traitUntil != 0 {
			return true
		}
	}
	return false
}

// ahead reports whether the note names a day on which the absence ends, or any day to come.
func (m *message) ahead() bool {
	if m.returns() != 0 {
		return true
	}
	for i := m.first; i < m.tailFrom; i++ {
		s := &m.sentences[i]
		for _, d := range m.dates(m.calendar, s.from, s.to) {
			if d.last.After(m.calendar.today) {
				return true
			}
		}
	}
	return false
}

// automatic reports whether the body calls itself a machine's, or acknowledges what was sent as a desk does.
func (m *message) automatic() bool {
	if m.cue(cueMachine) {
		return true
	}
	answer := m.subject.reply || m.quotes
	return m.cue(cueReceived) && !answer && !m.asksBack() && m.acknowledges() && m.explained()
}

// acknowledges reports whether the body says that a message came in, and nothing but what desks say beside it.
func (m *message) acknowledges() bool {
	const said set = desk | polite | 1<<cueFormula | 1<<cueRedirect | 1<<cuePromise | set(crm.Promises|crm.DefersTime)
	letter := false
	for i := m.first; i < m.tailFrom; i++ {
		s := &m.sentences[i]
		if s.found&said == 0 {
			return false
		}
		for k := s.from; k < s.to && s.found.has(cueReceived); k++ {
			letter = letter || m.marks[k]&traitLetter != 0
		}
	}
	return (letter || m.cue(cueTicket)) && m.tailFrom-m.first <= 6
}

// bounced reports whether the body reports a failure of delivery: with its code, or of a message, and of nothing else
// that is delivered, with a subject that agrees.
func (m *message) bounced() bool {
	if m.in.Direction == crm.Out || m.subject.reply || m.quotes {
		return false
	}
	body, subject := false, false
	for i := range m.sentences[:m.tailFrom] {
		if m.sentences[i].found.has(cueBounced) {
			body, subject = body || i >= m.bodyFrom, subject || i < m.bodyFrom
		}
	}
	return body && (statusCode(m.body) || (subject || m.tailFrom-m.bodyFrom <= 2) && m.mailed())
}

// mailed reports whether a sentence that tells of a failure of delivery speaks of a message, or of who was to get it.
func (m *message) mailed() bool {
	for n := range m.sentences[:m.tailFrom] {
		s := &m.sentences[n]
		if m.span(s.from, s.to, m.lang)&(traitPlease|traitDeal) != 0 {
			continue // somebody asks for something, or speaks of an order
		}
		for i := s.from; i < s.to && s.found.has(cueBounced); i++ {
			if m.tokens[i].kind == addressToken || m.among(i, posted) {
				return true
			}
		}
	}
	return false
}

var posted = setOf("message messages mail mails email emails mailbox inbox recipient recipients address addresses " +
	"user domain host nachricht nachrichten empfänger empfängern empfängers postfach adresse adressen benutzer konto " +
	"courriel courriels destinataire destinataires boîte utilisateur mensaje mensajes correo correos destinatario " +
	"destinatarios buzón dirección usuario messaggio messaggi destinatari casella indirizzo utente posta mensagem " +
	"mensagens destinatário destinatários caixa endereço usuário utilizador bericht berichten ontvanger ontvangers " +
	"mailadres adres gebruiker postvak")

// statusCode reports whether s holds an enhanced status code of a failure, such as 5.1.1. Source: RFC 3463.
func statusCode(s string) bool {
	for i := 0; i+5 <= len(s); i++ {
		if i > 0 && digit(s[i-1]) || s[i] != '4' && s[i] != '5' {
			continue
		}
		if s[i+1] == '.' && digit(s[i+2]) && s[i+3] == '.' && digit(s[i+4]) {
			return true
		}
	}
	return false
}

// reported tells a report of failure from one of success or delay, which voids nothing.
func (m *message) reported(c crm.Class) crm.Class {
	s := m.subject.folded
	for _, word := range []string{
		"(delay)", "delayed", "success", "relayed", "delivered:", "zugestellt:", "verzogert", "retard",
	} {
		if strings.Contains(s, word) && !strings.Contains(s, "undelivered") {
			return crm.Receipt
		}
	}
	return c
}

// early is how many sentences may pass before what says that nobody wrote this. Notes of absence say so at once.
const early = 10

// cue reports whether one of the first sentences, the subject of a new message among them, has the cue.
func (m *message) cue(f feature) bool {
	from := m.bodyFrom
	if !m.subject.reply && !m.subject.forward {
		from = 0
	}
	to := min(m.bodyFrom+early, m.tailFrom)
	if note.has(f) {
		to = min(to, m.closed())
	}
	for i := from; i < to; i++ {
		if m.sentences[i].found.has(f) {
			return true
		}
	}
	// What machines add may have been taken for a signature or a footer.
	if f == cueMachine || f == cueFormula || f == cueInvite || f == cueRead || f == cueTicket {
		for i := m.tailFrom; i < min(m.tailFrom+early, len(m.sentences)); i++ {
			if m.sentences[i].found.has(f) {
				return true
			}
		}
	}
	return false
}

// closed is the sentence that closes the letter, where something stands above it: what a firm puts below its letters
// says nothing of who wrote this one.
func (m *message) closed() int {
	if m.closing == 0 {
		m.closing = m.closedAt()
	}
	return m.closing
}

func (m *message) closedAt() int {
	for i := m.first + 1; i < m.tailFrom; i++ {
		s := &m.sentences[i]
		if s.to-s.from <= longName && closing(m.text[m.tokens[s.from].start:m.tokens[s.to-1].end]) != notClosing {
			return i
		}
	}
	return m.tailFrom
}

// longName is how many words a closing formula and a name have at most.
const longName = 6

// gone reports whether they left the company. A colleague who says so and goes on writing is a person.
func (m *message) gone(auto bool) bool {
	if !m.cue(cueGone) {
		return false
	}
	alone := m.tailFrom-m.first <= 2 && !m.hears(harmful) && !m.anothers()
	if auto || m.cue(cueMachine) {
		return true
	}
	return (m.cue(cueRedirect) || alone) && !m.cue(cueHere) && !m.asksBack() && !m.succeeds() && m.explained()
}

// succeeds reports whether somebody speaks of themselves beside who left, or of the purchase: "Mr Moss retired, I do
// the buying now", "the address on the invoice is no longer valid".
func (m *message) succeeds() bool {
	writer, self := false, false
	for k := range m.clauses {
		c := &m.clauses[k]
		if c.sentence < m.first || c.sentence >= m.tailFrom {
			continue
		}
		gone := c.found.has(cueGone)
		if gone && c.all&traitDeal != 0 {
			return true
		}
		if m.says(c.from, c.to, oneself) {
			writer, self = writer || gone, self || !gone
		}
	}
	return self && !writer
}

// anothers reports whether it is somebody of theirs who left, and no colleague whose letters one answers: "our
// bookkeeper retired in June".
func (m *message) anothers() bool {
	for n := m.first; n < m.tailFrom; n++ {
		s := &m.sentences[n]
		for i := s.from; i+1 < s.to && s.found.has(cueGone); i++ {
			if m.marks[i]&traitMine != 0 && m.marks[i+1]&^apart == 0 && !m.held[i+1].has(cueGone) && !m.dating(i+1) {
				return true
			}
		}
	}
	return false
}

// mass reports mail that was sent to many, by its words. Of ours they prove nothing: CRMs put a way out below every
// letter that one person writes to another, and an answer taken for mass mail would leave us owing it. Nor is what
// stands in a conversation, with a reply's subject or quoted text, ever mass, nor theirs that asks, agrees or speaks
// of the purchase, whatever stands below it.
func (m *message) mass() bool {
	if m.in.Direction == crm.Out || m.subject.reply || m.subject.forward || m.quotes {
		return false
	}
	if m.framed() {
		return true
	}
	if m.speaks() {
		return false
	}
	for i := m.bodyFrom; i < len(m.sentences); i++ {
		f, below := m.sentences[i].found, i >= m.tailFrom
		if f.has(cueMass) || f.has(cueFooter) && below && (m.units() >= longLetter || m.sheet()) {
			return true
		}
	}
	return false
}

// framed reports whether the body begins with where else it can be read, and offers a way out below, and nobody speaks
// of themselves: such mail asks for no answer, whatever it asks.
func (m *message) framed() bool {
	if m.bodyFrom >= m.tailFrom || !m.sentences[m.bodyFrom].found.has(cueMass) {
		return false
	}
	for i := m.sentences[m.bodyFrom].from; i < m.sentences[m.tailFrom-1].to; i++ {
		if m.among(i, oneself) {
			return false
		}
	}
	return slices.ContainsFunc(m.sentences[m.bodyFrom+1:], func(s sentence) bool { return s.found.has(cueFooter) })
}

var oneself = setOf("i i'm i'd i've my me ich mich mir j' m' moi yo io eu ik mij mijn")

// longLetter is the length in units from which a footer makes mass mail of a text: below a shorter one it belongs to a
// person's signature.
const longLetter = 40

// sheet reports whether the sender's address is that of a newsletter.
func (m *message) sheet() bool {
	local, _, _ := strings.Cut(strings.ToLower(m.in.From), "@")
	local = local[strings.LastIndexAny(local, "<\" ")+1:]
	return sheets[local]
}

var sheets = setOf("news newsletter newsletters offers offer marketing promo promotions deals mailing noreply " +
	"no-reply donotreply updates")

// isDaemon reports whether a mail system itself wrote.
func isDaemon(from string) bool {
	local, _, _ := strings.Cut(strings.ToLower(from), "@")
	if i := strings.LastIndexAny(local, "<\" "); i >= 0 {
		local = local[i+1:]
	}
	return strings.HasPrefix(local, "mailer-daemon") || local == "postmaster" ||
		strings.HasPrefix(local, "microsoftexchange") || local == "mail-daemon" ||
		strings.HasPrefix(local, "bounce+") || strings.HasPrefix(local, "bounces+")
}
