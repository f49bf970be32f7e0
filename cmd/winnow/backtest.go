package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/lab/tuning"
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

// mostAlone is how many changed settings are tried by themselves: each costs a run.
const mostAlone = 12

// mostShown is how many contacts a table lists.
const mostShown = 40

func backtest(ctx context.Context, o backtestOptions) error {
	now := time.Now().UTC().Truncate(time.Second)
	since, err := parseSince(o.since, now)
	if err != nil {
		return err
	}
	if o.env == "" {
		return errors.New("want --env with a file of WINNOW_RULES_ lines to try")
	}
	file, err := os.ReadFile(o.env)
	if err != nil {
		return err
	}
	today, env, err := config.Rules(os.Environ())
	if err != nil {
		return err
	}
	lines, other, err := parseDraft(string(file))
	if err != nil {
		return fmt.Errorf("%s: %w", o.env, err)
	}
	if other > 0 {
		fmt.Fprintf(os.Stderr, "note: lines of %s that set something else than rules (%d) are left out\n", o.env, other)
	}
	draft, err := with(env, lines)
	if err != nil {
		return fmt.Errorf("%s: %w", o.env, err)
	}
	if draft.Version() == today.Version() {
		return fmt.Errorf("%s: no rule in it differs from those in force: there is nothing to compare", o.env)
	}
	b := tuning.NewBacktest(today, draft, alone(env, lines, today), since, now)
	model, err := eachRecord(ctx, o.source, b.Add)
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
	return report.Print(os.Stdout, most)
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

// with are settings with others on top.
func with(env, more map[string]string) (*rules.Settings, error) {
	all := map[string]string{}
	maps.Copy(all, env)
	maps.Copy(all, more)
	return rules.Parse(all)
}

// alone are variants in which one line of the draft counts. What makes no sense by itself, or changes nothing, is left
// out.
func alone(env, lines map[string]string, today *rules.Settings) []tuning.Variant {
	var list []tuning.Variant
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		s, err := with(env, map[string]string{name: lines[name]})
		if err == nil && s.Version() != today.Version() {
			list = append(list, tuning.Variant{Name: rules.Prefix + name, Rules: s})
		}
	}
	if len(list) < 2 || len(list) > mostAlone { // one alone is the draft itself
		return nil
	}
	return list
}

// parseDraft reads NAME=value lines as shells and compose files write them. It returns the rules without their prefix,
// and how many other settings of Winnow's there are.
func parseDraft(text string) (lines map[string]string, other int, err error) {
	lines = map[string]string{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok {
			return nil, 0, fmt.Errorf("line %d: want NAME=value", n)
		}
		if len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
			value = value[1 : len(value)-1]
		}
		rule, ok := strings.CutPrefix(name, rules.Prefix)
		switch {
		case !ok && strings.HasPrefix(name, "WINNOW_"):
			other++
		case !ok:
			return nil, 0, fmt.Errorf("line %d: %s is no setting of Winnow's: rules begin with %s", n, name,
				rules.Prefix)
		default:
			if _, twice := lines[rule]; twice {
				return nil, 0, fmt.Errorf("line %d: %s is there twice", n, name)
			}
			lines[rule] = value
		}
	}
	return lines, other, nil
}
