package bench

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"
)

// spread is how long after one event was shown the next is sent: no multiple of any tick.
const spread = 97 * time.Millisecond

// probes is how many events are followed in one round, each on its own.
func (r *run) probes() int { return max(3*int(r.Duration/spread), 5) }

// delayCase is one kind of event whose way to the CRM is timed.
type delayCase struct {
	name  string
	field string
	make  func(p *portal, contact int) traffic
	load  bool // beside half of what the worker can do
	aims  []Aim
}

var delayCases = []delayCase{
	{"property, at rest", "winnow_rating", (*portal).change, false, []Aim{
		most(ms, "p50", 20e-3, shownP50), most(ms, "p99", 60e-3, shownP99),
	}},
	{"new mail, at rest", "winnow_ball", (*portal).mail, false, []Aim{
		most(ms, "p50", 40e-3, shownP50), most(ms, "p99", 60e-3, shownP99),
	}},
	{"property, at half load", "winnow_rating", (*portal).change, true, []Aim{most(ms, "p99", 150e-3, shownP99)}},
}

// delay measures how long it takes from one webhook until the CRM shows what it changes.
func (r *run) delay(ctx context.Context) error {
	for _, dc := range delayCases {
		row := Row{Section: "delay", Name: dc.name, Aims: dc.aims}
		if err := r.row(row, func(row *Row) error { return r.delayCase(ctx, dc, row) }); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) delayCase(ctx context.Context, dc delayCase, row *Row) (err error) {
	all, closeAll, err := r.sides(ctx, scene{contacts: r.Contacts, mails: 4, field: dc.field}, row)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	probes := r.probes()
	next := map[*side]int{} // contact to be probed next: none twice, so that each changes
	half := 0.0             // facts a second, the same for all
	for i, s := range all {
		if _, err := r.probe(ctx, s, dc, 0, 3); err != nil { // opens connections, does not count
			return err
		}
		next[s] = 3
		if !dc.load {
			continue
		}
		full, err := r.flowRound(ctx, s.p, s.c, s.p.changesOf(crowd(s), int(10_000*r.Duration.Seconds()), 5, 100), "")
		if err != nil {
			return err
		}
		if i == 0 || full.PerSecond/2 < half {
			half = full.PerSecond / 2
		}
	}
	return r.byTurns(all, func(s *side) (out Round, err error) {
		first := next[s]
		next[s] = (first + probes) % (len(s.p.ids)/2 - probes)
		if !dc.load {
			return r.probe(ctx, s, dc, first, probes)
		}
		long := 2 * time.Duration(probes) * spread // more than the probes take
		load := s.p.changesOf(crowd(s), int(half*long.Seconds()), 5, 100)
		requests, err := signed(s.p.box, s.c.Hooks, load.bodies)
		if err != nil {
			return out, err
		}
		g, both := errgroup.WithContext(ctx)
		loaded, stop := context.WithCancel(both)
		g.Go(func() error {
			_, err := send(loaded, s.c.Hooks, r.Connections, paced(half/100, requests))
			if loaded.Err() != nil {
				return both.Err() // the probes are over before the load is
			}
			return err
		})
		g.Go(func() (err error) {
			defer stop()
			out, err = r.probe(both, s, dc, first, probes)
			return err
		})
		if err := g.Wait(); err != nil {
			return out, err
		}
		return out, s.c.drained(ctx)
	})
}

// crowd are the contacts of the load; the others are those that are probed.
func crowd(s *side) []string { return s.p.ids[len(s.p.ids)/2:] }

// probe sends n events one by one, each of another contact, and times each until it is acknowledged and until the CRM
// shows it.
func (r *run) probe(ctx context.Context, s *side, dc delayCase, first, n int) (out Round, err error) {
	var acked, shown []time.Duration
	before, err := s.c.stats(ctx)
	if err != nil {
		return out, err
	}
	began := time.Now()
	for i := range n {
		t := dc.make(s.p, first+i)
		requests, err := signed(s.p.box, s.c.Hooks, t.bodies)
		if err != nil {
			return out, err
		}
		s.p.expect(t.want)
		got, err := send(ctx, s.c.Hooks, 1, once(requests))
		if err != nil {
			return out, err
		}
		took, err := s.p.showsFirst(ctx, s.c, got.began)
		if err != nil {
			return out, err
		}
		acked, shown = append(acked, got.p50), append(shown, took)
		select {
		case <-ctx.Done():
			return out, ctx.Err()
		case <-time.After(spread):
		}
	}
	after, err := s.c.stats(ctx)
	a50, a99 := quantiles(acked)
	s50, s99 := quantiles(shown)
	return Round{
		PerSecond: float64(n) / time.Since(began).Seconds(), P50: a50.Seconds(), P99: a99.Seconds(),
		ShownP50: s50.Seconds(), ShownP99: s99.Seconds(), CPU: (after.CPU - before.CPU) / time.Since(began).Seconds(),
		RSS: after.RSS,
	}, err
}

// paced gives each request one time, perSecond of them a second.
func paced(perSecond float64, requests [][]byte) func() []byte {
	next, began := once(requests), time.Now()
	gap := time.Duration(float64(time.Second) / perSecond)
	turns := make(chan time.Time, 1)
	turns <- began
	return func() []byte {
		at := <-turns
		turns <- at.Add(gap)
		time.Sleep(time.Until(at))
		return next()
	}
}
