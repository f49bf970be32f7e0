package app

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/lab/espocrm"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// numbers is an EspoCRM in which the records of each entity are counted by themselves, as they are after an import.
type numbers struct {
	mu      sync.Mutex
	records map[string]map[string]any // by entity and id
}

func (n *numbers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	what := strings.TrimPrefix(r.URL.Path, "/api/v1/")
	record, there := n.records[what]
	switch {
	case what == "App/user":
		record = map[string]any{"user": map[string]any{"id": "api"}}
	case there && r.Method == http.MethodPut:
		var values map[string]any
		_ = json.NewDecoder(r.Body).Decode(&values) // what is no JSON changes nothing
		maps.Copy(record, values)
	case strings.Count(what, "/") == 1 && !there:
		w.WriteHeader(http.StatusNotFound)
		return
	case !there:
		record = map[string]any{"list": []any{}}
	}
	_ = json.NewEncoder(w).Encode(record) // values of JSON
}

func (n *numbers) get(what, field string) any {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.records[what][field]
}

func (n *numbers) set(what string, values map[string]any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.records[what] = values
}

// TestSameNumber: a contact and a lead with one number are two people to a mapping: each has its own mails, is written
// at its own record, and is deleted and converted for itself.
func TestSameNumber(t *testing.T) {
	t.Parallel()
	person := func(address string) map[string]any {
		return map[string]any{
			"id": "7", "emailAddress": address, "createdAt": "2026-03-01 09:00:00",
			"modifiedAt": "2026-03-01 09:00:00",
		}
	}
	mail := func(id, from, parent string) map[string]any {
		return map[string]any{
			"id": id, "name": "Looms", "from": from, "to": "robin@winnow.example", "status": "Archived",
			"isHtml": false, "body": "What does a loom cost?", "dateSent": "2026-03-02 09:00:00",
			"createdAt":  "2026-03-02 09:00:00",
			"modifiedAt": "2026-03-02 09:00:00", "parentType": parent, "parentId": "7",
		}
	}
	espo := &numbers{records: map[string]map[string]any{
		"Lead/7": person("lea@hard.example"), "Contact/7": person("con@hard.example"),
		"Email/1": mail("1", "lea@hard.example", "Lead"),
	}}
	api := httptest.NewServer(espo)
	defer api.Close()
	clock := &stillClock{}
	clock.Set(monday.Add(time.Hour))
	cfg, err := config.Load([]string{
		"WINNOW_SOURCES=espo=generic", "WINNOW_ESPO_MAPPING=espocrm", "WINNOW_ESPO_API_URL=" + api.URL,
		"WINNOW_ESPO_TOKEN=t0ken", "WINNOW_ESPO_HOOK_SECRET=s3cret", "WINNOW_ESPO_RATE_LIMIT=1000000",
		"WINNOW_LISTEN=127.0.0.1:0", "WINNOW_ADMIN_LISTEN=127.0.0.1:0", "WINNOW_DATA_DIR=" + t.TempDir(),
		"WINNOW_PARTITIONS=2", "WINNOW_POLL_INTERVAL=0", "WINNOW_QUEUE_MIN_FREE=1MiB", "WINNOW_QUEUE_MAX_STORE=1GiB",
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(t.Context(), cfg, zap.NewNop(), Options{Now: clock.now, Tick: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { done <- a.Run(ctx) }()
	defer func() {
		cancel()
		<-done
		_ = a.Close()
	}()
	tell := func(event, id string) {
		t.Helper()
		hooks, _ := a.Addresses()
		body := espocrm.Message(map[string]any{"id": id, "name": "changed"})
		req, err := http.NewRequestWithContext(
			t.Context(), http.MethodPost, "http://"+hooks+"/hooks/espo/"+event, bytes.NewReader(body),
		)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Signature", espocrm.Sign("65f0", "s3cret", body))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode/100 != 2 {
			t.Fatalf("%s is answered with %d", event, resp.StatusCode)
		}
		clock.Set(clock.now().Add(time.Minute))
		if err := a.Pipeline.Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	explain := func(who string) operate.Explanation {
		t.Helper()
		e, err := a.Pipeline.Explain(t.Context(), crm.ContactRef{Source: "espo", Contact: who})
		if err != nil {
			t.Fatal(who, err)
		}
		return e
	}
	shows := func(record, ball string) {
		t.Helper()
		waittest.Until(t, record+" shows "+ball, func() bool { return espo.get(record, "cWinnowBall") == ball })
	}
	tell("Lead.update", "7")
	tell("Contact.update", "7")
	tell("Email.create", "1")
	shows("Lead/7", "us")
	shows("Contact/7", "none")
	if got := explain("contact/7").Facts["message"]; got != 0 {
		t.Errorf("the contact has %d mails of the lead with its number", got)
	}
	espo.set("Email/2", mail("2", "con@hard.example", "Contact"))
	tell("Email.create", "2")
	shows("Contact/7", "us")
	if got := explain("lead/7").Facts["message"]; got != 1 {
		t.Errorf("the lead has %d mails, one of them its own", got)
	}
	// Of the two with that number the lead is converted: into another contact, and the one with its number stays.
	espo.set("Contact/8", map[string]any{
		"id": "8", "emailAddress": "lea@hard.example", "createdAt": "2026-03-02 10:00:00",
		"modifiedAt": "2026-03-02 10:00:00",
	})
	converted := person("lea@hard.example")
	converted["status"], converted["createdContactId"] = "Converted", "8"
	converted["modifiedAt"] = "2026-03-02 10:00:00"
	espo.set("Lead/7", converted)
	tell("Lead.update", "7")
	tell("Contact.create", "8")
	if into := explain("lead/7").MergedTo; into != "contact/8" {
		t.Errorf("the lead is merged into %q", into)
	}
	if into := explain("contact/7").MergedTo; into != "" {
		t.Errorf("the contact with its number is merged into %q", into)
	}
	tell("Lead.delete", "7")
	if e := explain("contact/7"); e.Rating.Unrated != "" || e.Facts["message"] != 1 {
		t.Errorf("with the lead the contact with its number is gone: %+v", e)
	}
	tell("Contact.delete", "7")
	if e := explain("contact/7"); e.Rating.Unrated != "deleted" {
		t.Errorf("the contact, deleted, is rated: %+v", e)
	}
	if e := explain("contact/8"); e.Rating.Unrated != "" || e.Facts["message"] != 1 {
		t.Errorf("what the lead was is lost: %+v", e)
	}
}
