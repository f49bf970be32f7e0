package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
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
		Sizes: []int{300}, Settings: []string{"WINNOW_PARTITIONS=2", "WINNOW_QUEUE_MAX_STORE=2GiB"},
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
	if len(report.Rows) != 2+len(flowCases)+len(mailCases)+len(delayCases)+1 {
		t.Fatalf("a row has no result: %+v", report.Rows)
	}
	positive := func(row Row, rounds []Round) {
		t.Helper()
		if len(rounds) != o.Rounds {
			t.Errorf("%s, %s: %d rounds, want %d", row.Section, row.Name, len(rounds), o.Rounds)
		}
		for _, r := range rounds {
			if r.PerSecond <= 0 || r.PerSecond > 1e9 {
				t.Errorf("%s, %s: %v a second", row.Section, row.Name, r.PerSecond)
			}
		}
	}
	for _, row := range report.Rows {
		positive(row, row.Winnow)
		first := row.Winnow[0]
		switch row.Section {
		case "delay":
			if first.ShownP50 <= first.P50 || first.ShownP99 < first.ShownP50 {
				t.Errorf("%s: acknowledged after %v s, shown after %v to %v s", row.Name, first.P50, first.ShownP50,
					first.ShownP99)
			}
			continue
		case "size":
			if first.Ready <= 0 || first.Started < first.Ready || first.IdleRSS <= 0 {
				t.Errorf("size: ready after %v s, started after %v s, %v bytes idle", first.Ready, first.Started,
					first.IdleRSS)
			}
			continue
		case "mail":
			if first.Reads <= 0 {
				t.Error("mail: nothing was read from the CRM")
			}
		}
		positive(row, row.Bare)
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
		"deliveries acknowledged", "facts, from the webhook", "new mails", "one event at a time",
		"many contacts", "fsync of 4 KiB",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table does not have %q:\n%s", want, b.String())
		}
	}
	if _, err := json.Marshal(report); err != nil {
		t.Error(err)
	}
}

// TestAgainst measures two builds by turns, which are the same one here.
func TestAgainst(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	o := tiny(t)
	o.Row, o.Against, o.Rounds = "property, at rest", o.Command, 2
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Rows) != 1 || len(report.Rows[0].Winnow) != 2 || len(report.Rows[0].Other) != 2 {
		t.Fatalf("want one row of two rounds of each build: %+v", report.Rows)
	}
	var table, markdown bytes.Buffer
	if err := errors.Join(report.Table(&table), report.Markdown(&markdown)); err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{table.String(), markdown.String()} {
		if !strings.Contains(printed, "times the other build") || !strings.Contains(printed, o.Row) {
			t.Errorf("the comparison is not printed:\n%s", printed)
		}
	}
}

// TestRatios: how many times better is told of each round, and of delays the other way round.
func TestRatios(t *testing.T) {
	row := Row{
		Winnow: []Round{{PerSecond: 20, ShownP50: 1}, {PerSecond: 30, ShownP50: 4}},
		Other:  []Round{{PerSecond: 10, ShownP50: 3}, {PerSecond: 10, ShownP50: 2}},
	}
	for _, s := range printed {
		want := []float64{2, 3}
		if s.name == "delay" {
			want = []float64{3, 0.5}
		}
		if got := s.ratios(row); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", s.name, got, want)
		}
		for n, reached := range map[float64]bool{median(want): true, median(want) + 0.1: false} {
			if got, known := times(n).of(s, row); got != reached || !known {
				t.Errorf("%s: an aim of %v times is reached: %v, %v", s.name, n, got, known)
			}
		}
	}
	if _, known := times(1).of(printed[0], Row{Winnow: row.Winnow}); known {
		t.Error("an aim against another build is told of without one")
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
	sc := scene{contacts: 200, field: "winnow_rating"}
	p, err := newPortal(sc)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.close() }()
	dir := r.store()
	if err := r.fill(t.Context(), o.Command, p, dir, sc); err != nil {
		t.Fatal(err)
	}
	c, err := r.start(t.Context(), r.Command, winnow, dir, p.url)
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
	p, err := newPortal(scene{contacts: 100, field: "winnow_rating"})
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
