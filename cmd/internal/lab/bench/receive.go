package bench

import (
	"context"
	"errors"
)

// poolOf is how many deliveries take turns in the section receive, where nothing reads them.
const poolOf = 200

// receive measures deliveries acknowledged durably: Winnow's receiver by turns with the bare handler.
func (r *run) receive(ctx context.Context) (err error) {
	p, err := newPortal(r.Contacts, "winnow_rating")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	ours, err := r.start(ctx, winnow, r.store(), p.url, "WINNOW_ROLES=receive")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ours.stop()) }()
	theirs, err := r.start(ctx, bare, r.store(), p.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, theirs.stop()) }()
	for _, size := range r.Events {
		bodies := p.changes(poolOf*size, 1, size).bodies
		row := ReceiveRow{Events: size}
		for range r.Rounds {
			a, err := r.receiveRound(ctx, p, ours, bodies, "receive-winnow", size)
			if err != nil {
				return err
			}
			b, err := r.receiveRound(ctx, p, theirs, bodies, "receive-bare", size)
			if err != nil {
				return err
			}
			row.Winnow, row.Bare = append(row.Winnow, a), append(row.Bare, b)
		}
		r.report.Receive = append(r.report.Receive, row)
		r.Progress("receive, %d events each: %s deliveries/s, bare %s", size, numbers(rates(row.Winnow)),
			numbers(rates(row.Bare)))
	}
	return nil
}

func (r *run) receiveRound(ctx context.Context, p *portal, c *child, bodies [][]byte, name string,
	size int,
) (Round, error) {
	requests, err := signed(p.box, c.Hooks, bodies)
	if err != nil {
		return Round{}, err
	}
	before, err := c.stats(ctx)
	if err != nil {
		return Round{}, err
	}
	var got sent
	err = r.profiled(ctx, c, profileName(name, size), func() error {
		got, err = send(ctx, c.Hooks, r.Connections, until(r.Duration, requests))
		return err
	})
	if err != nil {
		return Round{}, err
	}
	if got.refused > 0 {
		return Round{}, errors.New("deliveries were refused for want of room: make the disk larger or the rounds " +
			"shorter")
	}
	after, err := c.stats(ctx)
	return Round{
		PerSecond: got.perSecond(), P50: got.p50.Seconds(), P99: got.p99.Seconds(),
		CPU: (after.CPU - before.CPU) / float64(got.count),
	}, err
}
