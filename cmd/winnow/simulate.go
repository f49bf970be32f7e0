package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/lab/population"
	"github.com/winnow-crm/winnow/cmd/internal/lab/tuning"
	"github.com/winnow-crm/winnow/rules"
)

func simulateCommand() *cobra.Command {
	var o simulateOptions
	cmd := &cobra.Command{
		Use: "simulate", Short: "Try the rules on a crowd of whom it is known what they are", Args: cobra.NoArgs,
		Long: `Leads a crowd of prospects through eleven months of conversation with sellers who have habits and make slips, has the rules rate them
every day, and shows what they make of each kind of people: ratings, who is flagged and after how long, who is flagged wrongly, and what the
guard-rails saved. WINNOW_RULES_* apply: try other numbers. It needs neither a CRM nor a store.

The first crowd is the one to try numbers on. The second has other shares, another season and more careless sellers. The third is harder
still: languages nobody reads, absences one after another, colleagues who answer in their place. Keep it for the last look. The fourth is
watched for a year, and holds people who waste our time in ways that look harmless for a month. Look at several seeds: one crowd has six
sellers only, and chance has a great part in it.`,
		Example: `  winnow simulate
  WINNOW_RULES_QUOTA_EARLY=30d winnow simulate --crowd fourth --seeds 5 --brief`,
		RunE: func(cmd *cobra.Command, _ []string) error { return simulate(cmd.Context(), cmd.OutOrStdout(), o) },
	}
	cmd.Flags().StringVar(&o.crowd, "crowd", "first", "first, second, third or fourth")
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "another seed draws other people")
	cmd.Flags().IntVar(&o.seeds, "seeds", 1, "so many crowds, with this seed and those that follow: a line for each, then all of them together")
	cmd.Flags().IntVar(&o.people, "people", 1000, "how many people in each, up to 20000")
	cmd.Flags().IntVar(&o.months, "months", 0, "how long each is watched at least; 0: eight months")
	cmd.Flags().BoolVar(&o.json, "json", false, "print aims and rows as JSON, of each seed and of all together, without the guard-rails")
	cmd.Flags().BoolVar(&o.brief, "brief", false, "leave out what the guard-rails saved, which needs a run for each")
	return cmd
}

type simulateOptions struct {
	crowd          string
	seed           uint64
	seeds          int
	people, months int
	brief, json    bool
}

// crowds draws the populations that are asked for.
func (o *simulateOptions) crowds() ([]*population.Population, error) {
	if o.people < 1 || o.people > 20000 || o.months < 0 || o.months > 24 || o.seeds < 1 || o.seeds > 100 {
		return nil, misuse("want --people from 1 to 20000, --months from 0 to 24 and --seeds from 1 to 100")
	}
	draw := map[string]func(uint64, int) *population.Population{"first": population.First, "second": population.Second, "third": population.Third, "fourth": population.Fourth}[o.crowd]
	if draw == nil {
		return nil, misuse("want --crowd first, second, third or fourth, not %q", o.crowd)
	}
	var list []*population.Population
	for i := range o.seeds {
		crowd := draw(o.seed+uint64(i), o.people)
		if o.months > 0 {
			crowd = crowd.Watched(o.months)
		}
		list = append(list, crowd)
	}
	return list, nil
}

func simulate(ctx context.Context, w io.Writer, o simulateOptions) error {
	crowds, err := o.crowds()
	if err != nil {
		return err
	}
	s, env, err := config.Rules(os.Environ())
	if err != nil {
		return err
	}
	if o.json {
		return o.asJSON(ctx, w, s, crowds)
	}
	fmt.Fprintf(w, "the %s crowd, %s: %d people from %s to %s, model %s\n\n", o.crowd, o.drawn(),
		o.people*o.seeds, crowds[0].Begin.Format(time.DateOnly), crowds[0].End.Format(time.DateOnly), s.Version())
	each, sum, err := lead(ctx, s, crowds, "the rules as they are")
	if err != nil {
		return err
	}
	if o.seeds > 1 {
		if err := tuning.PrintSeeds(w, o.seed, each); err != nil {
			return err
		}
		fmt.Fprintf(w, "\nAll of them together:\n\n")
	}
	if err := sum.Print(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := sum.PrintKinds(w); err != nil {
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
		_, c, err := lead(ctx, s, crowds, "without "+g.ID)
		if err != nil {
			return err
		}
		without = append(without, tuning.Compared{Guard: g, Crowd: c})
	}
	fmt.Fprintf(w, "\nThe same people with a guard-rail taken away:\n\n")
	return tuning.PrintGuards(w, sum, without)
}

func (o *simulateOptions) asJSON(ctx context.Context, w io.Writer, s *rules.Settings, crowds []*population.Population) error {
	each, all, err := lead(ctx, s, crowds, "the rules as they are")
	if err != nil {
		return err
	}
	type drawn struct {
		Seed  uint64 `json:"seed"`
		Crowd any    `json:"result"`
	}
	out := struct {
		Crowd  string  `json:"crowd"`
		People int     `json:"people"`
		Model  string  `json:"model"`
		Seeds  []drawn `json:"seeds"`
		All    any     `json:"all"`
	}{Crowd: o.crowd, People: o.people, Model: s.Version(), All: all.JSON()}
	for i, c := range each {
		out.Seeds = append(out.Seeds, drawn{o.seed + uint64(i), c.JSON()})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

func (o *simulateOptions) drawn() string {
	if o.seeds == 1 {
		return fmt.Sprintf("seed %d", o.seed)
	}
	return fmt.Sprintf("seeds %d to %d", o.seed, o.seed+uint64(o.seeds)-1)
}

// lead runs one simulation of all crowds and shows how far it is.
func lead(ctx context.Context, s *rules.Settings, crowds []*population.Population, name string) (each []*tuning.Crowd, all *tuning.Crowd, err error) {
	shown := term.IsTerminal(int(os.Stderr.Fd()))
	each, all, err = tuning.Together(ctx, s, crowds, func(n, of int) {
		if shown && (n%50 == 0 || n == of) {
			fmt.Fprintf(os.Stderr, "\r\033[K%s: %d of %d people", name, n, of)
		}
	})
	if shown {
		fmt.Fprint(os.Stderr, "\r\033[K")
	}
	return each, all, err
}
