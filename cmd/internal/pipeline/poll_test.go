package pipeline

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

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
		o.Sources[0].Connector = polledFake{f, poll}
	}
}

// TestLongPoll: a poll that takes longer than the time between two is followed by the next at once, because the source has been read
// only as far as the poll's beginning.
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
	if v := r.p.horizon.of("fake"); v.read.Before(r.clock()) {
		t.Errorf("read up to %s at %s", v.read, r.clock())
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
