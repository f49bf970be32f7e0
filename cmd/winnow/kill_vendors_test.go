package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/cmd/internal/lab/porttest"
	"github.com/winnow-crm/winnow/cmd/internal/lab/stage"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

// twin is one of two accounts in which the same happens at the same instants, and the winnow that serves it.
type twin struct {
	*lane
	face world.Face
	rnd  *rand.Rand

	people, meetings, deals, quotes []string
}

// newTwin starts an account whose clock is now. Nothing is polled: what is known in the end came by webhook.
func newTwin(t *testing.T, vendor string, now func() time.Time) *twin {
	t.Helper()
	face, err := stage.Start(vendor, world.Options{
		Now: now, Sent: time.Now, Limit: -1, Fields: true, RetryWait: 10 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = face.Close() })
	listen := porttest.Free(t)
	face.SetWebhookURL("http://" + listen + "/hooks/" + vendor)
	w := &twin{lane: &lane{t: t, admin: porttest.Free(t)}, face: face, rnd: rand.New(rand.NewPCG(5, 6))}
	w.env = append(face.Settings(vendor), asWinnow+"=1", "WINNOW_SOURCES="+stage.Sources(vendor),
		"WINNOW_LISTEN="+listen, "WINNOW_ADMIN_LISTEN="+w.admin, "WINNOW_DATA_DIR="+t.TempDir(),
		"WINNOW_QUEUE_MIN_FREE=1MiB", "WINNOW_QUEUE_MAX_STORE=1GiB", "WINNOW_PARTITIONS=2", "WINNOW_GRACE=5s",
		"WINNOW_POLL_INTERVAL=0", "WINNOW_"+strings.ToUpper(vendor)+"_RATE_LIMIT=100000")
	for i := range 20 {
		w.people = append(w.people, face.CreatePerson(world.Profile{
			First: "P", Last: fmt.Sprint(i), Email: fmt.Sprintf("p%d@twin.example", i), Company: fmt.Sprint("C", i),
		}))
	}
	return w
}

func (w *twin) pick(of []string) string { return of[w.rnd.IntN(len(of))] }

// act has one thing happen: the same in both accounts, for both are drawn from one seed.
func (w *twin) act() {
	one, now := []string{w.pick(w.people)}, w.face.Now()
	switch n := w.rnd.IntN(20); {
	case n < 6:
		w.face.Email(one, world.Email{Incoming: true, Subject: "Re: looms", Text: w.pick([]string{
			"Could you send me a quote for 20 seats? We decide next week.", "ok",
			"No thank you, we are not interested.",
			"We have 40 looms in two halls and want to replace half of them by May.",
		})})
	case n < 12:
		w.face.Email(one, world.Email{Subject: "Looms", Text: w.pick([]string{
			"How many looms do you have today?", "Have you had time to look at our offer?",
		})})
	case n < 14:
		w.face.Call(one, world.Call{Incoming: n == 12, Outcome: world.Outcome(w.rnd.IntN(2)), Duration: time.Minute})
	case n < 16:
		w.meetings = append(w.meetings, w.face.Meet(one, world.Meeting{Title: "Looms", Start: now.Add(time.Hour)}))
	case n == 16 && len(w.meetings) > 0:
		w.face.EndMeeting(w.pick(w.meetings), world.Ending(w.rnd.IntN(3)))
	case n == 17:
		w.deals = append(w.deals, w.face.Deal(one, world.Deal{Name: "Looms", Amount: 9000}))
		w.quotes = append(w.quotes, w.face.Quote(one, world.Quote{
			Title: "Looms", Expires: now.AddDate(0, 1, 0), Deals: w.deals[len(w.deals)-1:],
			Lines: []world.Line{{Name: "Loom", Quantity: 2, Price: 4500}},
		}))
	case n == 18 && len(w.deals) > 0:
		w.face.SetStage(w.pick(w.deals), world.Stage(w.rnd.IntN(int(world.Won))))
	case len(w.quotes) > 0:
		w.face.Publish(w.pick(w.quotes))
	}
}

// ask has everyone write: it is the last that happens, and shows that all the rest has arrived.
func (w *twin) ask() {
	for _, id := range w.people {
		w.face.Email([]string{id}, world.Email{Incoming: true, Subject: "Price", Text: "What do two of them cost?"})
	}
}

