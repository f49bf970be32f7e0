package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/winnow-crm/winnow/cmd/internal/app"
	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/lab/cast"
	"github.com/winnow-crm/winnow/cmd/internal/lab/stage"
	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

func demoCommand() *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use: "demo", Short: "Watch a cast of prospects being rated, against a sandbox CRM", Args: cobra.NoArgs,
		Long: `Starts the embedded queue and a sandbox CRM, plays a cast of prospects through months of simulated time over real HTTP with real
signatures, through the very pipeline that serve runs, and prints what is written to the CRM and why. WINNOW_RULES_*, WINNOW_LANGUAGE and
WINNOW_TEXTS apply: try other numbers.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return demo(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.crm, "crm", "hubspot", "whose sandbox: "+strings.Join(stage.Vendors(), ", "))
	cmd.Flags().BoolVar(&o.keep, "keep", false, "leave everything running at the end")
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "moves the minutes at which things happen")
	cmd.Flags().StringVar(&o.logFile, "log", "", "write the pipeline's log to this file")
	return cmd
}

type demoOptions struct {
	crm     string
	keep    bool
	seed    uint64
	logFile string
}

// simulated is a clock that stands until it is set, or runs on from where it was set.
type simulated struct {
	at    atomic.Int64 // Unix ns
	since atomic.Int64 // when it was let go, Unix ns of the real clock; 0: it stands
}

func (c *simulated) Set(t time.Time) { c.at.Store(t.UnixNano()) }
func (c *simulated) letGo()          { c.since.Store(time.Now().UnixNano()) }

func (c *simulated) Now() time.Time {
	t := time.Unix(0, c.at.Load()).UTC()
	if since := c.since.Load(); since != 0 {
		t = t.Add(time.Since(time.Unix(0, since)))
	}
	return t
}

func demo(ctx context.Context, o demoOptions) (err error) {
	began := time.Now()
	members := cast.New(o.seed)
	clock := &simulated{}
	clock.Set(cast.Begin)
	box, err := stage.Start(o.crm, world.Options{Now: clock.Now, Limit: -1, Fields: true})
	if err != nil {
		return fmt.Errorf("start the sandbox: %w", err)
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	dir, err := os.MkdirTemp("", "winnow-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg, err := config.Load(append(demoEnvironment(box, dir), triedOf(os.Environ())...))
	if err != nil {
		return err
	}
	log, err := demoLog(o.logFile)
	if err != nil {
		return err
	}
	a, err := app.New(ctx, cfg, log, app.Options{Now: clock.Now, Tick: 2 * time.Millisecond})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	hooks, admin := a.Addresses()
	webhooks := "http://" + hooks + "/hooks/" + o.crm
	box.SetWebhookURL(webhooks)

	running, stop := context.WithCancel(ctx)
	defer stop()
	playing, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan error, 1)
	go func() {
		err := a.Run(running)
		if err != nil {
			cancel(err) // without it nothing would come to rest any more
		}
		done <- err
	}()

	person := func(contact string) string {
		p, _ := box.Person(contact) // erased: it has no name any more
		return p.Profile.First + " " + p.Profile.Last
	}
	v := newDemoView(os.Stdout, terminalSize(os.Stdout), person, members)
	v.intro(box.Title(), box.URL(), webhooks)
	box.OnWrite(v.wrote)
	settle := func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		if err := box.Flush(ctx); err != nil {
			return fmt.Errorf("send webhooks: %w", err)
		}
		return a.Pipeline.Idle(ctx)
	}
	if err := cast.Play(playing, box, members, clock, settle, v.day); err != nil {
		stop()
		return errors.Join(err, <-done)
	}
	failed := v.summary(box, members, time.Since(began))
	if !o.keep {
		more := ""
		if o.crm != "hubspot" {
			more = " --crm " + o.crm
		}
		fmt.Printf("\nNext, to see them in the console: %s sandbox --cast%s\n"+
			"plays them again, and prints what to enter in another terminal.\n", called(), more)
	} else {
		clock.letGo()
		fmt.Printf("\nrunning on: the sandbox %s at %s, webhooks at %s, admin at http://%s\nCtrl-C ends it\n",
			box.Title(), box.URL(), webhooks, admin)
		<-ctx.Done()
	}
	stop()
	if err := <-done; err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d prospects did not end as their story says", failed, len(members))
	}
	return nil
}

// demoEnvironment is the settings of the demo: everything on loopback, the store in dir.
func demoEnvironment(box world.Face, dir string) []string {
	source := box.Vendor()
	return append(box.Settings(source), "WINNOW_SOURCES="+stage.Sources(source),
		"WINNOW_LISTEN=127.0.0.1:0", "WINNOW_ADMIN_LISTEN=127.0.0.1:0", "WINNOW_DATA_DIR="+dir, "WINNOW_PARTITIONS=2",
		"WINNOW_POLL_INTERVAL=0",
		"WINNOW_"+strings.ToUpper(source)+"_RATE_LIMIT=100000", "WINNOW_QUEUE_MIN_FREE=64MiB",
		"WINNOW_QUEUE_MAX_STORE=1GiB",
		"WINNOW_REASON_ROWS=true") // what the cast expects names rows
}

// triedOf keeps of the caller's environment what can be tried in the demo: the rules, and what is said of a rating.
func triedOf(environ []string) []string {
	var kept []string
	for _, kv := range environ {
		if strings.HasPrefix(kv, "WINNOW_RULES_") || strings.HasPrefix(kv, "WINNOW_LANGUAGE") ||
			strings.HasPrefix(kv, "WINNOW_TEXTS") {
			kept = append(kept, kv)
		}
	}
	return kept
}

func demoLog(file string) (*zap.Logger, error) {
	if file == "" {
		return zap.NewNop(), nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	enc := zap.NewProductionEncoderConfig()
	enc.TimeKey, enc.EncodeTime = "time", zapcore.RFC3339NanoTimeEncoder
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(enc), zapcore.Lock(f), zapcore.DebugLevel)), nil
}
