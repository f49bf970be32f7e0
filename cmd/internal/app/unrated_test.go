package app

import (
	"context"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/queue"
)

// TestUnratedIsSeen: while another process holds the partitions and rates nothing, metrics, the console and, beyond a
// bound, /readyz say that facts wait to be rated and for how long; and that they do no more once they are.
func TestUnratedIsSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	var held []*queue.Lease
	w.rateLate = time.Millisecond
	w.before = func(a *App) {
		for part := range a.Queue.Partitions() {
			lease, err := a.Queue.Leases.Acquire(t.Context(), fmt.Sprintf("lease.%d", part), time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, lease)
		}
	}
	w.start()
	get := func(path string) string {
		rec := httptest.NewRecorder()
		w.app.Admin.ServeHTTP(rec, httptest.NewRequest("GET", "http://127.0.0.1"+path, nil))
		return rec.Body.String()
	}
	waits := regexp.MustCompile(`(?m)^winnow_rate_oldest_seconds\{partition="\d"\} (\d*\.\d+|\d+e-\d+|[1-9]\d*)$`)
	count := regexp.MustCompile(`(?m)^winnow_rate_lag_messages\{partition="\d"\} [1-9]`)

	waittest.Until(t, "ready without facts", func() bool { return strings.Contains(get("/readyz"), `"ready":true`) })
	id := w.box.CreateContact(map[string]string{"email": "a@unrated.example"})
	w.box.Email([]string{id}, hubspot.Email{Incoming: true, Subject: "a question", Text: "What does it cost?"})
	ctx, cancel := context.WithTimeout(t.Context(), waittest.Hang)
	defer cancel()
	if err := w.box.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	for what, seen := range map[string]func() bool{
		"/readyz":  func() bool { return strings.Contains(get("/readyz"), "partitions are not rated: those of") },
		"/metrics": func() bool { m := get("/metrics"); return waits.MatchString(m) && count.MatchString(m) },
		"status":   func() bool { return strings.Contains(get("/api/status"), `"bundles":`) },
		"page":     func() bool { return strings.Contains(get("/system"), "Oldest since") },
	} {
		waittest.Until(t, what+" says that facts wait", seen)
	}
	for _, lease := range held {
		lease.GiveUp(t.Context())
	}
	for what, seen := range map[string]func() bool{
		"/readyz": func() bool { return strings.Contains(get("/readyz"), `"ready":true`) },
		"/metrics": func() bool {
			m := get("/metrics")
			return has(strings.Split(m, "\n"), "winnow_rate_lag_messages", "") && !count.MatchString(m)
		},
	} {
		waittest.Until(t, what+" says that none does", seen)
	}
}
