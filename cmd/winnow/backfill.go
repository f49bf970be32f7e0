package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
)

func backfillCommand() *cobra.Command {
	var since string
	cmd := &cobra.Command{
		Use: "backfill <source>", Short: "Read the history that was there before Winnow", Args: needs("source"),
		Long: `Reads the CRM's history through the same budget as everything else. It can be interrupted and goes on where it stood when it is
called again with the same --since. While it runs, nothing is announced against the source's contacts. Beside a running winnow serve it
ends when everything was fetched, and serve rates it; by itself it goes on until everything is rated and written.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			start, err := parseSince(since, time.Now())
			if err != nil {
				return err
			}
			roles := []pipeline.Role{
				pipeline.RoleRead,
				pipeline.RoleFetch,
				pipeline.RoleRate,
				pipeline.RoleWrite,
				pipeline.RolePoll,
			}
			return withClient(cmd.Context(), roles, func(ctx context.Context, c *client) error {
				if _, err := api.StartBackfill.Ask(ctx, c, api.BackfillOrder{Source: args[0], Since: start}); err != nil {
					return err
				}
				return watchBackfill(ctx, c, api.SourceQuery{Source: args[0]}, os.Stdout, 500*time.Millisecond)
			})
		},
	}
	cmd.Flags().
		StringVar(&since, "since", "365d", "how far back: a number of days such as 365d, or a date such as 2026-01-31")
	return cmd
}

// parseSince reads a date, an instant or a number of days. A number of days counts from midnight, so that the same
// words later in the day resume the same backfill.
func parseSince(s string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n <= 36500 { // more has a year that no vendor reads
			return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -n), nil
		}
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			if t.After(now) {
				return time.Time{}, misuse(
					"--since %s lies ahead: nothing was there before it that could be read",
					s,
				)
			}
			return t.UTC(), nil
		}
	}
	return time.Time{}, misuse("--since %q: want a number of days such as 365d, or a date such as 2026-01-31", s)
}

// writesStandStill is how long ratings may wait without one being written before a backfill by itself ends: the CRM is
// away, or the breaker holds them.
const writesStandStill = 30 * time.Second

// watchBackfill shows how far it is until everything found has been fetched, and rated and written too where no other
// process would. Interrupting it leaves the running Winnow at work.
func watchBackfill(ctx context.Context, c *client, q api.SourceQuery, out io.Writer, pause time.Duration) error {
	f, ok := out.(*os.File)
	live := ok && term.IsTerminal(int(f.Fd()))
	shown, quiet := "", 0
	var unwritten uint64
	moved := time.Now()
	for {
		s, err := api.Backfill.Ask(ctx, c, q)
		if err != nil {
			return err
		}
		line := progressOf(s)
		switch {
		case live:
			fmt.Fprintf(out, "\r\033[K%s", line)
		case line != shown:
			fmt.Fprintln(out, line)
		}
		shown = line
		if s.Unwritten != unwritten {
			unwritten, moved = s.Unwritten, time.Now()
		}
		over := s.Done && s.Unfetched == 0
		if c.local != nil {
			over = over && !s.Unrated && (s.Unwritten == 0 || time.Since(moved) >= writesStandStill)
		}
		if quiet++; !over {
			quiet = 0
		}
		if quiet == 2 { // what was rated last may have asked for more
			if live {
				fmt.Fprintln(out)
			}
			fmt.Fprintln(out, endOf(s, c.local != nil))
			return nil
		}
		select {
		case <-ctx.Done():
			fmt.Fprintln(out, "\ninterrupted; call it again to go on")
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// progressOf is how far a backfill is, in a line.
func progressOf(s operate.BackfillState) string {
	line := fmt.Sprintf("%-14s %s found", s.Stage, english.Plural(s.Read, "record", ""))
	if s.Stage == "" {
		line = "begins; nothing found yet"
	}
	if s.Total > 0 {
		line = fmt.Sprintf(
			"%-14s %3d %%  %d of about %s found",
			s.Stage,
			min(100, 100*s.Read/s.Total),
			s.Read,
			english.Plural(s.Total, "record", ""),
		)
	}
	line += fmt.Sprintf(", %d to fetch, %s to write", s.Unfetched, english.Plural(int(s.Unwritten), "rating", ""))
	if s.Error == "" && (s.Unfetched > 0 || s.Unwritten > 0) {
		s.Error = s.PutOff
	}
	if s.Error != "" {
		line += "; waiting: " + s.Error
	}
	return line
}

// endOf says what a backfill came to, and who does what is left.
func endOf(s operate.BackfillState, alone bool) string {
	if !alone {
		return fmt.Sprintf(
			"done: %s read; the running winnow goes on to rate them and to write the ratings",
			english.Plural(s.Read, "record", ""),
		)
	}
	end := fmt.Sprintf("done: %s read and rated", english.Plural(s.Read, "record", ""))
	if s.Unwritten > 0 {
		end += fmt.Sprintf("; %d %s", s.Unwritten, english.PluralWord(int(s.Unwritten),
			"rating could not be written yet and waits", "ratings could not be written yet and wait"))
	}
	return end + "\nnow start winnow serve: webhooks come in, notices are given and what waits is written only while it runs"
}
