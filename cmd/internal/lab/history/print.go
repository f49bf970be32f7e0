package history

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/story"
)

// Change is what the rating is from an instant on.
type Change struct {
	ID string    `json:"id"` // of the history
	At time.Time `json:"at"`
	crm.Rating
}

// Changes are the changes among the steps. That something is announced is none beside the announced itself.
func (h *History) Changes(steps []story.Step) []Change {
	var list []Change
	last := ""
	for _, st := range steps {
		r := st.Rating
		r.Decide = nil
		line := story.Summary(r)
		if line == last {
			continue
		}
		last = line
		r.Reasons = append([]crm.Reason{}, r.Reasons...) // a list, also where there are none
		list = append(list, Change{h.ID, st.At.UTC(), r})
	}
	return list
}

// Print writes a line for each change, and below it the reasons where they changed.
func (h *History) Print(out io.Writer, steps []story.Step) error {
	fmt.Fprintf(out, "%s\n\n", h.ID)
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "WHEN (UTC)\tRATING\tSTATUS\tGROUND\tNEXT MOVE\tADVICE AND REASONS")
	last := ""
	for _, c := range h.Changes(steps) {
		if c.Unrated != "" {
			fmt.Fprintf(w, "%s\t-\t-\t-\t-\tnot rated: %s\n", c.At.Format("2006-01-02 15:04"),
				strings.ReplaceAll(c.Unrated, "_", " "))
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", c.At.Format("2006-01-02 15:04"), c.Letter, standing(c),
			orDash(string(c.Ground)), nextMove(c), orDash(c.Action))
		reasons := c.reasons()
		if reasons != last {
			for line := range strings.Lines(reasons) {
				fmt.Fprintf(w, "\t\t\t\t\t%s\n", strings.TrimSuffix(line, "\n"))
			}
		}
		last = reasons
	}
	return w.Flush()
}

func (c *Change) reasons() string {
	var b strings.Builder
	for _, r := range c.Reasons {
		if r.Sub != "" {
			fmt.Fprintf(&b, "%+d %s (%s)\n", r.Points, r.Text, r.ID)
		} else {
			fmt.Fprintf(&b, "   %s (%s)\n", r.Text, r.ID)
		}
	}
	return b.String()
}

func standing(c Change) string {
	switch {
	case c.PendingUntil != 0:
		return fmt.Sprintf("%s until %s", c.Status, c.PendingUntil.Time().Format(time.DateOnly))
	case c.RecheckOn != 0:
		return fmt.Sprintf("%s, again on %s", c.Status, c.RecheckOn.Time().Format(time.DateOnly))
	}
	return string(c.Status)
}

func nextMove(c Change) string {
	if c.OwedSince != 0 {
		return fmt.Sprintf("%s, owed since %s", c.Ball, c.OwedSince.Time().Format(time.DateOnly))
	}
	return string(c.Ball)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
