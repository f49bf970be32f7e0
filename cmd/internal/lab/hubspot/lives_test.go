package hubspot_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

func TestMergeMakesANewRecord(t *testing.T) {
	for _, keep := range []bool{false, true} {
		s := start(t, hubspot.Options{KeepPrimary: keep, Winnow: true})
		a := s.CreateContact(map[string]string{"email": "ada@looms.example", "phone": "1"})
		b := s.CreateContact(map[string]string{"email": "ada@mills.example", "company": "Mills"})
		mail := s.Email([]string{b}, hubspot.Email{Text: "Hello"})
		s.Email([]string{a, b}, hubspot.Email{Text: "Hello both"})
		s.Events()
		r := call(t, s, "POST", objects+"/contacts/merge", obj{"primaryObjectId": a, "objectIdToMerge": b}, 200)
		winner := r.at("id").(string)
		if (winner == a) != keep {
			t.Errorf("KeepPrimary %v: %s and %s became %s", keep, a, b, winner)
		}
		for _, old := range []string{a, b} {
			r = call(t, s, "GET", objects+"/contacts/"+old+"?properties=email,company,phone", nil, 200)
			want(t, r, winner, "id")
			want(t, r, "ada@looms.example", "properties", "email")
			want(t, r, "Mills", "properties", "company")
		}
		r = call(t, s, "POST", "/crm/associations/2026-09/emails/contacts/batch/read", obj{"inputs": inputs(mail)}, 200)
		want(t, r, winner, "results", 0, "to", 0, "toObjectId")
		r = call(t, s, "POST", "/crm/associations/2026-09/contacts/emails/batch/read", obj{"inputs": inputs(winner)},
			200)
		if n := r.len("results", 0, "to"); n != 2 {
			t.Errorf("the merged contact has %d mails, want 2", n)
		}
		r = call(t, s, "GET", objects+"/contacts", nil, 200)
		if r.len("results") != 1 {
			t.Errorf("after a merge there are %d contacts", r.len("results"))
		}
		events := decode(t, s.Events())
		e := only(t, events, "object.merge")
		if say(e["primaryObjectId"], e["newObjectId"], e["mergedObjectIds"]) != say(a, winner, "["+b+"]") {
			t.Errorf("the event says %v", e)
		}
	}
}

func TestDeleteRestoreAndPrivacyDelete(t *testing.T) {
	s := start(t, hubspot.Options{})
	id := s.CreateContact(map[string]string{"email": "ada@looms.example"})
	call(t, s, "DELETE", objects+"/contacts/"+id, nil, 204)
	call(t, s, "GET", objects+"/contacts/"+id, nil, 404)
	call(t, s, "GET", objects+"/contacts/"+id+"?archived=true", nil, 200)
	if !s.Restore(id) {
		t.Fatal("the contact was not in the bin")
	}
	call(t, s, "GET", objects+"/contacts/"+id, nil, 200)
	s.Events()
	call(t, s, "POST", objects+"/contacts/gdpr-delete", obj{"objectId": id}, 204)
	call(t, s, "GET", objects+"/contacts/"+id+"?archived=true", nil, 404)
	events := decode(t, s.Events())
	only(t, events, "contact.privacyDeletion")
	only(t, events, "object.deletion")
	if s.Restore(id) {
		t.Error("an erased contact came back")
	}
}

// What was deleted is found in the recycle bin alone, without its associations, and contacts no longer show it as their
// next activity.
func TestRecycleBin(t *testing.T) {
	s := start(t, hubspot.Options{})
	contact := s.CreateContact(map[string]string{"email": "ada@looms.example"})
	task := s.Task([]string{contact}, hubspot.Task{Subject: "call", Due: s.Now().Add(48 * time.Hour)})
	stays := s.Task([]string{contact}, hubspot.Task{Subject: "write", Due: s.Now().Add(72 * time.Hour)})
	next := func() string { r, _ := s.Contact(contact); return r.Properties["notes_next_activity_date"] }
	first := next()
	s.Remove("tasks", task)
	if next() == first || next() == "" {
		t.Errorf("next activity %q, was %q: want that of the other task", next(), first)
	}
	both := obj{"inputs": inputs(task, stays), "properties": []string{"hs_task_subject"}}
	r := call(t, s, "POST", objects+"/tasks/batch/read", both, 207)
	want(t, r, stays, "results", 0, "id")
	r = call(t, s, "POST", objects+"/tasks/batch/read?archived=true", both, 207)
	want(t, r, task, "results", 0, "id")
	if r.len("results") != 1 || r.at("results", 0, "archivedAt") == "" || r.at("results", 0, "archived") != true {
		t.Errorf("recycle bin: %s", r.raw)
	}
	call(t, s, "POST", "/crm/associations/2026-09/tasks/contacts/batch/read", obj{"inputs": inputs(task)}, 207)
	r = call(t, s, "GET", objects+"/tasks?archived=true", nil, 200)
	want(t, r, task, "results", 0, "id")
	s.Events()
	if !s.PutBack("tasks", task) || next() != first {
		t.Errorf("put back: next activity %q, want %q", next(), first)
	}
	if s.PutBack("tasks", task) {
		t.Error("put back twice")
	}
	only(t, decode(t, s.Events()), "object.restore")
}

func TestCreates(t *testing.T) {
	s := start(t, hubspot.Options{})
	id := s.CreateContact(map[string]string{"email": "ada@looms.example"})
	call(t, s, "POST", objects+"/contacts", obj{"properties": obj{"email": "ADA@looms.example"}}, 409)
	call(t, s, "POST", objects+"/contacts", obj{"properties": obj{"mail": "x"}}, 400)
	r := call(t, s, "POST", objects+"/notes", obj{
		"properties": obj{"hs_note_body": "called", "hs_timestamp": "1768212000000"},
		"associations": []obj{
			{"to": obj{"id": id}, "types": []obj{{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202}}},
		},
	}, 201)
	r = call(t, s, "GET", fmt.Sprintf("%s/notes/%s?associations=contacts", objects, r.at("id")), nil, 200)
	want(t, r, id, "associations", "contacts", "results", 0, "id")
	call(t, s, "POST", objects+"/notes", obj{
		"properties":   obj{"hs_note_body": "called"},
		"associations": []obj{{"to": obj{"id": "999999"}, "types": []obj{{"associationTypeId": 202}}}},
	}, 400)
}
