package status

import (
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/words"
)

// Spared is what keeps the rules from deciding anything against the contact, "" where nothing does.
func (h *Judge) Spared() string {
	if v := h.P.Override; v != "" && (h.P.OverrideUntil == 0 || h.Now < h.P.OverrideUntil) {
		return "a human has set the override " + v
	}
	switch sp, paused := h.Paused(); {
	case h.P.Customer:
		return "is a customer: customers are rated, never let go"
	case h.Won():
		return "has bought from us: a deal is won"
	case h.Ball == crm.Us && h.Owes:
		return "the next move is ours"
	case paused && sp.Until < calendar.Never:
		return "clocks stand still until " + words.Date(h.ourDay(sp.Until)) + ": " + sp.Why
	case paused:
		return "clocks stand still: " + sp.Why
	}
	return ""
}

// Quota is how long a silence may last at the contact's stage, and for this contact.
func (h *Judge) Quota() (time.Duration, string) {
	switch {
	case h.Late:
		return patient(h, h.S.QuotaLate), "late"
	case h.Met && h.Quoted: // both steps are taken, and what is left is to decide, as in a late stage
		return patient(h, max(h.S.QuotaAfter, h.S.QuotaLate)), "after"
	case h.Met || h.Quoted:
		return patient(h, h.S.QuotaAfter), "after"
	}
	return patient(h, h.S.QuotaEarly), "early"
}

// stretch is by how much a silence of theirs that came to an end can lengthen a quota.
const stretch = 30 * calendar.Days

// patient is a quota, stretched for somebody who has ended a longer silence with an answer.
func patient(h *Judge, quota time.Duration) time.Duration {
	if !h.looked {
		h.longest, h.looked = longest(h), true
	}
	return max(quota, min(h.longest, quota+stretch))
}

// longest is the longest silence that they ended with an answer.
func longest(h *Judge) (d time.Duration) {
	for i := range h.Turns {
		t := &h.Turns[i]
		if !h.Answered(i) || t.Ask.At < max(h.Anew, h.From) {
			continue
		}
		reply := &h.Turns[i+1]
		if waited := time.Duration(reply.First.At-t.Ask.At) * time.Millisecond; waited > d && tells(h, reply, t) {
			d = waited
		}
	}
	return d
}

// tells reports whether a reply to a question of ours says something, or is a talk.
func tells(h *Judge, reply, t *history.Turn) bool {
	return reply.Dir == 0 || reply.Dir == crm.In && history.Tells(reply) && !h.IsShort(reply, t)
}

// How much longer a silence may last where we wrote far more often than counts: we wait longer for somebody whom we may
// have driven away, and longest after the first meeting or quote, where the quotas are shorter.
const (
	pursuitEarly = 7 * calendar.Days
	pursuitAfter = 14 * calendar.Days
)

// Respite is what is added to a quota because we wrote far more often than counts.
func Respite(h *Judge) time.Duration {
	switch {
	case h.Beyond() < h.S.Attempts:
		return 0
	case h.Met || h.Quoted || h.Late:
		return pursuitAfter
	}
	return pursuitEarly
}

// SilentUntil is when a silence has reached its quota and our last attempt that counts has rested.
func (h *Judge) SilentUntil(quota time.Duration, last crm.Millis) crm.Millis {
	end := max(calendar.Ends(h.Pauses, h.Start.At, calendar.Millis(quota)), h.rested(last))
	if end == calendar.Never {
		return end
	}
	return end + calendar.Millis(Respite(h))
}
