package pipeline

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/connectortest/toy"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// toyRig is a rig beside the toy: a CRM that is unlike the others wherever it can be.
func toyRig(t *testing.T) (*toy.Server, *rig) {
	s := &toy.Server{Token: "t0ken"}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	now := start.Unix()
	s.Put("contacts", toy.Record{ID: "7", Created: now - 90_000, Changed: now - 90_000})
	s.Put("leads", toy.Record{ID: "7", Created: now - 90_000, Changed: now - 90_000})
	s.Put("mails", toy.Record{ID: "31", Person: "lead/7", Sent: now - 60, Changed: now - 60, Units: 20})
	return s, newRig(t, t.TempDir(), func(o *Options) {
		o.Sources[0].CRM = toy.New(toy.Options{
			API: srv.URL, Token: "t0ken", Hook: "h00k", State: connectors.NewMemory(), Now: o.Now,
		})
	}, &fake{})
}

// event sends one of the toy's deliveries.
func (r *rig) event(name, id, more string) *httptest.ResponseRecorder {
	return r.request(http.MethodPost, "/"+name, fmt.Sprintf(`{"id":%q,"at":%d,"token":"h00k"%s}`, id, r.clock().Unix(),
		more))
}

// TestToyFromWebhookToWrite: a vendor with two kinds of people, a 404 that means gone, events that only the path
// names, a clock of whole seconds, no status of its own, one record a call and answers of its own goes all the way.
func TestToyFromWebhookToWrite(t *testing.T) {
	s, r := toyRig(t)
	rec := r.event("mail.created", "31", "")
	if rec.Code != http.StatusAccepted || rec.Body.String() != "<outcome>stored</outcome>" {
		t.Fatalf("answered %d %q, want the toy's own words", rec.Code, rec.Body)
	}
	r.idle()
	lead, writes := s.Written("leads", "7")
	if lead["winnow_rating"] == "" || lead["winnow_ball"] != "us" || writes != 1 {
		t.Fatalf("the lead has %v after %d writes, want a rating by one", lead, writes)
	}
	if contact, _ := s.Written("contacts", "7"); contact != nil {
		t.Fatalf("the contact of the same number was written: %v", contact)
	}
	if n := len([]rune(lead["winnow_reasons"])); n > 100 {
		t.Errorf("%d characters of reasons were written to a lead, which holds 100", n)
	}

	for _, override := range []string{"D", ""} { // within one second
		s.Put("leads", toy.Record{
			ID: "7", Created: start.Unix() - 90_000, Changed: r.clock().Unix(), Override: override,
		})
		r.event("lead.updated", "7", "")
		r.pass(10 * time.Millisecond)
		r.idle()
	}
	if lead, _ = s.Written("leads", "7"); lead["winnow_status"] != "open" || lead["winnow_rating"] == "D" &&
		lead["winnow_machine_rating"] != "D" {
		t.Errorf("an override that was cleared within its second still counts: %v", lead)
	}

	if rec := r.event("lead.updated", "7", `,"by":"winnow"`); rec.Code != http.StatusAccepted {
		t.Errorf("our echo is answered %d", rec.Code)
	}
	_, before := s.Written("leads", "7")
	r.idle()
	if _, after := s.Written("leads", "7"); after != before {
		t.Errorf("our echo caused %d writes", after-before)
	}

	r.pass(time.Second)
	r.event("lead.converted", "7", `,"into":"7"`)
	r.idle()
	if contact, _ := s.Written("contacts", "7"); contact["winnow_ball"] != "us" {
		t.Errorf("the converted lead's mail is not the contact's: %v", contact)
	}
	ref := crm.ContactRef{Source: "fake", Contact: "contact/7"}
	if e, err := r.p.Explain(t.Context(), ref); err != nil || e.Facts["message"] != 1 {
		t.Errorf("the contact knows %v, %v; want the lead's mail", e.Facts, err)
	}

	s.Delete("mails", "31") // 404 from now on
	r.pass(time.Second)
	r.event("mail.updated", "31", "")
	r.idle()
	r.pass(time.Minute)
	r.idle()
	if contact, _ := s.Written("contacts", "7"); contact["winnow_ball"] == "us" {
		t.Errorf("a mail that is gone still waits for an answer: %v", contact)
	}

	if rec := r.request(http.MethodPost, "/lead.updated",
		`{"id":"7","token":"wrong"}`); rec.Code != http.StatusForbidden {
		t.Errorf("a wrong token is answered %d", rec.Code)
	}
	if rec := r.request(http.MethodPost, "/lead.updated", "no JSON"); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("an unreadable body is answered %d", rec.Code)
	}
	if rec := r.request(http.MethodGet, "?challenge=abc", ""); rec.Code != http.StatusOK || rec.Body.String() != "abc" {
		t.Errorf("the handshake is answered %d %q", rec.Code, rec.Body)
	}
	if s.Channels() != 1 {
		t.Errorf("the channel was opened %d times, want once", s.Channels())
	}
	if rec := r.request(http.MethodPost, "/lead.updated", strings.Replace(`{"id":"7","token":"X"}`, "X", "ch4nnel-1",
		1)); rec.Code != http.StatusAccepted {
		t.Errorf("a delivery with the key of the channel is answered %d", rec.Code)
	}
	letters, err := r.q.DeadLetters.List(t.Context(), 0, 10, "", "")
	if err != nil || len(letters) > 0 {
		t.Errorf("dead letters %+v, %v", letters, err)
	}
}
