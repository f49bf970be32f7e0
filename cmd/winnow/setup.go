package main

import (
	"context"
	"errors"
	"fmt"
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
		Use: "setup <source>", Short: "Create Winnow's fields in the CRM and say what is left to do by hand", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := loadConfig()
			if err != nil {
				return err
			}
			c, err := app.Connector(cfg, args[0])
			if err != nil {
				return err
			}
			in, ok := c.(connectors.Installer)
			if !ok {
				return fmt.Errorf("%s needs no set-up of its fields", args[0])
			}
			var steps []connectors.Step
			err = patiently(cmd.Context(), func() (err error) { steps, err = in.Plan(cmd.Context()); return err })
			if err != nil {
				return fmt.Errorf("see what is there: %w", err)
			}
			w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
			var failed []error
			for _, s := range steps {
				state := "there already"
				switch {
				case s.Have:
				case dry:
					state = "would be created"
				default:
					state = "created"
					if err := patiently(cmd.Context(), func() error { return in.Apply(cmd.Context(), s) }); err != nil {
						state = "FAILED"
						failed = append(failed, fmt.Errorf("%s: %w", s.Name, err))
					}
				}
				fmt.Fprintf(w, "%s\t%s\t%s\n", s.Name, s.Detail, state)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			fmt.Printf("\n%s\n", in.Advice(cfg.PublicURL))
			return errors.Join(failed...)
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "show what would be created, and create nothing")
	return cmd
}

// patiently tries again what the CRM puts off: a limit of calls a second is no reason to give up.
func patiently(ctx context.Context, try func() error) error {
	for attempt := 1; ; attempt++ {
		err := try()
		kind := connectors.KindOf(err)
		if err == nil || attempt == 8 || kind != connectors.RateLimited && kind != connectors.Unavailable {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(max(connectors.AfterOf(err), time.Second), 30*time.Second)):
		}
	}
}
