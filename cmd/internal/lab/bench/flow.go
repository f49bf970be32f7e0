package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// flowCase is one kind of traffic through the whole of Winnow.
type flowCase struct {
	size    int // events a delivery
	each    int // one event in so many changes the rating
	streams int
}

// flow measures facts from the webhook to the rating in the CRM, until the CRM shows the last one.
func (r *run) flow(ctx context.Context) error {
	var cases []flowCase
	for i, events := range r.Events {
		for j, streams := range r.Streams {
			if i == 0 || j == 0 {
				cases = append(cases, flowCase{events, 1, streams})
			}
		}
		if i == 0 {
			cases = append(cases, flowCase{events, 5, r.Streams[0]}) // closer to life
		}
	}
	for _, fc := range cases {
		row, err := r.flowCase(ctx, fc)
		if err != nil {
			return err
		}
		r.report.Flow = append(r.report.Flow, row)
	}
	return nil
}

func (r *run) flowCase(ctx context.Context, fc flowCase) (row FlowRow, err error) {
	row = FlowRow{Events: fc.size, Changing: 1 / float64(fc.each), Streams: fc.streams, Contacts: r.Contacts}
	p, err := newPortal(r.Contacts, "winnow_rating")
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	dir, streams := r.store(), fmt.Sprintf("WINNOW_QUEUE_STREAMS=%d", fc.streams)
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := r.seed(ctx, p, dir, streams); err != nil {
		return row, err
	}
	ours, err := r.start(ctx, winnow, dir, p.url, streams)
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, ours.stop()) }()
	theirs, err := r.start(ctx, bare, r.store(), p.url)
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, theirs.stop()) }()
	aim := aimOfHundred
	if fc.size < 10 {
		aim = aimOfOne
	}
	n := max(int(float64(aim)*r.Duration.Seconds()), 10*fc.size)
	// What comes first does not count: it opens connections and loads every contact.
	if _, err := r.flowRound(ctx, p, ours, p.changes(r.Contacts, 1, 100), ""); err != nil {
		return row, err
	}
	for range r.Rounds {
		t := p.changes(n, fc.each, fc.size)
		a, err := r.flowRound(ctx, p, ours, t, fmt.Sprintf("flow-%d-each%d-streams%d", fc.size, fc.each, fc.streams))
		if err != nil {
			return row, err
		}
		b, err := r.bareRound(ctx, p, theirs, t)
		if err != nil {
			return row, err
		}
		row.Winnow, row.Bare = append(row.Winnow, a), append(row.Bare, b)
	}
	r.Progress("flow, %d events each, 1 in %d changes the rating, %d streams: %s facts/s, bare %s", fc.size, fc.each,
		fc.streams,
		numbers(rates(row.Winnow)), numbers(rates(row.Bare)))
	return row, nil
}

// flowRound sends t and waits until the CRM shows what comes of it. Without a name there is no profile.
func (r *run) flowRound(ctx context.Context, p *portal, c *child, t traffic, name string) (Round, error) {
	requests, err := signed(p.box, c.Hooks, t.bodies)
	if err != nil {
		return Round{}, err
	}
	before, err := c.stats(ctx)
	if err != nil {
		return Round{}, err
	}
	self, writes := ownCPU(), p.written()
	var out Round
	p.expect(t.want)
	measure := func() error {
		got, err := send(ctx, c.Hooks, r.Connections, once(requests))
		if err != nil {
			return err
		}
		took, err := p.shows(ctx, c, got.began)
		out = Round{
			PerSecond: float64(t.events) / took.Seconds(), P50: got.p50.Seconds(), P99: got.p99.Seconds(),
			Sent: float64(t.events) / got.elapsed.Seconds(), Refused: got.refused,
		}
		return err
	}
	if name == "" {
		err = measure()
	} else {
		err = r.profiled(ctx, c, name, measure)
	}
	if err != nil {
		return out, err
	}
	after, err := c.stats(ctx)
	out.CPU, out.OtherCPU = (after.CPU-before.CPU)/float64(t.events), (ownCPU()-self)/float64(t.events)
	out.Writes = float64(p.written()-writes) / float64(t.events)
	out.PerCommit = float64(t.events) / max(after.Commits-before.Commits, 1)
	out.RSS = after.RSS
	return out, err
}

// bareRound has the bare handler store the same bodies.
func (r *run) bareRound(ctx context.Context, p *portal, c *child, t traffic) (Round, error) {
	requests, err := signed(p.box, c.Hooks, t.bodies)
	if err != nil {
		return Round{}, err
	}
	got, err := send(ctx, c.Hooks, r.Connections, once(requests))
	return Round{PerSecond: float64(t.events) / got.elapsed.Seconds(), P50: got.p50.Seconds(), P99: got.p99.Seconds()},
		err
}

func profileName(name string, n int) string { return fmt.Sprintf("%s-%d", name, n) }
