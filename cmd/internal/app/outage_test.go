package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
)

// TestOutageOfAMinute takes the CRM away while 500 contacts change ten times each: for a real minute in its long form.
// What waits is the latest of each, so that catching up writes each contact once.
func TestOutageOfAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	var ids []string
	for i := range 500 {
		ids = append(ids, w.box.CreateContact(map[string]string{"email": fmt.Sprintf("p%d@outage.example", i)}))
	}
	w.settle()
	w.box.SetDown(true)
	calls, written := w.box.BatchCalls(), len(w.box.Writes())
	for round := range 10 {
		for i, id := range ids {
			w.box.SetProperty(id, "winnow_override", []string{"A", "B", "D"}[(round+i)%3])
		}
		w.pass(6*time.Second, "fetch", "write")
		if next := time.Now().Add(6 * time.Second); waittest.Long() {
			w.until("the next round", func() bool { return time.Now().After(next) })
		}
	}
	if n := w.box.BatchCalls() - calls; n != 0 {
		t.Fatalf("%d batch calls while the CRM was away", n)
	}
	w.box.SetDown(false)
	shown := func() bool {
		for i, id := range ids {
			if w.field(id, "rating") != []string{"A", "B", "D"}[(9+i)%3] {
				return false
			}
		}
		return true
	}
	w.until("the CRM shows the latest of every contact", shown)
	w.settle()
	n, each := w.box.BatchCalls()-calls, len(w.box.Writes())-written
	t.Logf("caught up with %d writes in %d batch calls", each, n)
	if each > len(ids)*3/2 || n > len(ids)/10 {
		t.Errorf("%d writes in %d batch calls for 500 contacts that changed ten times, want about 500 in about 5",
			each, n)
	}
	if !shown() || w.field(ids[0], "status") != "override" {
		t.Error("the CRM does not show the latest of every contact")
	}
}

// blind is a world in which 24 contacts have had three letters of ours, a week apart, and ought to answer them.
func blind(t *testing.T) (w *world, ids []string) {
	t.Helper()
	w = newWorld(t, hubspot.Options{})
	for i := range 24 {
		ids = append(ids, w.box.CreateContact(map[string]string{"email": fmt.Sprintf("p%d@blind.example", i)}))
	}
	for range 3 {
		for _, id := range ids {
			w.box.Email([]string{id}, hubspot.Email{
				Subject: "Looms", Text: "How many looms do you have today? When could we talk?",
			})
		}
		w.pass(7 * 24 * time.Hour)
	}
	return w, ids
}

// darkness has 60 days go by in which the third part of ids answers, and webhooks come every day.
func (w *world) darkness(ids []string, but ...string) {
	w.t.Helper()
	for day := range 60 {
		for i, id := range ids {
			if day == 5 && i%3 == 0 {
				w.box.Email([]string{id}, hubspot.Email{
					Incoming: true, Subject: "Re: Looms", Text: "We have 40 looms. What would 20 new ones cost?",
				})
			}
			if (day+i)%10 == 0 {
				w.box.SetProperty(id, "hs_lead_status", []string{"NEW", "OPEN", "IN_PROGRESS"}[day%3])
			}
		}
		w.pass(24*time.Hour, but...)
		if day%5 != 4 {
			continue
		}
		for _, id := range ids {
			if e := w.explain(id); e.Rating.Status != "open" || e.Rating.Decide != nil {
				w.t.Fatalf("contact %s is %s after %d blind days, read up to %s", id, e.Rating.Status, day+1,
					e.ReadUpTo)
			}
		}
	}
}

// daylight checks that things went on: whoever answered was never pending, and the silent ones are by now.
func (w *world) daylight(ids []string) {
	w.t.Helper()
	w.until("everything that waited is fetched, and what webhooks may have missed is polled", func() bool {
		return w.clock().Sub(w.explain(ids[0]).ReadUpTo.Time()) < time.Minute
	})
	w.settle()
	w.pass(24 * time.Hour)
	for i, id := range ids {
		path := w.path(id)
		against := slices.Contains(path, "pending") || slices.Contains(path, "disqualified")
		if answered := i%3 == 0; answered && against {
			w.t.Errorf("contact %s answered while we were blind, and was %s", id, strings.Join(path, ", "))
		} else if !answered && !against {
			e := w.explain(id)
			w.t.Errorf("contact %s has been silent for 60 days that are read by now, and was only %s; read up to %s, "+
				"held: %q, attempts %v, clocks %v", id, strings.Join(path, ", "),
				e.ReadUpTo, e.Rating.Held, e.Attempts, e.Clocks)
		}
		if i%3 == 0 {
			w.want(id, "ball", "us")
		}
	}
}

// TestBlindSilence: nobody becomes pending or disqualified because we could not look.
func TestBlindSilence(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for real retries")
	}
	t.Parallel()
	t.Run("REST down", func(t *testing.T) {
		t.Parallel()
		w, ids := blind(t)
		w.box.SetDown(true)
		w.darkness(ids, "fetch", "write")
		w.box.SetDown(false)
		w.daylight(ids)
	})
	t.Run("mail scope revoked", func(t *testing.T) {
		t.Parallel()
		w, ids := blind(t)
		w.box.SetScopes(slices.DeleteFunc(hubspot.AllScopes(), func(s string) bool {
			return s == "sales-email-read"
		})...)
		w.darkness(ids, "fetch")
		w.box.SetScopes(hubspot.AllScopes()...)
		w.daylight(ids)
	})
}

// TestOtherSourceAtFullSpeed has one of two accounts never answer while the other is worked for.
func TestOtherSourceAtFullSpeed(t *testing.T) {
	t.Parallel()
	us, err := hubspot.Start(hubspot.Options{
		Token: "us-token", ClientSecret: "us-secret", Winnow: true, RateLimit: -1, SearchPerSecond: -1,
		Now: func() time.Time { return monday }, PortalID: 777,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = us.Close() })
	w := newWorld(t, hubspot.Options{}, "WINNOW_SOURCES=hubspot,us=hubspot", "WINNOW_US_CLIENT_SECRET=us-secret",
		"WINNOW_US_TOKEN=us-token",
		"WINNOW_US_API_URL="+us.URL(), "WINNOW_US_RATE_LIMIT=1000000", "WINNOW_HUBSPOT_TIMEOUT=1h")
	us.SetWebhookURL(strings.Replace(w.hooks, "/hubspot", "/us", 1))
	load := func(box *hubspot.Sandbox, round int) (ids []string) {
		for i := range 300 {
			id := box.CreateContact(map[string]string{"email": fmt.Sprintf("p%d-%d@two.example", round, i)})
			box.Email([]string{id}, hubspot.Email{
				Incoming: true, Subject: "Price", Text: "Could you send me a quote for 20 seats?",
			})
			ids = append(ids, id)
		}
		return ids
	}
	run := func(round int) {
		t.Helper()
		ids := load(us, round)
		if err := us.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		waittest.Until(t, "the contacts of the healthy account are rated", func() bool {
			return !slices.ContainsFunc(ids, func(id string) bool {
				r, _ := us.Contact(id)
				return r.Properties["winnow_ball"] != "us"
			})
		})
	}
	run(0)
	w.box.SetLatency(time.Hour) // whoever waits for this account waits for ever
	load(w.box, 0)
	if err := w.box.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "the account that does not answer is asked", func() bool { return len(w.box.Calls()) > 0 })
	run(1)
	if n := len(w.box.Writes()); n != 0 {
		t.Errorf("%d writes to the account that does not answer", n)
	}
}
