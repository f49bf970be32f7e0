package hubspot_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

func TestRefusesAWrongToken(t *testing.T) {
	s := start(t, hubspot.Options{})
	for _, token := range []string{"", "wrong", "sandbox-tokenx"} {
		r, err := do(t, s, "GET", objects+"/contacts", token, nil)
		if err != nil || r.status != 401 {
			t.Errorf("token %q: %d %v, want 401", token, r.status, err)
		}
		want(t, r, "INVALID_AUTHENTICATION", "category")
	}
	s.SetToken("rotated")
	if r, _ := do(t, s, "GET", objects+"/contacts", "sandbox-token", nil); r.status != 401 {
		t.Errorf("a revoked token got %d", r.status)
	}
	if r, _ := do(t, s, "GET", objects+"/contacts", "rotated", nil); r.status != 200 {
		t.Errorf("the new token got %d", r.status)
	}
}

func TestRefusesUnknownAndInvalidValues(t *testing.T) {
	s := start(t, hubspot.Options{Winnow: true})
	id := s.CreateContact(map[string]string{"email": "ada@looms.example"})
	for property, c := range map[string]struct{ value, code string }{
		"winnow_ratingg":       {"A", "PROPERTY_DOESNT_EXIST"},
		"winnow_rating":        {"E", "INVALID_OPTION"},
		"winnow_score":         {"high", "INVALID_DOUBLE"},
		"winnow_fit":           {"Inf", "INVALID_DOUBLE"},
		"winnow_disqualified":  {"yes", "INVALID_OPTION"},
		"winnow_recheck_on":    {"soon", "INVALID_DATE"},
		"winnow_pending_until": {"1768212000000", "INVALID_DATE"}, // not midnight UTC
		"winnow_rated_at":      {"yesterday", "INVALID_LONG"},
		"createdate":           {"2026-01-12T09:00:00Z", "READ_ONLY_VALUE"},
		"notes_last_contacted": {"2026-01-12T09:00:00Z", "READ_ONLY_VALUE"},
		"winnow_reasons":       {strings.Repeat("x", 70_000), "PROPERTY_VALUE_TOO_LONG"},
	} {
		r := call(t, s, "PATCH", objects+"/contacts/"+id, obj{"properties": obj{property: c.value}}, 400)
		want(t, r, "VALIDATION_ERROR", "category")
		want(t, r, c.code, "errors", 0, "code")
		want(t, r, property, "errors", 0, "context", "propertyName", 0)
	}
	if rec, _ := s.Contact(id); rec.Properties["winnow_rating"] != "" {
		t.Error("a refused value was stored")
	}
	r := call(t, s, "PATCH", objects+"/contacts/"+id, obj{"properties": obj{
		"winnow_rating": "A", "winnow_pending_until": "2026-01-20", "winnow_rated_at": "1768212000123",
		"winnow_score":          "71",
		"winnow_do_not_profile": "false", "winnow_recheck_on": "1768867200000",
	}}, 200)
	want(t, r, "A", "properties", "winnow_rating")
	want(t, r, "2026-01-20", "properties", "winnow_recheck_on")
	want(t, r, "2026-01-12T10:00:00.123Z", "properties", "winnow_rated_at")
	call(t, s, "PATCH", objects+"/contacts/"+id, obj{"properties": obj{"winnow_rating": ""}}, 200)
	if rec, _ := s.Contact(id); rec.Properties["winnow_rating"] != "" {
		t.Error("an empty value did not clear")
	}
	call(t, s, "PATCH", objects+"/contacts/"+id, `{"properties":{"winnow_rating":["A"]}}`, 400)
	call(t, s, "PATCH", objects+"/contacts/"+id, `{"properties":`, 400)
	call(t, s, "PATCH", objects+"/contacts/999999", obj{"properties": obj{}}, 404)
	call(t, s, "PATCH", objects+"/gadgets/"+id, obj{"properties": obj{}}, 400)
}

