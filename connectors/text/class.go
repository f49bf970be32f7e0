package text

import (
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// class decides what sort of message it is. Headers say it best; most CRMs give none, so subject and body must do alone. A
// body alone needs two kinds of evidence, because people too write "I am out of the office until Monday".
func (m *message) class() crm.Class {
	h := readHeaders(m.in.Header)
	if h.report != crm.Human {
		return m.reported(h.report)
	}
	named := m.subject.class()
	daemon := isDaemon(m.in.From)
	switch {
	case daemon && named != crm.OutOfOffice && named != crm.AutoReply, named == crm.Bounce:
		return m.reported(crm.Bounce)
	case named == crm.Receipt && m.cue(cueReceived) && m.cue(cueMachine):
		return crm.AutoReply // of a desk that calls its acknowledgement a receipt
	case named == crm.Receipt && (m.body == "" || m.cue(cueRead) || m.units() <= 3):
		return crm.Receipt
	case h.calendar, named == crm.Calendar && (m.body == "" || m.cue(cueInvite)):
		return crm.Calendar
	}
	auto := h.auto || named == crm.AutoReply || named == crm.OutOfOffice
	if m.gone(auto) {
		return crm.Gone
	}
	absent := m.cue(cueAbsent) || named == crm.OutOfOffice
	switch {
	case auto && (absent || m.cue(cueReturn) && m.returns() != 0):
		return crm.OutOfOffice
	case auto:
		return crm.AutoReply
	case absent && (m.cue(cueMachine) || m.cue(cueFormula) && !m.asksBack()):
		return crm.OutOfOffice
	case m.cue(cueMachine), m.cue(cueReceived) && m.cue(cueTicket) && !m.asksBack():
		return crm.AutoReply
	case h.nullPath:
		return crm.Bounce
	case h.oneClick, m.mass():
		return crm.Bulk
	}
	return crm.Human
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
	return auto || m.cue(cueMachine) || m.cue(cueRedirect) && !m.cue(cueHere) && !m.asksBack()
}

// mass reports mail that was sent to many, by its words. Of ours they prove nothing: CRMs put a way out below every letter that one person
// writes to another, and an answer taken for mass mail would leave us owing it. Nor is what stands in a conversation, with a reply's
// subject or quoted text, ever mass.
func (m *message) mass() bool {
	if m.in.Direction == crm.Out || m.subject.reply || m.quotes {
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
