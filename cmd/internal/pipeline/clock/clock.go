package clock

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
)

// Options are what a Clock is made of.
type Options struct {
	Now func() time.Time // the machine's clock; nil: time.Now
	// Since is monotonic time, which no change of the clock moves. Nil: that of Now, or of package time where Now is
	// nil too.
	Since func() time.Duration
	Bound time.Duration // how far the clock may be off; 0: timing.ClockBound
	Roles []string      // of this process, which the others hear with its clock
}

// Clock is the time by which everything is dated. It is safe for concurrent use.
type Clock struct {
	now   func() time.Time
	since func() time.Duration
	bound time.Duration
	roles []string
	began time.Time // by the machine's monotonic clock

	mu      sync.Mutex
	crms    map[string]*witness // by source: the CRM's API
	proofs  map[string]*witness // by source: its verified deliveries
	peers   []peer              // the other processes
	awaited map[string]bool     // sources whose CRM will tell
	spoke   time.Duration       // what since was at the last Word
	off     bool                // as last found
}

// New returns a Clock that has heard of no witness.
func New(o Options) *Clock {
	c := &Clock{
		now: o.Now, since: o.Since, bound: cmp.Or(o.Bound, timing.ClockBound), roles: o.Roles,
		began: time.Now(),
		crms:  map[string]*witness{}, proofs: map[string]*witness{}, awaited: map[string]bool{},
	}
	switch {
	case o.Now == nil:
		c.now = time.Now
	case o.Since == nil:
		first := o.Now()
		c.since = func() time.Duration { return o.Now().Sub(first) }
	}
	if c.since == nil {
		c.since = func() time.Duration { return time.Since(c.began) }
	}
	return c
}

// Bound is how far the clock may be off.
func (c *Clock) Bound() time.Duration { return c.bound }

// Await says that the CRM of a source will tell the time: until one has, nothing is announced, for a while.
func (c *Clock) Await(source string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaited[source] = true
}

// Heard takes in the Date of an answer that a source's CRM has just given, to a call that took so long. The header
// counts whole seconds.
func (c *Clock) Heard(source string, date time.Time, took time.Duration) {
	if took > timing.ClockCall {
		return
	}
	c.add(c.crms, source, false, date.Add(time.Second/2+took/2))
}

// Signed takes in when the CRM has signed a delivery that has just come, and whose proof is right.
func (c *Clock) Signed(source string, at time.Time) {
	if !at.IsZero() {
		c.add(c.proofs, source, true, at)
	}
}

func (c *Clock) add(to map[string]*witness, source string, late bool, theirs time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if to[source] == nil {
		to[source] = &witness{late: late}
	}
	to[source].add(theirs.Add(-c.since()))
}

// Asks reports whether to call a source's CRM just to learn the time: it has not told it yet, or our clock is wrong and
// we want to notice soon when it is right again.
func (c *Clock) Asks(source string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.crms[source]
	return c.awaited[source] && (w == nil || len(w.zeros) < leastSamples || c.off)
}

// State is how far the machine's clock can be believed.
type State struct {
	Skew  time.Duration // how far it is ahead, where that is known
	Known bool
	Off   bool // further than the bound
	Apart bool // the clocks of the processes differ by more, and nobody can tell which of them is right
	Early bool // no CRM has told yet, and the process has only just begun
}

// Holds reports whether nothing may be announced.
func (s State) Holds() bool { return s.Off || s.Apart || s.Early }

// Sure reports whether the clock is known to be right.
func (s State) Sure() bool { return s.Known && !s.Holds() }

// Err says what is wrong and what to do; nil while nothing is.
func (s State) Err() error {
	const mend = "nothing is announced until it is right; set it, and see that NTP runs"
	by := s.Skew.Abs().Round(10 * time.Second)
	switch {
	case s.Off && s.Skew > 0:
		return fmt.Errorf("this machine's clock is %s ahead of the CRM's: %s", by, mend)
	case s.Off:
		return fmt.Errorf("this machine's clock is %s behind the CRM's, so that signatures look wrong: %s", by, mend)
	case s.Apart:
		return errors.New("the clocks of Winnow's processes differ, and no CRM tells which of them is right: " +
			"nothing is announced until they agree; see that NTP runs on each machine")
	}
	return nil
}

// State is how far the clock can be believed now.
func (c *Clock) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, _ := c.look()
	return s
}

// Now is the time by which everything is dated: the machine's, and while that is off by more than the bound, what the
// CRMs say.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, now := c.look()
	if s.Off && c.told() {
		return now.Add(-s.Skew)
	}
	return now
}

// look compares the machine's clock with the witnesses.
func (c *Clock) look() (s State, now time.Time) {
	now = c.now()
	passed := c.since()
	s.Skew, s.Known = verdict(c.skews(now, passed))
	if !s.Known {
		d, many := verdict(apart(c.peers))
		s.Apart = many && d.Abs() > c.bound
	}
	limit := c.bound
	if c.off { // what stands at the bound does not go back and forth
		limit /= 2
	}
	c.off = s.Known && s.Skew.Abs() > limit
	s.Off = c.off
	s.Early = !s.Known && len(c.awaited) > 0 && time.Since(c.began) < timing.ClockEarly
	return s, now
}

// skews returns how far ahead each witness finds the machine's clock. passed is what our monotonic clock shows.
func (c *Clock) skews(now time.Time, passed time.Duration) (all []time.Duration) {
	for _, of := range []map[string]*witness{c.crms, c.proofs} {
		for _, w := range of {
			if !w.zero.IsZero() {
				all = append(all, now.Sub(w.zero.Add(passed)))
			}
		}
	}
	for _, p := range c.peers {
		if p.told {
			all = append(all, now.Sub(p.zero.Add(passed)))
		}
	}
	return all
}

// told reports whether a CRM itself has told the time, to this process or to another. The times of deliveries alone
// change no date: anyone who has captured old ones could replay them.
func (c *Clock) told() bool {
	for _, w := range c.crms {
		if !w.zero.IsZero() {
			return true
		}
	}
	for _, p := range c.peers {
		if p.told {
			return true
		}
	}
	return false
}

var (
	skewDesc = prometheus.NewDesc("winnow_clock_skew_seconds",
		"How far this machine's clock is ahead of what the CRMs say; absent while none has told.", nil, nil)
	holdDesc = prometheus.NewDesc("winnow_clock_held",
		"1 while nothing is announced because this machine's clock is not to be believed.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c *Clock) Describe(ch chan<- *prometheus.Desc) { ch <- skewDesc; ch <- holdDesc }

// Collect implements prometheus.Collector.
func (c *Clock) Collect(ch chan<- prometheus.Metric) {
	s := c.State()
	if s.Known {
		ch <- prometheus.MustNewConstMetric(skewDesc, prometheus.GaugeValue, s.Skew.Seconds())
	}
	held := 0.0
	if s.Holds() {
		held = 1
	}
	ch <- prometheus.MustNewConstMetric(holdDesc, prometheus.GaugeValue, held)
}
