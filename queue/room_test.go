package queue

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/queue/internal/layout"
)

func TestFullStreamRefuses(t *testing.T) {
	q := open(t, func(c *Config) {
		c.Sources = append(c.Sources, "other")
		c.MaxPayload = int32(mib)
		c.DeliveriesBytes, c.FactsBytes, c.FetchesBytes, c.DeadLettersBytes = 4*mib, 2*mib, 4*mib, mib
	})
	data := make([]byte, 200_000)
	fill := func(what string, publish func(i int) error) int {
		t.Helper()
		for i := range 100 {
			if err := publish(i); err != nil {
				if !errors.Is(err, ErrFull) {
					t.Errorf("%s: %v, want ErrFull", what, err)
				}
				return i
			}
		}
		t.Errorf("%s never fills up", what)
		return 0
	}
	n := fill("deliveries", func(int) error { return q.Deliveries.Publish(t.Context(), src, data, nil) })
	if n < 8 || n > 11 {
		t.Errorf("%d deliveries of 200 kB in the source's half of 4 MiB", n)
	}
	// The other source has its own share.
	must(t, q.Deliveries.Publish(t.Context(), "other", data, nil))
	fill("facts", func(int) error { return q.Facts.Publish(t.Context(), []Bundle{{0, data, nil}}) })
	fill("fetches", func(i int) error {
		return q.Fetches.Publish(t.Context(), []FetchMsg{{src, "emails", fmt.Sprint(i), data, nil}}, latest)
	})
	// replacing needs no room
	must(t, q.Fetches.Publish(t.Context(), []FetchMsg{{src, "emails", "0", data[:1000], nil}}, latest))

	time.Sleep(roomAge)
	for role, want := range map[interface{ Room(share float64) error }]bool{
		q.Deliveries: false, q.Facts: true, q.Fetches: false,
	} {
		if err := role.Room(0.8); errors.Is(err, ErrFull) != want {
			t.Errorf("%T.Room(0.8): %v, full is %v", role, err, want)
		}
	}
	if err := q.Deliveries.Room(0.4); !errors.Is(err, ErrFull) {
		t.Errorf("Deliveries.Room(0.4): %v, want ErrFull", err)
	}
	commit(t, q, 0, Checkpoint{}, map[string]string{"c": "the raters still have room"}, nil)

	// What was read gives room again, kept or not, because the stream is more than half full.
	for _, m := range fetch(t, q.Deliveries.Consumer(src), n) {
		must(t, m.Ack())
	}
	eventually(t, "trimming gives room", func() bool {
		must(t, q.Deliveries.Trim(t.Context(), time.Hour))
		return q.Deliveries.Publish(t.Context(), src, data, nil) == nil
	})
}

func TestLittleFreeDiskRefuses(t *testing.T) {
	q := open(t, func(c *Config) { c.MinFree = 1 << 60 })
	if err := q.Deliveries.Room(0.8); !errors.Is(err, ErrFull) ||
		!strings.Contains(err.Error(), "(WINNOW_QUEUE_MIN_FREE) is 1.0 EiB") {
		t.Errorf("Room: %v, want ErrFull, with sizes that people can read", err)
	}
	if err := q.Deliveries.Publish(t.Context(), src, []byte("x"), nil); !errors.Is(err, ErrFull) {
		t.Errorf("PublishDelivery: %v, want ErrFull", err)
	}
	if err := q.Healthy(t.Context()); !errors.Is(err, ErrFull) {
		t.Errorf("Healthy: %v, want ErrFull", err)
	}
	// What empties the queue goes on.
	commit(t, q, 0, Checkpoint{}, map[string]string{"c": "x"}, map[string]string{"c": "A"})
}

func TestHealthyAndStats(t *testing.T) {
	q := open(t)
	for range 5 {
		healthy(t, q)
	}
	must(t, q.Facts.Publish(t.Context(), []Bundle{{0, make([]byte, 1000), nil}, {1, make([]byte, 1000), nil}}))
	seen := map[string]bool{}
	for _, s := range must1[[]StreamStats](t)(q.Stats(t.Context())) {
		seen[s.Name] = true
		if s.Name == layout.Facts && (s.Messages != 3 || s.Bytes < 2000 || s.MaxBytes == 0 ||
			time.Since(s.First) > time.Minute) {
			t.Errorf("%+v; want two bundles and one probe, however often it was asked", s)
		}
	}
	for _, name := range []string{
		"CONTACTS_0", "CONTACTS_1", "DELIVERIES_hubspot", "FETCHES_hubspot", "FACTS", "DEADLETTERS", "LEASES",
	} {
		if !seen[name] {
			t.Errorf("no figures of %s", name)
		}
	}
	none(t, q.Deliveries.Consumer(src), "a probe is no delivery")
}

