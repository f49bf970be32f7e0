package main

import (
	"cmp"
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
	var dry, lists bool
	var paste string
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
			if lists {
				more, err := listsOf(cmd.Context(), in, args[0])
				if err != nil {
					return err
				}
				steps = append(steps, more...)
			}
			undone := carryOut(cmd.Context(), folded(os.Stdout), in, steps, dry)
			return cmp.Or(advise(os.Stdout, in, cfg.PublicURL, paste), undone)
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false,
		"show what would be done, and do nothing; fails where something is left to do by hand")
	cmd.Flags().BoolVar(&lists, "lists", false,
		"make the lists too that people work through: We owe an answer, Pending, Look again, Overrides")
	cmd.Flags().StringVar(&paste, "paste", "", "save what is to be pasted into the CRM as this file, replacing it")
	return cmd
}

// listsOf are the steps that make a source's lists.
func listsOf(ctx context.Context, in connectors.Installer, source string) (steps []connectors.Step, err error) {
	err = patiently(ctx, func() (err error) { steps, err = in.Lists(ctx); return err })
	switch {
	case err != nil:
		return nil, fmt.Errorf("see which lists are there: %w", err)
	case len(steps) == 0:
		return nil, fmt.Errorf("there are no lists that could be made in the CRM of %s", source)
	}
	return steps, nil
}

// advise says what is left to do by hand. What is to be pasted goes into a file where one is named.
func advise(out io.Writer, in connectors.Installer, publicURL, file string) error {
	text, paste := in.Advice(publicURL)
	fmt.Fprintf(out, "\n%s\n", text)
	switch {
	case file == "":
		_, err := out.Write(paste)
		return err
	case len(paste) == 0:
		return errors.New("there is nothing to paste, so no file was written")
	}
	if err := os.WriteFile(file, paste, 0o644); err != nil { //nolint:gosec // there is no secret in it
		return fmt.Errorf("save what is to be pasted: %w", err)
	}
	fmt.Fprintf(out, "What is to be pasted is in %s.\n", file)
	return nil
}

// carryOut does the steps that can be done and shows how each stands. It returns what is left for a person.
func carryOut(ctx context.Context, out io.Writer, in connectors.Installer, steps []connectors.Step, dry bool) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	var left, failed []error
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
				failed = append(failed, fmt.Errorf("%s: %w", s.Name, err))
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", s.Name, state, s.Detail)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(left)+len(failed) == 0 {
		return nil
	}
	err := fmt.Errorf("the set-up is not complete:\n%w", errors.Join(append(failed, left...)...))
	if len(failed) == 0 {
		err = fmt.Errorf("%w, %w", errPerson, err)
	}
	return err
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
