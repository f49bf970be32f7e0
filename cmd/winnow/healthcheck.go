package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/app"
	"github.com/winnow-crm/winnow/cmd/internal/config"
)

func healthcheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "healthcheck", Short: "Ask the running Winnow whether it is ready; for the container's HEALTHCHECK", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			listen, err := config.Value("WINNOW_ADMIN_LISTEN") // alone: a check must not fail for a setting it does not use
			if err != nil {
				return err
			}
			if listen == "" {
				listen = "127.0.0.1:8081"
			}
			cert, err := config.Value("WINNOW_ADMIN_TLS_CERT")
			if err != nil {
				return err
			}
			scheme, client, err := app.AdminClient(cert)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), 6*time.Second)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+reachable(listen)+"/readyz", nil)
			if err != nil {
				return fmt.Errorf("WINNOW_ADMIN_LISTEN: %w", err)
			}
			resp, err := client.Do(req)
			if err != nil {
				return fmt.Errorf("no winnow answers at %s; WINNOW_ADMIN_LISTEN has to be that of winnow serve: %w", listen, err)
			}
			defer func() { _ = resp.Body.Close() }()
			body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096)) // for people; the status decides
			if resp.StatusCode != http.StatusOK {
				return fmt.Errorf("not ready: %s", body)
			}
			fmt.Print(string(body))
			return nil
		},
	}
}
