package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/seen"
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
		{&q.Ball, "next-move", "who owes the next move: us, them or none"},
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
	cmd.Use, cmd.Short = "trends", "Show what was announced by day, and how fast our people answered"
	cmd.Example = "  winnow trends --days 30"
	cmd.Flags().StringVar(&q.Source, "source", "", "only of this source")
	cmd.Flags().IntVar(&q.Days, "days", 90, "over how many days")
	return cmd
}

func statusCommand() *cobra.Command {
	cmd := judgedCommand(api.Status, &api.Nothing{}, printStatus,
		func(p api.StatusPage) bool { return len(p.Problems) > 0 })
	cmd.Use, cmd.Short, cmd.Example = "status", "Show how every source stands, and what needs a person", "  winnow "+
		"status --json"
	cmd.Long = `Shows what the console shows as Today and Sources: what needs a person, worst first, and how every
source stands. Ends with 2 where something needs a person.`
	return cmd
}

// pageCommand prints a page of the console.
func pageCommand[Q, A any](call api.Call[Q, A], q *Q, print func(io.Writer, A) error) *cobra.Command {
	return judgedCommand(call, q, print, func(A) bool { return false })
}

// judgedCommand is pageCommand for a page that may need a person.
func judgedCommand[Q, A any](
	call api.Call[Q, A], q *Q, print func(io.Writer, A) error, needs func(A) bool,
) *cobra.Command {
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
					err = json.NewEncoder(cmd.OutOrStdout()).Encode(a)
				} else {
					err = print(folded(cmd.OutOrStdout()), a)
				}
				return cmp.Or(err, needsPerson(needs(a)))
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
	t := newTable("PERSON", "ID", "OWED", "SINCE", "OVER", "RATING", "WAITED", "DUE", "OWNER", "AMOUNT")
	for _, c := range p.Contacts {
		t.add(calledOr(c.Name, "-"), c.Source+"/"+c.Contact.Contact, c.Owed, date(c.OwedSince), c.Over, c.Letter,
			c.Waited, date(c.Due), c.Owner, api.Money(c.Amount))
	}
	if err := t.print(w, screen(w)); err != nil {
		return err
	}
	more(w, p.Next)
	fmt.Fprintln(w)
	return printDebtors(w, p.Owners)
}

// printDebtors prints what our people owe.
func printDebtors(w io.Writer, owners []seen.Debtor) error {
	by := newTable("OWNER", "OWED", "OVERDUE", "OLDEST", "AMOUNT")
	for _, d := range owners {
		by.add(dash(d.Owner), d.Owed, d.Overdue, date(d.Oldest), api.Money(d.Amount))
	}
	return by.print(w, screen(w))
}

func printRows(w io.Writer, rows []api.Row) error {
	t := newTable("PERSON", "ID", "RATING", "STATUS", "DATE", "GROUND", "HELD BY", "OWNER", "AMOUNT", "MOVE", "OWED",
		"MACHINE", "SEGMENT", "CHANGED")
	for _, c := range rows {
		status, owed := string(c.Status), ""
		if c.Override != "" {
			status += " " + c.Override
		}
		if c.OwedSince != 0 {
			owed = fmt.Sprintf("%s since %s", c.Owed, date(c.OwedSince))
		}
		t.add(calledOr(c.Name, "-"), c.Source+"/"+c.Contact.Contact, c.Letter+" "+strconv.Itoa(c.Score), status,
			dates(c.Contact), c.Ground, c.Held, c.Owner, api.Money(c.Amount), c.Ball, owed, other(c.Machine, c.Letter),
			c.Segment, date(c.Changed))
	}
	return t.print(w, screen(w))
}

// dates are those that a contact's status comes with.
func dates(c seen.Contact) string {
	var list []string
	for _, d := range []struct {
		word string
		at   crm.Millis
	}{{"until", c.PendingUntil}, {"until", c.OverrideUntil}, {"again", c.Recheck}} {
		if d.at != 0 {
			list = append(list, d.word+" "+date(d.at))
		}
	}
	return strings.Join(list, ", ")
}

