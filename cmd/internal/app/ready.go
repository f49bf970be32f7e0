package app

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/admin"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
)

// ready says whether deliveries can be taken in and kept, what they say is rated, and the clock is right by which they
// count.
func (a *App) ready(ctx context.Context) error {
	var errs []error
	if !a.running.Load() {
		errs = append(errs, errors.New("not running yet, or stopping"))
	}
	if a.Pipeline.Has(pipeline.RoleReceive) {
		errs = append(errs, a.Pipeline.Room())
	}
	if a.Pipeline.Has(pipeline.RoleRate) {
		errs = append(errs, a.Pipeline.Late(ctx))
	}
	return errors.Join(append(errs, a.Pipeline.Clock(), a.Queue.Healthy(ctx))...)
}

// readyGauge is the probe as a metric.
func readyGauge(p *admin.Probe) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "winnow_ready", Help: "1 while the process is ready, as /readyz says.",
	}, func() float64 {
		if p.Result(context.Background()) != nil {
			return 0
		}
		return 1
	})
}

// lookReady is how often it is looked whether the process is ready, for the log.
const lookReady = 5 * time.Second

// sayReady logs when the process comes to be not ready, and when it is ready again.
func (a *App) sayReady(ctx context.Context) {
	var since time.Time // when it came to be not ready; zero: it is ready
	for timing.Sleep(ctx, lookReady); ctx.Err() == nil; timing.Sleep(ctx, lookReady) {
		err := a.readiness.Result(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil && since.IsZero():
			since = time.Now()
			a.log.Error("not ready", zap.Error(err))
		case err == nil && !since.IsZero():
			a.log.Info("ready again", zap.Duration("after", time.Since(since).Round(time.Second)))
			since = time.Time{}
		}
	}
}
