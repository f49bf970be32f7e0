package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/winnow-crm/winnow/cmd/internal/app"
	"github.com/winnow-crm/winnow/cmd/internal/config"
)

// tracesWithin is how long a process that ends waits for its last spans to be taken.
const tracesWithin = 3 * time.Second

func serveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "Run the worker: take webhooks, rate contacts, write ratings back", Args: cobra.NoArgs,
		Long: `Runs all roles over an embedded queue, or over a NATS cluster with WINNOW_NATS_URL. SIGTERM stops it: it takes in nothing more and
finishes what it has in hand within WINNOW_GRACE.`,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			cfg, err := loadConfig()
			if err != nil {
				return err
			}
			log := newLog(cfg.LogLevel)
			defer func() { _ = log.Sync() }() // fails for terminals, which need no sync
			if missing := cfg.Missing(); len(missing) > 0 {
				log.Warn("WINNOW_ROLES leaves out roles that nobody else can take: an embedded store is open to one process; what they would do waits until a process with all roles opens it", zap.Strings("roles", missing))
			}
			app.UseMemory(log)
			traces, err := app.NewTraces(cmd.Context(), func(err error) {
				log.Warn("spans are lost, the collector does not take them", zap.Error(err))
			})
			if err != nil {
				return err
			}
			defer func() { // last of all, when every step has ended
				ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), tracesWithin)
				defer cancel()
				if err := traces.Close(ctx); err != nil {
					log.Warn("the last spans are lost", zap.Error(err))
				}
			}()
			a, err := app.New(cmd.Context(), cfg, log, app.Options{Traces: traces.TracerProvider})
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, a.Close()) }()
			hooks, admin := a.Addresses()
			log.Info("winnow started", zap.String("version", app.Version()), zap.String("webhooks", hooks), zap.String("admin", admin),
				zap.Strings("sources", cfg.Sources.Names()), zap.String("mode", string(cfg.Mode)), zap.String("model", cfg.Rules.Version()))
			err = a.Run(cmd.Context())
			log.Info("winnow stopped", zap.Error(err))
			return err
		},
	}
}

// loadConfig reads the settings and lists everything that is wrong with them.
func loadConfig() (*config.Config, error) {
	cfg, err := config.Load(os.Environ())
	if err != nil {
		return nil, fmt.Errorf("the settings cannot be used:\n%w", err)
	}
	return cfg, nil
}

// newLog writes JSON lines to standard error, for machines to collect.
func newLog(level zapcore.Level) *zap.Logger {
	enc := zap.NewProductionEncoderConfig()
	enc.TimeKey, enc.EncodeTime, enc.EncodeDuration = "time", zapcore.RFC3339NanoTimeEncoder, zapcore.StringDurationEncoder
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(enc), zapcore.Lock(os.Stderr), level))
}
