package app

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/lab/cast"
	"github.com/winnow-crm/winnow/cmd/internal/lab/stage"
	story "github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

// ending is how a member of the cast ends.
type ending struct{ Letter, Status, Ground, Ball string }

// exceptions are what a vendor cannot tell, by vendor and member, each with the reason why. They stand in the vendor's
// README too.
var exceptions = map[string]map[string]string{}

// stillClock is set by the play and stands in between.
type stillClock struct{ ns atomic.Int64 }

func (c *stillClock) Set(t time.Time) { c.ns.Store(t.UnixNano()) }
func (c *stillClock) now() time.Time  { return time.Unix(0, c.ns.Load()).UTC() }

// playThrough plays the cast through a vendor's sandbox and the whole pipeline, and returns how each member ends. read,
// which may be nil, sees what was written of them.
func playThrough(t *testing.T, vendor string, read *reading) map[string]ending {
	t.Helper()
	clock := &stillClock{}
	clock.Set(cast.Begin)
	face, err := stage.Start(vendor, story.Options{Now: clock.now, Limit: -1, Fields: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = face.Close() }()
	cfg, err := config.Load(append(face.Settings(vendor),
		"WINNOW_SOURCES="+stage.Sources(vendor),
		"WINNOW_LISTEN=127.0.0.1:0", "WINNOW_ADMIN_LISTEN=127.0.0.1:0", "WINNOW_DATA_DIR="+
			t.TempDir(),
		"WINNOW_PARTITIONS=2", "WINNOW_POLL_INTERVAL=0", "WINNOW_"+strings.ToUpper(vendor)+"_RATE_LIMIT=100000",
		"WINNOW_QUEUE_MIN_FREE=64MiB", "WINNOW_QUEUE_MAX_STORE=1GiB", "WINNOW_REASON_ROWS=true"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(t.Context(), cfg, zap.NewNop(), Options{Now: clock.now, Tick: 2 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = a.Close()
	}()
	hooks, _ := a.Addresses()
	face.SetWebhookURL("http://" + hooks + "/hooks/" + vendor)
	settle := func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 3*time.Minute) // which only a hang reaches
		defer cancel()
		if err := face.Flush(ctx); err != nil {
			return err
		}
		return a.Pipeline.Idle(ctx)
	}
	members := cast.All()
	if err := cast.Play(ctx, face, members, clock, settle, read.daily(face, members)); err != nil {
		t.Fatal(err)
	}
	ends := map[string]ending{}
	for _, m := range members {
		if err := cast.Check(face, m); err != nil {
			t.Errorf("%s: %v", vendor, err)
		}
		p, _ := face.Person(m.Contact)
		ends[m.Name] = ending{
			p.Fields["rating"], p.Fields["status"], p.Fields["disqualification_reason"], p.Fields["ball"],
		}
	}
	read.atLast(t, a, vendor, members)
	return ends
}

// The same story gives the same letter, status and ground through every vendor that can tell it.
func TestTheSameStoryEverywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("plays eight months for each vendor")
	}
	want := playThrough(t, "hubspot", &reading{})
	for _, vendor := range stage.Vendors() {
		if vendor == "hubspot" {
			continue
		}
		t.Run(vendor, func(t *testing.T) {
			got := playThrough(t, vendor, nil)
			for name := range exceptions[vendor] {
				delete(got, name)
				want[name] = ending{}
			}
			for name, end := range got {
				if diff := cmp.Diff(want[name], end); diff != "" {
					t.Errorf("%s ends otherwise than through HubSpot:\n%s", name, diff)
				}
			}
		})
	}
}
