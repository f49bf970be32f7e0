package bench

import (
	"context"
	"errors"
	"fmt"
)

// poolOf is how many deliveries take turns in the section receive, where nothing reads them.
const poolOf = 200

// receive measures deliveries acknowledged durably: the receiver by turns with the bare handler.
func (r *run) receive(ctx context.Context) error {
	for _, size := range []int{100, 1} {
		row := Row{Section: "receive", Name: fmt.Sprintf("%d a delivery", size), Aims: []Aim{overBare(0.8)}}
		if err := r.row(row, func(row *Row) error { return r.receiveOf(ctx, size, row) }); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) receiveOf(ctx context.Context, size int, row *Row) (err error) {
	sc := scene{contacts: r.Contacts, field: "winnow_rating", env: []string{"WINNOW_ROLES=receive"}}
	all, closeAll, err := r.sides(ctx, sc, row)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	least, err := r.start(ctx, r.Command, bare, r.store(), all[0].p.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, least.stop()) }()
	bodies := all[0].p.changes(poolOf*size, 1, size).bodies
	return r.byTurns(all, func(s *side) (Round, error) {
		if s.name == ours {
			b, err := r.receiveRound(ctx, s.p, least, bodies, fmt.Sprintf("receive-bare-%d", size))
			if err != nil {
				return b, err
			}
			row.Bare = append(row.Bare, b)
		}
		return r.receiveRound(ctx, s.p, s.c, bodies, s.profile(fmt.Sprintf("receive-%d", size)))
	})
}

func (r *run) receiveRound(ctx context.Context, p *portal, c *child, bodies [][]byte, name string) (Round, error) {
	requests, err := signed(p.box, c.Hooks, bodies)
	if err != nil {
		return Round{}, err
	}
	before, err := c.stats(ctx)
	if err != nil {
		return Round{}, err
	}
	var got sent
	err = r.profiled(ctx, c, name, func() error {
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
		CPU: (after.CPU - before.CPU) / float64(got.count), RSS: after.RSS,
	}, err
}
