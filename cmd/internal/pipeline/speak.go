package pipeline

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/queue"
)

// speak runs the roles that call the CRM's API: write, fetch and poll. All of them run in the one process that holds the source's
// lease, under one budget, so that several processes do not spend the account's quota against each other. A process without the
// write role holds leases of its own for what it has.
func (p *Pipeline) speak(ctx context.Context, s Source) error {
	var roles []Role
	for _, r := range []Role{RoleWrite, RoleFetch, RolePoll} {
		if p.Has(r) {
			roles = append(roles, r)
		}
	}
	if len(roles) == 0 {
		return nil
	}
	for ctx.Err() == nil {
		lease, err := p.q.Acquire(ctx, "crm."+s.Name+"."+string(roles[0]), p.leaseTTL)
		if err != nil {
			if !errors.Is(err, queue.ErrHeld) && ctx.Err() == nil {
				p.warns("lease "+s.Name, "cannot take the lease of a source", err, zap.String("source", s.Name))
			}
			sleep(ctx, p.leaseTTL/4)
			continue
		}
		if err := p.speakUnder(ctx, s, roles, lease); err != nil {
			return err
		}
	}
	return nil
}

// speakUnder runs roles while lease is renewed. The first role's lease stands for all; the others are taken as they come free.
func (p *Pipeline) speakUnder(ctx context.Context, s Source, roles []Role, lease *queue.Lease) error {
	p.hope(ctx, s)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { p.renew(ctx, lease); cancel(); return nil })
	g.Go(func() error { return p.learnAccount(ctx, s) })
	g.Go(func() error { return p.speakRole(ctx, s, roles[0], lease.Valid) })
	for _, r := range roles[1:] {
		g.Go(func() error {
			for ctx.Err() == nil {
				own, err := p.q.Acquire(ctx, "crm."+s.Name+"."+string(r), p.leaseTTL)
				if err != nil {
					sleep(ctx, p.leaseTTL/4)
					continue
				}
				err = p.speakWhile(ctx, s, r, own)
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := g.Wait()
	p.release(ctx, lease)
	return err
}

// speakWhile runs one role under a lease of its own.
func (p *Pipeline) speakWhile(ctx context.Context, s Source, r Role, lease *queue.Lease) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { p.renew(ctx, lease); cancel(); return nil })
	g.Go(func() error { return p.speakRole(ctx, s, r, lease.Valid) })
	err := g.Wait()
	p.release(ctx, lease)
	return err
}

func (p *Pipeline) speakRole(ctx context.Context, s Source, r Role, valid func() bool) error {
	switch r {
	case RoleWrite:
		if s.CRM.Write == nil {
			return nil
		}
		return p.write(ctx, s, valid)
	case RoleFetch:
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return p.fetch(ctx, s) })
		g.Go(func() error { return p.retract(ctx, s) })
		return g.Wait()
	default:
		return p.poll(ctx, s)
	}
}

func (p *Pipeline) release(ctx context.Context, lease *queue.Lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = lease.Release(ctx) // it ends by itself otherwise
}

// learnAccount asks the CRM once whose account the credential is for, so that events of another account are found out.
func (p *Pipeline) learnAccount(ctx context.Context, s Source) error {
	if s.CRM.Account == nil {
		return nil
	}
	for attempt := 1; ctx.Err() == nil; attempt++ {
		account, err := s.CRM.Account.Account(ctx)
		if err == nil {
			p.well(ctx, s, "account")
			known, _, err := p.q.GetState(ctx, stateName("account."+s.Name))
			if err == nil && string(known) == account {
				return nil
			}
			if err == nil {
				_, err = p.q.PutState(ctx, stateName("account."+s.Name), []byte(account), anyRevision)
			}
			if err == nil {
				return nil
			}
			p.log.Warn("cannot keep the account's id", zap.String("source", s.Name), zap.Error(err))
		} else if ctx.Err() == nil {
			p.ails(ctx, s, "account", "the CRM does not say whose account the credential is for", err)
		}
		sleep(ctx, jitter(backoff(attempt, time.Second, 5*time.Minute)))
	}
	return nil
}
