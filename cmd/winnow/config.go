package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/app"
	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/connectors"
)

func configCommand() *cobra.Command {
	var asJSON, changed bool
	cmd := &cobra.Command{
		Use: "config", Short: "Show every setting, where its value comes from, and check them all", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, problems := config.Load(os.Environ())
			rows := cfg.Describe()
			if changed {
				kept := rows[:0:0]
				for _, r := range rows {
					if r.From != "default" {
						kept = append(kept, r)
					}
				}
				rows = kept
			}
			if asJSON {
				enc := json.NewEncoder(os.Stdout)
				enc.SetIndent("", "  ")
				if err := enc.Encode(rows); err != nil {
					return err
				}
			} else {
				w := tabwriter.NewWriter(folded(os.Stdout), 0, 8, 2, ' ', 0)
				group := ""
				for _, r := range rows {
					if r.Group != group {
						group = r.Group
						fmt.Fprintf(w, "\n# %s\t\t\n", group)
					}
					fmt.Fprintf(w, "%s\t%s\t%s\n", r.Name, dash(r.Value), r.From)
				}
				if err := w.Flush(); err != nil {
					return err
				}
				if asleep := cfg.Rules.Asleep(); len(asleep) > 0 {
					fmt.Print("\n# signals that sleep, for want of\n")
					for _, a := range asleep {
						fmt.Fprintf(w, "%s\t%s\n", a.Signal, a.Wants)
					}
					if err := w.Flush(); err != nil {
						return err
					}
				}
				if names := cfg.Rules.Properties(); len(names) > 0 {
					fmt.Printf("\n# contact properties that the rules look at, read from every source\n%s\n",
						strings.Join(names, "\n"))
				}
			}
			if problems != nil {
				fmt.Fprintf(os.Stderr, "\nwinnow: these settings cannot be used:\n%v\n", problems)
				return errShown
			}
			if err := checkNative(cmd.Context(), cfg); err != nil {
				fmt.Fprintf(os.Stderr, "\nwinnow: these settings cannot be used:\n%v\n", err)
				return errShown
			}
			fmt.Fprintln(os.Stderr, "\nall settings can be used")
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.Flags().BoolVar(&changed, "set", false, "only those that are not at their default")
	return cmd
}

// checkNative asks the CRM of each source under enforce whether its own status has the value that a disqualified person
// gets. One that does not answer is no fault of the settings.
func checkNative(ctx context.Context, cfg *config.Config) error {
	var wrong []error
	for _, s := range cfg.Sources {
		if s.Own.Mode != config.Enforce {
			continue
		}
		v, err := app.Vendor(cfg, s.Name)
		if err != nil {
			return err
		}
		if v.CheckNative == nil {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		err = v.CheckNative(ctx)
		cancel()
		switch {
		case connectors.KindOf(err) == connectors.Misconfigured:
			wrong = append(wrong, fmt.Errorf("source %s: %w", s.Name, err))
		case err != nil:
			fmt.Fprintf(os.Stderr,
				"\nwhether the CRM of source %s knows the status that enforce sets could not be seen: %v\n", s.Name,
				err)
		}
	}
	return errors.Join(wrong...)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
