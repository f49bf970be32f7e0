package app

import (
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

// TestThread is the thinnest way through everything: one contact, one mail, one rating.
func TestThread(t *testing.T) {
	w := newWorld(t, hubspot.Options{})
	id := w.box.CreateContact(map[string]string{"email": "ada@example.com", "hs_timezone": "europe_slash_berlin"})
	w.box.Email([]string{id}, hubspot.Email{
		Incoming: true, Subject: "Price list", Text: "Hello, could you send me a quote for 20 seats? We decide next " +
			"week.",
	})
	w.settle()
	w.pass(time.Hour)
	w.want(id, "rating", "C")
	w.want(id, "status", "open")
	w.want(id, "ball", "us")
	if w.field(id, "owed_reply_since") == "" {
		t.Error("a question of theirs is open, but winnow_owed_reply_since is empty")
	}
	w.until("how long it took from the webhook to the write is told", func() bool {
		return w.metrics()[`winnow_webhook_to_write_seconds_count{source="hubspot"}`] > 0
	})
	w.measures(`winnow_owed_reply_overdue{source="hubspot"}`, 0)
	w.pass(7 * 24 * time.Hour)
	w.measures(`winnow_owed_reply_overdue{source="hubspot"}`, 1)
}

// TestOwnWritesAreNotReadAgain: what we write changes the contact, and the next poll lists it, but it is not fetched
// for that.
func TestOwnWritesAreNotReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{}, "WINNOW_POLL_INTERVAL=1h")
	id := w.contact("polled")
	w.settle()
	searches := func() int { return w.box.Calls()["POST /crm/objects/2026-09/contacts/search"] }
	reads := func() int { return w.box.Calls()["POST /crm/objects/2026-09/contacts/batch/read"] }
	polled := func() {
		t.Helper()
		n := searches()
		w.until("a poll", func() bool {
			w.now.Add(int64(time.Minute)) // the pace of searches goes by the clock too
			return searches() > n
		})
		w.settle()
	}
	polled()
	before, written := reads(), len(w.box.Writes())
	for range 5 {
		w.box.Email([]string{id}, hubspot.Email{Incoming: true, Subject: "Looms", Text: "What does a loom cost?"})
		w.settle()
		polled()
		w.box.Email([]string{id}, hubspot.Email{Subject: "Re: Looms", Text: "Ten thousand. How many would you need?"})
		w.settle()
		polled()
	}
	if n := len(w.box.Writes()) - written; n < 5 {
		t.Fatalf("%d writes: nothing was put to the test", n)
	}
	if n := reads() - before; n != 0 {
		t.Errorf("the contact was read %d times for our own writes", n)
	}
	w.now.Add(int64(time.Minute))
	w.box.Set("contacts", id, map[string]string{"hs_timezone": "america_slash_new_york"})
	w.until("a change that matters", func() bool {
		w.now.Add(int64(10 * time.Minute))
		return reads() > before
	})
}
