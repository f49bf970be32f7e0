package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
)

// TestMain lets the test's own binary be the worker that the benchmark starts.
func TestMain(m *testing.M) {
	if os.Getenv("BENCH_WORKER") != "" {
		if err := Work(context.Background(), os.Args[len(os.Args)-1], os.Environ(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// tiny is the least that can be measured.
func tiny(t *testing.T, sections ...string) Options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("BENCH_WORKER", "1")
	return Options{
		Command: []string{self}, Sections: sections, Dir: t.TempDir(), Rounds: 1, Duration: 50 * time.Millisecond,
		Connections: 4, Contacts: 200,
		Sizes: []int{300}, Streams: []int{2}, Settings: []string{"WINNOW_PARTITIONS=2", "WINNOW_QUEUE_MAX_STORE=2GiB"},
		Progress: t.Logf,
	}
}

// TestRun runs every section for a moment: what it counts must have happened, and nothing may stay behind.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a dozen processes")
	}
	o := tiny(t)
	o.Profile = filepath.Join(t.TempDir(), "profiles")
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	positive := func(what string, rounds []Round) {
		t.Helper()
		if len(rounds) != o.Rounds {
			t.Errorf("%s: %d rounds, want %d", what, len(rounds), o.Rounds)
		}
		for _, r := range rounds {
			if r.PerSecond <= 0 || r.PerSecond > 1e9 {
				t.Errorf("%s: %v a second", what, r.PerSecond)
			}
		}
	}
	if len(report.Receive) != 2 || len(report.Flow) != 3 || len(report.Mail) != 1 || len(report.Size) != 1 {
		t.Fatalf("a section has no result: %+v", report)
	}
	for _, r := range report.Receive {
		positive("receive", r.Winnow)
		positive("receive, bare", r.Bare)
	}
	for _, r := range report.Flow {
		positive("flow", r.Winnow)
		positive("flow, bare", r.Bare)
		if w := r.Winnow[0].Writes; w <= 0 || w > r.Changing+0.01 {
			t.Errorf("flow, 1 in %.0f changes the rating: %.3f writes a fact", 1/r.Changing, w)
		}
	}
	for _, r := range report.Mail {
		positive("mail", r.Winnow)
		positive("mail, bare", r.Limit)
		if r.Reads <= 0 {
			t.Error("mail: nothing was read from the CRM")
		}
	}
	for _, r := range report.Size {
		positive("size", r.Winnow)
		if r.Ready <= 0 || r.Started < r.Ready || r.IdleHeap <= 0 {
			t.Errorf("size: ready after %v s, started after %v s, %v bytes of heap", r.Ready, r.Started, r.IdleHeap)
		}
	}
	if left, _ := os.ReadDir(o.Dir); len(left) > 0 {
		t.Errorf("stores stay behind: %v", left)
	}
	if got, _ := filepath.Glob(filepath.Join(o.Profile, "*.cpu.pprof")); len(got) < 6 {
		t.Errorf("profiles: %v", got)
	}
	var b bytes.Buffer
	if err := report.Table(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"deliveries acknowledged", "facts, from the webhook", "new mails", "many contacts", "fsync of 4 KiB",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table does not have %q:\n%s", want, b.String())
		}
	}
	if _, err := json.Marshal(report); err != nil {
		t.Error(err)
	}
}

// TestWrongRating shows that a round fails when the CRM does not end up with what the events say.
func TestWrongRating(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process")
	}
	o := tiny(t)
	o.Settings = append(o.Settings, "WINNOW_POLL_INTERVAL=0") // a poll would find what was never sent
	r := &run{Options: o}
	p, err := newPortal(200, "winnow_rating")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.close() }()
	dir := r.store()
	if err := r.seed(t.Context(), p, dir); err != nil {
		t.Fatal(err)
	}
	c, err := r.start(t.Context(), winnow, dir, p.url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.stop(); err != nil {
			t.Error(err)
		}
	}()
	traffic := p.changes(200, 1, 100)
	traffic.bodies = traffic.bodies[:1] // the second half is never sent
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { // all that was sent is there: what is missing will never come
		defer cancel()
		for end := time.Now().Add(waittest.Hang); p.off() != 100 && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
	}()
	_, err = r.flowRound(ctx, p, c, traffic, "")
	if err == nil || !strings.Contains(err.Error(), "100 of 200 contacts do not show") {
		t.Errorf("error %v, want one that names the 100 contacts whose events were not sent", err)
	}
}

// TestChanges shows that each change makes an event, so that what is counted was sent.
func TestChanges(t *testing.T) {
	p, err := newPortal(100, "winnow_rating")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.close() }()
	for range 3 {
		got := p.changes(250, 5, 100)
		if got.events != 250 || len(got.bodies) != 3 {
			t.Errorf("250 changes made %d events in %d deliveries of 100", got.events, len(got.bodies))
		}
		if n := len(got.want); n < 10 || n > 60 {
			t.Errorf("1 change in 5 of 100 contacts sets an override, which concerned %d", n)
		}
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"no such section": {Sections: []string{"nonsense"}},
		"negative rounds": {Rounds: -1},
		"hardly anybody":  {Contacts: 5},
		"no stream":       {Streams: []int{0}},
	} {
		if _, err := o.settled(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	o, err := Options{}.settled()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(o.Sections, Sections) || o.Rounds < 3 {
		t.Errorf("defaults: %+v", o)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		v    []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{1, 9, 3, 5}, 4}} {
		if got := median(c.v); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.v, got, c.want)
		}
	}
}

func TestOther(t *testing.T) {
	now := ""
	for range 20 {
		before := now
		for range 7 {
			next := other(now, before)
			if next == now || next == before {
				t.Fatalf("other(%q, %q) = %q", now, before, next)
			}
			now = next
		}
	}
}
