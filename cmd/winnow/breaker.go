package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
)

func breakerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "breaker", Short: "Look at the mass-change breaker, release or refuse what it holds",
		Long: `Where unusually many contacts would newly become pending or disqualified within a day, nothing is announced against anyone until a
person has looked. release lets everything through for a day; refuse keeps it held until it is released.`,
		Args: cobra.ArbitraryArgs, RunE: onlyParts,
	}
	status := &cobra.Command{
		Use: "status <source>", Short: "Show how the breaker stands", Args: needs("source"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withClient(cmd.Context(), nil, func(ctx context.Context, c *client) error {
				var b operate.BreakerState
				if err := c.call(ctx, http.MethodGet, "/api/breaker", url.Values{"source": {args[0]}}, &b); err != nil {
					return err
				}
				fmt.Printf("%s: %s\n", args[0], breakerText(args[0], b))
				return nil
			})
		},
	}
	cmd.AddCommand(status)
	for verb, help := range map[string]string{"release": "Let what is held go out", "refuse": "Keep what is held, knowingly"} {
		cmd.AddCommand(&cobra.Command{
			Use: verb + " <source>", Short: help, Args: needs("source"),
			RunE: func(cmd *cobra.Command, args []string) error {
				return withClient(cmd.Context(), nil, func(ctx context.Context, c *client) error {
					if err := c.call(ctx, http.MethodPost, "/api/breaker/"+verb, url.Values{"source": {args[0]}}, &struct{}{}); err != nil {
						return err
					}
					fmt.Printf("%s: %sd\n", args[0], verb)
					return nil
				})
			},
		})
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
	text := fmt.Sprintf("closed; %d announcements within the window", b.Announced)
	if b.Released != 0 {
		return text + fmt.Sprintf("; released by a person at %s, for a day, after which it holds beyond %d", b.Released.Time().Format(time.RFC3339), b.Most)
	}
	return text + fmt.Sprintf("; it holds beyond %d", b.Most)
}
