package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/config"
)

// withSources has a shell complete the names of the sources for every command below cmd that takes one, as its first
// argument or as a flag.
func withSources(cmd *cobra.Command) {
	if strings.HasPrefix(cmd.Use, cmd.Name()+" <source>") {
		cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 { // ids of contacts are no files
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return sourceNames()
		}
	}
	if cmd.Flags().Lookup("source") != nil {
		_ = cmd.RegisterFlagCompletionFunc("source", // fails only for a flag that is not there or has one
			func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) { return sourceNames() })
	}
	for _, sub := range cmd.Commands() {
		withSources(sub)
	}
}

func sourceNames() ([]string, cobra.ShellCompDirective) {
	cfg, _ := config.Load(os.Environ()) // names are there beside what is wrong, such as a secret that this shell lacks
	return cfg.Sources.Names(), cobra.ShellCompDirectiveNoFileComp
}
