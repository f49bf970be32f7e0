package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline"
)

func deadlettersCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "deadletters", Aliases: []string{"deadletter", "dead"}, Short: "List, show, resend or discard what " +
			"could not be used",
	}
	var source, stage string
	var asJSON bool
	list := &cobra.Command{
		Use: "list", Short: "List the dead letters, oldest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withClient(cmd.Context(), nil, func(ctx context.Context, c *client) error {
				letters, err := allLetters(ctx, c, stage, source)
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(os.Stdout).Encode(letters)
				}
				if len(letters) == 0 {
					fmt.Println("no dead letters")
					return nil
				}
				t := newTable("NUMBER", "WHEN", "STAGE", "SOURCE", "KIND", "REASON")
				for _, d := range letters {
					t.add(d.Number, d.Time.Format(time.DateTime), d.Stage, d.Source, d.Kind, short(d.Reason, 90))
				}
				return t.print(os.Stdout, screen(os.Stdout))
			})
		},
	}
	for _, c := range []*cobra.Command{cmd, list} {
		c.Flags().StringVar(&source, "source", "", "only of this source")
		c.Flags().StringVar(&stage, "stage", "", "only of this stage: read, fetch, rate or write")
		c.Flags().BoolVar(&asJSON, "json", false, "as JSON, with everything there is")
	}
	cmd.RunE, cmd.Args = list.RunE, cobra.NoArgs
	var payload bool
	show := &cobra.Command{
		Use: "show <number>", Short: "Show one dead letter", Args: needs("number"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withClient(cmd.Context(), nil, func(ctx context.Context, c *client) error {
				number, err := numberOf(args[0])
				if err != nil {
					return err
				}
				d, err := api.ShowLetter.Ask(ctx, c, api.LetterOrder{Number: number})
				if err != nil {
					return err
				}
				if asJSON {
					if !payload {
						d.Payload = nil
					}
					return json.NewEncoder(os.Stdout).Encode(d)
				}
				fmt.Printf(
					"number    %d\nwhen      %s\nstage     %s\nsource    %s\nkind      %s\nreason    %s\nfix       "+
						"%s\ncontacts  %s\npayload   %s\n",
					d.Number,
					d.Time.Format(time.RFC3339),
					d.Stage,
					d.Source,
					d.Kind,
					d.Reason,
					d.Fix,
					strings.Join(d.Contacts, " "),
					humanize.IBytes(uint64(d.Bytes)),
				)
				if payload {
					fmt.Println()
					_, err := os.Stdout.Write(append(d.Payload, '\n'))
					return err
				}
				return nil
			})
		},
	}
	show.Flags().BoolVar(&asJSON, "json", false, "as JSON, with everything there is")
	show.Flags().BoolVar(&payload, "payload", false, "print the payload too; it may hold personal data")
	cmd.AddCommand(
		list,
		show,
		settleCommand("resend", "Send dead letters back to where they came from", api.ResendLetter, &source, &stage),
		settleCommand("discard", "Throw dead letters away", api.DiscardLetter, &source, &stage),
	)
	return cmd
}

// settleCommand resends or discards letters by number, or all of a kind.
func settleCommand(verb, help string, order api.Call[api.LetterOrder, api.Done], source, stage *string) *cobra.Command {
	var all, yes bool
	var note string
	cmd := &cobra.Command{
		Use: verb + " <number>... | --all", Short: help,
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return misuse(
					"name the letters, or --all of them (with --source or --stage where it is to be some)",
				)
			}
			return withClient(cmd.Context(), nil, func(ctx context.Context, c *client) error {
				numbers, err := numbersOf(args)
				if err != nil {
					return err
				}
				if all {
					letters, err := allLetters(ctx, c, *stage, *source)
					if err != nil {
						return err
					}
					for _, d := range letters {
						numbers = append(numbers, d.Number)
					}
				}
				if verb == "discard" {
					if err := sure(yes, "discarding "+english.Plural(len(numbers), "dead letter", "")); err != nil {
						return err
					}
				}
				for i, n := range numbers {
					if _, err := order.Ask(ctx, c, api.LetterOrder{Number: n, Note: note}); err != nil {
						return fmt.Errorf("%d of %d done: %w", i, len(numbers), err)
					}
				}
				fmt.Printf("%s: %d\n", verb, len(numbers))
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all of them")
	cmd.Flags().StringVar(&note, "note", "", "why, which is kept")
	if verb == "discard" {
		cmd.Flags().BoolVar(&yes, "yes", false, "do not ask whether it is meant")
	}
	cmd.Flags().StringVar(source, "source", "", "only of this source")
	cmd.Flags().StringVar(stage, "stage", "", "only of this stage")
	return cmd
}

func numberOf(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, misuse("%q is no number of a dead letter", s)
	}
	return n, nil
}

func numbersOf(args []string) (all []uint64, err error) {
	for _, arg := range args {
		n, err := numberOf(arg)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

func allLetters(ctx context.Context, c *client, stage, source string) ([]api.Letter, error) {
	var all []api.Letter
	for after := uint64(0); ; {
		page, err := api.Letters.Ask(ctx, c, api.LetterQuery{After: after, Stage: stage, Source: source})
		if err != nil || len(page) == 0 {
			return all, err
		}
		all, after = append(all, page...), page[len(page)-1].Number
	}
}

// withClient runs fn against the running Winnow, or with roles of its own.
func withClient(ctx context.Context, roles []pipeline.Role, fn func(context.Context, *client) error) (err error) {
	cfg, wrong := loadConfig()
	if errors.Is(wrong, config.ErrAdmin) {
		return wrong
	}
	c, err := dial(ctx, cfg, wrong, roles...)
	if err != nil {
		return err
	}
	defer func() {
		if e := c.close(); err == nil {
			err = e
		}
	}()
	return fn(ctx, c)
}

// short cuts s to n characters for a table.
func short(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
