package pipeline

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/clock"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// outside starts a NATS server on the loopback interface, with the limits that it has by default: commits must fit
// them.
func outside(t *testing.T) string {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
		JetStreamMaxStore: 40 << 30, JetStreamMaxMemory: 256 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	go s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(waittest.Hang) {
		t.Fatal("the NATS server is not ready")
	}
	return s.ClientURL()
}

// joined is one process of several over one NATS server, on the real clock.
type joined struct {
	*Pipeline
	stop func()
}

func join(t *testing.T, url, name string, s *rules.Settings, f *fake, roles ...Role) *joined {
	t.Helper()
	return joinBy(t, url, name, nil, s, f, roles...)
}

// joinBy is join by a clock of the process's own; nil: this machine's.
func joinBy(
	t *testing.T, url, name string, clk *clock.Clock, s *rules.Settings, f *fake, roles ...Role,
) *joined {
	t.Helper()
	const mib = 1 << 20
	q, err := queue.Open(t.Context(), queue.Config{
		URL: url, Name: name, Partitions: 6, Sources: []string{"fake"}, Replicas: 1 + strings.Count(url, ","),
		DeliveriesBytes: 64 * mib, FactsBytes: 64 * mib, FetchesBytes: 64 * mib, DeadLettersBytes: 64 * mib,
	})
	if err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	if f.written == nil {
		f.written = map[string]map[crm.Field]string{}
	}
	f.mu.Unlock()
	p := New(Options{
		Queue: q, Sources: []watermark.Source{{Source: crm.Source{Name: "fake", Vendor: "fake"}, CRM: f.vendor()}},
		Rules: s, Roles: roles, Grace: time.Second, Clock: clk,
		Tick: 10 * time.Millisecond, LeaseTTL: time.Second, Log: zap.NewNop(),
		Metrics: NewMetrics(prometheus.NewRegistry()),
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	j := &joined{Pipeline: p}
	stopped := false
	j.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := q.Close(); err != nil {
			t.Errorf("close %s: %v", name, err)
		}
	}
	t.Cleanup(j.stop)
	return j
}

// owned is how many partitions a process has rated.
func (j *joined) owned() (n int) {
	for part := range j.q.Partitions() {
		if _, ok := j.rating.Done(part, time.Time{}); ok {
			n++
		}
	}
	return n
}

// TestPartitionsAreShared as processes come and go, and all of them go to those with the newest settings.
func TestPartitionsAreShared(t *testing.T) {
	url, f := outside(t), &fake{}
	a := join(t, url, "a", rules.Defaults(), f)
	waittest.Until(t, "one has all", func() bool { return a.owned() == 6 })
	b := join(t, url, "b", rules.Defaults(), f)
	waittest.Until(t, "two have half each", func() bool { return a.owned() == 3 && b.owned() == 3 })
	begun := time.Now()
	b.stop()
	waittest.Until(t, "the one that stays has all", func() bool { return a.owned() == 6 })
	t.Logf("taken over after %s", time.Since(begun).Round(time.Millisecond))

	other, err := rules.Parse(map[string]string{"SETTLE": "6m"})
	if err != nil {
		t.Fatal(err)
	}
	c := join(t, url, "c", other, f)
	waittest.Until(t, "the one with newer settings has all", func() bool { return a.owned() == 0 && c.owned() == 6 })
	// While the machine is so busy that c's leases run out, a has to take them: that shows nothing.
	waittest.Until(t, "the one with older settings takes none back for two terms of a lease", func() bool {
		for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if a.owned() != 0 || c.owned() != 6 {
				return false
			}
		}
		return true
	})
}

// TestClocksOfProcesses: processes whose clocks differ hold, those that rate and those that do not, until a CRM has
// told one of them which is right; then the other holds alone, and dates things by it.
func TestClocksOfProcesses(t *testing.T) {
	url, f := outside(t), &fake{}
	ahead := func(by time.Duration) *clock.Clock {
		return clock.New(clock.Options{Now: func() time.Time { return time.Now().Add(by) }})
	}
	right, wrong := ahead(0), ahead(sixty)
	a := joinBy(t, url, "a", right, rules.Defaults(), f, RoleFetch)
	b := joinBy(t, url, "b", wrong, rules.Defaults(), f, RoleRate)
	held := func(j *joined) bool { return j.watermark.Of("fake").Hold == watermark.HoldClock }
	waittest.Until(t, "both hold", func() bool {
		return held(a) && held(b) && right.State().Apart && wrong.State().Apart
	})
	for range 3 {
		right.Heard("fake", time.Now(), 0)
	}
	waittest.Until(t, "one holds alone", func() bool { return !held(a) && held(b) && wrong.State().Off })
	if by := time.Until(wrong.Now()); by.Abs() > time.Minute {
		t.Errorf("the wrong clock dates things %s ahead", by)
	}
}

// TestRolesApart has each part of the work done by a process of its own.
func TestRolesApart(t *testing.T) {
	url, f := outside(t), &fake{}
	front := join(t, url, "front", rules.Defaults(), f, RoleReceive)
	join(t, url, "reader", rules.Defaults(), f, RoleRead)
	join(t, url, "rater", rules.Defaults(), f, RoleRate)
	join(t, url, "fetcher", rules.Defaults(), f, RoleFetch)
	join(t, url, "writer", rules.Defaults(), f, RoleWrite, RolePoll)
	r := &rig{t: t, p: front.Pipeline}
	const n = 1500 // contacts in one delivery: more than a commit of this server takes
	var ns []crm.Notice
	for i := range n {
		ns = append(ns, mail(fmt.Sprint(i), "1", time.Now()))
	}
	r.send("fake", ns...)
	if status := r.post("fake", "wrong", nil); status != http.StatusUnauthorized {
		t.Errorf("a wrong secret is answered with %d", status)
	}
	waittest.Until(t, "everybody is rated and written", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.written) == n && f.fetched >= n
	})
	for _, id := range []string{"0", "749", "1499"} {
		if got := f.of(id)[crm.FieldBall]; got != "us" {
			t.Errorf("contact %s has the ball %q, want us", id, got)
		}
	}
}
