package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/rules"
)

func rulesCommand() *cobra.Command {
	var all, asJSON bool
	cmd := &cobra.Command{
		Use: "rules", Short: "Show the effective rule book", Args: cobra.NoArgs,
		Long: `Shows every signal with the numbers that apply, and every rule that is not at its default. Each signal is set by
WINNOW_RULES_<NAME>_POINTS, _CAP, _HALF_LIFE, _WINDOW, _EARLY and _ON. It reads the rules from the environment and needs neither a CRM nor a store.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, _, err := config.Rules(os.Environ())
			if err != nil {
				return err
			}
			if asJSON {
				return rulesJSON(cmd.OutOrStdout(), s)
			}
			return printRules(cmd.OutOrStdout(), s, all)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all other rules too: clocks, quotas, bands, profiles")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.MarkFlagsMutuallyExclusive("all", "json")
	return cmd
}

func printRules(out io.Writer, s *rules.Settings, all bool) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, strings.ToUpper(strings.Join(config.SignalHead[:], "\t")))
	for _, row := range config.SignalRows(s) {
		for i := range row {
			row[i] = dash(row[i])
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprint(out, "\nEarly: the share of negative points that counts before the first booking, quote or stage; "+
		"empty where all do.\n")
	if asleep := s.Asleep(); len(asleep) > 0 {
		fmt.Fprintln(w, "\nSLEEPS\tFOR WANT OF")
		for _, a := range asleep {
			fmt.Fprintf(w, "%s\t%s\n", a.Signal, a.Wants)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if all {
		fmt.Fprintln(w, "\nRULE\tVALUE\tUNIT\tMEANING")
		for _, v := range s.Describe() {
			if !config.OfSignal(v.Meaning) {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", v.Name, dash(v.Value), v.Unit, v.Meaning)
			}
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if other := changed(s); len(other) > 0 {
		fmt.Fprintln(w, "\nNOT AT ITS DEFAULT\tVALUE\tDEFAULT")
		for _, v := range other {
			fmt.Fprintf(w, "%s\t%s\t%s\n", v.Name, dash(v.Value), dash(v.Default))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	} else {
		fmt.Fprint(out, "\nEvery rule is at its default.\n")
	}
	_, err := fmt.Fprintf(out, "\nmodel %s\n", s.Version())
	return err
}

func changed(s *rules.Settings) []rules.Setting {
	var list []rules.Setting
	for _, v := range s.Describe() {
		if v.Value != v.Default {
			list = append(list, v)
		}
	}
	return list
}

// rulesJSON writes the signals by name and every rule with its value, its default and who says so.
func rulesJSON(out io.Writer, s *rules.Settings) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(config.BookOf(s))
}
