package hubspot_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

func decode(t *testing.T, raw []json.RawMessage) []obj {
	t.Helper()
	var events []obj
	for _, r := range raw {
		var e obj
		d := json.NewDecoder(strings.NewReader(string(r)))
		d.UseNumber()
		if err := d.Decode(&e); err != nil {
			t.Fatalf("%v in %s", err, r)
		}
		events = append(events, e)
	}
	return events
}

func all(events []obj, typ string) []obj {
	return slices.DeleteFunc(slices.Clone(events), func(e obj) bool { return e["subscriptionType"] != typ })
}

func only(t *testing.T, events []obj, typ string) obj {
	t.Helper()
	found := all(events, typ)
	if len(found) != 1 {
		t.Fatalf("%d events %s, want 1, in %v", len(found), typ, events)
	}
	return found[0]
}

// say prints values with spaces between them.
func say(values ...any) string { return strings.TrimSpace(fmt.Sprintln(values...)) }

func TestEvents(t *testing.T) {
	c := newClock()
	s := start(t, hubspot.Options{Now: c.now, Winnow: true, Subscriptions: append(hubspot.DefaultSubscriptions(),
		hubspot.Subscription{Type: "contact.propertyChange", Property: "*"})})
	id := s.CreateContact(map[string]string{"country": "France", "firstname": "Odile"})
	events := decode(t, s.Events())
	e := only(t, events, "object.creation")
	if say(e["objectId"], e["objectTypeId"], e["portalId"], e["appId"], e["attemptNumber"], e["changeSource"],
		e["sourceId"], e["occurredAt"]) !=
		id+" 0-1 62515 5001 0 CRM_UI userId:51 1768208400000" {
		t.Errorf("creation: %v", e)
	}
	e = only(t, events, "object.propertyChange")
	if say(e["propertyName"], e["propertyValue"]) != "country France" {
		t.Errorf("change: %v", e)
	}
	if n := len(all(events, "contact.propertyChange")); n != 2 {
		t.Errorf("%d events for two properties", n)
	}
	call(t, s, "PATCH", objects+"/contacts/"+id, obj{"properties": obj{"winnow_rating": "A"}}, 200)
	e = only(t, decode(t, s.Events()), "contact.propertyChange")
	if say(e["changeSource"], e["sourceId"]) != "INTEGRATION 5001" || e["objectTypeId"] != nil {
		t.Errorf("echo: %v", e)
	}
	call(t, s, "PATCH", objects+"/contacts/"+id, obj{"properties": obj{"winnow_rating": "A"}}, 200)
	if n := s.Queued(); n != 0 {
		t.Errorf("an equal value set off %d events", n)
	}
	deal := s.Deal(nil, hubspot.Deal{Name: "Looms"})
	s.Events()
	s.Associate(hubspot.Ref{Kind: "contacts", ID: id}, hubspot.Ref{Kind: "deals", ID: deal})
	sides := all(decode(t, s.Events()), "object.associationChange")
	if len(sides) != 2 || say(sides[0]["associationType"],
		sides[1]["associationType"]) != "CONTACT_TO_DEAL DEAL_TO_CONTACT" {
		t.Fatalf("association: %v", sides)
	}
	if e = sides[0]; say(e["fromObjectId"], e["toObjectId"], e["associationTypeId"], e["associationRemoved"],
		e["objectId"]) != say(id, deal, 4, false, nil) {
		t.Errorf("association: %v", e)
	}
}

// receiver is an endpoint for webhooks that checks signatures by itself.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	answers  []int // used up one by one; then 200
	events   []obj
	sizes    []int
	attempts []string
	bad      []string
	most     int
	now      int
}

