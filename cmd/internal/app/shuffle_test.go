package app

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/cmd/internal/lab/crowdtest"
	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
)

// ratings are what stands in the CRM of Winnow's fields, but for rated_at. An empty field is shown like one that was
// never set.
func (w *world) ratings() map[string]map[string]string {
	w.t.Helper()
	all := map[string]map[string]string{}
	for _, id := range w.box.Contacts() {
		r, _ := w.box.Contact(id)
		all[id] = map[string]string{}
		for name, value := range r.Properties {
			if strings.HasPrefix(name, "winnow_") && name != "winnow_rated_at" && value != "" {
				all[id][name] = value
			}
		}
	}
	return all
}

// crowded is a world in which a crowd has lived for 60 days, of which Winnow has heard nothing yet.
func crowded(t *testing.T, people, things int) (w *world, events []json.RawMessage) {
	t.Helper()
	w = newWorld(t, hubspot.Options{}, "WINNOW_POLL_INTERVAL=0")
	c := crowdtest.New(w.box, func(at time.Time) { w.now.Store(at.UnixNano()) }, 42, people)
	c.Live(monday.Add(time.Minute), monday.AddDate(0, 0, 60), things)
	return w, w.box.Events()
}

// post sends signed deliveries, ten at a time as HubSpot does, each until it is accepted.
func (w *world) post(ds []hubspot.Delivery) {
	w.t.Helper()
	var g errgroup.Group
	g.SetLimit(10)
	for _, d := range ds {
		g.Go(func() error {
			for {
				status, err := w.box.Send(w.t.Context(), d)
				if err == nil && status/100 == 2 {
					return nil
				}
				if w.t.Context().Err() != nil {
					return err
				}
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	if err := g.Wait(); err != nil {
		w.t.Fatalf("send: %v", err)
	}
}

// repeated makes deliveries of one to three events of events, each sent one to three times, some of the repetitions
// split or joined otherwise than the first time, in any order.
func repeated(w *world, rnd *rand.Rand, events []json.RawMessage) (ds []hubspot.Delivery, distinct int) {
	for rest := events; len(rest) > 0; distinct++ {
		n := min(1+rnd.IntN(3), len(rest))
		chunk, behind := rest[:n], rest[n:]
		ds = append(ds, w.box.Pack(chunk))
		for range rnd.IntN(3) {
			switch rnd.IntN(4) {
			case 0: // event by event
				for i := range chunk {
					ds = append(ds, w.box.Pack(chunk[i:i+1]))
				}
			case 1: // with what came behind it
				ds = append(ds, w.box.Pack(rest[:min(n+5, len(rest))]))
			default:
				ds = append(ds, w.box.Pack(chunk))
			}
		}
		rest = behind
	}
	rnd.Shuffle(len(ds), func(i, j int) { ds[i], ds[j] = ds[j], ds[i] })
	return ds, distinct
}

// TestShuffled sends the same 60 days twice: once as they came, and once in deliveries that are repeated, shuffled and
// split, 10,000 of them in its long form. Whatever the CRM shows must be the same to the byte, then and as time goes
// on.
func TestShuffled(t *testing.T) {
	if testing.Short() {
		t.Skip("2,000 deliveries")
	}
	t.Parallel()
	people, things, least := 120, 900, 2000
	if waittest.Long() {
		people, things, least = 300, 3900, 10000
	}
	clean, events := crowded(t, people, things)
	mixed, same := crowded(t, people, things)
	if !slices.EqualFunc(events, same, func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
		t.Fatal("the two sandboxes have different histories: nothing can be compared")
	}
	var once []hubspot.Delivery
	for batch := range slices.Chunk(events, 100) {
		once = append(once, clean.box.Pack(batch))
	}
	clean.post(once)
	clean.settle()

	begun := time.Now()
	ds, distinct := repeated(mixed, rand.New(rand.NewPCG(1, 2)), events)
	if distinct < least {
		t.Fatalf("%d events make %d deliveries, want %d", len(events), distinct, least)
	}
	mixed.post(ds)
	posted := time.Since(begun)
	mixed.settle()
	t.Logf("%d events; %d deliveries, sent %d times in %s, settled after %s", len(events), distinct, len(ds),
		posted.Round(time.Millisecond), time.Since(begun).Round(time.Millisecond))

	letters, statuses := map[string]int{}, map[string]int{}
	for _, wait := range []time.Duration{
		0, time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 30 * 24 * time.Hour,
	} {
		clean.pass(wait)
		mixed.pass(wait)
		want, got := clean.ratings(), mixed.ratings()
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("at %s the shuffled CRM differs from the clean one (-clean +shuffled):\n%s",
				clean.clock().Format(time.RFC3339), tail(d, 4000))
		}
		for _, props := range got {
			letters[props["winnow_rating"]]++
			statuses[props["winnow_status"]]++
		}
	}
	t.Logf("ratings %v, statuses %v", letters, statuses)
	if len(letters) < 4 || len(statuses) < 4 {
		t.Errorf("ratings %v and statuses %v are too much alike to show anything", letters, statuses)
	}
}
