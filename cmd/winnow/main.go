// Winnow keeps a CRM honest about its prospects: it rates contacts by their conduct, and blames nobody for our own silence.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // the calendars need every zone, also where the system has none

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/app"
)

func main() {
	if err := run(); err != nil {
		if !errors.Is(err, errShown) {
			fmt.Fprintf(os.Stderr, "winnow: %v\n", err)
		}
		os.Exit(1)
	}
}

// errShown ends a command that has already said what is wrong.
var errShown = errors.New("shown")

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := &cobra.Command{
		Use:   "winnow",
		Short: "Keeps a CRM honest about its prospects",
		Long: `Winnow rates a CRM's contacts by their conduct, refuses to blame a customer while we owe the answer, gives notice before it drops
anyone, explains every point, and takes everything back when they return.

Settings come from the environment: winnow config shows them all.`,
		SilenceUsage: true, SilenceErrors: true, Version: app.Version(),
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.AddCommand(serveCommand(), demoCommand(), sandboxCommand(), setupCommand(), backfillCommand(), explainCommand(), deadlettersCommand(),
		forgetCommand(), breakerCommand(), configCommand(), rulesCommand(), healthcheckCommand(), benchCommand(), simulateCommand(), backtestCommand(), learnCommand())
	return root.ExecuteContext(ctx)
}
