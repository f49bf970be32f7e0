package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline"
	"github.com/winnow-crm/winnow/queue"
)

func deadlettersCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "deadletters", Aliases: []string{"deadletter", "dead"}, Short: "List, show, resend or discard what could not be used",
	}
	var source, stage string
	list := &cobra.Command{
		Use: "list", Short: "List the dead letters, oldest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withClient(cmd.Context(), nil, func(ctx context.Context, c *client) error {
				letters, err := allLetters(ctx, c, stage, source)
				if err != nil {
					return err
				}
				if len(letters) == 0 {
					fmt.Println("no dead letters")
					return nil
				}
				w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
				fmt.Fprintln(w, "NUMBER\tWHEN\tSTAGE\tSOURCE\tKIND\tREASON")
				for _, d := range letters {
					fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", d.Seq, d.Time.Format(time.DateTime), d.Stage, d.Source, d.Kind, short(d.Reason, 90))
				}
				return w.Flush()
			})
		},
	}
	for _, c := range []*cobra.Command{cmd, list} {
		c.Flags().StringVar(&source, "source", "", "only of this source")
		c.Flags().StringVar(&stage, "stage", "", "only of this stage: read, fetch, rate or write")
	}
	cmd.RunE, cmd.Args = list.RunE, cobra.NoArgs
	var payload bool
	show := &cobra.Command{
		Use: "show <number>", Short: "Show one dead letter", Args: needs("number"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withClient(cmd.Context(), nil, func(ctx context.Context, c *client) error {
				var d queue.DeadLetter
				if err := c.call(ctx, http.MethodGet, "/api/deadletters/"+url.PathEscape(args[0]), nil, &d); err != nil {
					return err
				}
				fmt.Printf("number    %d\nwhen      %s\nstage     %s\nsource    %s\nkind      %s\nreason    %s\nfix       %s\ncontacts  %s\npayload   %s\n",
					d.Seq, d.Time.Format(time.RFC3339), d.Stage, d.Source, d.Kind, d.Reason, d.Fix, strings.Join(d.Contacts, " "), humanize.IBytes(uint64(len(d.Payload))))
				if payload {
					fmt.Println()
					_, err := os.Stdout.Write(append(d.Payload, '\n'))
					return err
				}
				return nil
			})
		},
	}
	show.Flags().BoolVar(&payload, "payload", false, "print the payload too; it may hold personal data")
	cmd.AddCommand(list, show, settleCommand("resend", "Send dead letters back to where they came from", &source, &stage),
		settleCommand("discard", "Throw dead letters away", &source, &stage))
	return cmd
}

// settleCommand resends or discards letters by number, or all of a kind.
func settleCommand(verb, help string, source, stage *string) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: verb + " <number>... | --all", Short: help,
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return fmt.Errorf("name the letters, or --all of them (with --source or --stage where it is to be some)")
			}
			return withClient(cmd.Context(), nil, func(ctx context.Context, c *client) error {
				if all {
					letters, err := allLetters(ctx, c, *stage, *source)
					if err != nil {
						return err
					}
					for _, d := range letters {
						args = append(args, strconv.FormatUint(d.Seq, 10))
					}
				}
				for i, n := range args {
					if err := c.call(ctx, http.MethodPost, "/api/deadletters/"+url.PathEscape(n)+"/"+verb, nil, &struct{}{}); err != nil {
						return fmt.Errorf("%d of %d done: %w", i, len(args), err)
					}
				}
				fmt.Printf("%s: %d\n", verb, len(args))
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all of them")
	cmd.Flags().StringVar(source, "source", "", "only of this source")
	cmd.Flags().StringVar(stage, "stage", "", "only of this stage")
	return cmd
}

func allLetters(ctx context.Context, c *client, stage, source string) ([]queue.DeadLetter, error) {
	var all []queue.DeadLetter
	for after := uint64(0); ; {
		var page []queue.DeadLetter
		in := url.Values{"stage": {stage}, "source": {source}, "after": {strconv.FormatUint(after, 10)}}
		if err := c.call(ctx, http.MethodGet, "/api/deadletters", in, &page); err != nil {
			return nil, err
		}
		if len(page) == 0 {
			return all, nil
		}
		all, after = append(all, page...), page[len(page)-1].Seq
	}
}

// withClient runs fn against the running Winnow, or with roles of its own.
func withClient(ctx context.Context, roles []pipeline.Role, fn func(context.Context, *client) error) (err error) {
	cfg, err := loadConfig()
	if err != nil {
		return err
	}
	c, err := dial(ctx, cfg, roles...)
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
