package generic

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// users is a CRM of 401 users, in pages as each preset asks for them.
func users(t *testing.T, w http.ResponseWriter, r *http.Request) (page string) {
	t.Helper()
	q := r.URL.Query()
	size, from := 0, 0
	var shape func(list []map[string]any) any
	key := "email"
	switch r.URL.Path {
	case "/api/v1/User":
		size, page, key = 200, q.Get("offset"), "emailAddress"
		from, _ = strconv.Atoi(page)
		shape = func(list []map[string]any) any { return map[string]any{"total": 401, "list": list} }
	case "/Api/V8/module/Users":
		size, page, key = 100, q.Get("page[number]"), "attributes"
		n, _ := strconv.Atoi(page)
		from = (n - 1) * size
		shape = func(list []map[string]any) any {
			return map[string]any{"meta": map[string]any{"total-pages": 5}, "data": list}
		}
	case "/api/index.php/users":
		size, page = 100, q.Get("page")
		n, _ := strconv.Atoi(page)
		from = n * size
		shape = func(list []map[string]any) any { return list }
	case "/rest/workspaceMembers":
		size, page, key = 60, q.Get("starting_after"), "userEmail"
		from, _ = strconv.Atoi(page)
		shape = func(list []map[string]any) any {
			return map[string]any{
				"data": map[string]any{"workspaceMembers": list},
				"pageInfo": map[string]any{
					"hasNextPage": from+size < 401, "endCursor": fmt.Sprint(from + size),
				},
			}
		}
	default:
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w,
			`{"user": {"id": "u"}, "access_token": "t", "token_type": "Bearer", "expires_in": 3600}`)
		return "-"
	}
	var list []map[string]any
	for i := from; i < min(from+size, 401); i++ {
		email := any(fmt.Sprintf("u%d@own.example", i))
		if key == "attributes" {
			email = map[string]any{"email1": email}
		}
		list = append(list, map[string]any{key: email})
	}
	_ = json.NewEncoder(w).Encode(shape(list))
	return page
}

// Our own people are all of the CRM's users, however many pages they fill.
func TestUsersOfSeveralPages(t *testing.T) {
	for preset, pages := range map[string][]string{
		"espocrm": {"", "200", "400"}, "suitecrm": {"1", "2", "3", "4", "5"}, "dolibarr": {"0", "1", "2", "3", "4"},
		"twenty": {"", "60", "120", "180", "240", "300", "360"},
	} {
		t.Run(preset, func(t *testing.T) {
			var asked []string
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if page := users(t, w, r); page != "-" {
					asked = append(asked, page)
				}
			}))
			defer api.Close()
			env := settings(t, filepath.Join("presets", preset, "samples", "settings.env"))
			cfg := presetConfig(preset, api.URL, env)
			c, err := newSource(cfg, connectors.Options{
				Source: crm.Source{Name: preset, Vendor: Vendor}, Now: time.Now,
			})
			if err != nil {
				t.Fatal(err)
			}
			staff, err := c.records().staff(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, email := range []string{"u0@own.example", "u200@own.example", "u400@own.example"} {
				if !staff.Has(email) {
					t.Errorf("%s is none of ours", email)
				}
			}
			if diff := cmp.Diff(pages, asked); diff != "" {
				t.Error(diff)
			}
		})
	}
}

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