func TestWithoutSetUpThePropertiesAreUnknown(t *testing.T) {
	s := start(t, hubspot.Options{})
	id := s.CreateContact(nil)
	r := call(t, s, "POST", objects+"/contacts/batch/update", obj{
		"inputs": []obj{{"id": id, "properties": obj{"winnow_rating": "A"}}},
	}, 400)
	want(t, r, "PROPERTY_DOESNT_EXIST", "errors", 0, "code")
}

func TestRefusesTooManyInputs(t *testing.T) {
	s := start(t, hubspot.Options{Winnow: true})
	for range 101 {
		s.CreateContact(nil)
	}
	call(t, s, "POST", objects+"/contacts/batch/update", updates(100, 101, obj{"winnow_rating": "B"}), 200)
	r := call(t, s, "POST", objects+"/contacts/batch/update", updates(101, 101, obj{"winnow_rating": "C"}), 400)
	want(t, r, "VALIDATION_ERROR", "category")
	if rec, _ := s.Contact("101"); rec.Properties["winnow_rating"] != "B" {
		t.Error("a refused batch was carried out in part")
	}
	call(t, s, "POST", objects+"/contacts/batch/read", updates(100, 101, nil), 200)
	call(t, s, "POST", objects+"/contacts/batch/read", updates(101, 101, nil), 400)
	call(t, s, "POST", objects+"/contacts/batch/update", obj{"inputs": []obj{}}, 400)
	history := updates(51, 101, nil)
	history["propertiesWithHistory"] = []string{"winnow_rating"}
	call(t, s, "POST", objects+"/contacts/batch/read", history, 400)
	history["inputs"] = history["inputs"].([]obj)[:50]
	call(t, s, "POST", objects+"/contacts/batch/read", history, 200)
}

func TestRefusesTheSameIDTwice(t *testing.T) {
	s := start(t, hubspot.Options{Winnow: true})
	id := s.CreateContact(nil)
	in := []obj{
		{"id": id, "properties": obj{"winnow_rating": "A"}}, {"id": id, "properties": obj{"winnow_rating": "B"}},
	}
	r := call(t, s, "POST", objects+"/contacts/batch/update", obj{"inputs": in}, 400)
	want(t, r, id, "context", "ids", 0)
	if len(s.Writes()) != 0 {
		t.Error("a refused batch was written")
	}
}

func TestOneInvalidInputRefusesTheBatch(t *testing.T) {
	s := start(t, hubspot.Options{Winnow: true})
	good, bad := s.CreateContact(nil), s.CreateContact(nil)
	in := obj{"inputs": []obj{
		{"id": good, "properties": obj{"winnow_rating": "A"}}, {"id": bad, "properties": obj{"winnow_rating": "Z"}},
	}}
	call(t, s, "POST", objects+"/contacts/batch/update", in, 400)
	if rec, _ := s.Contact(good); rec.Properties["winnow_rating"] != "" {
		t.Error("a refused batch was carried out in part")
	}
}

func TestMultiStatusNamesWhatItRefused(t *testing.T) {
	s := start(t, hubspot.Options{Winnow: true, MultiStatus: true})
	good, bad := s.CreateContact(nil), s.CreateContact(nil)
	r := call(t, s, "POST", objects+"/contacts/batch/update", obj{"inputs": []obj{
		{"id": bad, "objectWriteTraceId": "trace-7", "properties": obj{"winnow_rating": "Z"}},
		{"id": "999999", "properties": obj{"winnow_rating": "A"}},
		{"id": good, "properties": obj{"winnow_rating": "A"}},
	}}, 207)
	want(t, r, good, "results", 0, "id")
	want(t, r, 2, "numErrors")
	want(t, r, "trace-7", "errors", 0, "context", "objectWriteTraceId", 0)
	want(t, r, "OBJECT_NOT_FOUND", "errors", 1, "category")
	want(t, r, "999999", "errors", 1, "context", "ids", 0)
	if rec, _ := s.Contact(good); rec.Properties["winnow_rating"] != "A" {
		t.Error("the good input was not written")
	}
}

