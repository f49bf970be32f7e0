package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

const (
	readMails = "/emails/batch/read"
	writeAll  = "/contacts/batch/update"
)

// TestRefusals has the CRM refuse what Winnow reads and writes in every way there is. Each passes, and then everything
// that was asked for is there; until then the CRM is not stormed.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		fail    hubspot.Failure
		slow    bool          // it is tried again after a minute, because only a person can help
		quiet   time.Duration // for so long nothing is asked again
		most    int           // calls of the path in the three seconds after the first
		says    string        // in the log
		timeout bool
	}{
		{name: "401", fail: hubspot.Failure{Status: 401}, slow: true, most: 5, says: "token is wrong"},
		{name: "403", fail: hubspot.Failure{Status: 403}, slow: true, most: 5, says: "may not do this"},
		{
			name: "429", fail: hubspot.Failure{Status: 429, After: 3 * time.Second}, quiet: 2 * time.Second, most: 5,
			says: "429",
		},
		{name: "500", fail: hubspot.Failure{Status: 500}, most: 12, says: "500"},
		{name: "503", fail: hubspot.Failure{Status: 503, After: 2 * time.Second}, most: 8, says: "503"},
		{name: "time-out", timeout: true, most: 12, says: "time-out"},
	} {
		for way, path := range map[string]string{"read": readMails, "write": writeAll} {
			t.Run(c.name+" on "+way, func(t *testing.T) {
				if c.slow && testing.Short() {
					t.Skip("waits for a minute")
				}
				t.Parallel()
				w := newWorld(t, hubspot.Options{}, "WINNOW_HUBSPOT_TIMEOUT=1s")
				id := w.box.CreateContact(map[string]string{"email": "a@refusals.example"})
				w.settle()
				if c.timeout {
					w.box.SetLatency(1500 * time.Millisecond)
				} else {
					f := c.fail
					f.Times, f.Path = -1, path
					w.box.Fail(f)
				}
				if way == "read" {
					w.box.Email([]string{id}, hubspot.Email{
						Incoming: true, Subject: "Price", Text: "What does a loom cost?",
					})
				} else {
					w.box.SetProperty(id, "winnow_override", "A")
				}
				calls := func() int { return w.calls(path) }
				before := calls()
				if err := w.box.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.until("the CRM is asked", func() bool { return calls() > before })
				first := time.Now()
				w.until("three seconds", func() bool {
					n, took := calls()-before, time.Since(first) // in this order: there were n by then
					if c.quiet > 0 && took < c.quiet && n > 4 {
						t.Fatalf("%d calls within %s, though the CRM asked for a pause", n, took)
					}
					if took < 3*time.Second && n > c.most {
						t.Fatalf("%d calls within three seconds, want at most %d", n, c.most)
					}
					return took >= 3*time.Second
				})
				w.until("the log says "+c.says, func() bool { return strings.Contains(w.warnings(), c.says) })
				if len(w.letters()) > 0 {
					t.Errorf("a passing refusal made a dead letter: %s", w.letters()[0].Reason)
				}
				w.box.Recover()
				w.box.SetLatency(0)
				w.until("what was refused is done", func() bool {
					if way == "read" {
						return w.field(id, "ball") == "us"
					}
					return w.field(id, "rating") == "A"
				})
			})
		}
	}
}

// calls is how many requests there were to paths that end so.
func (w *world) calls(path string) int {
	n := 0
	for route, count := range w.box.Calls() {
		if strings.HasSuffix(route, path) {
			n += count
		}
	}
	return n
}

// TestGone: a record that is not there is no reason to stop: a mail that was deleted says nothing, and a rating for a
// contact that was deleted is parked with its reason, while its neighbours are written.
func TestGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	var ids []string
	for i := range 20 {
		ids = append(ids, w.box.CreateContact(map[string]string{"email": fmt.Sprintf("p%d@gone.example", i)}))
	}
	mail := w.box.Email(ids[:1], hubspot.Email{Incoming: true, Subject: "Price", Text: "What does a loom cost?"})
	w.box.Remove("emails", mail)
	w.settle()
	if len(w.letters()) != 0 {
		t.Fatalf("a deleted mail made a dead letter: %s", w.letters()[0].Reason)
	}
	w.want(ids[0], "ball", "none")
	w.box.Delete(ids[7])
	lost := w.box.Events() // that it was deleted has not come yet
	for _, id := range ids {
		if id != ids[7] {
			w.box.SetProperty(id, "winnow_override", "B")
		}
	}
	late := w.box.Pack(rawEvent(`{"eventId":1,"portalId":62515,"occurredAt":%d,"subscriptionType":"contact.propertyChange","objectId":%s,"propertyName":"winnow_override","propertyValue":"B"}`,
		w.clock().UnixMilli(), ids[7]))
	w.post([]hubspot.Delivery{late})
	w.settle()
	for i, id := range ids {
		if i != 7 {
			w.want(id, "rating", "B")
		}
	}
	letters := w.letters()
	if len(letters) != 1 || letters[0].Kind != "not_found" || letters[0].Stage != "write" ||
		len(letters[0].Contacts) != 1 || letters[0].Contacts[0] != ids[7] {
		t.Fatalf("dead letters %+v, want the one write that found nobody", letters)
	}
	if e := w.explain(ids[7]); e.Rating.Letter != "B" {
		t.Errorf("a write that found nobody made us forget the contact: %+v", e.Rating)
	}
	w.post([]hubspot.Delivery{w.box.Pack(lost)})
	w.settle()
	if e := w.explain(ids[7]); e.Rating.Unrated != "deleted" {
		t.Errorf("a deleted contact is rated: %+v", e.Rating)
	}
}

// TestMissingProperties: without set-up nothing is lost, and the log says what to do.
func TestMissingProperties(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a minute")
	}
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	id := w.box.CreateContact(map[string]string{"email": "a@setup.example"})
	w.box.Fail(hubspot.Failure{
		Status: http.StatusBadRequest, Times: -1, Path: writeAll,
		Body: `{"status":"error","category":"VALIDATION_ERROR","message":"Property values were not valid",` +
			`"errors":[{"message":"Property \"winnow_rating\" does not exist","code":"PROPERTY_DOESNT_EXIST","context":{"propertyName":["winnow_rating"]}}]}`,
	})
	w.settle("write")
	w.until("the log says what to do", func() bool { return strings.Contains(w.warnings(), "winnow setup") })
	if len(w.letters()) > 0 {
		t.Errorf("dead letter: %s", w.letters()[0].Reason)
	}
	w.box.Recover()
	w.until("the rating is written", func() bool { return w.field(id, "rating") != "" })
}

// rawEvent is one event as JSON.
func rawEvent(format string, args ...any) []json.RawMessage {
	return []json.RawMessage{json.RawMessage(fmt.Sprintf(format, args...))}
}

// TestPublicURLIsNamed: a first set-up that gives the wrong origin is told the right one.
func TestPublicURLIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{}, "WINNOW_PUBLIC_URL=https://wrong.example.com")
	if status, err := w.box.Send(t.Context(), w.box.Pack(nil)); err != nil || status != http.StatusUnauthorized {
		t.Fatalf("answered %d, %v, want 401", status, err)
	}
	hooks, _ := w.app.Addresses()
	if says := "right for http://" + hooks + "/hooks/hubspot but WINNOW_PUBLIC_URL says https://wrong.example.com: " +
		"set it to http://" + hooks; !strings.Contains(w.warnings(), says) {
		t.Errorf("the log does not say %q", says)
	}
}
