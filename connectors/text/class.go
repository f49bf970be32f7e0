package text

import (
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// class decides what sort of message it is. Headers say it best; most CRMs give none, so subject and body must do alone. Neither the
// subject nor a phrase makes a machine of somebody who asks, agrees or speaks of the purchase: in doubt a person wrote it.
func (m *message) class() crm.Class {
	h := readHeaders(m.in.Header)
	if h.report != crm.Human {
		return m.reported(h.report)
	}
	if m.button() {
		return crm.Human
	}
	named, daemon := m.subject.class(), isDaemon(m.in.From)
	if named == crm.Receipt && m.cue(cueReceived) && m.cue(cueMachine) {
		named = crm.AutoReply // of a desk that calls its acknowledgement a receipt
	}
	if !h.auto && !daemon && !h.calendar && m.speaks() {
		return m.spoken(h)
	}
	switch {
	case daemon && named != crm.OutOfOffice && named != crm.AutoReply, named == crm.Bounce:
		return m.reported(crm.Bounce)
	case named == crm.Receipt && (m.body == "" || m.cue(cueRead) || m.units() <= 3):
		return crm.Receipt
	case h.calendar, named == crm.Calendar && (m.body == "" || m.cue(cueInvite)):
		return crm.Calendar
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

// spoken is the class of what no machine wrote as an answer: a person's, or one letter to many.
func (m *message) spoken(h headers) crm.Class {
	if h.oneClick || m.mass() {
		return crm.Bulk
	}
	return crm.Human
}

// button reports whether a person pressed the button of a mail program that leaves a list: Gmail writes such a mail for them.
func (m *message) button() bool {
	return m.in.Direction != crm.Out && m.subject.folded == "unsubscribe" && m.first+1 >= m.tailFrom && (m.body == "" || m.cue(cueMachine))
}

// absent reports whether it is a note of absence. Where nothing else says that a machine wrote it, the note has to say when it ends, or
// to sound like one.
func (m *message) absent(auto bool, named crm.Class) bool {
	away := m.cue(cueAbsent) || named == crm.OutOfOffice
	switch {
	case auto:
		return away || m.ahead()
	case away && (m.cue(cueMachine) || m.cue(cueFormula) && !m.asksBack()):
		return true
	}
	return m.in.Direction != crm.Out && (away && !m.hears(harmful) || m.cue(cueReturn) && !m.defers()) && m.ends() && !m.asksBack()
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

// ends reports whether somebody says until when, or from when on, and promises nothing but that: "I will get back to you on Monday" is no
// absence.
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
			if s.found.has(cueReturn) && !s.found.has(bit(crm.RefusesTime)) || s.found.has(cueThrough) || m.until(d.from, s.from) {
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
	return m.cue(cueReceived) && !answer && !m.asksBack() && (m.cue(cueTicket) || m.acknowledges())
}

// acknowledges reports whether the body says that a message came in, and little else.
func (m *message) acknowledges() bool {
	for i := m.first; i < m.tailFrom; i++ {
		s := &m.sentences[i]
		for k := s.from; k < s.to && s.found.has(cueReceived) && m.tailFrom-m.first <= 3; k++ {
			if m.marks[k]&traitLetter != 0 {
				return true
			}
		}
	}
	return false
}

// bounced reports whether the body reports a failure of delivery: of a message, and with its code, an address or a subject that agrees.
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
	return body && (subject || statusCode(m.body) || m.tailFrom-m.bodyFrom <= 2)
}

// statusCode reports whether s holds an enhanced status code of a failure, such as 5.1.1. Source: RFC 3463.
func statusCode(s string) bool {
	for i := 0; i+5 <= len(s); i++ {
		if (s[i] == '4' || s[i] == '5') && s[i+1] == '.' && digit(s[i+2]) && s[i+3] == '.' && digit(s[i+4]) && (i == 0 || !digit(s[i-1])) {
			return true
		}
	}
	return false
}

// speaks reports whether the body holds what only a person writes: a question of substance, a demand, an agreement, a time to meet, or a
// word of the purchase. What machines ask for ("please contact my colleague") is none of it.
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
const desk set = 1<<cueMachine | 1<<cueReceived | 1<<cueTicket | 1<<cueBounced | 1<<cueFooter | 1<<cueMass | 1<<cueRead | 1<<cueInvite

// personal reports whether c holds what only a person writes.
func (m *message) personal(c *clause) bool {
	s := &m.sentences[c.sentence]
	switch {
	case m.asked(c) && s.found&(1<<cueFooter|1<<cueMass) == 0:
		return true
	case c.found&desk != 0 || m.elsewhere(c):
		return false
	case c.found.has(bit(crm.Accepts)), c.found.has(bit(crm.ClearYes)) && c.found&(1<<cueGone|1<<cueAbsent|1<<cueReturn|1<<cueFormula) == 0:
		return true
	case c.found&set(crm.QuoteRequest|crm.QuoteAgain|crm.ChangeRequest|crm.Requests) != 0 && s.found&desk == 0:
		return true
	case c.found&set(crm.ProposesTime|crm.AcceptsTime) != 0 && c.found&(1<<cueReturn|1<<cueAbsent) == 0 && m.timed(c):
		return true
	case c.found.has(cueKeen), m.decides(c):
		return true
	case m.deals(c):
		return c.found&(1<<cueFormula|1<<cueAbsent|1<<cueReturn) == 0 || m.written(c)
	}
	return false
}

// elsewhere reports whether c says whom to turn to instead.
func (m *message) elsewhere(c *clause) bool {
	if c.found&(1<<cueRedirect|1<<cueFormula|set(crm.Refers|crm.Requests)) == 0 || m.deals(c) && !c.found.has(cueRedirect) {
		return false
	}
	me, digits := false, int32(0)
	for i := c.from; i < c.to; i++ {
		t, tk := m.marks[i], &m.tokens[i]
		if tk.kind == numberToken {
			digits += tk.end - tk.start
		}
		if tk.kind == addressToken || digits > 5 || t&traitOthers != 0 {
			return true
		}
		me = me || t&traitUs != 0
	}
	if m.urgent(c) {
		return true
	}
	return !me && c.found&(1<<cueRedirect|set(crm.Refers)) != 0 && m.cue(cueGone) // who left is not to be written to
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

// decides reports whether c tells of a decision to come.
func (m *message) decides(c *clause) bool {
	for i := c.from; i < c.to; i++ {
		if m.marks[i]&traitDecides != 0 {
			return true
		}
	}
	return false
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

// written reports whether the writer is the subject of c.
func (m *message) written(c *clause) bool {
	for i := c.from; i < c.to; i++ {
		if m.marks[i]&traitWe != 0 {
			return true
		}
	}
	return false
}

// reported tells a report of failure from one of success or delay, which voids nothing.
func (m *message) reported(c crm.Class) crm.Class {
	s := m.subject.folded
	for _, word := range []string{"(delay)", "delayed", "success", "relayed", "delivered:", "zugestellt:", "verzogert", "retard"} {
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
	for i := from; i < min(m.bodyFrom+early, m.tailFrom); i++ {
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

// asksBack reports whether the body asks something of substance, as no machine does.
func (m *message) asksBack() bool {
	for i := m.first; i < m.tailFrom; i++ {
		if s := &m.sentences[i]; s.question && s.counts.units() >= substance && !s.found.has(cueSmallTalk) {
			return true
		}
	}
	return false
}

// gone reports whether they left the company. A colleague who says so and goes on writing is a person.
func (m *message) gone(auto bool) bool {
	if !m.cue(cueGone) {
		return false
	}
	return auto || m.cue(cueMachine) || (m.cue(cueRedirect) || m.tailFrom-m.first <= 2 && !m.hears(harmful)) && !m.cue(cueHere) && !m.asksBack()
}

// mass reports mail that was sent to many, by its words. Of ours they prove nothing: CRMs put a way out below every letter that one person
// writes to another, and an answer taken for mass mail would leave us owing it. Nor is what stands in a conversation, with a reply's
// subject or quoted text, ever mass, nor theirs that asks, agrees or speaks of the purchase, whatever stands below it.
func (m *message) mass() bool {
	if m.in.Direction == crm.Out || m.subject.reply || m.quotes || m.speaks() {
		return false
	}
	for i := m.bodyFrom; i < len(m.sentences); i++ {
		if f := m.sentences[i].found; f.has(cueMass) || f.has(cueFooter) && i >= m.tailFrom {
			return true
		}
	}
	return false
}

// headers is what raw headers say of a message.
type headers struct {
	auto     bool // a machine answered
	nullPath bool // Return-Path: <>
	calendar bool
	oneClick bool      // sent to many: RFC 8058
	report   crm.Class // Human where it is no report
}

// readHeaders knows RFC 3834 (Auto-Submitted), RFC 3464 and 8098 (reports) and what vendors use beside them. Precedence: bulk
// or list and X-Auto-Response-Suppress prove nothing: people's mail through a shared address or Exchange carries them too.
func readHeaders(all map[string][]string) headers {
	var h headers
	for name, values := range all {
		if len(values) == 0 {
			continue
		}
		v := strings.ToLower(strings.TrimSpace(values[0]))
		switch strings.ToLower(name) {
		case "auto-submitted":
			word, _, _ := strings.Cut(v, ";")
			word, _, _ = strings.Cut(word, "(")
			h.auto = h.auto || strings.TrimSpace(word) != "no" && v != ""
		case "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from", "x-mail-autoreply":
			h.auto = h.auto || v != "no" && v != "false"
		case "precedence", "x-precedence":
			h.auto = h.auto || v == "auto_reply" || v == "auto-reply"
		case "return-path":
			h.nullPath = h.nullPath || strings.ReplaceAll(v, " ", "") == "<>"
		case "list-unsubscribe-post":
			h.oneClick = true
		case "content-type":
			kind, _, _ := strings.Cut(v, ";")
			kind = strings.TrimSpace(kind)
			switch {
			case kind == "multipart/report" && strings.Contains(v, "disposition-notification"):
				h.report = crm.Receipt
			case kind == "multipart/report":
				h.report = crm.Bounce
			case kind == "text/calendar":
				h.calendar = true
			}
		}
	}
	return h
}

// isDaemon reports whether a mail system itself wrote.
func isDaemon(from string) bool {
	local, _, _ := strings.Cut(strings.ToLower(from), "@")
	if i := strings.LastIndexAny(local, "<\" "); i >= 0 {
		local = local[i+1:]
	}
	return strings.HasPrefix(local, "mailer-daemon") || local == "postmaster" || strings.HasPrefix(local, "microsoftexchange") || local == "mail-daemon" ||
		strings.HasPrefix(local, "bounce+") || strings.HasPrefix(local, "bounces+")
}
