package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/backtesting"
	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/rules"
)

func backtestCommand() *cobra.Command {
	var o backtestOptions
	cmd := &cobra.Command{
		Use: "backtest", Short: "See what other rule settings would have made of the contacts at hand",
		Args: cobra.NoArgs,
		Long: `Rates every contact that Winnow knows, day by day since --since, under today's settings and under those of a draft, from what was known on
each day, and shows who changes from what to what and why, the share that is flagged, and which past wins and losses each of the two, and
each changed setting alone, would have flagged before. Nothing is written.

The draft is a file of lines such as WINNOW_RULES_GRACE=10, which count on top of today's settings. Where it changes several rules, each
is tried alone too. --csv has a line for every contact that changes, --json has everything.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return backtest(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.env, "env", "", "file with the draft")
	f.StringVar(&o.since, "since", "180d", "how far back: a number of days such as 180d, or a date such as 2026-01-31")
	f.StringVar(&o.source, "source", "", "only of this source")
	f.BoolVar(&o.csv, "csv", false, "print the contacts that change as CSV")
	f.BoolVar(&o.json, "json", false, "print everything as JSON")
	f.BoolVar(&o.all, "all", false, "list every contact that changes")
	cmd.MarkFlagsMutuallyExclusive("csv", "json")
	return cmd
}

type backtestOptions struct {
	env, since, source string
	csv, json, all     bool
}

// mostShown is how many contacts a table lists.
const mostShown = 40

func backtest(ctx context.Context, o backtestOptions) error {
	now := time.Now().UTC().Truncate(time.Second)
	since, err := parseSince(o.since, now)
	if err != nil {
		return err
	}
	if o.env == "" {
		return misuse("want --env with a file of WINNOW_RULES_ lines to try")
	}
	file, err := os.ReadFile(o.env)
	if err != nil {
		return err
	}
	today, _, err := config.Rules(os.Environ())
	if err != nil {
		return err
	}
	lines, err := backtesting.Read(string(file))
	if err != nil {
		return fmt.Errorf("%s: %w", o.env, err)
	}
	if lines.Other > 0 {
		fmt.Fprintf(os.Stderr, "note: lines of %s that set something else than rules (%d) are left out\n", o.env,
			lines.Other)
	}
	draft, err := today.With(lines.Values)
	if err != nil {
		return fmt.Errorf("%s: %w", o.env, err)
	}
	if draft.Version() == today.Version() {
		return fmt.Errorf("%s: no rule in it differs from those in force: there is nothing to compare", o.env)
	}
	b := backtesting.New(backtesting.Plan{
		Today: today, Draft: draft, Alone: lines.Alone(today), Since: since, Now: now, Workers: runtime.GOMAXPROCS(0),
	})
	model, err := eachRecord(ctx, o.source, func(source, contact string, r rules.Record) { b.Add(source, contact, &r) })
	report := b.Report()
	if err != nil {
		return err
	}
	if model != today.Version() {
		fmt.Fprintf(os.Stderr,
			"note: the running winnow rates by model %s, this environment says %s; \"today\" is this environment\n",
			model, today.Version())
	}
	switch {
	case o.csv:
		return report.CSV(os.Stdout)
	case o.json:
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(report)
	}
	most := mostShown
	if o.all {
		most = len(report.Changes)
	}
	return report.Print(folded(os.Stdout), most)
}

// eachRecord calls fn with every contact of one source, or of all, and returns the model by which they are rated.
func eachRecord(ctx context.Context, source string,
	fn func(source, contact string, r rules.Record),
) (model string, err error) {
	cfg, err := loadConfig()
	if err != nil {
		return "", err
	}
	var names []string
	for _, s := range cfg.Sources {
		if source == "" || source == s.Name {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return "", cfg.Sources.Unknown(source)
	}
	err = withClient(ctx, nil, func(ctx context.Context, c *client) error {
		for _, name := range names {
			model, err = c.records(ctx, name, func(contact string, r rules.Record) { fn(name, contact, r) })
			if err != nil {
				return err
			}
		}
		return nil
	})
	return model, err
}
