package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/winnow-crm/winnow/cmd/internal/lab/cast"
	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

// shown plays a few writes and days on a terminal whose size comes from size, and returns what is printed.
func shown(size func() (int, int)) string {
	var out bytes.Buffer
	members := cast.All()
	v := newDemoView(&out, size, func(contact string) string {
		if contact == "7" {
			return members[2].Profile.First + " " + members[2].Profile.Last
		}
		return "Somebody Else"
	}, members)
	v.intro("HubSpot", "http://127.0.0.1:40001", "127.0.0.1:40002")
	members[2].Contact = "7"
	for i, letter := range []string{"A", "B", "B", "C"} {
		v.wrote(world.Write{Time: cast.Begin.AddDate(0, 0, i), Person: "7", Fields: map[string]string{
			"rating": letter, "score": "50", "status": "disqualified", "ball": "them",
			"reasons": "-12 " + strings.Repeat("a reason that is long ", 9) + "\nanother",
		}})
		v.drawn = time.Time{}
		v.day(cast.Begin.AddDate(0, 0, i))
	}
	v.wrote(world.Write{Person: "8", Fields: map[string]string{"rating": "D"}})
	return out.String()
}

// A line as wide as the terminal wraps on some, and then the cursor no longer goes back to where the table began.
func TestDemoTableFitsTheTerminal(t *testing.T) {
	for _, width := range []int{60, 80, 120, 300} {
		out := shown(func() (int, int) { return width, 24 })
		if !strings.Contains(out, "\033[18A") {
			t.Errorf("%d columns: the table is not drawn over itself", width)
		}
		for line := range strings.Lines(out) {
			_, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\r\033[K")
			if !ok {
				text = strings.TrimSuffix(line, "\n")
			}
			if n := utf8.RuneCountInString(text); n >= width {
				t.Errorf("%d columns: a line of %d: %q", width, n, text)
			}
		}
	}
}

func TestDemoPrintsLineByLineWithoutRoom(t *testing.T) {
	for name, size := range map[string]func() (int, int){
		"piped":      func() (int, int) { return 0, 0 },
		"too low":    func() (int, int) { return 80, 18 },
		"too narrow": func() (int, int) { return 40, 50 },
	} {
		out := shown(size)
		if strings.Contains(out, "\033") {
			t.Errorf("%s: moves the cursor:\n%q", name, out)
		}
		if n := strings.Count(out, "2026-01-1"); n != 3 {
			t.Errorf("%s: %d lines for three changes:\n%s", name, n, out)
		}
		if strings.Count(out, "PROSPECT") != 1 || !strings.Contains(out, "Somebody") {
			t.Errorf("%s: one heading and the name of everybody are wanted:\n%s", name, out)
		}
	}
}

func TestDemoDrawsAnewAfterAResize(t *testing.T) {
	width := 200
	out := shown(func() (int, int) { width -= 7; return width, 30 })
	if !strings.Contains(out, "\033[H\033[2J") {
		t.Errorf("a table drawn for another width is not cleared")
	}
}

// A line says whom it is about by their part in the play, and of a decision on which ground it stands.
func TestDemoSaysWhoAndWhy(t *testing.T) {
	members := cast.All()
	person := map[string]string{"1": "Ewa Lis", "2": "Walt Hopper"}
	var out bytes.Buffer
	v := newDemoView(&out, func() (int, int) { return 0, 0 }, func(contact string) string { return person[contact] },
		members)
	fields := map[string]string{"rating": "C", "status": "open", "reasons": "+7 answers our questions (A04)\nmore"}
	v.wrote(world.Write{Person: "1", Fields: fields})
	fields["status"], fields["disqualification_reason"] = "pending", "not_interested"
	v.wrote(world.Write{Person: "2", Fields: fields})
	v.wrote(world.Write{Person: "2", Fields: map[string]string{
		"rating": "", "status": "", "disqualification_reason": "", "reasons": "",
	}})
	var lines [][]string
	for line := range strings.Lines(out.String()) {
		lines = append(lines, strings.Fields(line))
	}
	for i, want := range []string{
		"colleague who answers C open - +7 answers our questions (A04)",
		"who says no C pending - not interested; +7 answers our questions (A04)",
		"who says no - - - is not rated any more",
	} {
		if got := strings.Join(lines[i+1][1:], " "); !strings.HasPrefix(got, want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
