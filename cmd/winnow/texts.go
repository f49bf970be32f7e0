package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/rules/words"
)

func textsCommand() *cobra.Command {
	var lang string
	cmd := &cobra.Command{
		Use: "texts", Short: "Show the messages that can be replaced, as they are read", Args: cobra.NoArgs,
		Long: `Prints every message that Winnow writes for people, with its key: reasons, advice, farewells, and the
labels of its fields. Put the lines that shall read otherwise, with the language above them, into a file of your own,
name it in WINNOW_TEXTS_FILE, and look with winnow config whether it is right; docs/texts.md describes placeholders and
plurals. Without --language it prints the language of WINNOW_LANGUAGE.`,
		Example: `  winnow texts --language de
  winnow texts --language fr | grep -e ^fr -e farewell > texts.yaml`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			value, err := config.Value("WINNOW_LANGUAGE")
			if err != nil {
				return err
			}
			l := cmp.Or(lang, value, words.English)
			if !slices.Contains(words.Languages, l) {
				return fmt.Errorf("there are no texts in %q: want one of %s", l, strings.Join(words.Languages, ", "))
			}
			return words.Print(cmd.OutOrStdout(), l)
		},
	}
	cmd.Flags().StringVar(&lang, "language", "", "language of the messages: "+strings.Join(words.Languages, ", "))
	return cmd
}
