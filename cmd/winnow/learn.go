package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/lab/tuning"
)

func learnCommand() *cobra.Command {
	var source string
	var ahead int
	cmd := &cobra.Command{
		Use: "learn", Short: "Show which rule settings this account's won and lost deals speak for", Args: cobra.NoArgs,
		Long: `Looks at every contact with a deal won or lost, as it stood two weeks ahead of that, and prints settings with their evidence: points of the
conduct signals from a logistic regression, conditions of fit from their lift, and how quickly prospects answer here. What is not to be told
from chance gets no line, and with too little data it says so. Nothing is applied by itself: write it to a file, strike out what you do not
believe, and try it.

  winnow learn > draft.env
  winnow backtest --env draft.env`,
		RunE: func(cmd *cobra.Command, _ []string) error { return learn(cmd.Context(), source, ahead) },
	}
	cmd.Flags().StringVar(&source, "source", "", "only of this source")
	cmd.Flags().IntVar(&ahead, "ahead", 14, "how many days ahead of the outcome contacts are looked at")
	return cmd
}

func learn(ctx context.Context, source string, ahead int) error {
	if ahead < 1 || ahead > 365 {
		return misuse("want --ahead from 1 to 365 days")
	}
	_, env, err := config.Rules(os.Environ())
	if err != nil {
		return err
	}
	l, err := tuning.NewLearner(env, time.Duration(ahead)*24*time.Hour, time.Now())
	if err != nil {
		return err
	}
	if _, err := eachRecord(ctx, source, l.Add); err != nil {
		return err
	}
	return l.Lessons().Print(folded(os.Stdout))
}
