package bench

import (
	"context"
	"errors"
	"os"
	"slices"
)

// The names of what is compared.
const (
	ours   = "this build"
	theirs = "the other build"
)

// side is one of the builds that are measured by turns: its worker over a store of its own, with a CRM of its own. All
// of them get the same events in the same order.
type side struct {
	name string
	p    *portal
	c    *child
	row  *[]Round
}

// scene says what the workers of a row begin with.
type scene struct {
	contacts, mails int      // in the store, and of each of them
	field           string   // that is watched
	env             []string // of the worker
	limit           int      // calls that the CRM allows in ten seconds; 0: any number
}

// sides starts a worker for each build over a store that it has filled itself, and closeAll ends them.
func (r *run) sides(ctx context.Context, sc scene, row *Row) (all []*side, closeAll func() error, err error) {
	var closers []func() error
	closing := func() error {
		var errs []error
		for _, c := range slices.Backward(closers) {
			errs = append(errs, c())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, closing())
		}
	}()
	builds := []struct {
		name    string
		command []string
		rounds  *[]Round
	}{{ours, r.Command, &row.Winnow}, {theirs, r.Against, &row.Other}}
	for _, b := range builds {
		if len(b.command) == 0 {
			continue
		}
		p, err := newPortal(sc)
		if err != nil {
			return nil, nil, err
		}
		closers = append(closers, p.close)
		dir := r.store()
		closers = append(closers, func() error { return os.RemoveAll(dir) })
		if err := r.fill(ctx, b.command, p, dir, sc); err != nil {
			return nil, nil, err
		}
		c, err := r.start(ctx, b.command, winnow, dir, p.url, sc.env...)
		if err != nil {
			return nil, nil, err
		}
		closers = append(closers, c.stop)
		all = append(all, &side{b.name, p, c, b.rounds})
	}
	return all, closing, nil
}

// byTurns has each side measured once a round. Whose turn is first changes, because what ran before leaves the
// machine in another state.
func (r *run) byTurns(all []*side, measure func(s *side) (Round, error)) error {
	for i := range r.Rounds {
		turn := slices.Clone(all)
		if i%2 == 1 {
			slices.Reverse(turn)
		}
		for _, s := range turn {
			round, err := measure(s)
			if err != nil {
				return err
			}
			*s.row = append(*s.row, round)
		}
	}
	return nil
}
