package app

import (
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

// TestDeletedTask: a task of ours that nobody does makes the next move ours, and one that is deleted does so no more.
// HubSpot's event names the task alone.
func TestDeletedTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{Subscriptions: append(hubspot.DefaultSubscriptions(), hubspot.Subscription{
		// which goes with the task
		Type: "object.propertyChange", Object: "contacts", Property: "notes_next_activity_date",
	})})
	id, other := w.contact("task"), w.contact("other")
	w.box.Email([]string{id}, hubspot.Email{
		Subject: "Looms", Text: "How many looms do you have today? When could we talk?",
	})
	w.settle()
	task := w.box.Task([]string{id}, hubspot.Task{Subject: "call them", Due: w.clock().Add(2 * day)})
	theirs := w.box.Task([]string{other}, hubspot.Task{Subject: "call them", Due: w.clock().Add(2 * day)})
	w.pass(4 * day)
	w.want(id, "ball", "us")
	w.want(other, "ball", "us")
	w.box.Remove("tasks", task)
	w.settle()
	w.pass(time.Hour)
	w.want(id, "ball", "them")
	w.want(other, "ball", "us")
	if n := w.explain(id).Facts["task"]; n != 0 {
		t.Errorf("%d tasks are known still", n)
	}
	// Put back, it is ours again, and restarts do not matter.
	w.restart()
	w.now.Add(int64(time.Second))
	if !w.box.PutBack("tasks", task) {
		t.Fatal("not put back")
	}
	w.settle()
	w.pass(time.Hour)
	w.want(id, "ball", "us")
	w.now.Add(int64(time.Second))
	w.box.Disassociate(hubspot.Ref{Kind: "tasks", ID: theirs}, hubspot.Ref{Kind: "contacts", ID: other})
	w.box.Associate(hubspot.Ref{Kind: "tasks", ID: theirs}, hubspot.Ref{Kind: "contacts", ID: id})
	w.settle()
	w.pass(time.Hour)
	w.want(other, "ball", "none")
	if n := w.explain(id).Facts["task"]; n != 2 {
		t.Errorf("%d tasks are known of the contact that has two", n)
	}
}

// TestDeletedMail: a mail of theirs that is deleted awaits no answer any more, for the contact itself and for the
// others of its deal. No webhook tells of it: the poll finds it in the recycle bin.
func TestDeletedMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{Subscriptions: hubspot.ContactSubscriptions()}, "WINNOW_POLL_INTERVAL=1h")
	a, b := w.contact("a"), w.contact("b")
	deal := w.box.Deal([]string{a, b}, hubspot.Deal{Name: "Looms"})
	w.settle()
	w.box.Email([]string{b}, hubspot.Email{
		Subject: "Looms", Text: "How many looms do you have today? When could we talk?",
	})
	w.now.Add(int64(time.Hour))
	w.settle()
	mail := w.box.Email([]string{a}, hubspot.Email{
		Incoming: true, Subject: "Price", Text: "What does a loom cost?", Deals: []string{deal},
	})
	note := w.box.Note([]string{a}, "they have many looms")
	w.pass(day)
	w.until("a question of theirs, which is an answer for the colleague too", func() bool {
		return w.field(a, "ball") == "us" && w.field(b, "ball") == "none" && w.explain(a).Facts["note"] == 1
	})
	w.box.Remove("emails", mail)
	w.box.Remove("notes", note)
	w.pass(2 * day)
	w.until("the mail is as if it had never been", func() bool {
		return w.field(a, "ball") == "none" && w.field(b, "ball") == "them"
	})
	w.until("the note too", func() bool { return w.explain(a).Facts["note"] == 0 })
	if facts := w.explain(a).Facts; facts["message"]+facts["note"] != 0 {
		t.Errorf("of what was deleted is known still: %v", facts)
	}
}
