package sandbox_test

import (
	"fmt"
	"testing"

	"github.com/winnow-crm/winnow/cmd/internal/sandbox"
)

func TestMergeMakesANewRecord(t *testing.T) {
	for _, keep := range []bool{false, true} {
		s := start(t, sandbox.Options{KeepPrimary: keep, Winnow: true})
		a := s.CreateContact(map[string]string{"email": "ada@looms.example", "phone": "1"})
		b := s.CreateContact(map[string]string{"email": "ada@mills.example", "company": "Mills"})
		mail := s.Email([]string{b}, sandbox.Email{Text: "Hello"})
		s.Email([]string{a, b}, sandbox.Email{Text: "Hello both"})
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
		r = call(t, s, "POST", "/crm/associations/2026-09/contacts/emails/batch/read", obj{"inputs": inputs(winner)}, 200)
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
	s := start(t, sandbox.Options{})
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

func TestCreates(t *testing.T) {
	s := start(t, sandbox.Options{})
	id := s.CreateContact(map[string]string{"email": "ada@looms.example"})
	call(t, s, "POST", objects+"/contacts", obj{"properties": obj{"email": "ADA@looms.example"}}, 409)
	call(t, s, "POST", objects+"/contacts", obj{"properties": obj{"mail": "x"}}, 400)
	r := call(t, s, "POST", objects+"/notes", obj{
		"properties":   obj{"hs_note_body": "called", "hs_timestamp": "1768212000000"},
		"associations": []obj{{"to": obj{"id": id}, "types": []obj{{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202}}}},
	}, 201)
	r = call(t, s, "GET", fmt.Sprintf("%s/notes/%s?associations=contacts", objects, r.at("id")), nil, 200)
	want(t, r, id, "associations", "contacts", "results", 0, "id")
	call(t, s, "POST", objects+"/notes", obj{
		"properties":   obj{"hs_note_body": "called"},
		"associations": []obj{{"to": obj{"id": "999999"}, "types": []obj{{"associationTypeId": 202}}}},
	}, 400)
}
