package exchange

import (
	"context"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
)

// Recall has the source's connector take over what it remembers, in every process: webhooks may be verified by what
// another one learned.
func (x *Exchange) Recall(ctx context.Context) error {
	for x.s.CRM.Maintain != nil && ctx.Err() == nil {
		if err := x.s.CRM.Maintain.Recall(ctx); err == nil {
			x.Troubles.Well(ctx, x.s, "recall")
		} else if ctx.Err() == nil {
			x.Troubles.Ails(ctx, x.s, "recall", "what the connector remembers cannot be read", err)
		}
		timing.Sleep(ctx, timing.RecallEvery)
	}
	return nil
}

// maintain keeps alive what the source's CRM has granted for a time. It runs only where the source's lease is held.
func (x *Exchange) maintain(ctx context.Context) error {
	for attempt := 1; x.s.CRM.Maintain != nil && ctx.Err() == nil; {
		began := time.Now()
		next, err := x.s.CRM.Maintain.Maintain(ctx)
		x.Calls.Done(x.s.Name, watermark.CallMaintain, began, err, nil)
		if err == nil {
			attempt = 1
			x.Troubles.Well(ctx, x.s, "maintain")
			timing.Sleep(ctx, min(max(next.Sub(x.Now()), timing.BackoffFirst), timing.MaintainMost))
			continue
		}
		if ctx.Err() == nil {
			x.Troubles.Ails(ctx, x.s, "maintain", "what the connector keeps up beside its records cannot be had", err)
		}
		timing.Sleep(ctx, timing.Jitter(max(disposalOf(err, attempt).again,
			timing.Backoff(attempt, timing.BackoffFirst, timing.AccountMost))))
		attempt++
	}
	return nil
}

// learnTime has the CRM tell the time, which each answer does, until it is known how far our clock can be believed,
// and again while that is wrong.
func (x *Exchange) learnTime(ctx context.Context) error {
	ask := x.s.CRM.Greet
	if ask == nil && x.s.CRM.Account != nil {
		ask = func(ctx context.Context) error {
			_, err := x.s.CRM.Account.Account(ctx)
			return err
		}
	}
	for attempt := 1; ask != nil && ctx.Err() == nil; attempt++ {
		if x.Clock.Asks(x.s.Name) {
			began := time.Now()
			err := ask(ctx) // a refusal tells the time too, and others say what is wrong
			x.Calls.Done(x.s.Name, watermark.CallTime, began, err, nil)
		} else {
			attempt = 1
		}
		timing.Sleep(ctx, timing.Backoff(attempt, timing.ClockAsk, timing.ClockAskMost))
	}
	return nil
}
