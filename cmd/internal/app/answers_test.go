package app

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

// TestDeliveries sends what may come to the port of the webhooks, with genuine signatures and without.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{}, "WINNOW_MAX_BODY=64KiB")
	id := w.box.CreateContact(map[string]string{"email": "a@answers.example"})
	w.settle()
	if err := w.app.Queue.Healthy(t.Context()); err != nil { // leaves one message, which the next look replaces
		t.Fatal(err)
	}
	change := func(extra string) string {
		return `[{"eventId":1,"portalId":62515,"occurredAt":AT,"subscriptionType":"contact.propertyChange","objectId":` + id +
			`,"propertyName":"winnow_override","propertyValue":"A"}` + extra + `]`
	}
	for _, c := range []struct {
		name   string
		change func(d *hubspot.Delivery)
		body   string
		want   int
		kept   bool   // the delivery is in the store afterwards
		dead   string // in the reason of the one dead letter
	}{
		{name: "wrong signature", body: change(""), want: http.StatusUnauthorized, change: func(d *hubspot.Delivery) {
			d.Header.Set("X-HubSpot-Signature-v3", "AAAA"+d.Header.Get("X-HubSpot-Signature-v3")[4:])
		}},
		{name: "no signature", body: change(""), want: http.StatusUnauthorized, change: func(d *hubspot.Delivery) {
			d.Header = http.Header{}
		}},
		{
			name: "wrong v3 beside a right v1", body: change(""), want: http.StatusUnauthorized,
			change: func(d *hubspot.Delivery) {
				d.Header.Set("X-HubSpot-Signature-v3", "bm9ib2R5")
			},
		},
		{name: "changed body", body: change(""), want: http.StatusUnauthorized, change: func(d *hubspot.Delivery) {
			d.Body = bytes.Replace(d.Body, []byte(`"A"`), []byte(`"D"`), 1)
		}},
		{name: "stale", body: change(""), want: http.StatusUnauthorized, change: func(*hubspot.Delivery) {
			w.now.Add(int64(6 * time.Minute))
		}},
		{name: "over the limit", body: "[" + strings.Repeat(" ", 70_000) + "]", want: http.StatusRequestEntityTooLarge},
		{name: "at the limit", body: "[" + strings.Repeat(" ", 64<<10-2) + "]", want: http.StatusNoContent, kept: true},
		{name: "invalid JSON", body: `[{"eventId":`, want: http.StatusNoContent, kept: true, dead: "not a JSON array"},
		{
			name: "unknown object type",
			body: change(`,{"eventId":2,"portalId":62515,"occurredAt":AT,"subscriptionType":"object.creation","objectTypeId":"0-999","objectId":5}`),
			want: http.StatusNoContent, kept: true, dead: "unknown object type",
		},
		{
			name: "another account's", body: strings.Replace(change(""), "62515", "99", 1), want: http.StatusNoContent,
			kept: true, dead: "account 99 sends events",
		},
		{name: "genuine", body: change(""), want: http.StatusNoContent, kept: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.now.Add(int64(time.Second)) // each change is newer than the one before
			w.box.SetProperty(id, "winnow_override", "B")
			w.now.Add(int64(time.Second))
			w.box.SetProperty(id, "winnow_override", "")
			w.settle()
			w.now.Add(int64(time.Second))
			before, stored := len(w.letters()), w.stored(t)
			d := w.box.Sign([]byte(strings.ReplaceAll(c.body, "AT", strconv.FormatInt(w.clock().UnixMilli(), 10))))
			if c.change != nil {
				c.change(&d)
			}
			status, err := w.box.Send(t.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			if status != c.want {
				t.Errorf("answered %d, want %d", status, c.want)
			}
			w.settle()
			if kept := w.stored(t) > stored; kept != c.kept {
				t.Errorf("kept %t, want %t", kept, c.kept)
			}
			letters := w.letters()[before:]
			switch {
			case c.dead == "" && len(letters) > 0:
				t.Errorf("dead letter: %s", letters[0].Reason)
			case c.dead != "" && (len(letters) != 1 || !strings.Contains(letters[0].Reason, c.dead) ||
				letters[0].Fix == "" ||
				(len(letters[0].Payload) == 0) != (c.name == "another account's")):
				t.Errorf("dead letters %+v, want one with its payload (none of another account's), a fix and a "+
					"reason that says %q", letters, c.dead)
			}
			// What can be read is used, also beside what cannot.
			override := w.field(id, "status") == "override"
			if want := c.name == "genuine" || c.name == "unknown object type"; override != want {
				t.Errorf("the change reached the rating: %t, want %t", override, want)
			}
		})
	}
	resp, err := http.Get(w.hooks)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET answered %d, want 405", resp.StatusCode)
	}
}

// stored is how many messages there are in the stream of deliveries, which keeps them for days.
func (w *world) stored(t *testing.T) uint64 {
	t.Helper()
	stats, err := w.app.Queue.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stats {
		if strings.HasPrefix(s.Name, "DELIVERIES") {
			return s.Messages
		}
	}
	t.Fatal("no stream of deliveries")
	return 0
}
