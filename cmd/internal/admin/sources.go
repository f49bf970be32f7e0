package admin

import (
	"context"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
)

func (a *Answers) startBackfill(ctx context.Context, o api.BackfillOrder) (api.Done, error) {
	if o.Since.IsZero() {
		return api.Done{}, badRequest("since: want an instant in RFC 3339")
	}
	return a.did(ctx, a.Operate.StartBackfill(ctx, o.Source, o.Since), stored.Act{
		What: stored.ActBackfill, Source: o.Source, Note: "since " + o.Since.UTC().Format(time.DateOnly),
	})
}

func (a *Answers) backfill(ctx context.Context, q api.SourceQuery) (operate.BackfillState, error) {
	return a.Operate.Backfill(ctx, q.Source)
}

func (a *Answers) breaker(ctx context.Context, q api.SourceQuery) (operate.BreakerState, error) {
	return a.Operate.Breaker(ctx, q.Source)
}

func (a *Answers) release(ctx context.Context, o api.BreakerOrder) (api.Done, error) {
	switch o.Which {
	case "all":
		o.Contacts = nil
	case "these":
		if len(o.Contacts) == 0 {
			return api.Done{}, badRequest("tick those whom you let through, or release all")
		}
	}
	return a.did(ctx, a.Operate.ReleaseBreaker(ctx, o.Source, o.Contacts), stored.Act{
		What: stored.ActRelease, Source: o.Source, On: o.Contacts, Note: o.Note,
	})
}

func (a *Answers) refuse(ctx context.Context, o api.BreakerOrder) (api.Done, error) {
	return a.did(
		ctx,
		a.Operate.RefuseBreaker(ctx, o.Source),
		stored.Act{What: stored.ActRefuse, Source: o.Source, Note: o.Note},
	)
}
