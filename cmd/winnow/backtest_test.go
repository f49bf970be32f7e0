package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// The records come the same way from a running process and from a store of one's own.
func TestRecordsOfAClient(t *testing.T) {
	serve := func(body string, status int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("source") != "eu" {
				t.Errorf("asked for %s", r.URL)
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
	}
	record, err := json.Marshal(rules.Record{
		Conduct: []crm.Fact{{ID: "emails/1", Kind: crm.KindMessage, At: 1, Message: &crm.Message{Direction: crm.In}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	whole := fmt.Sprintf("{\"model\":\"m1\"}\n{\"contact\":\"1\",\"record\":%s}\n{\"contact\":\"2\",\"record\":{}}\n{\"contact\":\"1\",\"record\":{}}\n{\"count\":3}\n", record)
	for _, c := range []struct {
		name, body string
		status     int
		contacts   []string
		want       string
	}{
		{"whole", whole, 200, []string{"1 1", "2 0"}, ""},
		{"cut off", whole[:len(whole)-14], 200, []string{"1 1", "2 0"}, "break off after 2 contacts"},
		{"failed on the way", "{\"model\":\"m1\"}\n{\"error\":\"disk gone\"}\n", 200, nil, "disk gone"},
		{"refused", "{\"error\":\"no such source\"}\n", 404, nil, "no such source"},
	} {
		server := httptest.NewServer(serve(c.body, c.status))
		for _, cl := range []*client{{base: server.URL, http: server.Client()}, {local: serve(c.body, c.status)}} {
			var got []string
			model, err := cl.records(t.Context(), "eu", func(contact string, r rules.Record) {
				got = append(got, fmt.Sprint(contact, " ", len(r.Conduct)))
			})
			if diff := cmp.Diff(c.contacts, got); diff != "" {
				t.Errorf("%s: contacts (-want +got):\n%s", c.name, diff)
			}
			if c.want == "" && (err != nil || model != "m1") || c.want != "" &&
				(err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%s: model %s, error %v, want %q", c.name, model, err, c.want)
			}
		}
		server.Close()
	}
}

// Who only looks is told that there is nothing, and leaves nothing behind.
func TestNoStoreToLookAt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	for name, value := range map[string]string{
		"WINNOW_HUBSPOT_TOKEN": "t", "WINNOW_HUBSPOT_CLIENT_SECRET": "s", "WINNOW_DATA_DIR": dir,
		"WINNOW_ADMIN_LISTEN": "127.0.0.1:1", "WINNOW_NATS_URL": "",
	} {
		t.Setenv(name, value)
	}
	if err := learn(t.Context(), "", 14); err == nil || !strings.Contains(err.Error(), "there is no store in") {
		t.Errorf("learn: %v, want that there is no store", err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("a store was made: %v", err)
	}
	draft := filepath.Join(t.TempDir(), "draft.env")
	if err := os.WriteFile(draft, []byte("WINNOW_RULES_GRACE=7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := backtest(t.Context(), backtestOptions{env: draft, since: "30d"}); err == nil ||
		!strings.Contains(err.Error(), "nothing to compare") {
		t.Errorf("a draft that changes nothing: %v", err)
	}
}
