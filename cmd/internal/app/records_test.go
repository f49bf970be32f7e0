package app

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
	"github.com/winnow-crm/winnow/rules"
)

// The records that the API streams rate as the stored ones do.
func TestRecordsAreStreamed(t *testing.T) {
	w := newWorld(t, hubspot.Options{}, "WINNOW_ADMIN_TOKEN=t0ken")
	ids := []string{
		w.box.CreateContact(map[string]string{"email": "one@loom.example"}), w.box.CreateContact(map[string]string{
			"email": "two@loom.example",
		}),
	}
	for _, id := range ids {
		w.box.Email([]string{id}, hubspot.Email{
			Incoming: true, Subject: "Looms", Text: "Hello, what does a loom cost? We need 20 of them.",
		})
	}
	w.settle()
	get := func(token, source string) *httptest.ResponseRecorder {
		req := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/api/records?source="+source, nil)
		req.Header.Set("Authorization", "Bearer "+token)
		rec := httptest.NewRecorder()
		w.app.Admin.ServeHTTP(rec, req)
		return rec
	}
	if rec := get("wrong", "hubspot"); rec.Code != http.StatusUnauthorized {
		t.Errorf("without the token: %d", rec.Code)
	}
	if rec := get("t0ken", "elsewhere"); rec.Code != http.StatusNotFound {
		t.Errorf("an unknown source: %d %s", rec.Code, rec.Body)
	}
	rec := get("t0ken", "hubspot")
	var lines []api.RecordLine
	for s := bufio.NewScanner(rec.Body); s.Scan(); {
		var l api.RecordLine
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatalf("%s: %v", s.Bytes(), err)
		}
		lines = append(lines, l)
	}
	if len(lines) != 4 || lines[0].Model != rules.Defaults().Version() || lines[3].Count == nil ||
		*lines[3].Count != 2 {
		t.Fatalf("%d lines, want the model, two contacts and their number", len(lines))
	}
	for _, l := range lines[1:3] {
		got := rules.Rate(rules.Defaults(), l.Record, rules.Instant{Now: w.clock().Add(time.Minute), Profiled: true})
		if got.Letter == "" || got.Ball != "us" || got.OwedSince == 0 {
			t.Errorf("contact %s rates %s, ball %s: want a rating and a question that waits for us", l.Contact,
				got.Letter, got.Ball)
		}
	}
}
