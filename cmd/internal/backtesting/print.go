package backtesting

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Print writes the report as tables, with at most so many changes.
func (r *Report) Print(w io.Writer, most int) error {
	fmt.Fprintf(w,
		"Contacts rated day by day under both, from %[2]s to %[3]s: %[1]d; not rated: %[4]d. Nothing is written.\n\n",
		r.Contacts, date(r.Since), date(r.Until), r.Unrated)
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(tw, "SETTING\tTODAY\tDRAFT")
	for _, s := range r.Changed {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", s.Name, orNone(s.Today), orNone(s.Draft))
	}
	if len(r.Changed) == 0 {
		fmt.Fprintln(tw, "the draft changes nothing\t\t")
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := r.printTallies(w); err != nil {
		return err
	}
	if len(r.Moves) > 0 {
		fmt.Fprint(w, "\nRatings that change:")
		for _, m := range slices.Sorted(maps.Keys(r.Moves)) {
			fmt.Fprintf(w, "  %s %d", strings.Replace(m, ">", " to ", 1), r.Moves[m])
		}
		fmt.Fprintln(w)
	}
	if len(r.Changes) == 0 {
		_, err := fmt.Fprintln(w, "\nNobody changes.")
		return err
	}
	if r.Cut+r.Warned > 0 {
		fmt.Fprintf(w, "\nWon, and the draft would have let them go before: %d; made them pending: %d. They come "+
			"first.\n", r.Cut, r.Warned)
	}
	fmt.Fprintf(w,
		"\nContacts that change: %d; newly flagged: %d, no longer flagged: %d.\n\n", r.Differ, r.Newly, r.Freed)
	tw = tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(tw, "CONTACT\tTODAY\tDRAFT\tDEAL\tWHY")
	for i := range r.Changes {
		if i == most {
			break
		}
		d := &r.Changes[i]
		fmt.Fprintf(tw, "%s/%s\t%s\t%s\t%s\t%s\n", d.Source, d.Contact, d.Today.text(), d.Draft.text(), d.Outcome,
			strings.Join(first(d.Why, 2), "; "))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	if more := r.Differ - most; more > 0 {
		_, err := fmt.Fprintf(w, "and %d more: --all, --csv or --json shows them\n", more)
		return err
	}
	return nil
}

// printTallies writes what each variant makes of all contacts, and what it would have cost among the deals that came to
// an end.
func (r *Report) printTallies(w io.Writer) error {
	name := func(i int) string {
		if i > 1 {
			return r.Tallies[i].Name + " alone"
		}
		return r.Tallies[i].Name
	}
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(tw, "SETTINGS\tA\tB\tC\tD\tPENDING\tDISQUALIFIED\tFLAGGED NOW\tFLAGGED AT ANY TIME")
	for i := range r.Tallies {
		t := &r.Tallies[i]
		fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.1f %%\t%.1f %%\n", name(i), t.Letters["A"], t.Letters["B"],
			t.Letters["C"], t.Letters["D"],
			t.Statuses[crm.Pending], t.Statuses[crm.Disqualified], per100(t.Flagged, r.Contacts),
			per100(t.Ever, r.Contacts))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	if r.Wins+r.Losses == 0 {
		_, err := fmt.Fprintln(w, "\nNo deal was won or lost in this time, as far as the records know: what the "+
			"settings would have cost cannot be said.")
		return err
	}
	fmt.Fprintf(w, "\nDeals that came to an end in this time, and whom the settings would have flagged before: %d "+
		"won, %d lost.\n\n", r.Wins, r.Losses)
	tw = tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(tw, "BEFORE THE END OF THE DEAL\tWON, PENDING\tWON, DISQUALIFIED\tLOST, PENDING")
	for i := range r.Tallies {
		t := &r.Tallies[i]
		fmt.Fprintf(tw, "%s\t%d\t%s\t%d\n", name(i), t.WinsWarn, cut(t), t.LossFlag)
	}
	return tw.Flush()
}

func cut(t *Tally) string {
	if t.WinsMoney == 0 {
		return strconv.Itoa(t.WinsCut)
	}
	return fmt.Sprintf("%d, worth %d", t.WinsCut, t.WinsMoney/100)
}

func (s Side) text() string {
	text := fmt.Sprintf("%s %d %s", s.Rating, s.Score, s.Status)
	if s.Ground != "" {
		text += " " + string(s.Ground)
	}
	if s.Flagged != 0 && !flagged(s.Status) {
		text += ", pending on " + date(s.Flagged)
	}
	return text
}

func date(m crm.Millis) string {
	if m == 0 {
		return ""
	}
	return m.Time().Format(time.DateOnly)
}

func orNone(v string) string {
	if v == "" {
		return "-"
	}
	return v
}

func per100(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return 100 * float64(n) / float64(of)
}

func first(list []string, n int) []string { return list[:min(n, len(list))] }

// CSV writes a line a contact that changes.
func (r *Report) CSV(w io.Writer) error {
	cw := csv.NewWriter(w)
	_ = cw.Write([]string{
		"source", "contact", "today_rating", "today_score", "today_status", "today_ground", "today_first_pending",
		"today_first_disqualified", "draft_rating", "draft_score", "draft_status",
		"draft_ground", "draft_first_pending", "draft_first_disqualified", "outcome", "closed", "amount", "why",
	}) // the error of any Write shows at the end
	for i := range r.Changes {
		d := &r.Changes[i]
		_ = cw.Write([]string{
			d.Source, Cell(d.Contact), d.Today.Rating, strconv.Itoa(d.Today.Score), string(d.Today.Status),
			string(d.Today.Ground), date(d.Today.Flagged), date(d.Today.Ended),
			d.Draft.Rating, strconv.Itoa(d.Draft.Score), string(d.Draft.Status), string(d.Draft.Ground),
			date(d.Draft.Flagged), date(d.Draft.Ended),
			d.Outcome, date(d.Closed), strconv.FormatInt(d.Amount, 10), Cell(strings.Join(d.Why, "; ")),
		})
	}
	cw.Flush()
	return cw.Error()
}

// Cell keeps a spreadsheet from taking a text for a formula.
func Cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
