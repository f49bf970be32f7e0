package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/population"
	"github.com/winnow-crm/winnow/cmd/internal/tuning"
	"github.com/winnow-crm/winnow/rules"
)

func simulateCommand() *cobra.Command {
	var o simulateOptions
	cmd := &cobra.Command{
		Use: "simulate", Short: "Try the rules on a crowd of whom it is known what they are", Args: cobra.NoArgs,
		Long: `Leads a crowd of prospects through eleven months of conversation with sellers who have habits and make slips, has the rules rate them
every day, and shows what they make of each kind of people: ratings, who is flagged and after how long, who is flagged wrongly, and what the
guard-rails saved. WINNOW_RULES_* apply: try other numbers. It needs neither a CRM nor a store.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return simulate(cmd.Context(), cmd.OutOrStdout(), o) },
	}
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "another seed draws other people")
	cmd.Flags().IntVar(&o.people, "people", 1000, "how many people, up to 20000")
	cmd.Flags().IntVar(&o.months, "months", 0, "how long each is watched at least; 0: eight months")
	cmd.Flags().BoolVar(&o.second, "second", false, "the second crowd: other shares of archetypes, another season, more careless sellers")
	cmd.Flags().BoolVar(&o.brief, "brief", false, "leave out what the guard-rails saved, which needs a run for each")
	return cmd
}

type simulateOptions struct {
	seed          uint64
	people        int
	months        int
	second, brief bool
}

func simulate(ctx context.Context, w io.Writer, o simulateOptions) error {
	if o.people < 1 || o.people > 20000 || o.months < 0 || o.months > 24 {
		return fmt.Errorf("want --people from 1 to 20000 and --months from 0 to 24")
	}
	s, env, err := config.Rules(os.Environ())
	if err != nil {
		return err
	}
	crowd := population.First(o.seed, o.people)
	if o.second {
		crowd = population.Second(o.seed, o.people)
	}
	if o.months > 0 {
		crowd = crowd.Watched(o.months)
	}
	fmt.Fprintf(w, "the %s crowd, seed %d: %d people from %s to %s, model %s\n\n",
		crowd.Name, o.seed, crowd.Len(), crowd.Begin.Format(time.DateOnly), crowd.End.Format(time.DateOnly), s.Version())
	sum, err := lead(ctx, s, crowd, "the rules as they are")
	if err != nil {
		return err
	}
	if err := sum.Print(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := sum.PrintIdle(w); err != nil || o.brief {
		return err
	}
	var without []tuning.Compared
	for _, g := range tuning.Guards() {
		s, err := g.Without(env)
		if err != nil {
			return err
		}
		c, err := lead(ctx, s, crowd, "without "+g.ID)
		if err != nil {
			return err
		}
		without = append(without, tuning.Compared{Guard: g, Crowd: c})
	}
	fmt.Fprintf(w, "\nThe same crowd with a guard-rail taken away:\n\n")
	return tuning.PrintGuards(w, sum, without)
}

// lead runs one simulation and shows how far it is.
func lead(ctx context.Context, s *rules.Settings, crowd *population.Population, name string) (*tuning.Crowd, error) {
	shown := term.IsTerminal(int(os.Stderr.Fd()))
	done := func(n int) {
		if shown && (n%50 == 0 || n == crowd.Len()) {
			fmt.Fprintf(os.Stderr, "\r\033[K%s: %d of %d people", name, n, crowd.Len())
		}
	}
	outcomes, err := tuning.Simulate(ctx, s, crowd, done)
	if shown {
		fmt.Fprint(os.Stderr, "\r\033[K")
	}
	if err != nil {
		return nil, err
	}
	return tuning.Sum(s, outcomes), nil
}
