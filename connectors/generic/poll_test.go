package generic

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

const seconds = `version: 1
title: Seconds
api: {auth: bearer}
records:
  Person:
    person: {}
    read: {get: "/people/{$id}"}
    list:
      get: /people
      query: {from: "{$from | stamp}", instant: "{$instant}", after: "{$after}"}
      items: .list
      page: 2
    changed: .at | utc
`

// An import changed more records within one second than fit a page, of a CRM that knows no smaller time: all are found,
// and the round ends.
func TestPollsBeyondAFullSecond(t *testing.T) {
	people := []map[string]any{
		{"id": "1", "at": "2026-03-02 09:00:00"},
		{"id": "2", "at": "2026-03-02 09:00:00"},
		{"id": "3", "at": "2026-03-02 09:00:00"},
		{"id": "4", "at": "2026-03-02 09:00:00"},
		{"id": "5", "at": "2026-03-02 09:00:01"},
		{"id": "6", "at": "2026-03-02 09:00:01"},
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		list := []map[string]any{}
		for _, p := range people {
			at, id := p["at"].(string), p["id"].(string)
			fits := at >= q.Get("from")
			if q.Get("instant") == "true" {
				fits = at == q.Get("from") && id > q.Get("after")
			}
			if fits && len(list) < 2 {
				list = append(list, p)
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"list": list})
	}))
	defer api.Close()
	file := filepath.Join(t.TempDir(), "seconds.yaml")
	if err := os.WriteFile(file, []byte(seconds), 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	v, err := New(Config{MAPPING: file, API: API{URL: api.URL}, Token: "t0ken"}, connectors.Options{
		Source: crm.Source{Name: "seconds", Vendor: Vendor}, Salt: []byte("salt"), Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	more := true
	for at, pages := "", 0; more; pages++ {
		if pages == 20 {
			t.Fatalf("the round does not end: found %v", found)
		}
		var ns []crm.Notice
		if ns, at, more, err = v.Poll.Poll(t.Context(), at, now.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		for _, n := range ns {
			found = append(found, n.Ref.ID)
		}
	}
	slices.Sort(found)
	if got := slices.Compact(found); !slices.Equal(got, []string{"1", "2", "3", "4", "5", "6"}) {
		t.Errorf("found %v", got)
	}
}