func TestTooLarge(t *testing.T) {
	q := open(t, func(c *Config) { c.MaxPayload = int32(mib) })
	fits, tooLarge := bytes.Repeat([]byte("x"), q.MaxBundle()), make([]byte, q.MaxBundle()+1)
	must(t, q.Deliveries.Publish(t.Context(), src, fits, nil))
	must(t, q.Facts.Publish(t.Context(), []Bundle{{0, fits, nil}}))
	commit(t, q, 0, Checkpoint{}, map[string]string{"c": string(fits)}, nil)
	_, unburied := q.DeadLetters.Bury(t.Context(), DeadLetter{Stage: "read", Payload: tooLarge}, "")
	for what, err := range map[string]error{
		"delivery": q.Deliveries.Publish(t.Context(), src, tooLarge, nil),
		"bundle":   q.Facts.Publish(t.Context(), []Bundle{{0, tooLarge, nil}}),
		"fetch":    q.Fetches.Publish(t.Context(), []FetchMsg{{src, "t", "1", tooLarge, nil}}, latest),
		"dead":     unburied,
	} {
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s of MaxBundle+1 bytes: %v, want ErrTooLarge", what, err)
		}
	}
}

func TestTrimFacts(t *testing.T) {
	q := open(t)
	for i := range 40 {
		must(t, q.Facts.Publish(t.Context(), []Bundle{{i % 4, []byte("x"), nil}}))
	}
	left := func() uint64 {
		t.Helper()
		s := must1[[]StreamStats](t)(q.Stats(t.Context()))
		for _, s := range s {
			if s.Name == layout.Facts {
				return s.Messages
			}
		}
		return 0
	}
	// of partition 3 nothing is known: all stays
	must(t, q.Facts.Trim(t.Context(), map[int]uint64{0: 40, 1: 40, 2: 40}))
	if n := left(); n != 40 {
		t.Errorf("%d bundles left, want all 40", n)
	}
	must(t, q.Facts.Trim(t.Context(), map[int]uint64{0: 40, 1: 40, 2: 40, 3: 20}))
	if n := left(); n != 20 {
		t.Errorf("%d bundles left, want 20: those behind what every partition has rated", n)
	}
	l := must1[*Log](t)(q.Facts.Open(t.Context(), 3, 20))
	defer l.Close()
	if msgs := rest(t, l); len(msgs) != 5 || msgs[0].Seq != 24 {
		t.Errorf("%d bundles of partition 3 left, want 5 from 24 on", len(msgs))
	}
	healthy(t, q) // the probe does not hold anything back
	must(t, q.Facts.Trim(t.Context(), map[int]uint64{0: 40, 1: 40, 2: 40, 3: 40}))
	if n := left(); n != 0 {
		t.Errorf("%d messages left, want none", n)
	}
	must(t, q.Facts.Publish(t.Context(), []Bundle{{3, []byte("next"), nil}}))
	var msgs []*Msg // the server takes a moment to count what comes right behind a trim: none is marked yet
	eventually(t, "the next bundle", func() bool {
		msgs = append(msgs, must1[[]*Msg](t)(l.Next(t.Context(), 100, time.Second))...)
		return len(msgs) > 0
	})
	if len(msgs) != 1 || string(msgs[0].Data) != "next" {
		t.Errorf("after the trim: %v", msgs)
	}
}

// A partition that stands still must not fill the stream with what the others have long rated.
func TestTrimFactsAroundAPartitionThatStandsStill(t *testing.T) {
	q := open(t, func(c *Config) { c.MaxPayload, c.FactsBytes = int32(mib), 4*mib })
	must(t, q.Facts.Publish(t.Context(), []Bundle{{0, []byte("stands still"), nil}}))
	for range 25 {
		must(t, q.Facts.Publish(t.Context(), []Bundle{{1, make([]byte, 100_000), nil}}))
	}
	must(t, q.Facts.Trim(t.Context(), map[int]uint64{0: 0, 1: 25}))
	l := must1[*Log](t)(q.Facts.Open(t.Context(), 0, 0))
	defer l.Close()
	if msgs := rest(t, l); len(msgs) != 1 {
		t.Errorf("%d bundles of the partition that stands still, want 1", len(msgs))
	}
	other := must1[*Log](t)(q.Facts.Open(t.Context(), 1, 0))
	defer other.Close()
	if msgs := rest(t, other); len(msgs) != 1 || msgs[0].Seq != 26 {
		t.Errorf("%d bundles of the partition that moves, want the one that is not rated", len(msgs))
	}
}

func TestTrimDeliveries(t *testing.T) {
	q := open(t)
	c := q.Deliveries.Consumer(src)
	count := func() uint64 {
		t.Helper()
		return must1[[]StreamStats](t)(q.Stats(t.Context()))[2].Messages
	}
	for range 5 {
		must(t, q.Deliveries.Publish(t.Context(), src, []byte("x"), nil))
	}
	msgs := fetch(t, c, 5)
	for _, i := range []int{0, 1, 3} {
		must(t, msgs[i].Ack())
	}
	must(t, q.Deliveries.Trim(t.Context(), time.Hour))
	if n := count(); n != 5 {
		t.Errorf("%d deliveries left, want all 5 within the hour", n)
	}
	eventually(t, "those before the first in hand go", func() bool {
		must(t, q.Deliveries.Trim(t.Context(), 0))
		return count() == 3
	})
	must(t, msgs[2].Ack())
	must(t, msgs[4].Ack())
	healthy(t, q)
	eventually(t, "all go", func() bool {
		must(t, q.Deliveries.Trim(t.Context(), 0))
		return count() == 0
	})
}
