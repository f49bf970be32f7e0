package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/lab/cast"
)

func sandboxCommand() *cobra.Command {
	var o cast.ServeOptions
	cmd := &cobra.Command{
		Use: "sandbox", Short: "Run the sandbox HubSpot alone, for trying serve against it", Args: cobra.NoArgs,
		Long: `Runs a stand-in for HubSpot that speaks its REST API and sends signed webhooks, and prints the settings with which serve works against it.
With --cast a cast of prospects plays the last eight months.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Speed <= 0 || o.Seed < 0 {
				return fmt.Errorf("want --speed above 0 and --contacts of 0 or more")
			}
			o.Out = os.Stdout
			return cast.Serve(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Sandbox.Listen, "listen", "127.0.0.1:8090", "listen address of the REST API")
	f.StringVar(&o.Sandbox.WebhookURL, "webhook-url", "http://127.0.0.1:8080/hooks/hubspot", "where webhooks go; empty: nowhere")
	f.StringVar(&o.Sandbox.Token, "token", "", "bearer token to accept (default sandbox-token)")
	f.StringVar(&o.Sandbox.ClientSecret, "secret", "", "client secret to sign with (default sandbox-secret)")
	f.BoolVar(&o.Sandbox.Winnow, "properties", true, "have Winnow's properties from the start; without them try winnow setup")
	f.IntVar(&o.Sandbox.RateLimit, "rate-limit", 0, "requests per 10 s; 0: HubSpot's 100, negative: none")
	f.BoolVar(&o.Cast, "cast", false, "play the cast")
	f.Float64Var(&o.Speed, "speed", 4, "simulated days a second, with --cast")
	f.IntVar(&o.Seed, "contacts", 0, "contacts that are there from the start")
	return cmd
}
