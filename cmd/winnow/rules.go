package main

import (
	"fmt"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func rulesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rules", Short: "Show the effective rule book", Args: cobra.NoArgs,
		Long: "Shows every signal with the numbers that apply. Each is set by WINNOW_RULES_<NAME>_POINTS, _CAP, _HALF_LIFE, _WINDOW and _ON; winnow config lists all names.",
		RunE: func(*cobra.Command, []string) error {
			cfg, err := loadConfig()
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
			fmt.Fprintf(w, "ID\tSIGNAL\tSCORE\tPOINTS\tCAP\tHALF-LIFE\tWINDOW\tON\tTHIS CONTACT …\n")
			for _, s := range cfg.Rules.Signals() {
				fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\t%s\n", s.ID, s.Name, s.Sub, s.Points, s.Cap, days(s.HalfLife), days(s.Window), yes(s.On), s.Why)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			fmt.Printf("\nmodel %s\n", cfg.Rules.Version())
			return nil
		},
	}
}

func days(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return strconv.FormatFloat(d.Hours()/24, 'f', -1, 64) + " d"
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