func TestMissingRecordsAreNamed(t *testing.T) {
	s := start(t, hubspot.Options{Winnow: true})
	id := s.CreateContact(nil)
	gone := s.CreateContact(nil)
	s.Delete(gone)
	for _, path := range []string{"/batch/update", "/batch/read"} {
		r := call(t, s, "POST", objects+"/contacts"+path, obj{"inputs": []obj{
			{"id": gone, "properties": obj{"winnow_rating": "A"}}, {"id": id, "properties": obj{"winnow_rating": "A"}},
		}}, 207)
		want(t, r, id, "results", 0, "id")
		want(t, r, gone, "errors", 0, "context", "ids", 0)
	}
}

func TestRefusesOverTheRateLimit(t *testing.T) {
	wall := newClock()
	s := start(t, hubspot.Options{RateLimit: 100, Clock: wall.now, DailyLimit: 101})
	for i := range 100 {
		r := call(t, s, "GET", objects+"/contacts", nil, 200)
		if got := r.header.Get("X-HubSpot-RateLimit-Remaining"); got != fmt.Sprint(99-i) {
			t.Fatalf("request %d: remaining %s", i, got)
		}
		wall.advance(10 * time.Millisecond)
	}
	r := call(t, s, "GET", objects+"/contacts", nil, 429)
	want(t, r, "TEN_SECONDLY_ROLLING", "policyName")
	want(t, r, "RATE_LIMIT", "errorType")
	want(t, r, nil, "category")
	for h, v := range map[string]string{
		"Max": "100", "Remaining": "0", "Interval-Milliseconds": "10000", "Daily": "101",
	} {
		if got := r.header.Get("X-HubSpot-RateLimit-" + h); got != v {
			t.Errorf("header %s: %s, want %s", h, got, v)
		}
	}
	wall.advance(9 * time.Second) // the first request leaves the window
	call(t, s, "GET", objects+"/contacts", nil, 200)
	call(t, s, "GET", objects+"/contacts", nil, 429)
	wall.advance(time.Minute)
	r = call(t, s, "GET", objects+"/contacts", nil, 429)
	want(t, r, "DAILY", "policyName")
	wall.advance(24 * time.Hour)
	call(t, s, "GET", objects+"/contacts", nil, 200)
}

func TestRefusesTooManySearches(t *testing.T) {
	wall := newClock()
	s := start(t, hubspot.Options{SearchPerSecond: 5, Clock: wall.now})
	for range 5 {
		call(t, s, "POST", objects+"/contacts/search", obj{}, 200)
	}
	r := call(t, s, "POST", objects+"/contacts/search", obj{}, 429)
	want(t, r, "SECONDLY", "policyName")
	if r.header.Get("X-HubSpot-RateLimit-Max") != "" {
		t.Error("searches carry no rate limit headers")
	}
	wall.advance(time.Second)
	call(t, s, "POST", objects+"/contacts/search", obj{}, 200)
}

func TestRefusesWithoutScope(t *testing.T) {
	s := start(t, hubspot.Options{})
	id := s.CreateContact(map[string]string{"email": "ada@looms.example"})
	mail := s.Email([]string{id}, hubspot.Email{Subject: "Offer", Text: "Here it is."})
	s.SetScopes("crm.objects.contacts.read")
	call(t, s, "GET", objects+"/contacts/"+id, nil, 200)
	for _, c := range []struct{ method, path, scope string }{
		{"GET", objects + "/emails/" + mail, "sales-email-read"},
		{"POST", objects + "/contacts/batch/update", "crm.objects.contacts.write"},
		{"POST", objects + "/deals/search", "crm.objects.deals.read"},
		{"GET", "/crm/owners/2026-09", "crm.objects.owners.read"},
		{"POST", "/crm/properties/2026-09/contacts", "crm.schemas.contacts.write"},
		{"GET", "/conversations/conversations/2026-09/threads", "conversations.read"},
	} {
		r := call(t, s, c.method, c.path, obj{}, 403)
		want(t, r, "MISSING_SCOPES", "category")
		want(t, r, c.scope, "errors", 0, "context", "requiredGranularScopes", 0)
	}
	s.SetScopes(hubspot.AllScopes()...)
	call(t, s, "GET", objects+"/emails/"+mail, nil, 200)
}

