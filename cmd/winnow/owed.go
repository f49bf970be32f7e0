package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/connectors/crm"
)

func owedCommand() *cobra.Command {
	var q api.OwedQuery
	cmd := pageCommand(api.Owed, &q, printOwed)
	cmd.Use, cmd.Short = "owed", "Show who waits for us, longest first"
	cmd.Long = `Shows to whom we owe an answer, a promise, a date that we let pass or an overdue task, with how long
they have waited in business time of
the owner's calendar, and by whom it is owed. Names come from the CRM as it stands now.`
	cmd.Example = "  winnow owed --overdue\n  winnow owed --owner 71 --json"
	f := cmd.Flags()
	f.StringVar(&q.Source, "source", "", "only of this source")
	f.StringVar(&q.Owner, "owner", "", "only of this owner, by the CRM's id")
	f.StringVar(&q.Owed, "what", "", "only where this is owed: answer, promise, date or task")
	f.BoolVar(&q.Overdue, "overdue", false, "only over the service level")
	f.IntVar(&q.Most, "most", 50, "how many at most")
	return cmd
}

func contactsCommand() *cobra.Command {
	var q api.ContactsQuery
	cmd := pageCommand(api.Contacts, &q, printContacts)
	cmd.Use, cmd.Short = "contacts [id, e-mail address or address in the CRM]", "List contacts, or find one"
	cmd.Example = "  winnow contacts --status pending --sort pending\n  winnow contacts anna@example.com"
	cmd.Args = cobra.MaximumNArgs(1)
	cmd.PreRun = func(_ *cobra.Command, args []string) { q.Text = strings.Join(args, "") }
	f := cmd.Flags()
	for _, flag := range []struct {
		into       *string
		name, help string
	}{
		{&q.Source, "source", "only of this source"},
		{&q.Letter, "rating", "A, B, C or D"},
		{&q.Status, "status", "open, pending, disqualified, requalified, nurture or override"},
		{&q.Ground, "ground", "why they are pending or disqualified"},
		{&q.Ball, "ball", "who owes the next move: us, them or none"},
		{&q.Held, "held", "what holds a decision back: any, or settle, lag, backfill, breaker, dead_letter ..."},
		{&q.Owner, "owner", "only of this owner, by the CRM's id"},
		{&q.Segment, "segment", "only of this segment"},
		{&q.Sort, "sort", "changed, owed, pending, recheck, override, amount or score"},
	} {
		f.StringVar(flag.into, flag.name, "", flag.help)
	}
	f.IntVar(&q.Most, "most", 50, "how many at most")
	return cmd
}

func decisionsCommand() *cobra.Command {
	cmd := pageCommand(api.Decisions, &api.Nothing{}, printDecisions)
	cmd.Use, cmd.Short, cmd.Example = "decisions", "Show what is pending, held back, to be looked at again, and "+
		"what people did", "  winnow decisions --json"
	return cmd
}

func trendsCommand() *cobra.Command {
	var q api.TrendsQuery
	cmd := pageCommand(api.Trends, &q, printTrends)
	cmd.Use, cmd.Short, cmd.Example = "trends", "Show what was announced by day, and how letters stood", "  winnow "+
		"trends --days 30"
	cmd.Flags().StringVar(&q.Source, "source", "", "only of this source")
	cmd.Flags().IntVar(&q.Days, "days", 90, "over how many days")
	return cmd
}

func statusCommand() *cobra.Command {
	cmd := pageCommand(api.Status, &api.Nothing{}, printStatus)
	cmd.Use, cmd.Short, cmd.Example = "status", "Show how every source stands, and what needs a person", "  winnow "+
		"status --json"
	cmd.Long = `Shows what the console shows as Today and Sources: what needs a person, worst first, and how every
source stands.`
	return cmd
}

// pageCommand prints a page of the console.
func pageCommand[Q, A any](call api.Call[Q, A], q *Q, print func(io.Writer, A) error) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withClient(cmd.Context(), nil, func(ctx context.Context, c *client) error {
				a, err := call.Ask(ctx, c, *q)
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(a)
				}
				return print(cmd.OutOrStdout(), a)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, with everything there is")
	return cmd
}

// shownNotes says what is missing.
func shownNotes(w io.Writer, s api.Shown) {
	switch {
	case s.List.Error != "":
		fmt.Fprintf(w, "the list of contacts does not follow the store: %s\n", s.List.Error)
	case !s.List.Built:
		fmt.Fprintf(w, "the list of contacts is being made, %.0f %% of the records are in it\n", 100*s.List.Share)
	}
	if s.Unnamed != "" {
		fmt.Fprintf(w, "names are missing: %s\n", s.Unnamed)
	}
}

func calledOr(name string, c string) string {
	if name == "" {
		return c
	}
	return short(name, 28)
}

func date(m crm.Millis) string {
	if m == 0 {
		return ""
	}
	return m.Time().Format("2006-01-02")
}

