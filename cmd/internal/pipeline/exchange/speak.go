package exchange

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/queue"
)

// The roles that an Exchange can take on.
const (
	roleWrite = "write"
	roleFetch = "fetch"
	rolePoll  = "poll"
)

// Run runs the roles that call the CRM's API: write, fetch and poll. All of them run in the one process that holds
// the source's lease, under one budget, so that several processes do not spend the account's quota against each
// other. A process without the write role holds leases of its own for what it has.
func (x *Exchange) Run(ctx context.Context) error {
	var roles []string
	for _, r := range []string{roleWrite, roleFetch, rolePoll} {
		if slices.Contains(x.Roles, r) {
			roles = append(roles, r)
		}
	}
	if len(roles) == 0 {
		return nil
	}
	for ctx.Err() == nil {
		lease, err := x.Queue.Leases.Acquire(ctx, "crm."+x.s.Name+"."+roles[0], x.LeaseTTL)
		if err != nil {
			if !errors.Is(err, queue.ErrHeld) && ctx.Err() == nil {
				x.Troubles.Warns("lease "+x.s.Name, "cannot take the lease of a source", err,
					zap.String("source", x.s.Name))
			}
			timing.Sleep(ctx, x.LeaseTTL/4)
			continue
		}
		if err := x.speakUnder(ctx, roles, lease); err != nil {
			return err
		}
	}
	return nil
}

// speakUnder runs roles while lease is renewed. The first role's lease stands for all; the others are taken as they
// come free.
func (x *Exchange) speakUnder(ctx context.Context, roles []string, lease *queue.Lease) error {
	x.Troubles.Hope(ctx, x.s)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { lease.Keep(ctx); cancel(); return nil })
	g.Go(func() error { return x.learnAccount(ctx) })
	g.Go(func() error { return x.learnTime(ctx) })
	g.Go(func() error { return x.maintain(ctx) })
	g.Go(func() error { return x.speakRole(ctx, roles[0], lease.Valid) })
	for _, r := range roles[1:] {
		g.Go(func() error {
			for ctx.Err() == nil {
				own, err := x.Queue.Leases.Acquire(ctx, "crm."+x.s.Name+"."+r, x.LeaseTTL)
				if err != nil {
					timing.Sleep(ctx, x.LeaseTTL/4)
					continue
				}
				err = x.speakWhile(ctx, r, own)
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := g.Wait()
	lease.GiveUp(ctx)
	return err
}

// speakWhile runs one role under a lease of its own.
func (x *Exchange) speakWhile(ctx context.Context, r string, lease *queue.Lease) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { lease.Keep(ctx); cancel(); return nil })
	g.Go(func() error { return x.speakRole(ctx, r, lease.Valid) })
	err := g.Wait()
	lease.GiveUp(ctx)
	return err
}

func (x *Exchange) speakRole(ctx context.Context, r string, valid func() bool) error {
	switch r {
	case roleWrite:
		if x.s.CRM.Write == nil {
			return nil
		}
		return x.write(ctx, valid)
	case roleFetch:
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return x.fetch(ctx) })
		g.Go(func() error { return x.retract(ctx) })
		return g.Wait()
	default:
		return x.poll(ctx)
	}
}

// learnAccount asks the CRM whose account the credential is for, so that events of another account are found out, and
// again whenever the CRM has not been called for long, so that a credential which is refused in a quiet account is
// found out too.
func (x *Exchange) learnAccount(ctx context.Context) error {
	if x.s.CRM.Account == nil {
		return nil
	}
	for attempt := 1; ctx.Err() == nil; attempt++ {
		began := time.Now()
		account, err := x.s.CRM.Account.Account(ctx)
		x.Calls.Done(x.s.Name, watermark.CallAccount, began, err, nil)
		if err == nil {
			x.Troubles.Well(ctx, x.s, "account")
			if err = x.keepAccount(ctx, account); err == nil {
				attempt = 0
				x.Calls.Quiet(ctx, x.s.Name, x.Quiet)
				continue
			}
			x.Log.Warn("cannot keep the account's id", zap.String("source", x.s.Name), zap.Error(err))
		} else if ctx.Err() == nil {
			x.Troubles.Ails(ctx, x.s, "account", "the CRM does not say whose account the credential is for", err)
		}
		timing.Sleep(ctx, timing.Jitter(timing.Backoff(attempt, timing.BackoffFirst, timing.AccountMost)))
	}
	return nil
}

// keepAccount stores the vendor's id of the account where it is another one than before.
func (x *Exchange) keepAccount(ctx context.Context, account string) error {
	state := stored.AccountState(x.s.Name)
	known, _, err := state.Get(ctx, x.Queue)
	if err != nil || known == account {
		return err
	}
	return state.Put(ctx, x.Queue, account, stored.AnyRevision)
}
