package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

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
			return printRules(folded(cmd.OutOrStdout()), s, all)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all other rules too: clocks, quotas, bands, profiles")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.MarkFlagsMutuallyExclusive("all", "json")
	return cmd
}

func printRules(out io.Writer, s *rules.Settings, all bool) error {
	signals := newTable(upper(config.SignalHead[:])...)
	signals.prose = signals.head[len(signals.head)-1]
	for _, row := range config.SignalRows(s) {
		cells := make([]any, len(row))
		for i, c := range row {
			cells[i] = dash(c)
		}
		signals.add(cells...)
	}
	if err := signals.print(out, screen(out)); err != nil {
		return err
	}
	fmt.Fprint(out, "\nEarly: the share of negative points that counts before the first booking, quote or stage; "+
		"empty where all do.\n")
	if asleep := s.Asleep(); len(asleep) > 0 {
		t := newTable("SLEEPS", "FOR WANT OF")
		for _, a := range asleep {
			t.add(a.Signal, a.Wants)
		}
		if err := t.below(out, ""); err != nil {
			return err
		}
	}
	if all {
		t := newTable("RULE", "VALUE", "UNIT", "MEANING")
		t.prose = "MEANING"
		for _, v := range s.Describe() {
			if !config.OfSignal(v.Meaning) {
				t.add(v.Name, dash(v.Value), v.Unit, v.Meaning)
			}
		}
		if err := t.below(out, ""); err != nil {
			return err
		}
	}
	if other := changed(s); len(other) > 0 {
		t := newTable("NOT AT ITS DEFAULT", "VALUE", "DEFAULT")
		for _, v := range other {
			t.add(v.Name, dash(v.Value), dash(v.Default))
		}
		if err := t.below(out, ""); err != nil {
			return err
		}
	} else {
		fmt.Fprint(out, "\nEvery rule is at its default.\n")
	}
	_, err := fmt.Fprintf(out, "\nmodel %s\n", s.Version())
	return err
}

func upper(list []string) (out []string) {
	for _, s := range list {
		out = append(out, strings.ToUpper(s))
	}
	return out
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
