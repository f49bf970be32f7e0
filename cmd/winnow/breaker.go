package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
)

func breakerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "breaker", Short: "Look at the mass-change breaker, release or refuse what it holds",
		Long: `Where unusually many contacts would newly become pending or disqualified within a day, nothing is
announced against anyone until a
person has looked. release lets everything through for a day; refuse keeps it held until it is released.`,
		Args: cobra.ArbitraryArgs, RunE: onlyParts,
	}
	var asJSON bool
	status := &cobra.Command{
		Use: "status <source>", Short: "Show how the breaker stands", Args: needs("source"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withClient(cmd.Context(), nil, func(ctx context.Context, c *client) error {
				b, err := api.Breaker.Ask(ctx, c, api.SourceQuery{Source: args[0]})
				if err != nil {
					return err
				}
				if asJSON {
					err = json.NewEncoder(os.Stdout).Encode(b)
				} else {
					fmt.Printf("%s: %s\n", args[0], breakerText(args[0], b))
				}
				return cmp.Or(err, needsPerson(b.Open))
			})
		},
	}
	status.Flags().BoolVar(&asJSON, "json", false, "as JSON, with everything there is")
	cmd.AddCommand(status)
	for _, order := range []struct {
		verb, help string
		call       api.Call[api.BreakerOrder, api.Done]
	}{
		{"release", "Let what is held go out", api.ReleaseBreaker},
		{"refuse", "Keep what is held, knowingly", api.RefuseBreaker},
	} {
		var o api.BreakerOrder
		verb := &cobra.Command{
			Use: order.verb + " <source>", Short: order.help, Args: needs("source"),
			RunE: func(cmd *cobra.Command, args []string) error {
				o.Source = args[0]
				return withClient(cmd.Context(), nil, func(ctx context.Context, c *client) error {
					if _, err := order.call.Ask(ctx, c, o); err != nil {
						return err
					}
					fmt.Printf("%s: %sd\n", args[0], order.verb)
					return nil
				})
			},
		}
		verb.Flags().StringVar(&o.Note, "note", "", "why, which is kept")
		if order.verb == "release" {
			verb.Flags().
				StringSliceVar(&o.Contacts, "contact", nil,
					"only this contact, of those that it holds; may be given several times")
		}
		cmd.AddCommand(verb)
	}
	return cmd
}

// breakerText says how the breaker of a source stands, and what a person last did about it.
func breakerText(source string, b operate.BreakerState) string {
	if b.Open {
		text := "tripped at " + b.Tripped.Time().Format(time.RFC3339)
		if b.Refused != 0 {
			text += ", refused by a person at " + b.Refused.Time().Format(time.RFC3339)
		}
		return text + "; nothing is announced until winnow breaker release " + source
	}
	text := "closed; " + english.Plural(b.Announced, "announcement", "") + " within the window"
	if b.Released != 0 {
		return text + fmt.Sprintf(
			"; released by a person at %s, for a day, after which it holds beyond %d",
			b.Released.Time().Format(time.RFC3339),
			b.Most,
		)
	}
	return text + fmt.Sprintf("; it holds beyond %d", b.Most)
}