// deliver sends webhooks as they come about, each until it is accepted, until ctx ends.
func (w *twin) deliver(ctx context.Context) {
	for ctx.Err() == nil {
		_ = w.face.Flush(ctx) // what is not taken stays queued
		time.Sleep(5 * time.Millisecond)
	}
}

// arrived sends what is left and waits until the question of everyone is seen, and nothing waits at any stage.
func (w *twin) arrived() {
	w.t.Helper()
	waittest.Until(w.t, "all webhooks are accepted", func() bool { return w.face.Flush(w.t.Context()) == nil })
	waittest.Until(w.t, "everyone waits for our answer", func() bool {
		for _, id := range w.people {
			if p, ok := w.face.Person(id); !ok || p.Fields["ball"] != "us" {
				return false
			}
		}
		return true
	})
	w.settled()
}

// known is all that is shown and kept of everyone, but when it was rated.
func (w *twin) known() map[string]any {
	all := map[string]any{}
	for _, id := range w.people {
		p, _ := w.face.Person(id)
		delete(p.Fields, "rated_at")
		all[id] = map[string]any{"fields": p.Fields, "facts": w.kept(p.ID)}
	}
	return all
}

// kept is how many facts of each kind are kept of a person, under either kind that the vendors have.
func (w *twin) kept(id string) map[string]int {
	for _, kind := range []string{"contact/", "lead/"} {
		status, body := w.get("/api/explain?source=" + w.face.Vendor() + "&contact=" + url.QueryEscape(kind+id))
		var e struct {
			Facts map[string]int `json:"facts"`
		}
		if status == http.StatusOK && json.Unmarshal([]byte(body), &e) == nil {
			return e.Facts
		}
	}
	return nil
}

// TestKilledThroughEveryVendor kills the process at random moments while things happen in the CRMs that are not
// HubSpot, a coded one and one by a mapping. In the end the same is known and shown as in a twin account, in which the
// same happened at the same instants and whose process lived in peace.
func TestKilledThroughEveryVendor(t *testing.T) {
	if testing.Short() {
		t.Skip("kills a process 4 times for each vendor")
	}
	for _, vendor := range stage.Vendors() {
		if vendor != "hubspot" { // TestKilledInACrowd
			t.Run(vendor, func(t *testing.T) {
				t.Parallel()
				killed(t, vendor, 4, 25)
			})
		}
	}
}

func killed(t *testing.T, vendor string, times, things int) {
	var clock atomic.Int64
	clock.Store(time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -60).UnixNano())
	now := func() time.Time { return time.Unix(0, clock.Load()).UTC() }
	dying, peace := newTwin(t, vendor, now), newTwin(t, vendor, now)
	start(t, peace.env, "serve")
	ctx, stop := context.WithCancel(t.Context())
	var delivery sync.WaitGroup
	for _, w := range []*twin{dying, peace} {
		delivery.Go(func() { w.deliver(ctx) })
	}
	defer func() { stop(); delivery.Wait() }()
	happen := func() {
		for range things {
			clock.Add(int64(5 * time.Hour))
			dying.act()
			peace.act()
			time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond) // so that kills meet every stage
		}
	}
	for range times {
		p := start(t, dying.env, "serve")
		happen()
		p.kill()
		_ = p.cmd.Wait() // killed: its error is no news
	}
	p := start(t, dying.env, "serve")
	clock.Add(int64(5 * time.Hour))
	dying.ask()
	peace.ask()
	stop()
	delivery.Wait()
	dying.arrived()
	peace.arrived()
	var diff string
	for end := time.Now().Add(waittest.Hang); ; time.Sleep(time.Second) { // somebody may just fall due
		if diff = cmp.Diff(peace.known(), dying.known()); diff == "" || time.Now().After(end) {
			break
		}
	}
	if diff != "" {
		t.Fatalf("what is known after the kills differs (-peace +killed):\n%s", diff[:min(len(diff), 4000)])
	}
	letters, facts := map[string]bool{}, 0
	for _, id := range dying.people {
		p, _ := dying.face.Person(id)
		letters[p.Fields["rating"]] = true
		for _, n := range dying.kept(p.ID) {
			facts += n
		}
	}
	if len(letters) < 2 || facts < times*things/2 {
		t.Errorf("ratings %v of %d facts are too little to show anything", letters, facts)
	}
	if p.kill(); strings.Contains(p.log.String(), `"level":"error"`) {
		t.Errorf("errors in the log of the last process:\n%s", last(p.log, 3000))
	}
}
