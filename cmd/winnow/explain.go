package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

func explainCommand() *cobra.Command {
	var asJSON, history bool
	cmd := &cobra.Command{
		Use: "explain <source> <contact>", Short: "Show a contact's rating, every reason with its evidence, the clocks, and what comes next",
		Args: needs("source", "contact"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withClient(cmd.Context(), nil, func(ctx context.Context, c *client) error {
				e, err := api.Explain.Ask(ctx, c, api.Person{Source: args[0], Contact: args[1]})
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(e)
				}
				return printExplanation(folded(cmd.OutOrStdout()), e, history)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, with everything there is")
	cmd.Flags().BoolVar(&history, "history", false, "show the turns of the conversation too")
	return cmd
}

// printExplanation lays an explanation out for a person: what, why, what runs, what comes next.
func printExplanation(out io.Writer, e api.Explained, history bool) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	r := e.Rating
	if e.MergedTo != "" {
		fmt.Fprintf(w, "%s/%s was merged into %s\n", e.Source, e.Contact, e.MergedTo)
		return w.Flush()
	}
	fmt.Fprintf(w, "%s/%s\n\n", e.Source, e.Contact)
	if r.Unrated != "" {
		fmt.Fprintf(w, "rating\tnone: %s\n", strings.ReplaceAll(r.Unrated, "_", " "))
		return w.Flush()
	}
	fmt.Fprintf(w, "rating\t%s%s\n", r.Letter, machine(r))
	fmt.Fprintf(w, "score\t%d\tengagement %d, fit %d, worth %d\n", r.Score, r.Engagement, r.Fit, r.Worth)
	fmt.Fprintf(w, "status\t%s\t%s\n", r.Status, standing(r))
	if r.Held != "" {
		fmt.Fprintf(w, "held back\t%s\t%s\n", r.Held, held[r.Held])
	}
	if e.Spared != "" {
		fmt.Fprintf(w, "spared\t%s\n", e.Spared)
	}
	if e.Hint != "" {
		fmt.Fprintf(w, "hint\t%s\n", e.Hint)
	}
	fmt.Fprintf(w, "next move\t%s\t%s\n", r.Ball, since(e.BallSince, e.BallBy))
	fmt.Fprintf(w, "advice\t%s\n", dash(r.Action))
	fmt.Fprintf(w, "our time\t%.1f h\t%s\n", e.Effort.Hours, effort(e.Effort))
	fmt.Fprintf(w, "clocks by\t%s %s\ttimes below are UTC\n", e.Zone, e.Country)
	fmt.Fprintf(w, "read up to\t%s\n", day(e.ReadUpTo))
	fmt.Fprintf(w, "model\t%s\n", r.Model)
	if err := w.Flush(); err != nil {
		return err
	}

	for _, part := range partsOf(&e, history) {
		if err := part.below(out, part.title); err != nil {
			return err
		}
	}
	return printAnswered(out, e.Answered)
}

// titled is a table under a title.
type titled struct {
	*table
	title string
}

// partsOf are the tables of an explanation, in their order.
func partsOf(e *api.Explained, history bool) []titled {
	why := newTable("POINTS", "SCORE", "REASON", "HALVES IN", "EVIDENCE")
	why.prose = "REASON"
	for _, reason := range e.Rating.Reasons {
		points, decay := "", ""
		if reason.Sub != "" {
			points = fmt.Sprintf("%+d", reason.Points)
		}
		if reason.HalfLife > 0 {
			decay = fmt.Sprintf("%d d", reason.HalfLife)
		}
		why.add(points, reason.Sub, reason.Text+" ("+reason.ID+")", decay, evidence(reason.Evidence))
	}
	if len(e.Rating.Reasons) == 0 {
		why.add("", "", "nothing is known that counts for or against")
	}
	clocks := newTable("CLOCK", "SINCE", "ELAPSED", "OF", "ENDS", "WANTS")
	for _, c := range e.Clocks {
		note := c.Lacks
		if c.Stopped != "" {
			note = strings.TrimPrefix(note+"; stopped: "+c.Stopped, "; ")
		}
		clocks.add(c.Name, day(c.Since), c.Elapsed, c.Quota, day(c.Ends), note)
	}
	attempts := newTable("WHEN", "COUNTS", "WHY", "FACT")
	for _, a := range e.Attempts {
		attempts.add(day(a.At), yes(a.Counted), a.Why, a.Fact)
	}
	announced := newTable("WHEN", "STATUS", "GROUND")
	for _, d := range e.Decisions {
		announced.add(day(d.At), d.Status, d.Ground)
	}
	letters := newTable("SINCE", "LETTER", "STATUS", "GROUND")
	for _, l := range e.Letters {
		letters.add(day(l.At), l.Letter, l.Status, l.Ground)
	}
	turns := newTable("FROM", "SIDE", "MESSAGES", "WHAT IT DOES")
	for _, t := range e.Turns {
		if history {
			turns.add(day(t.From), t.Direction, t.Messages, t.Intents)
		}
	}
	next := newTable("WHEN", "WHAT")
	next.prose = "WHAT"
	for _, m := range e.Next {
		next.add(day(m.At), m.What)
	}
	return []titled{
		{why, "WHY"},
		{clocks, "CLOCKS"},
		{attempts, "ATTEMPTS OF OURS IN THIS SILENCE"},
		{announced, "ANNOUNCED"},
		{letters, "LETTERS IT HAS HAD, BY THE RULES IN FORCE NOW"},
		{turns, "CONVERSATION"},
		{next, "IF NOTHING HAPPENS"},
	}
}

// printAnswered shows the rating that an answer would lead to; nil: of who is not rated none is known.
func printAnswered(out io.Writer, r *crm.Rating) error {
	if r == nil {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "\nIF THEY ANSWER\nrating\t%s\nstatus\t%s\nnext move\t%s\nadvice\t%s\n", r.Letter, r.Status,
		r.Ball, dash(r.Action))
	return w.Flush()
}

// held says what a reason for holding a decision back means.
var held = map[string]string{
	"settle":      "facts have just come; a decision waits until none has for WINNOW_RULES_SETTLE",
	"lag":         "the CRM has not been read far enough to tell silence from blindness",
	"backfill":    "the source's history is being read",
	"dead_letter": "what may be their answer lies among the dead letters: winnow deadletters list; send it again or discard it",
	"profile":     "the contact's properties have not been read yet",
	"merge":       "the facts of a merged contact have not all come yet",
	"breaker":     "the mass-change breaker is open: winnow breaker status",
}

// effort says what our time was for, and what came of it.
func effort(e rules.EffortLedger) string {
	said := fmt.Sprintf("commitments %d, about %.1f h a month", e.Commitments, e.Freed)
	if e.Notes > 0 {
		said += fmt.Sprintf(", notes about them %d", e.Notes)
	}
	return said
}

func machine(r crm.Rating) string {
	if r.Machine != r.Letter {
		return " by a human; the machine says " + r.Machine
	}
	return ""
}

func standing(r crm.Rating) string {
	var parts []string
	if r.Ground != "" {
		parts = append(parts, string(r.Ground))
	}
	if r.PendingUntil != 0 {
		parts = append(parts, "until "+r.PendingUntil.Time().Format(time.DateOnly))
	}
	if r.RecheckOn != 0 {
		parts = append(parts, "look again on "+r.RecheckOn.Time().Format(time.DateOnly))
	}
	return strings.Join(parts, ", ")
}

func since(at crm.Millis, fact string) string {
	if at == 0 {
		return ""
	}
	return "since " + day(at) + " (" + fact + ")"
}

func day(m crm.Millis) string {
	if m == 0 {
		return "-"
	}
	return m.Time().Format("2006-01-02 15:04")
}

// evidence names the facts that a reason rests on, the newest three of many.
func evidence(es []crm.Evidence) string {
	var parts []string
	for i, e := range es {
		if i == 3 {
			return strings.Join(parts, ", ") + fmt.Sprintf(" and %d more", len(es)-3)
		}
		at := ""
		if e.At != 0 {
			at = " " + e.At.Time().Format(time.DateOnly)
		}
		parts = append(parts, e.Fact+at)
	}
	return strings.Join(parts, ", ")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