func receive(t *testing.T, secret string) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		r.now++
		r.most = max(r.most, r.now)
		mac := hmac.New(sha256.New, []byte(secret))
		_, _ = io.WriteString(mac, "POST"+r.URL+"/hooks/hubspot"+
			string(body)+req.Header.Get("X-HubSpot-Request-Timestamp"))
		if base64.StdEncoding.EncodeToString(mac.Sum(nil)) != req.Header.Get("X-HubSpot-Signature-v3") {
			r.bad = append(r.bad, "v3")
		}
		sum := sha256.Sum256([]byte(secret + string(body)))
		if hex.EncodeToString(sum[:]) != req.Header.Get("X-HubSpot-Signature") ||
			req.Header.Get("X-HubSpot-Signature-Version") != "v1" {
			r.bad = append(r.bad, "v1")
		}
		status := 200
		if len(r.answers) > 0 {
			status, r.answers = r.answers[0], r.answers[1:]
		}
		var raw []json.RawMessage
		if err := json.Unmarshal(body, &raw); err != nil {
			r.bad = append(r.bad, err.Error())
		}
		events := decode(t, raw)
		r.attempts = append(r.attempts, fmt.Sprint(events[0]["attemptNumber"]))
		if status == 200 {
			r.events = append(r.events, events...)
			r.sizes = append(r.sizes, len(events))
		}
		r.mu.Unlock()
		time.Sleep(2 * time.Millisecond)
		r.mu.Lock()
		r.now--
		r.mu.Unlock()
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func TestFlushDeliversSignedBatches(t *testing.T) {
	r := receive(t, "shh")
	s := start(t, hubspot.Options{
		ClientSecret: "shh", WebhookURL: r.URL + "/hooks/hubspot", Timeout: time.Minute, // or a slow one comes twice
	})
	s.Seed(2_450, nil)
	if s.Queued() != 0 {
		t.Error("seeding is not news")
	}
	for range 2_450 {
		s.CreateContact(nil)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.Sort(r.sizes)
	if len(r.events) != 2_450 || len(r.sizes) != 25 || r.sizes[0] != 50 || r.sizes[24] != 100 {
		t.Errorf("%d events in %v", len(r.events), r.sizes)
	}
	if len(r.bad) > 0 {
		t.Errorf("bad signatures: %v", r.bad)
	}
	if r.most > 10 {
		t.Errorf("%d deliveries at once, want at most 10", r.most)
	}
	ids := map[string]bool{}
	for _, e := range r.events {
		ids[fmt.Sprint(e["eventId"])] = true
	}
	if len(ids) != len(r.events) {
		t.Error("event ids repeat")
	}
}

func TestRefusedDeliveriesAreRepeated(t *testing.T) {
	r := receive(t, "sandbox-secret")
	s := start(t, hubspot.Options{
		WebhookURL: r.URL + "/hooks/hubspot", Timeout: time.Minute,
		RetryWait: time.Millisecond,
	})
	r.answers = []int{503, 404, 500}
	s.CreateContact(nil)
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(r.attempts) != "[0 1 2 3]" || len(r.events) != 1 {
		t.Errorf("attempts %v, events %d", r.attempts, len(r.events))
	}
	for range 11 {
		r.answers = append(r.answers, 500)
	}
	s.CreateContact(nil)
	if err := s.Flush(t.Context()); err == nil || s.Lost() != 1 {
		t.Errorf("after 10 repetitions: %v, lost %d", err, s.Lost())
	}
	r.answers = []int{500, 500, 500, 500, 500, 500}
	s.CreateContact(nil)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := s.Flush(ctx); err == nil || s.Queued() != 1 {
		t.Errorf("a flush that was stopped: %v, queued %d", err, s.Queued())
	}
}

func TestLiveDelivers(t *testing.T) {
	r := receive(t, "sandbox-secret")
	s := start(t, hubspot.Options{WebhookURL: r.URL + "/hooks/hubspot", Timeout: time.Minute, Live: true})
	s.CreateContact(nil)
	deadline := time.Now().Add(5 * time.Minute) // no measure of speed: it would never come
	for {
		r.mu.Lock()
		n := len(r.events)
		r.mu.Unlock()
		if n == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing was delivered by itself")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestDeliveriesCanBeTakenAndPackedOtherwise(t *testing.T) {
	r := receive(t, "sandbox-secret")
	s := start(t, hubspot.Options{WebhookURL: r.URL + "/hooks/hubspot", Timeout: time.Minute})
	for range 120 {
		s.CreateContact(nil)
	}
	ds := s.Deliveries()
	if len(ds) != 2 || s.Queued() != 0 {
		t.Fatalf("%d deliveries, %d left", len(ds), s.Queued())
	}
	s.CreateContact(nil)
	events := s.Events()
	for _, d := range append(ds, s.Pack(append(events, events...))) {
		if status, err := s.Send(t.Context(), d); err != nil || status != 200 {
			t.Errorf("%d %v", status, err)
		}
	}
	if len(r.bad) > 0 || len(r.events) != 122 {
		t.Errorf("bad %v, events %d", r.bad, len(r.events))
	}
}