func TestBlankMailHidesContentOnly(t *testing.T) {
	s := start(t, hubspot.Options{BlankMail: true, Scopes: []string{"crm.objects.contacts.read"}})
	id := s.CreateContact(map[string]string{"email": "ada@looms.example"})
	mail := s.Email([]string{id}, hubspot.Email{Subject: "Offer", Text: "Here it is."})
	r := call(t, s, "GET", objects+"/emails/"+mail+"?properties=hs_email_text,hs_email_subject,hs_email_direction",
		nil, 200)
	want(t, r, "EMAIL", "properties", "hs_email_direction")
	want(t, r, nil, "properties", "hs_email_text")
	want(t, r, nil, "properties", "hs_email_subject")
}

func TestValidationRuleBlocksWrites(t *testing.T) {
	s := start(t, hubspot.Options{Winnow: true})
	with, without := s.CreateContact(map[string]string{"company": "Looms"}), s.CreateContact(nil)
	s.ValidationRule("company")
	call(t, s, "PATCH", objects+"/contacts/"+with, obj{"properties": obj{"winnow_rating": "A"}}, 200)
	r := call(t, s, "PATCH", objects+"/contacts/"+without, obj{"properties": obj{"winnow_rating": "A"}}, 400)
	want(t, r, "MISSING_REQUIRED_PROPERTY", "errors", 0, "code")
	call(t, s, "PATCH", objects+"/contacts/"+without, obj{
		"properties": obj{"winnow_rating": "A", "company": "Mills"},
	}, 200)
	s.ValidationRule("")
	call(t, s, "PATCH", objects+"/contacts/"+with, obj{"properties": obj{"company": ""}}, 200)
}

func TestFaultsOnPurpose(t *testing.T) {
	s := start(t, hubspot.Options{Winnow: true})
	id := s.CreateContact(nil)
	patch := obj{"properties": obj{"winnow_rating": "A"}}

	s.FailNext(503, 2)
	call(t, s, "GET", objects+"/contacts/"+id, nil, 503)
	call(t, s, "GET", objects+"/contacts/"+id, nil, 503)
	call(t, s, "GET", objects+"/contacts/"+id, nil, 200)

	s.Fail(hubspot.Failure{Status: 429, Times: -1, Path: "/emails", After: 3 * time.Second})
	call(t, s, "GET", objects+"/contacts/"+id, nil, 200)
	if r := call(t, s, "GET", objects+"/emails", nil, 429); r.header.Get("Retry-After") != "3" {
		t.Error("Retry-After is missing")
	}
	s.Recover()
	call(t, s, "GET", objects+"/emails", nil, 200)

	s.Fail(hubspot.Failure{Status: 504, Times: 1, Done: true})
	call(t, s, "PATCH", objects+"/contacts/"+id, patch, 504)
	if rec, _ := s.Contact(id); rec.Properties["winnow_rating"] != "A" {
		t.Error("the request whose answer was lost was not carried out")
	}

	s.SetDown(true)
	if r, err := do(t, s, "GET", objects+"/contacts", "sandbox-token", nil); err == nil {
		t.Errorf("a sandbox that is down answered %d", r.status)
	}
	s.SetDown(false)
	s.SetLatency(60 * time.Millisecond)
	began := time.Now()
	call(t, s, "GET", objects+"/contacts", nil, 200)
	if took := time.Since(began); took < 60*time.Millisecond {
		t.Errorf("answered after %s in spite of the latency", took)
	}
}
