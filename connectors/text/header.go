package text

import (
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// telling are the raw headers that are looked at.
var telling = map[string]bool{
	"auto-submitted": true, "x-autoreply": true, "x-autorespond": true, "x-autoresponder": true,
	"x-auto-reply-from": true, "x-mail-autoreply": true,
	"precedence": true, "x-precedence": true, "return-path": true, "list-unsubscribe-post": true, "content-type": true,
	"x-failed-recipients": true,
}

// Telling reports whether a raw header says anything about who or what sent a message: of the others a connector need
// keep none.
func Telling(name string) bool { return telling[strings.ToLower(name)] }

// headers is what raw headers say of a message.
type headers struct {
	auto     bool // a machine answered
	person   bool // it says that a person wrote
	nullPath bool // Return-Path: <>
	calendar bool
	oneClick bool      // sent to many: RFC 8058
	report   crm.Class // Human where it is no report
}

// readHeaders knows RFC 3834 (Auto-Submitted), RFC 3464 and 8098 (reports) and what vendors use beside them.
// Precedence: bulk or list and X-Auto-Response-Suppress prove nothing: people's mail through a shared address or
// Exchange carries them too.
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
			word = strings.TrimSpace(word)
			h.auto, h.person = h.auto || word != "no" && v != "", word == "no"
		case "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from", "x-mail-autoreply":
			h.auto = h.auto || v != "no" && v != "false"
		case "precedence", "x-precedence":
			h.auto = h.auto || v == "auto_reply" || v == "auto-reply"
		case "return-path":
			h.nullPath = h.nullPath || strings.ReplaceAll(v, " ", "") == "<>"
		case "x-failed-recipients": // of Exim and Gmail
			if v != "" {
				h.report = crm.Bounce
			}
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