// other is a value where it is not the usual one.
func other(v, usual string) string {
	if v == usual {
		return ""
	}
	return v
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
	err := printRows(w, p.Contacts)
	more(w, p.Next)
	return err
}

// more says that a list goes on.
func more(w io.Writer, next string) {
	if next != "" {
		fmt.Fprintln(w, "and more: --most says how many are shown")
	}
}

func printDecisions(w io.Writer, p api.DecisionsPage) error {
	shownNotes(w, p.Shown)
	for _, b := range p.Breakers {
		if err := printBreaker(w, b); err != nil {
			return err
		}
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
	fmt.Fprintln(w, "CAME BACK WITHIN 90 DAYS")
	back := newTable("PERSON", "ID", "ON", "OWNER")
	for _, r := range p.Returned {
		back.add(calledOr(r.Name, "-"), r.Source+"/"+r.Contact, date(r.At), r.Owner)
	}
	if err := back.print(w, screen(w)); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nWHAT PEOPLE DID")
	t := newTable("WHEN", "WHO", "WHAT", "SOURCE", "WHY", "ON")
	for _, a := range p.Acts {
		t.add(day(a.At), a.Who, a.What, a.Source, a.Note, strings.Join(a.On, " "))
	}
	return t.print(w, screen(w))
}

// printBreaker prints whom a breaker holds.
func printBreaker(w io.Writer, b api.BreakerPage) error {
	fmt.Fprintf(w, "%s: the mass-change breaker holds %s since %s: %d became pending or disqualified within a day, "+
		"at most %d may.\n", b.Source, english.Plural(b.Waiting, "contact", ""), day(b.Tripped), b.Announced, b.Most)
	if b.Refused != 0 {
		fmt.Fprintf(w, "Refused by a person %s.\n", day(b.Refused))
	}
	if len(b.Let) > 0 {
		fmt.Fprintf(w, "Already let through: %s\n", strings.Join(b.Let, " "))
	}
	t := newTable("PERSON", "ID", "WOULD BECOME", "RATING", "OWNER", "AMOUNT")
	for _, c := range b.Some {
		t.add(calledOr(c.Name, "-"), c.Source+"/"+c.Contact.Contact, strings.TrimSpace(fmt.Sprint(c.Would, " ",
			c.WouldGround)), c.Letter, c.Owner, api.Money(c.Amount))
	}
	if err := t.print(w, screen(w)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "winnow breaker release %[1]s, or winnow breaker refuse %[1]s\n\n", b.Source)
	return err
}

func printTrends(w io.Writer, p api.TrendsPage) error {
	shownNotes(w, p.Shown)
	fmt.Fprintf(w, "The last %s.\n\nLETTERS\n", english.Plural(p.Days, "day", ""))
	letters := newTable("DAY", "SOURCE", "A", "B", "C", "D", "FLAGGED", "OVERDUE")
	for _, source := range slices.Sorted(maps.Keys(p.Letters)) {
		for _, d := range p.Letters[source] {
			letters.add(date(d.Day), source, d.Rated["A"], d.Rated["B"], d.Rated["C"], d.Rated["D"], d.Flagged,
				d.Overdue)
		}
	}
	if err := letters.print(w, screen(w)); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nANNOUNCED")
	t := newTable("DAY", "BECAME", "GROUND", "CONTACTS")
	for _, d := range p.Decisions {
		t.add(date(d.Day), d.Status, d.Ground, d.Count)
	}
	if err := t.print(w, screen(w)); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nOWED NOW")
	if err := printDebtors(w, p.Owners); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nANSWERS OF OURS, in business hours, to the %s that changed last\n",
		english.Plural(p.Looked, "contact", ""))
	by := newTable("OWNER", "ANSWERS", "IN TIME", "MEDIAN", "SLOWEST")
	for _, a := range p.Answers {
		by.add(dash(a.Owner), a.Answers, a.InTime, a.Median, a.Slowest)
	}
	return by.print(w, screen(w))
}
