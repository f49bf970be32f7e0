package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
)

// printStatus prints what the console's pages Today, Sources and System show, what needs a person last, where it is
// seen.
func printStatus(w io.Writer, p api.StatusPage) error {
	fmt.Fprintf(w, "winnow %s, mode %s, rules %s\n", p.Version, p.Mode, p.Model)
	if p.Unknown != "" {
		fmt.Fprintf(w, "the store is not answering, so that what waits is not known: %s\n", p.Unknown)
	}
	shownNotes(w, p.Shown)
	for i := range p.Sources {
		if err := printSource(w, &p.Sources[i], p.Band); err != nil {
			return err
		}
	}
	for _, u := range p.Unrated {
		fmt.Fprintf(w, "\npartition %d: %s of facts to rate, the oldest for %s\n", u.Partition,
			english.Plural(int(u.Bundles), "bundle", ""), u.Age().Truncate(time.Second))
	}
	for _, m := range p.Members {
		this := ""
		if m.This {
			this = " (this one)"
		}
		fmt.Fprintf(w, "\nprocess %s%s: %s, heard of %s", m.ID, this, strings.Join(m.Roles, ","), minute(m.Heard))
	}
	if p.Disk != nil {
		fmt.Fprintf(w, "\ndisk: %s free, below %s nothing more is taken in", humanize.IBytes(p.Disk.Free),
			humanize.IBytes(p.Disk.Floor))
	}
	fmt.Fprintln(w)
	if p.Waiting > 0 {
		fmt.Fprintf(w, "\n%s: winnow deadletters list\n",
			english.PluralWord(p.Waiting, "1 dead letter waits", fmt.Sprintf("%d dead letters wait", p.Waiting)))
	}
	printProblems(w, p.Problems)
	return nil
}

// printSource prints how a source stands.
func printSource(w io.Writer, s *operate.Health, band [2]int) error {
	state := "announcements go out"
	if !s.Announces {
		state = "nothing is announced: " + s.HeldBy
	}
	fmt.Fprintf(w, "\n%s (%s): %s\n", s.Name, s.Vendor, state)
	line := func(format string, args ...any) { fmt.Fprintf(w, "  "+format+"\n", args...) }
	if s.Needs != "" {
		line("%s %s", loud(w, "needs a person:"), s.Needs)
	}
	if s.HeldSome > 0 {
		line("dead letters hold back: %s", english.Plural(s.HeldSome, "contact", ""))
	}
	behind := ""
	if s.Behind >= time.Minute {
		behind = fmt.Sprintf(", %s behind", s.Behind.Truncate(time.Second))
	}
	line("read up to %s%s", s.ReadUpTo.UTC().Format("2006-01-02 15:04"), behind)
	line("waiting: %d to read, %d to fetch, %d to write", s.Read, s.Fetch, s.Write)
	var letters []string
	rated := 0
	for letter, n := range s.Rated {
		letters = append(letters, fmt.Sprintf("%s %d", letter, n))
		rated += n
	}
	slices.Sort(letters)
	if rated > 0 {
		line("rated: %s; flagged %d (%d %%, expected %d to %d %%); overdue %d",
			strings.Join(letters, ", "), s.Flagged, 100*s.Flagged/rated, band[0], band[1], s.Overdue)
	} else {
		line("rated: nobody yet")
	}
	if s.Unprofiled > 0 {
		line("without a profile yet: %d", s.Unprofiled)
	}
	if s.Interval >= 0 {
		day := ""
		if s.Day >= 0 {
			day = fmt.Sprintf(", %d today", s.Day)
		}
		line("calls left: %d in the interval%s", s.Interval, day)
	}
	for _, lacks := range s.Lacks {
		line("lacks %s", lacks)
	}
	return printRoles(w, s)
}

// printRoles prints how the roles of a source stand in the process that was asked.
func printRoles(w io.Writer, s *operate.Health) error {
	t := newTable("  ROLE", "LAST SUCCESS", "LAST ERROR", "STATE")
	for _, r := range s.Roles {
		state := "well"
		if r.Fails() {
			state = "fails since " + minute(r.Since)
		}
		t.add("  "+r.Role, minute(r.Success), minute(r.Failure), state)
	}
	if len(s.Roles) > 0 {
		if err := t.print(w, screen(w)); err != nil {
			return err
		}
	}
	for _, r := range s.Roles {
		if !r.Fails() {
			continue
		}
		next := ""
		if !r.Next.IsZero() {
			next = ", next try " + minute(r.Next)
		}
		fmt.Fprintf(w, "  %s: %s%s: %s\n", r.Role, strings.ReplaceAll(r.Kind, "_", " "), next, r.Error)
	}
	return nil
}

func minute(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// printProblems prints what needs a person, worst first, with what helps.
func printProblems(w io.Writer, list []api.Problem) {
	if len(list) == 0 {
		fmt.Fprintln(w, "\nnothing needs a person")
		return
	}
	fmt.Fprintln(w, "\nNEEDS A PERSON")
	for _, f := range list {
		line := f.What
		if f.Count > 0 {
			line = fmt.Sprintf("%d %s", f.Count, line)
		}
		if f.Source != "" {
			line = f.Source + ": " + line
		}
		if f.Urgent {
			line = loud(w, "now:") + " " + line
		}
		fmt.Fprintln(w, line)
		if f.Fix != "" {
			fmt.Fprintln(w, "    "+f.Fix)
		}
	}
}
