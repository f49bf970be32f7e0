package pipeline

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// polledFake is a fake that is polled too.
type polledFake struct {
	*fake
	poll func(since time.Time) []crm.Notice
}

func (f polledFake) Poll(_ context.Context, _ string, since time.Time) ([]crm.Notice, string, bool, error) {
	return f.poll(since), "", false, nil
}

// polling has a rig poll by poll, every ten minutes.
func polling(f *fake, poll func(since time.Time) []crm.Notice) func(*Options) {
	return func(o *Options) {
		o.PollInterval = 10 * time.Minute
		o.Sources[0].CRM.Poll = polledFake{f, poll}
	}
}

// TestLongPoll: a poll that takes longer than the time between two is followed by the next at once, because the
// source has been read only as far as the poll's beginning.
func TestLongPoll(t *testing.T) {
	f := &fake{}
	var r *rig
	var since []time.Time // one poll at a time
	ready := make(chan struct{})
	r = newRig(t, t.TempDir(), polling(f, func(at time.Time) []crm.Notice {
		<-ready
		if since = append(since, at); len(since) == 1 {
			r.pass(30 * 24 * time.Hour)
		}
		return nil
	}), f)
	close(ready)
	r.idle()
	if len(since) != 2 || !since[1].Equal(start) {
		t.Errorf("polled since %v, want once more for what changed while the first poll ran", since)
	}
	if v := r.state("fake"); v.ReadUpTo.Before(r.clock()) {
		t.Errorf("read up to %s at %s", v.ReadUpTo, r.clock())
	}
}

// TestIdleWaitsForPoll: at an instant at which a poll is due nothing is idle before what it finds has come to the CRM.
func TestIdleWaitsForPoll(t *testing.T) {
	f := &fake{}
	var polls atomic.Int32
	r := newRig(t, t.TempDir(), polling(f, func(time.Time) []crm.Notice {
		if polls.Add(1) < 2 {
			return nil
		}
		time.Sleep(50 * time.Millisecond) // longer than a look around takes
		return []crm.Notice{{Ref: &crm.Ref{Type: "contacts", ID: "7"}}}
	}), f)
	r.idle()
	if n := polls.Load(); n != 1 {
		t.Errorf("polled %d times at the start", n)
	}
	r.pass(9 * time.Minute)
	r.idle()
	if n := polls.Load(); n != 1 {
		t.Errorf("polled %d times before it was due again", n)
	}
	r.pass(time.Minute)
	r.idle()
	if f.of("7") == nil {
		t.Error("what the poll found is not in the CRM")
	}
}

// TestNobodyPolls: where polling has begun and no process goes on with it, the source counts as read up to the last
// poll, and the log and the metrics say so, until the settings say that webhooks are enough.
func TestNobodyPolls(t *testing.T) {
	dir := t.TempDir()
	const grace = 60 * 24 * time.Hour
	for _, c := range []struct {
		name   string
		later  time.Duration
		every  time.Duration
		polls  bool
		status crm.Status
		warned int
	}{
		{"polled", 0, 10 * time.Minute, true, crm.Pending, 0},
		{"nobody polls", grace, 10 * time.Minute, false, crm.Pending, 1},
		{"webhooks are enough", grace, 0, false, crm.Disqualified, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{}
			core, logs := observer.New(zap.WarnLevel)
			metrics := prometheus.NewRegistry()
			r := newRig(t, dir, func(o *Options) {
				polling(f, func(time.Time) []crm.Notice { return nil })(o)
				now := o.Now
				o.Now = func() time.Time { return now().Add(c.later) }
				o.PollInterval, o.Log, o.Metrics = c.every, zap.New(core), NewMetrics(metrics)
				if !c.polls {
					o.Roles = []Role{RoleReceive, RoleRead, RoleFetch, RoleRate, RoleWrite}
				}
			}, f)
			if c.polls {
				r.send("fake", no("7", start.Add(-90*24*time.Hour)))
			}
			for range 3 { // the last of them later than things have settled
				r.idle()
				r.pass(10 * time.Minute)
			}
			r.idle()
			e, err := r.p.Explain(t.Context(), crm.ContactRef{Source: "fake", Contact: "7"})
			if err != nil || e.Rating.Status != c.status {
				t.Errorf("the contact is %q, want %q (%v)", e.Rating.Status, c.status, err)
			}
			if n := logs.FilterMessageSnippet("no poll has finished").Len(); n != c.warned {
				t.Errorf("%d warnings that nobody polls, want %d", n, c.warned)
			}
			if got, want := gauge(t, metrics,
				"winnow_source_polled_up_to_timestamp_seconds"),
				float64(start.Add(30*time.Minute).Unix()); c.every > 0 && got != want {
				t.Errorf("the metrics have the last poll at %.0f, want %.0f", got, want)
			}
		})
	}
}

// gauge is the value of a metric with one series, 0 without any.
func gauge(t *testing.T, g prometheus.Gatherer, name string) float64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	return 0
}
