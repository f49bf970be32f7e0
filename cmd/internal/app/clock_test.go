package app

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
)

// asks returns what the admin port answers.
func (w *world) asks(path string) (status int, body string) {
	rec := httptest.NewRecorder()
	w.app.Admin.ServeHTTP(rec, httptest.NewRequest("GET", "http://127.0.0.1"+path, nil))
	return rec.Code, rec.Body.String()
}

const nothingStale = `winnow_deliveries_total{result="stale",source="hubspot"} 0`

// TestClockAhead: by the Date of HubSpot's answers it is known that the clock is wrong. It is said, nothing is
// announced, and deliveries are taken in as before.
func TestClockAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	w.ahead.Store(int64(60 * 24 * time.Hour))
	w.restart()
	waittest.Until(t, "the clock is found wrong", func() bool {
		status, body := w.asks("/readyz")
		return status == 503 && strings.Contains(body, "1440h0m0s ahead of the CRM's")
	})
	id := w.box.CreateContact(map[string]string{"email": "a@clock.example"})
	w.box.Email([]string{id}, hubspot.Email{Incoming: true, Subject: "a question", Text: "What does it cost?"})
	w.settle()
	var at string
	waittest.Until(t, "the contact is rated", func() bool { // a first write may wait for a poll by the right clock
		c, _ := w.box.Contact(id)
		at = c.Properties["winnow_rated_at"]
		return at != ""
	})
	if !strings.HasPrefix(at, "2026-03-02") {
		t.Errorf("HubSpot is told that the rating is of %q, want the day that it is", at)
	}
	for _, want := range []string{"\nwinnow_clock_held 1\n", "\nwinnow_clock_skew_seconds 5.18", nothingStale} {
		waittest.Until(t, "/metrics has "+want, func() bool {
			_, metrics := w.asks("/metrics")
			return strings.Contains(metrics, want)
		})
	}
	waittest.Until(t, "the console says that announcements are held back", func() bool {
		_, page := w.asks("/")
		return strings.Contains(page, "nothing is announced</span>: this machine&#39;s clock is wrong")
	})
	if !strings.Contains(w.log.String(), "the clock is wrong") {
		t.Error("the log does not say that the clock is wrong")
	}
	w.ahead.Store(0)
	w.restart()
	waittest.Until(t, "the clock is right", func() bool {
		status, _ := w.asks("/readyz")
		_, metrics := w.asks("/metrics")
		return status == 200 && strings.Contains(metrics, "\nwinnow_clock_held 0\n")
	})
}

// TestClockBehind: while the CRM's API is away, the signatures of its deliveries alone show that the clock is behind.
// It is named, and not the secret.
func TestClockBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	w.box.SetDown(true)
	w.ahead.Store(int64(-7 * time.Minute))
	w.restart()
	for range 3 {
		if status, err := w.box.Send(t.Context(), w.box.Sign([]byte("[]"))); err != nil || status != 401 {
			t.Fatalf("a delivery by which the clock is behind is answered with %d, %v", status, err)
		}
	}
	waittest.Until(t, "the clock is found wrong", func() bool {
		status, body := w.asks("/readyz")
		return status == 503 && strings.Contains(body, "7m0s behind")
	})
	log := w.log.String()
	if !strings.Contains(log, "its signature is right") || !strings.Contains(log, "this machine's clock is behind") {
		t.Error("the log does not say that the clock is what refuses deliveries")
	}
	waittest.Until(t, "what was refused for its date is counted as that", func() bool {
		_, metrics := w.asks("/metrics")
		return strings.Contains(metrics, "winnow_deliveries_total") && !strings.Contains(metrics, nothingStale)
	})
	w.box.SetDown(false)
}
