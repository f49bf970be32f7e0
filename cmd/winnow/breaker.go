package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline"
)

func breakerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "breaker", Short: "Look at the mass-change breaker, release or refuse what it holds",
		Long: `Where unusually many contacts would newly become pending or disqualified within a day, nothing is announced against anyone until a
person has looked. release lets everything through for a day; refuse keeps it held until it is released.`,
	}
	status := &cobra.Command{
		Use: "status <source>", Short: "Show how the breaker stands", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withClient(cmd.Context(), nil, func(ctx context.Context, c *client) error {
				var b pipeline.BreakerState
				if err := c.call(ctx, http.MethodGet, "/api/breaker", url.Values{"source": {args[0]}}, &b); err != nil {
					return err
				}
				if b.Open {
					fmt.Printf("%s: tripped at %s; nothing is announced until winnow breaker release %s\n", args[0], b.Tripped.Time().Format(time.RFC3339), args[0])
					return nil
				}
				fmt.Printf("%s: closed; %d of at most %d announcements within the window\n", args[0], b.Announced, b.Most)
				return nil
			})
		},
	}
	cmd.AddCommand(status)
	for verb, help := range map[string]string{"release": "Let what is held go out", "refuse": "Keep what is held, knowingly"} {
		cmd.AddCommand(&cobra.Command{
			Use: verb + " <source>", Short: help, Args: cobra.ExactArgs(1),
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
