package main

import (
	"cmp"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/lab/cast"
	"github.com/winnow-crm/winnow/cmd/internal/lab/stage"
	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

func sandboxCommand() *cobra.Command {
	var o cast.ServeOptions
	var vendor string
	cmd := &cobra.Command{
		Use: "sandbox", Short: "Run a sandbox CRM alone, for trying serve against it", Args: cobra.NoArgs,
		Long: `Runs a stand-in for a CRM that speaks its API and sends its webhooks, and prints the settings with which serve works against it.
With --cast a cast of prospects plays the last eight months.`,
		Example: `  winnow sandbox --cast
  winnow sandbox --properties=false   # then try winnow setup`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Speed <= 0 || o.Sandbox.People < 0 {
				return misuse("want --speed above 0 and --contacts of 0 or more")
			}
			o.Out, o.Program = os.Stdout, called()
			o.Start = func(w world.Options) (world.Face, error) { return stage.Start(vendor, w) }
			if !cmd.Flags().Changed("webhook-url") {
				o.Sandbox.WebhookURL = cmp.Or(o.Sandbox.WebhookURL, "http://127.0.0.1:8080/hooks/"+vendor)
			}
			return cast.Serve(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&vendor, "crm", "hubspot", "whose sandbox: "+strings.Join(stage.Vendors(), ", "))
	f.StringVar(&o.Sandbox.Listen, "listen", "127.0.0.1:8090", "listen address of the API")
	f.StringVar(&o.Sandbox.WebhookURL, "webhook-url", "",
		"where webhooks go (default http://127.0.0.1:8080/hooks/<crm>); empty: nowhere")
	f.StringVar(&o.Sandbox.Token, "token", "", "credential to accept (default: one of its own)")
	f.StringVar(&o.Sandbox.Secret, "secret", "", "what webhooks prove themselves with (default: one of its own)")
	f.BoolVar(&o.Sandbox.Fields, "properties", true,
		"have Winnow's fields from the start; without them try winnow setup")
	f.IntVar(&o.Sandbox.Limit, "rate-limit", 0,
		"calls in the CRM's own interval (HubSpot: 10 s); 0: its own limit, negative: none")
	f.BoolVar(&o.Cast, "cast", false, "play the cast")
	f.Float64Var(&o.Speed, "speed", 4, "simulated days a second, with --cast")
	f.IntVar(&o.Sandbox.People, "contacts", 0, "contacts that are there from the start")
	return cmd
}
