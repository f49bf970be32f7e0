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
	"golang.org/x/term"

	"github.com/winnow-crm/winnow/cmd/internal/app"
	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/queue"
)

// reopenWithin is for how long it is tried to open a store again.
const reopenWithin = time.Minute

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
			log := newLog(cfg.LogLevel, cfg.LogFormat)
			defer func() { _ = log.Sync() }() // fails for terminals, which need no sync
			if missing := cfg.Missing(); len(missing) > 0 {
				log.Warn("WINNOW_ROLES leaves out roles that nobody else can take: an embedded store is open to one process; what they would do waits until a process with all roles opens it", zap.Strings("roles", missing))
			}
			if cfg.BelievesHost() {
				log.Warn("WINNOW_PUBLIC_URL is not set: the host for which a delivery was signed is taken from "+
					"the request, so that what was signed for another may be believed",
					zap.String("listen", cfg.Listen))
			}
			defer app.UseMemory(log)()
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
			return serve(cmd.Context(), cfg, log, app.Options{Traces: traces.TracerProvider})
		},
	}
}

// serve runs until ctx ends or a part fails, and again where it is only the store that must be opened anew. That is
// tried for a while: the disk may be full once more.
func serve(ctx context.Context, cfg *config.Config, log *zap.Logger, o app.Options) error {
	var again time.Time // until when a store that does not open is tried again
	for {
		a, err := app.New(ctx, cfg, log, o)
		switch {
		case err == nil:
			if err = runOnce(ctx, a, cfg, log); !errors.Is(err, queue.ErrReopen) {
				return err
			}
			log.Warn("winnow starts again, for its store", zap.Error(err))
			again = time.Now().Add(reopenWithin)
		case ctx.Err() != nil || time.Now().After(again):
			return err
		default:
			log.Warn("the store cannot be opened again yet", zap.Error(err))
			time.Sleep(time.Second)
		}
	}
}

// runOnce runs a until ctx ends or a part fails, and closes it.
func runOnce(ctx context.Context, a *app.App, cfg *config.Config, log *zap.Logger) (err error) {
	defer func() { err = errors.Join(err, a.Close()) }()
	hooks, admin := a.Addresses()
	log.Info("winnow started", zap.String("version", app.Version()), zap.String("webhooks", hooks), zap.String("admin", admin),
		zap.Strings("sources", cfg.Sources.Names()), zap.String("mode", string(cfg.Mode)), zap.String("model", cfg.Rules.Version()))
	err = a.Run(ctx)
	log.Info("winnow stopped", zap.Error(err))
	return err
}

// loadConfig reads the settings and lists everything that is wrong with them.
func loadConfig() (*config.Config, error) {
	cfg, err := config.Load(os.Environ())
	if err != nil {
		return cfg, fmt.Errorf("the settings cannot be used:\n%w", err)
	}
	return cfg, nil
}

// newLog writes to standard error: JSON lines for machines to collect, or lines for people.
func newLog(level zapcore.Level, format config.LogFormat) *zap.Logger {
	console := format == config.LogConsole || format == config.LogAuto && term.IsTerminal(int(os.Stderr.Fd()))
	return zap.New(zapcore.NewCore(encoderOf(console), zapcore.Lock(os.Stderr), level))
}

func encoderOf(console bool) zapcore.Encoder {
	enc := zap.NewProductionEncoderConfig()
	enc.TimeKey, enc.EncodeTime, enc.EncodeDuration = "time", zapcore.RFC3339NanoTimeEncoder, zapcore.StringDurationEncoder
	if !console {
		return zapcore.NewJSONEncoder(enc)
	}
	enc.EncodeTime, enc.EncodeLevel = zapcore.TimeEncoderOfLayout(time.TimeOnly), zapcore.CapitalLevelEncoder
	enc.ConsoleSeparator, enc.NameKey, enc.CallerKey = "  ", "", ""
	return zapcore.NewConsoleEncoder(enc)
}
