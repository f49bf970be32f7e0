package app

import (
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/sandbox"
)

// TestThread is the thinnest way through everything: one contact, one mail, one rating.
func TestThread(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	id := w.box.CreateContact(map[string]string{"email": "ada@example.com", "hs_timezone": "europe_slash_berlin"})
	w.box.Email([]string{id}, sandbox.Email{Incoming: true, Subject: "Price list", Text: "Hello, could you send me a quote for 20 seats? We decide next week."})
	w.settle()
	w.pass(time.Hour)
	w.want(id, "rating", "C")
	w.want(id, "status", "open")
	w.want(id, "ball", "us")
	if w.field(id, "owed_reply_since") == "" {
		t.Error("a question of theirs is open, but winnow_owed_reply_since is empty")
	}
	if _, metrics := w.admin("/metrics"); !strings.Contains(metrics, `winnow_owed_reply_overdue{source="hubspot"} 0`) {
		t.Error("an hour after the question the answer counts as overdue, or is not counted")
	}
	w.pass(7 * 24 * time.Hour)
	if _, metrics := w.admin("/metrics"); !strings.Contains(metrics, `winnow_owed_reply_overdue{source="hubspot"} 1`) {
		t.Error("a week after the question no answer counts as overdue")
	}
}
