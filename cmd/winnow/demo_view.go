package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/winnow-crm/winnow/cmd/internal/cast"
	"github.com/winnow-crm/winnow/cmd/internal/sandbox"
)

// demoView shows what is written to the CRM: on a terminal as a table that changes in place, elsewhere as a line for each change of
// rating or status.
type demoView struct {
	out     io.Writer
	live    bool
	members []cast.Member

	mu     sync.Mutex
	fields map[string]map[string]string // by contact, as written
	shown  map[string]string            // by contact, what the last line said
	writes int
	blamed int // writes that took something from a contact while we owed the answer
	lines  int // of the table on the screen
	drawn  time.Time
}

func newDemoView(out io.Writer, live bool, members []cast.Member) *demoView {
	return &demoView{out: out, live: live, members: members, fields: map[string]map[string]string{}, shown: map[string]string{}}
}

func (v *demoView) intro(api, hooks string) {
	fmt.Fprintf(v.out, "%d prospects play through eight months against a sandbox HubSpot (%s).\nIts signed webhooks go to http://%s/hooks/hubspot; what Winnow writes back is shown here.\n\n", len(v.members), api, hooks)
	if !v.live {
		fmt.Fprintf(v.out, "%-10s  %-34s %-6s %5s  %-12s  %-4s  %s\n", "DATE", "PROSPECT", "RATING", "SCORE", "STATUS", "BALL", "STRONGEST REASON")
	}
}

// wrote takes note of one write to the sandbox.
func (v *demoView) wrote(w sandbox.Write) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.writes++
	f := v.fields[w.Contact]
	if f == nil {
		f = map[string]string{}
		v.fields[w.Contact] = f
	}
	for name, value := range w.Properties {
		f[strings.TrimPrefix(name, "winnow_")] = value
	}
	if f["owed_reply_since"] != "" && (f["status"] == "pending" || f["status"] == "disqualified") {
		v.blamed++
	}
	if v.live {
		return
	}
	line := f["rating"] + f["status"]
	if line == v.shown[w.Contact] {
		return
	}
	v.shown[w.Contact] = line
	fmt.Fprintf(v.out, "%s  %s\n", w.Time.Format(time.DateOnly), v.row(w.Contact))
}

func (v *demoView) row(contact string) string {
	f := v.fields[contact]
	reason, _, _ := strings.Cut(f["reasons"], "\n")
	return fmt.Sprintf("%-34s %-6s %5s  %-12s  %-4s  %s", short(v.name(contact), 34), dash(f["rating"]), dash(f["score"]), dash(f["status"]), dash(f["ball"]), reason)
}

func (v *demoView) name(contact string) string {
	for i := range v.members {
		if v.members[i].Contact == contact {
			return v.members[i].Name
		}
	}
	return "contact " + contact
}

// day draws the table anew on a terminal.
func (v *demoView) day(t time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.live || time.Since(v.drawn) < 30*time.Millisecond {
		return
	}
	v.drawn = time.Now()
	v.table(t)
}

func (v *demoView) table(t time.Time) {
	var b strings.Builder
	if v.lines > 0 {
		fmt.Fprintf(&b, "\033[%dA", v.lines)
	}
	lines := []string{
		t.Format("Monday 2 January 2006"),
		fmt.Sprintf("%-34s %-6s %5s  %-12s  %-4s  %s", "PROSPECT", "RATING", "SCORE", "STATUS", "BALL", "STRONGEST REASON"),
	}
	for i := range v.members {
		if v.members[i].Contact == "" {
			lines = append(lines, fmt.Sprintf("%-34s -", short(v.members[i].Name, 34)))
			continue
		}
		lines = append(lines, v.row(v.members[i].Contact))
	}
	for _, l := range lines {
		b.WriteString("\r\033[K" + short(l, 150) + "\n")
	}
	v.lines = len(lines)
	_, _ = io.WriteString(v.out, b.String()) // a terminal that is gone needs no table
}

// summary shows how each prospect ended and why, and returns how many did not end as their story says.
func (v *demoView) summary(box *sandbox.Sandbox, members []cast.Member, took time.Duration) (failed int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.members = members
	if v.live {
		fmt.Fprintln(v.out)
	}
	fmt.Fprintf(v.out, "\nHow it ended\n\n")
	for _, m := range members {
		f := v.fields[m.Contact]
		mark := "ok  "
		err := cast.Check(box, m)
		if err != nil {
			mark = "FAIL"
			failed++
		}
		fmt.Fprintf(v.out, "%s %s: %s, %s", mark, m.Name, orNone(f["rating"]), orWord(f["status"], "nothing written"))
		if f["disqualification_reason"] != "" {
			fmt.Fprintf(v.out, " (%s)", f["disqualification_reason"])
		}
		fmt.Fprintln(v.out)
		fmt.Fprintln(v.out, wrap(m.Story, "     ", 140))
		for i, r := range strings.Split(f["reasons"], "\n") {
			if r == "" || i == 4 {
				break
			}
			fmt.Fprintf(v.out, "       %s\n", r)
		}
		if f["recommended_action"] != "" {
			fmt.Fprintf(v.out, "       advice: %s\n", f["recommended_action"])
		}
		if err != nil {
			fmt.Fprintf(v.out, "       NOT AS EXPECTED: %v\n", err)
		}
	}
	fmt.Fprintf(v.out, "\n%d prospects, %d ratings written in %d batch calls, %.0f s. Announced against somebody while we owed the answer: %d.\n",
		len(members), v.writes, box.BatchCalls(), took.Seconds(), v.blamed)
	if v.blamed > 0 {
		failed++
	}
	return failed
}

func orNone(letter string) string { return orWord(letter, "no rating") }

func orWord(s, word string) string {
	if s == "" {
		return word
	}
	return s
}

// wrap breaks text into lines of width, each behind indent.
func wrap(text, indent string, width int) string {
	var b strings.Builder
	n := 0
	for _, w := range strings.Fields(text) {
		if n == 0 || n+1+utf8.RuneCountInString(w) > width {
			if n > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(indent)
			n = utf8.RuneCountInString(indent)
		} else {
			b.WriteByte(' ')
			n++
		}
		b.WriteString(w)
		n += utf8.RuneCountInString(w)
	}
	return b.String()
}
