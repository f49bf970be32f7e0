package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline"
)

func backfillCommand() *cobra.Command {
	var since string
	cmd := &cobra.Command{
		Use: "backfill <source>", Short: "Read the history that was there before Winnow", Args: needs("source"),
		Long: `Reads the CRM's history through the same budget as everything else. It can be interrupted and goes on where it stood when it is
called again with the same --since. While it runs, nothing is announced against the source's contacts.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			start, err := parseSince(since, time.Now())
			if err != nil {
				return err
			}
			roles := []pipeline.Role{pipeline.RoleRead, pipeline.RoleFetch, pipeline.RoleRate, pipeline.RoleWrite, pipeline.RolePoll}
			return withClient(cmd.Context(), roles, func(ctx context.Context, c *client) error {
				in := url.Values{"source": {args[0]}, "since": {start.Format(time.RFC3339)}}
				if err := c.call(ctx, http.MethodPost, "/api/backfill", in, &struct{}{}); err != nil {
					return err
				}
				return watchBackfill(ctx, c, in)
			})
		},
	}
	cmd.Flags().StringVar(&since, "since", "365d", "how far back: a number of days such as 365d, or a date such as 2026-01-31")
	return cmd
}

// parseSince reads a date, an instant or a number of days. A number of days counts from midnight, so that the same words
// later in the day resume the same backfill.
func parseSince(s string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 {
			return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -n), nil
		}
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			if t.After(now) {
				return time.Time{}, fmt.Errorf("--since %s lies ahead: nothing was there before it that could be read", s)
			}
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("--since %q: want a number of days such as 365d, or a date such as 2026-01-31", s)
}

// watchBackfill shows how far it is until everything found has been fetched. Interrupting it leaves the running Winnow at work.
func watchBackfill(ctx context.Context, c *client, in url.Values) error {
	live := term.IsTerminal(int(os.Stdout.Fd()))
	shown := ""
	for {
		var s pipeline.BackfillState
		if err := c.call(ctx, http.MethodGet, "/api/backfill", in, &s); err != nil {
			return err
		}
		line := fmt.Sprintf("%-14s %d records found", s.Stage, s.Read)
		if s.Stage == "" {
			line = "begins; nothing found yet"
		}
		if s.Total > 0 {
			line = fmt.Sprintf("%-14s %3d %%  %d of about %d records found", s.Stage, min(100, 100*s.Read/s.Total), s.Read, s.Total)
		}
		line += fmt.Sprintf(", %d to fetch", s.Unfetched)
		if s.Error == "" && s.Unfetched > 0 {
			s.Error = s.PutOff
		}
		if s.Error != "" {
			line += "; waiting: " + s.Error
		}
		switch {
		case live:
			fmt.Printf("\r\033[K%s", line)
		case line != shown:
			fmt.Println(line)
		}
		shown = line
		if s.Done && s.Unfetched == 0 {
			if live {
				fmt.Println()
			}
			fmt.Printf("done: %d records read\n", s.Read)
			return nil
		}
		select {
		case <-ctx.Done():
			fmt.Println("\ninterrupted; call it again to go on")
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}
