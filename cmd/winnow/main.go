// Winnow keeps a CRM honest about its prospects: it rates contacts by their conduct, and blames nobody for our own
// silence.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // the calendars need every zone, also where the system has none

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/app"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := rootCommand().ExecuteContext(ctx)
	code, say := codeOf(ctx, err)
	if say {
		fmt.Fprintf(os.Stderr, "winnow: %v\n", err)
	}
	return code
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "winnow",
		Short: "Keeps a CRM honest about its prospects",
		Long: `Winnow rates a CRM's contacts by their conduct, refuses to blame a customer while we owe the answer, gives notice before it drops
anyone, explains every point, and takes everything back when they return.

Settings come from the environment: winnow config shows them all. A command ends with 0, or with 1 where it failed,
2 where what it found needs a person, and 64 where it was called in a wrong way.`,
		Example: "  winnow demo\n  winnow status", Args: cobra.ArbitraryArgs, RunE: onlyParts,
		SilenceUsage: true, SilenceErrors: true, Version: app.Version(),
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if cmd.Name() == "serve" {
			return misuse("%w: settings come from the environment, and winnow config lists them", err)
		}
		return misuse("%w: see %s --help", err, cmd.CommandPath())
	})
	root.AddCommand(serveCommand(), demoCommand(), sandboxCommand(), setupCommand(), backfillCommand(), repairCommand(), explainCommand(), deadlettersCommand(),
		forgetCommand(), breakerCommand(), configCommand(), rulesCommand(), healthcheckCommand(), benchCommand(), simulateCommand(), backtestCommand(), learnCommand(),
		statusCommand(), owedCommand(), contactsCommand(), decisionsCommand(), trendsCommand(),
		readCommand(), mappingCommand(), playCommand(), testCommand(), textsCommand(), versionCommand())
	checked(root)
	withExamples(root, "")
	withSources(root)
	withHelp(root)
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show which version this is", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), "winnow", app.Version()) },
	}
}

// needs asks for exactly the arguments that are named, and names them where they are not given.
func needs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		return fmt.Errorf("%s: want <%s>, got %d arguments", cmd.CommandPath(), strings.Join(names, "> <"), len(args))
	}
}

// several asks for at least one of what is named.
func several(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return nil
		}
		return fmt.Errorf("%s: want <%s> ..., got none", cmd.CommandPath(), name)
	}
}

// onlyParts is for a command that does nothing itself: it shows what it has, and refuses what it has not.
func onlyParts(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		near := ""
		cmd.SuggestionsMinimumDistance = 2
		if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
			near = "; did you mean " + strings.Join(like, " or ") + "?"
		}
		return misuse("%s has no %q%s: see %s --help", cmd.CommandPath(), args[0], near, cmd.CommandPath())
	}
	return cmd.Help()
}
