package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/lab/bench"
)

func benchCommand() *cobra.Command {
	o := bench.Options{}
	asJSON, markdown, against := false, false, ""
	cmd := &cobra.Command{
		Use: "bench", Short: "Measure Winnow on this machine", Args: cobra.NoArgs,
		Long: `Measures, over stores of its own in a temporary directory and against a sandbox HubSpot:
  receive  deliveries acknowledged durably, of 100 events and of one
  flow     facts from the webhook until the CRM shows the last rating
  mail     new mails, which have to be fetched and read, until the CRM shows the last rating: from a CRM that
           answers at once, and from one with the delay and the quota of a real one
  delay    the way of one event until the CRM shows what it changes, at rest and at half load
  size     time to start, memory, idle CPU and rate with many contacts in the store
Beside them stands, by turns in the same run, a bare handler that only verifies and publishes the same bodies, one
message a delivery and each with an fsync of its own, or a bare client that only makes the same reads. What the bare
handler lacks is the group commit, by which deliveries that wait together share an fsync: a ratio far above 1 is owed
to it, and says what it is worth on this disk. The worker is a process of its own; senders and sandbox share the machine with it.
--against names another build, which gets the same events by turns with this one, each over a store that it has filled
itself: on a busy machine the ratio of two rounds means more than either.`,
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range []string{"flow-contacts", "rounds", "duration", "connections"} {
				// which would mean the default
				if f := cmd.Flags().Lookup(name); f.Changed && strings.TrimSuffix(f.Value.String(), "s") == "0" {
					return misuse("--%s %s: want more than nothing", name, f.Value)
				}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			self, err := os.Executable()
			if err != nil {
				return err
			}
			o.Command = []string{self, "bench", "worker"}
			if against != "" {
				o.Against = []string{against, "bench", "worker"}
			}
			began := time.Now()
			o.Progress = func(format string, args ...any) {
				fmt.Fprintf(os.Stderr, "%5.0fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
			}
			report, err := bench.Run(cmd.Context(), o)
			if report == nil {
				return err
			}
			if asJSON {
				enc := json.NewEncoder(os.Stdout)
				enc.SetIndent("", "  ")
				return errors.Join(err, enc.Encode(report))
			}
			if markdown {
				return errors.Join(err, report.Markdown(os.Stdout))
			}
			return errors.Join(err, report.Table(folded(os.Stdout)))
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.Sections, "section", nil, "what to measure: receive, flow, mail, delay, size (default all)")
	f.StringVar(&o.Row, "row", "", "measure only rows whose name contains this")
	f.StringVar(&against, "against", "", "another build's winnow to measure by turns with this one")
	f.IntSliceVar(&o.Sizes, "contacts", nil, "contacts in the store, in the section size (default 10000,100000)")
	f.IntVar(&o.Contacts, "flow-contacts", 0, "contacts in the store, in all sections but size (default 10000)")
	f.IntVar(&o.Rounds, "rounds", 0, "rounds of each comparison (default 3)")
	f.DurationVar(&o.Duration, "duration", 0, "length of a round, at the rates that are aimed at (default 2s)")
	f.IntVar(&o.Connections, "connections", 0, "connections that send at once (default 16)")
	f.StringVar(&o.Dir, "dir", "",
		"where the stores are made and removed again (default the system's temporary directory)")
	f.StringVar(&o.Profile, "profile", "", "write CPU and allocation profiles of the worker to this directory")
	f.StringSliceVar(&o.Settings, "set", nil, "settings of the worker to try, such as WINNOW_PARTITIONS=8")
	f.BoolVar(&asJSON, "json", false, "print the results as JSON, every round of them")
	f.BoolVar(&markdown, "markdown", false, "print the table as the README has it")
	cmd.MarkFlagsMutuallyExclusive("json", "markdown")
	cmd.AddCommand(benchWorkerCommand())
	return cmd
}

// benchWorkerCommand is what bench starts as a process of its own.
func benchWorkerCommand() *cobra.Command {
	return &cobra.Command{
		Use: "worker KIND", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return bench.Work(cmd.Context(), args[0], os.Environ(), os.Stdin, os.Stdout)
		},
	}
}
