package admin

import (
	"context"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// did notes what somebody has just done, unless it failed by err. What cannot be noted is done all the same, and in the
// log.
func (a *Answers) did(ctx context.Context, err error, act stored.Act) (api.Done, error) {
	if err != nil {
		return api.Done{}, err
	}
	act.At, act.Who = crm.At(a.Operate.Now()), who(ctx)
	log := a.Log.With(
		zap.String("who", act.Who),
		zap.String("what", act.What),
		zap.String("source", act.Source),
		zap.Int("on", len(act.On)),
	)
	log.Info("somebody has decided")
	if err := stored.NoteAct(context.WithoutCancel(ctx), a.Queue, act); err != nil {
		log.Error("what somebody has decided is in the log alone", zap.Error(err))
	}
	return api.Done{Done: true}, nil
}

func (a *Answers) acts(ctx context.Context, _ api.Nothing) ([]stored.Act, error) {
	acts, _, err := stored.ActsState().Get(ctx, a.Queue)
	return acts.List, err
}
