package pipeline

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/clock"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// ticking is a rig whose clock can be set, beside the time that passes.
type ticking struct {
	*rig
	clk    *clock.Clock
	passed *atomic.Int64
}

func newTicking(t *testing.T, dir string, ahead time.Duration, f *fake) *ticking {
	t.Helper()
	k := &ticking{passed: &atomic.Int64{}}
	k.rig = newRig(t, dir, func(o *Options) {
		now := o.Now
		// The whole rig is made before anything is set, so that its first look is as far ahead as its clock.
		k.clk = clock.New(clock.Options{
			Now:   func() time.Time { return now().Add(ahead) },
			Since: func() time.Duration { return time.Duration(k.passed.Load()) },
		})
		o.Clock, o.LeaseTTL = k.clk, time.Second
	}, f)
	return k
}

func (k *ticking) pass(d time.Duration) {
	k.passed.Add(int64(d))
	k.rig.pass(d)
}

// set sets the clock, and no time passes.
func (k *ticking) set(by time.Duration) { k.rig.pass(by) }

// hear has the CRM tell the time often enough to be believed.
func (k *ticking) hear(at time.Time) {
	for range 3 {
		k.clk.Heard("fake", at, 0)
	}
}

const sixty = 60 * 24 * time.Hour

// twelve says no at the start. A no counts after a business day, from one who has been known for two weeks.
func (k *ticking) twelve() {
	k.t.Helper()
	for i := range 12 {
		k.send("fake", no(fmt.Sprint(i), start))
	}
	k.idle()
}

// all reports whether the CRM shows a status of all of them.
func (f *fake) all(status crm.Status) bool {
	for i := range 12 {
		if f.of(fmt.Sprint(i))[crm.FieldStatus] != string(status) {
			return false
		}
	}
	return true
}

func (k *ticking) until(what string, f *fake, status crm.Status) {
	k.t.Helper()
	waittest.Until(k.t, what, func() bool { return f.all(status) })
}

// TestClockAhead: with a clock that is sixty days ahead for some hours, twelve contacts became pending, and stayed so
// for seventy days. By a CRM that tells the time nobody does, and everything is dated as it should be.
func TestClockAhead(t *testing.T) {
	f := &fake{}
	k := newTicking(t, t.TempDir(), 0, f)
	k.hear(start)
	k.twelve()
	k.set(sixty)
	waittest.Until(t, "the clock is found wrong", func() bool { return k.state("fake").Held == watermark.HoldClock })
	for range 5 { // some hours
		k.pass(time.Hour)
		k.idle()
	}
	if err := k.p.Clock(); err == nil || !strings.Contains(err.Error(), "1440h0m0s ahead") {
		t.Errorf("it is said of the clock: %v", err)
	}
	k.send("fake", no("0", start.Add(time.Hour)))
	k.idle()
	for i := range 12 {
		id := fmt.Sprint(i)
		c := k.contact("fake", id)
		if f.of(id)[crm.FieldStatus] != "open" || len(c.Record.Decisions) > 0 {
			t.Fatalf("contact %s is shown as %q, and was decided upon: %v", id, f.of(id)[crm.FieldStatus], c.Record.Decisions)
		}
		if late := crm.At(start.Add(24 * time.Hour)); c.Rated > late || c.Arrived > late {
			t.Fatalf("contact %s is dated %s and %s, by the wrong clock", id, c.Rated.Time(), c.Arrived.Time())
		}
	}
	if at := f.of("0")[crm.FieldRatedAt]; !strings.HasPrefix(at, "2026-03-02") {
		t.Errorf("the CRM is told that the rating is of %s", at)
	}

	k.set(-sixty)
	waittest.Until(t, "the clock is right again", func() bool { return k.state("fake").Held == "" })
	k.idle()
	if !f.all(crm.Open) {
		t.Error("somebody was announced when the clock was set right")
	}
	k.pass(15 * 24 * time.Hour) // now it is time
	k.idle()
	k.pass(10 * time.Minute)
	k.until("the twelve are pending when it is time", f, crm.Pending)
}

// TestDecidedByAWrongClock: what was decided while nobody could tell that the clock was ahead is void once it is
// right, and known to be so.
func TestDecidedByAWrongClock(t *testing.T) {
	decided := func(t *testing.T, k *ticking, f *fake) {
		t.Helper()
		k.twelve()
		k.pass(10 * time.Minute)
		k.until("by the wrong clock the twelve are pending", f, crm.Pending)
		k.idle()
	}
	void := func(t *testing.T, k *ticking, f *fake) {
		t.Helper()
		k.until("the decisions are void", f, crm.Open)
		waittest.Until(t, "nothing is dated in the future", func() bool {
			for i := range 12 {
				c := k.contact("fake", fmt.Sprint(i))
				for _, d := range c.Record.Decisions {
					if d.At > crm.At(k.clock().Add(time.Hour)) {
						return false
					}
				}
				soon, later := crm.At(k.clock().Add(time.Hour)), crm.At(start.Add(20*24*time.Hour))
				if c.Rated > soon || c.Due == 0 || c.Due > later {
					return false
				}
			}
			return true
		})
		k.pass(15 * 24 * time.Hour)
		k.idle()
		k.pass(10 * time.Minute)
		k.until("when it is time they are pending", f, crm.Pending)
		if until := f.of("0")[crm.FieldPendingUntil]; until > "2026-04" {
			t.Errorf("pending until %s", until)
		}
	}
	t.Run("while it runs", func(t *testing.T) {
		f := &fake{}
		k := newTicking(t, t.TempDir(), 0, f)
		k.set(sixty)
		decided(t, k, f)
		k.set(-sixty)
		k.hear(start.Add(10 * time.Minute))
		void(t, k, f)
	})
	t.Run("known later", func(t *testing.T) {
		f := &fake{}
		k := newTicking(t, t.TempDir(), 0, f)
		k.set(sixty)
		decided(t, k, f)
		k.set(-sixty)
		k.send("fake", no("0", start.Add(time.Minute)))
		k.idle()
		if !f.all(crm.Pending) {
			t.Error("decisions are void although nobody knows which clock was right")
		}
		k.hear(start.Add(10 * time.Minute))
		void(t, k, f)
	})
	t.Run("over a restart", func(t *testing.T) {
		dir := t.TempDir()
		t.Run("ahead", func(t *testing.T) {
			f := &fake{}
			k := newTicking(t, dir, sixty, f)
			decided(t, k, f)
		})
		f := &fake{}
		k := newTicking(t, dir, 0, f)
		k.hear(start)
		void(t, k, f)
	})
}
