package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/winnow-crm/winnow/cmd/internal/lab/cast"
	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

// demoView shows what is written to the CRM: on a terminal that has room for it as a table that changes in place,
// elsewhere as a line for each change of rating or status.
type demoView struct {
	out     io.Writer
	size    func() (width, height int) // of the terminal, asked each time because people resize it; 0, 0: there is none
	person  func(contact string) string
	members []cast.Member

	mu     sync.Mutex
	fields map[string]map[string]string // by contact, as written
	shown  map[string]string            // by contact, what the last line said
	writes int
	blamed int  // writes that took something from a contact while we owed the answer
	headed bool // the heading of the lines is out
	lines  int  // of the table on the screen
	width  int  // of the terminal when the table was drawn
	height int
	drawn  time.Time
}

func newDemoView(out io.Writer, size func() (width, height int), person func(contact string) string,
	members []cast.Member,
) *demoView {
	return &demoView{
		out: out, size: size, person: person, members: members, fields: map[string]map[string]string{},
		shown: map[string]string{},
	}
}

// terminalSize is how large the terminal behind f is, 0, 0 where f is none.
func terminalSize(f *os.File) func() (width, height int) {
	return func() (int, int) {
		width, height, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return 0, 0
		}
		return width, height
	}
}

// live reports whether the table, with its two lines of heading and the line of the cursor, has room on a terminal of
// this size.
func (v *demoView) live(width, height int) bool { return width >= 60 && height >= len(v.members)+3 }

func (v *demoView) intro(crm, api, hooks string) {
	width, _ := v.size()
	text := fmt.Sprintf("%d prospects play through eight months against a sandbox %s (%s). Its webhooks go to %s; "+
		"what Winnow writes back is shown here.",
		len(v.members), crm, api, hooks)
	fmt.Fprintf(v.out, "%s\n\n", wrap(text, "", textWidth(width)))
}

// wrote takes note of one write to the sandbox.
func (v *demoView) wrote(w world.Write) {
	name := v.name(w.Person)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.writes++
	f := v.fields[w.Person]
	if f == nil {
		f = map[string]string{}
		v.fields[w.Person] = f
	}
	maps.Copy(f, w.Fields)
	if f["owed_reply_since"] != "" && (f["status"] == "pending" || f["status"] == "disqualified") {
		v.blamed++
	}
	width, height := v.size()
	if v.live(width, height) {
		return
	}
	line := f["rating"] + f["status"]
	if line == v.shown[w.Person] {
		return
	}
	v.shown[w.Person] = line
	if !v.headed {
		v.headed = true
		fmt.Fprintln(v.out, cut(fmt.Sprintf("%-10s  %s", "DATE", heading(width-12)), width))
	}
	fmt.Fprintln(v.out, cut(fmt.Sprintf("%s  %s", w.Time.Format(time.DateOnly), row(name, f, width-12)), width))
}

// nameWidth is the room for a name on a terminal of a width: reasons have 24 columns of a narrow one.
func nameWidth(width int) int {
	const most = 46 // longer than any name of the cast
	if width <= 0 {
		return most
	}
	return min(most, max(16, width-57))
}

func heading(width int) string {
	return columns(nameWidth(width), "PROSPECT", "RATING", "", "STATUS", "NEXT MOVE", "WHY")
}

// row is what a table says of one contact on a terminal of a width, 0 where it is none.
func row(name string, f map[string]string, width int) string {
	return columns(nameWidth(width), name, dash(f["rating"]), f["score"], dash(f["status"]), dash(f["ball"]), why(f))
}

// why is the ground where something was decided against a contact, and else the strongest reason of its rating.
func why(f map[string]string) string {
	reason, _, _ := strings.Cut(f["reasons"], "\n")
	if ground := f["disqualification_reason"]; ground != "" {
		return strings.TrimSuffix(strings.ReplaceAll(ground, "_", " ")+"; "+reason, "; ")
	}
	if len(f) > 0 && f["rating"] == "" {
		return "is not rated any more: what was written is taken back"
	}
	return reason
}

func columns(name int, prospect, rating, score, status, move, reason string) string {
	if score != "" {
		rating = fmt.Sprintf("%s %4s", rating, score)
	}
	return strings.TrimRight(fmt.Sprintf("%-*s  %-6s  %-12s  %-9s  %s", name, short(prospect, name), rating, status,
		move, reason), " ")
}

// cut keeps a line from wrapping: a terminal's last column stays empty, because some go to the next line as soon as it
// is filled.
func cut(line string, width int) string {
	if width <= 1 {
		return line
	}
	return short(line, width-1)
}

// name is what the cast calls a contact, and who is around it. A contact that is in the CRM twice is so under one name.
func (v *demoView) name(contact string) string {
	person := v.person(contact)
	for i := range v.members {
		if p := v.members[i].Profile; p.First+" "+p.Last == person {
			return brief(v.members[i].Name)
		}
		if who := v.members[i].Beside[person]; who != "" {
			return brief(who)
		}
	}
	return person
}

// brief leaves out the words with which all names of the cast begin.
func brief(name string) string {
	if rest, ok := strings.CutPrefix(name, "the one "); ok {
		return rest
	}
	return strings.TrimPrefix(name, "the ")
}

// day draws the table anew on a terminal.
func (v *demoView) day(t time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if time.Since(v.drawn) < 30*time.Millisecond {
		return
	}
	v.drawn = time.Now()
	if width, height := v.size(); v.live(width, height) {
		v.table(t, width, height)
	}
}

func (v *demoView) table(t time.Time, width, height int) {
	var b strings.Builder
	switch {
	case v.lines == 0:
	case width != v.width || height != v.height: // the lines on the screen lie elsewhere now
		b.WriteString("\033[H\033[2J")
	default:
		fmt.Fprintf(&b, "\033[%dA", v.lines)
	}
	lines := []string{t.Format("Monday 2 January 2006"), heading(width)}
	for i := range v.members {
		lines = append(lines, row(brief(v.members[i].Name), v.fields[v.members[i].Contact], width))
	}
	for _, l := range lines {
		b.WriteString("\r\033[K" + cut(l, width) + "\n")
	}
	v.lines, v.width, v.height = len(lines), width, height
	_, _ = io.WriteString(v.out, b.String()) // a terminal that is gone needs no table
}

// summary shows how each prospect ended and why, and returns how many did not end as their story says.
func (v *demoView) summary(box world.Face, members []cast.Member, took time.Duration) (failed int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	screen, _ := v.size()
	width := textWidth(screen)
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
		fmt.Fprintln(v.out, wrap(m.Story, "     ", width))
		for i, r := range strings.Split(f["reasons"], "\n") {
			if r == "" || i == 4 {
				break
			}
			fmt.Fprintln(v.out, wrap(r, "       ", width))
		}
		if f["recommended_action"] != "" {
			fmt.Fprintln(v.out, wrap("advice: "+f["recommended_action"], "       ", width))
		}
		if err != nil {
			fmt.Fprintf(v.out, "       NOT AS EXPECTED: %v\n", err)
		}
	}
	fmt.Fprintf(v.out, "\n%d prospects, %d ratings written in %d batch calls, %.0f s.\nAnnounced against somebody "+
		"while we owed the answer: %d.\n",
		len(members), v.writes, box.WriteCalls(), took.Seconds(), v.blamed)
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

// textWidth is how wide running text is on a terminal of a width, 0 where it is none.
func textWidth(screen int) int {
	if screen == 0 {
		return 140
	}
	return min(140, max(40, screen-1))
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
