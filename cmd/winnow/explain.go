package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"

	"github.com/spf13/cobra"
)

func explainCommand() *cobra.Command {
	return &cobra.Command{
		Use: "explain <source> <contact>", Short: "Show a contact's rating, every reason with its evidence, the clocks, and what comes next", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withClient(cmd.Context(), nil, func(ctx context.Context, c *client) error {
				var e json.RawMessage
				if err := c.call(ctx, http.MethodGet, "/api/explain", url.Values{"source": {args[0]}, "contact": {args[1]}}, &e); err != nil {
					return err
				}
				_, err := os.Stdout.Write(e)
				return err
			})
		},
	}
}
