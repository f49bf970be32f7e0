package text

import "testing"

// What connectors hand over is what is read here: one list, by the values that make a difference.
func TestTelling(t *testing.T) {
	for name, value := range map[string]string{
		"Auto-Submitted": "auto-replied", "X-Autoreply": "yes", "X-Autorespond": "yes", "X-Autoresponder": "yes",
		"X-Auto-Reply-From": "a",
		"X-Mail-Autoreply":  "yes", "Precedence": "auto_reply", "X-Precedence": "auto_reply", "Return-Path": "<>",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Content-Type": "multipart/report",
		"X-Failed-Recipients": "x@example.org",
	} {
		if readHeaders(map[string][]string{name: {value}}) == (headers{}) {
			t.Errorf("%s says nothing, but is kept", name)
		}
		if !Telling(name) {
			t.Errorf("%s is read, but not kept", name)
		}
	}
	if Telling("X-Mailer") || Telling("List-Id") {
		t.Error("headers are kept that nobody reads")
	}
}