func printOwed(w io.Writer, p api.OwedPage) error {
	shownNotes(w, p.Shown)
	if len(p.Contacts) == 0 {
		fmt.Fprintln(w, "nobody waits for us")
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "PERSON\tOWED\tSINCE\tOVER\tOWNER\tRATING")
	for _, c := range p.Contacts {
		fmt.Fprintf(
			t,
			"%s\t%s\t%s\t%s\t%s\t%s\n",
			calledOr(c.Name, c.Source+"/"+c.Contact.Contact),
			c.Owed,
			date(c.OwedSince),
			c.Over,
			c.Owner,
			c.Letter,
		)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	fmt.Fprintln(t, "OWNER\tOWED\tOVERDUE\tOLDEST")
	for _, d := range p.Owners {
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\n", dash(d.Owner), d.Owed, d.Overdue, date(d.Oldest))
	}
	return t.Flush()
}

func printRows(w io.Writer, rows []api.Row) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "PERSON\tID\tRATING\tSTATUS\tDATE")
	for _, c := range rows {
		status, when := string(c.Status), ""
		if c.Held != "" {
			status += ", held: " + c.Held
		}
		switch {
		case c.PendingUntil != 0:
			when = "until " + date(c.PendingUntil)
		case c.Recheck != 0:
			when = "again " + date(c.Recheck)
		case c.OwedSince != 0:
			when = "owed " + date(c.OwedSince)
		}
		fmt.Fprintf(
			t,
			"%s\t%s/%s\t%s\t%s\t%s\n",
			calledOr(c.Name, "-"),
			c.Source,
			c.Contact.Contact,
			c.Letter,
			status,
			when,
		)
	}
	return t.Flush()
}

func printContacts(w io.Writer, p api.ContactsPage) error {
	shownNotes(w, p.Shown)
	for _, u := range p.Unlisted {
		fmt.Fprintf(w, "%s/%s is in the CRM, and nothing is known of it here\n", u.Source, u.Contact)
	}
	if len(p.Contacts) == 0 {
		fmt.Fprintln(w, "nobody is like that")
		return nil
	}
	return printRows(w, p.Contacts)
}

func printDecisions(w io.Writer, p api.DecisionsPage) error {
	shownNotes(w, p.Shown)
	for _, b := range p.Breakers {
		fmt.Fprintf(
			w,
			"%s: the mass-change breaker holds %d; winnow breaker release %s, or refuse\n\n",
			b.Source,
			b.Waiting,
			b.Source,
		)
	}
	for _, part := range []struct {
		title string
		rows  []api.Row
	}{
		{"PENDING", p.Pending}, {"HELD BACK", p.Held}, {"DISQUALIFIED", p.Disqualified}, {"OVERRIDES", p.Overrides},
	} {
		fmt.Fprintf(w, "%s: %d shown\n", part.title, len(part.rows))
		if len(part.rows) > 0 {
			if err := printRows(w, part.rows); err != nil {
				return err
			}
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "WHAT PEOPLE DID")
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, a := range p.Acts {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", day(a.At), a.Who, a.What, a.Source, a.Note)
	}
	return t.Flush()
}

func printTrends(w io.Writer, p api.TrendsPage) error {
	shownNotes(w, p.Shown)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "DAY\tBECAME\tGROUND\tCONTACTS")
	for _, d := range p.Decisions {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\n", date(d.Day), d.Status, d.Ground, d.Count)
	}
	return t.Flush()
}

func printStatus(w io.Writer, p api.StatusPage) error {
	fmt.Fprintf(w, "winnow %s, mode %s, rules %s\n", p.Version, p.Mode, p.Model)
	for _, s := range p.Sources {
		state := "announcements go out"
		if !s.Announces {
			state = "nothing is announced: " + s.HeldBy
		}
		fmt.Fprintf(
			w,
			"\n%s (%s): %s\n  waiting: %d to read, %d to fetch, %d to write\n",
			s.Name,
			s.Vendor,
			state,
			s.Read,
			s.Fetch,
			s.Write,
		)
		for _, r := range s.Roles {
			if r.Fails() {
				fmt.Fprintf(w, "  %s fails since %s: %s\n", r.Role, r.Since.Format("2006-01-02 15:04"), r.Error)
			}
		}
	}
	if len(p.Problems) == 0 {
		fmt.Fprintln(w, "\nnothing needs a person")
		return nil
	}
	fmt.Fprintln(w, "\nNEEDS A PERSON")
	for _, f := range p.Problems {
		line := f.What
		if f.Count > 0 {
			line = fmt.Sprintf("%d %s", f.Count, line)
		}
		if f.Source != "" {
			line = f.Source + ": " + line
		}
		if f.Urgent {
			line = "now: " + line
		}
		fmt.Fprintln(w, line)
	}
	return nil
}
