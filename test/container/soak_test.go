package container

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// use is what a process takes of its machine, and what the store holds.
type use struct{ memory, routines, files, store float64 }

// gauges are the metrics of a use, in order, and by how much each may grow over a soak: by a share, and beyond it by
// what garbage collection, idle connections and a half-filled block of the store make of it.
var gauges = []struct {
	name, metric string
	share, slack float64
	of           func(*use) *float64
}{
	{"memory", "process_resident_memory_bytes", 0.15, 24 << 20, func(u *use) *float64 { return &u.memory }},
	{"goroutines", "go_goroutines", 0.1, 20, func(u *use) *float64 { return &u.routines }},
	{"files", "process_open_fds", 0.1, 10, func(u *use) *float64 { return &u.files }},
	{"store", "winnow_stream_bytes", 0.2, 16 << 20, func(u *use) *float64 { return &u.store }},
}

// used is what a worker uses; it waits until all of it is told.
func (c *cluster) used(w *worker) (u use) {
	c.t.Helper()
	c.eventually(w.at(), hang, "the metrics of "+w.roles, func() bool {
		text, all := c.scrape(w), true
		for _, g := range gauges {
			n, ok := sum(text, g.metric)
			*g.of(&u), all = n, all && ok
		}
		return all
	})
	return u
}

// TestSoak has a cluster fail over and over for as long as WINNOW_TEST_SOAK says, while deliveries arrive. What runs
// through it all must not grow, and in the end the ratings are those of a run in peace.
func TestSoak(t *testing.T) {
	long := os.Getenv("WINNOW_TEST_SOAK")
	if long == "" {
		t.Skip("a cluster fails for half an hour: make soak")
	}
	d, err := time.ParseDuration(long)
	if err != nil {
		t.Fatalf("WINNOW_TEST_SOAK=%s: %v", long, err)
	}
	c := newCluster(newRig(t))
	c.begin()
	stop := c.watch()
	c.goesOn(crowd)
	c.right("before anything fails")
	stay := c.workers[len(shares):] // of each pair the faults kill the first
	uses := make([][]use, len(stay))
	for began := time.Now(); time.Since(began) < d || len(uses[0]) < 3; {
		c.faults()
		for i, w := range stay {
			u := c.used(w)
			uses[i] = append(uses[i], u)
			t.Logf("%6s  round %-3d %-17s %6.1f MiB  %4.0f goroutines  %4.0f files  store %6.1f MiB",
				time.Since(began).Round(time.Second), len(uses[i]), w.roles, u.memory/(1<<20), u.routines, u.files,
				u.store/(1<<20))
		}
	}
	stop()
	c.traffic.stop()
	c.right("after everything")
	c.asInPeace()
	for i, w := range stay {
		for _, growth := range grown(uses[i]) {
			t.Errorf("%s: %s", w.roles, growth)
		}
	}
}

// grown says what was used more in the last third than in the middle one: the first is how a process warms up.
func grown(uses []use) (growth []string) {
	third := len(uses) / 3
	for _, g := range gauges {
		median := func(some []use) float64 {
			var values []float64
			for _, u := range some {
				values = append(values, *g.of(&u))
			}
			slices.Sort(values)
			return values[len(values)/2]
		}
		before, after := median(uses[third:2*third]), median(uses[len(uses)-third:])
		if after > before*(1+g.share)+g.slack {
			growth = append(growth, fmt.Sprintf("%s grew from %.0f to %.0f", g.name, before, after))
		}
	}
	return growth
}

// TestGrown: what grows is found, and what only wavers is not.
func TestGrown(t *testing.T) {
	var steady, grows []use
	for i := range 12 {
		u := use{200 << 20, 150, 60, 40 << 20}
		u.memory += float64(i%3) * (4 << 20)
		steady = append(steady, u)
		u.routines += float64(i) * 20
		grows = append(grows, u)
	}
	if growth := grown(steady); growth != nil {
		t.Errorf("what only wavers: %q", growth)
	}
	if growth := grown(grows); len(growth) != 1 || !strings.HasPrefix(growth[0], "goroutines grew") {
		t.Errorf("goroutines that grow: %q", growth)
	}
}
