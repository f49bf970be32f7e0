package clock

import (
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
)

// machine is a clock that can be set, beside the time that passes.
type machine struct {
	wall   time.Time
	passed time.Duration
}

func (m *machine) pass(d time.Duration) { m.wall, m.passed = m.wall.Add(d), m.passed+d }
func (m *machine) set(by time.Duration) { m.wall = m.wall.Add(by) }

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func newClock() (*Clock, *machine) {
	m := &machine{wall: noon}
	return New(Options{Now: func() time.Time { return m.wall }, Since: func() time.Duration { return m.passed }}), m
}

// hear has the CRM of a source answer n times by a clock that is ahead of noon's by skew.
func (m *machine) hear(c *Clock, source string, n int, skew time.Duration) {
	for range n {
		m.pass(time.Second)
		c.Heard(source, noon.Add(m.passed+skew).Truncate(time.Second), 0)
	}
}

const days = 24 * time.Hour

// within a second, which is as fine as a Date is.
func near(got, want time.Duration) bool { return (got - want).Abs() <= time.Second }

func TestClock(t *testing.T) {
	for _, c := range []struct {
		name string
		play func(*Clock, *machine)
		off  time.Duration // 0: it is right
		known,
		corrected bool
	}{
		{"nobody has told", func(*Clock, *machine) {}, 0, false, false},
		{"one answer does not decide", func(c *Clock, m *machine) {
			m.set(60 * days)
			m.hear(c, "eu", 1, 0)
		}, 0, false, false},
		{"it is right", func(c *Clock, m *machine) { m.hear(c, "eu", 3, 0) }, 0, true, false},
		{"a little off", func(c *Clock, m *machine) { m.set(2 * time.Minute); m.hear(c, "eu", 3, 0) }, 0, true, false},
		{"sixty days ahead from the start", func(c *Clock, m *machine) {
			m.set(60 * days)
			m.hear(c, "eu", 3, 0)
		}, 60 * days, true, true},
		{"set ahead while it runs", func(c *Clock, m *machine) {
			m.hear(c, "eu", 3, 0)
			m.set(60 * days)
		}, 60 * days, true, true},
		{"set right while it runs", func(c *Clock, m *machine) {
			m.set(60 * days)
			m.hear(c, "eu", 3, 0)
			m.set(-60 * days)
		}, 0, true, false},
		{"behind", func(c *Clock, m *machine) { m.set(-time.Hour); m.hear(c, "eu", 3, 0) }, -time.Hour, true, true},
		{"two odd answers among five", func(c *Clock, m *machine) {
			m.hear(c, "eu", 3, 0)
			m.hear(c, "eu", 2, -days)
		}, 0, true, false},
		{"three odd answers in a row", func(c *Clock, m *machine) {
			m.hear(c, "eu", 5, 0)
			m.hear(c, "eu", 3, -days)
		}, days, true, true},
		{"one CRM of two is odd", func(c *Clock, m *machine) {
			m.hear(c, "eu", 5, 0)
			m.hear(c, "us", 5, -days)
		}, 0, true, false},
		{"two CRMs of three find it wrong", func(c *Clock, m *machine) {
			m.hear(c, "eu", 5, 0)
			m.hear(c, "us", 5, -days)
			m.hear(c, "asia", 5, -days-time.Minute)
		}, days, true, true},
		{"answers that took long tell nothing", func(c *Clock, m *machine) {
			for range 5 {
				c.Heard("eu", noon.Add(-days), time.Minute)
			}
		}, 0, false, false},
		{"old deliveries beside a CRM", func(c *Clock, m *machine) {
			m.hear(c, "eu", 3, 0)
			for range 9 {
				c.Signed("eu", noon.Add(-days))
			}
		}, 0, true, false},
		{"old deliveries among fresh ones", func(c *Clock, m *machine) {
			for i := range 9 {
				c.Signed("eu", noon.Add(-days*time.Duration(i%2)))
			}
		}, 0, true, false},
		{"more old deliveries than fresh ones", func(c *Clock, m *machine) {
			for _, ago := range []time.Duration{1, 0, 1, 0, 1} {
				c.Signed("eu", noon.Add(-days*ago))
			}
		}, 0, true, false},
		{"deliveries alone hold, and change no date", func(c *Clock, m *machine) {
			for range 3 {
				c.Signed("eu", noon.Add(days))
			}
		}, -days, true, false},
		{"one delivery from the future among many", func(c *Clock, m *machine) {
			for i := range 5 {
				c.Signed("eu", noon.Add(days*time.Duration(i/4)))
			}
		}, 0, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			clk, m := newClock()
			c.play(clk, m)
			s := clk.State()
			if s.Known != c.known || s.Off != (c.off != 0) || s.Off && !near(s.Skew, c.off) {
				t.Fatalf("%+v, want %s, known %t", s, c.off, c.known)
			}
			right := m.wall
			if c.corrected {
				right = m.wall.Add(-c.off)
			}
			if got := clk.Now(); !near(got.Sub(right), 0) {
				t.Errorf("things are dated %s, want %s", got, right)
			}
			if s.Holds() != (c.off != 0) || s.Sure() != (c.known && c.off == 0) || (s.Err() != nil) != s.Holds() {
				t.Errorf("%+v holds: %t, sure: %t, says: %v", s, s.Holds(), s.Sure(), s.Err())
			}
			way := "ahead"
			if c.off < 0 {
				way = "behind"
			}
			if c.off != 0 && !strings.Contains(s.Err().Error(), way) {
				t.Errorf("it is not said which way the clock is wrong: %v", s.Err())
			}
		})
	}
}

