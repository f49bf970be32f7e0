package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/app"
	"github.com/winnow-crm/winnow/connectors"
)

func setupCommand() *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use: "setup <source>", Short: "Create Winnow's fields in the CRM and say what is left to do by hand",
		Args: needs("source"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := loadConfig()
			if err != nil {
				return err
			}
			v, err := app.Vendor(cfg, args[0])
			if err != nil {
				return err
			}
			in := v.Setup
			if in == nil {
				return fmt.Errorf("%s needs no set-up of its fields", args[0])
			}
			var steps []connectors.Step
			err = patiently(cmd.Context(), func() (err error) { steps, err = in.Plan(cmd.Context()); return err })
			if err != nil {
				return fmt.Errorf("see what is there: %w", err)
			}
			undone := carryOut(cmd.Context(), os.Stdout, in, steps, dry)
			fmt.Printf("\n%s\n", in.Advice(cfg.PublicURL))
			return undone
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false,
		"show what would be done, and do nothing; fails where something is left to do by hand")
	return cmd
}

// carryOut does the steps that can be done and shows how each stands. It returns what is left for a person.
func carryOut(ctx context.Context, out io.Writer, in connectors.Installer, steps []connectors.Step, dry bool) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	var left []error
	for _, s := range steps {
		state := "to do"
		switch {
		case s.Have && s.Right:
			state = "granted"
		case s.Have:
			state = "there already"
		case s.Hand != "":
			state = "BY HAND"
			if s.Right {
				state = "MISSING"
			}
			left = append(left, fmt.Errorf("%s, %s: %s", s.Name, s.Detail, s.Hand))
		case !dry:
			state = "done"
			if err := patiently(ctx, func() error { return in.Apply(ctx, s) }); err != nil {
				state = "FAILED"
				left = append(left, fmt.Errorf("%s: %w", s.Name, err))
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", s.Name, state, s.Detail)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("the set-up is not complete:\n%w", errors.Join(left...))
	}
	return nil
}

// patiently tries again what the CRM puts off: a limit of calls a second is no reason to give up, and an outage may be
// short. What it returns in the end is how it began: later tries may only have been held back.
func patiently(ctx context.Context, try func() error) error {
	var first error
	for attempt := 1; ; attempt++ {
		err := try()
		kind := connectors.KindOf(err)
		if err == nil || kind != connectors.RateLimited && kind != connectors.Unavailable {
			return err
		}
		if first == nil {
			first = err
		}
		if attempt == 8 || kind == connectors.Unavailable && attempt == 3 {
			return first
		}
		wait := min(max(connectors.AfterOf(err), time.Second), 30*time.Second)
		fmt.Fprintf(os.Stderr, "%v; next try in %s\n", first, wait.Round(time.Second))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}