// TestSteady: what stands at the bound does not go back and forth.
func TestSteady(t *testing.T) {
	c, m := newClock()
	m.hear(c, "eu", 3, 0)
	m.set(c.Bound() + 2*time.Second)
	if !c.State().Off {
		t.Fatal("beyond the bound, and believed")
	}
	if m.set(-4 * time.Second); !c.State().Off {
		t.Error("just below the bound it is right again at once")
	}
	if m.set(-c.Bound() / 2); c.State().Off {
		t.Error("it is right, and not believed")
	}
}

// TestEarly: a CRM that will tell is waited for, so that nothing is announced by a clock that was wrong from the start;
// but not for ever.
func TestEarly(t *testing.T) {
	c, m := newClock()
	c.Await("eu")
	if s := c.State(); !s.Holds() || s.Err() != nil || !c.Asks("eu") {
		t.Errorf("%+v, asks: %t; want it held, without a fault, and the CRM asked", s, c.Asks("eu"))
	}
	m.hear(c, "eu", 3, 0)
	if s := c.State(); s.Holds() || c.Asks("eu") {
		t.Errorf("%+v, asks: %t; want neither", s, c.Asks("eu"))
	}

	c, _ = newClock()
	c.Await("eu")
	c.began = c.began.Add(-timing.ClockEarly)
	if s := c.State(); s.Holds() || s.Sure() || !c.Asks("eu") {
		t.Errorf("long after the start, without a word of the CRM, it is %+v, asks: %t", s, c.Asks("eu"))
	}
}

// talk has processes tell one another of their clocks, by the server's, which is off by some hours.
func talk(clocks ...*Clock) {
	said := make([]Said, len(clocks))
	for i, c := range clocks {
		w := c.Word()
		said[i] = Said{w, noon.Add(5 * time.Hour)}
	}
	for i, c := range clocks {
		var others []Said
		for j := range clocks {
			if j != i {
				others = append(others, said[j])
			}
		}
		c.Compare(said[i], others)
	}
}

// TestPeers: a process that speaks with no CRM hears of its clock from one that does; where none does, processes whose
// clocks differ hold, unless more of them agree.
func TestPeers(t *testing.T) {
	speaks, m := newClock()
	rates, n := newClock()
	n.set(60 * days)
	talk(speaks, rates)
	if a, b := speaks.State(), rates.State(); !a.Apart || !b.Apart || a.Err() == nil || a.Known {
		t.Errorf("%+v and %+v differ by sixty days, and nobody holds", a, b)
	}
	m.hear(speaks, "eu", 3, 0)
	n.pass(3 * time.Second)
	talk(speaks, rates)
	if a, b := speaks.State(), rates.State(); a.Holds() || !b.Off || !near(b.Skew, 60*days) {
		t.Errorf("%+v and %+v, want the second alone to be wrong", a, b)
	}
	if got := rates.Now(); !near(got.Sub(m.wall), 0) {
		t.Errorf("things are dated %s, want %s", got, m.wall)
	}
	n.set(-60 * days)
	if s := rates.State(); s.Holds() { // at once, before anybody has said anything again
		t.Errorf("set right, it is %+v", s)
	}

	a, _ := newClock()
	b, _ := newClock()
	odd, o := newClock()
	o.set(-time.Hour)
	talk(a, b, odd)
	if a.State().Holds() || b.State().Holds() || !odd.State().Holds() {
		t.Errorf("%+v, %+v and %+v; want the odd one alone to hold", a.State(), b.State(), odd.State())
	}
}
