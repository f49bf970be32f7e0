package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// screen is how wide what is printed to w may be: as the terminal is, or COLUMNS says; 0: there is no limit, as for
// files and other programs.
func screen(w io.Writer) int {
	if f, ok := w.(*folding); ok {
		return f.width
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if f, ok := w.(*os.File); ok {
		width, _ := terminalSize(f)()
		return width
	}
	return 0
}

// loud marks what needs a person now, on a terminal that shows colours and whose owner wants them.
// Source: no-color.org.
func loud(w io.Writer, text string) string {
	if f, ok := w.(*folding); ok {
		w = f.w
	}
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return text
	}
	if width, _ := terminalSize(f)(); width == 0 {
		return text
	}
	return "\033[1;31m" + text + "\033[0m"
}

// table is rows under a heading.
type table struct {
	head  []string
	rows  [][]string
	prose string // the column that needs no name where it stands below its row
}

func newTable(head ...string) *table { return &table{head: head} }

func (t *table) add(cells ...any) {
	row := make([]string, len(t.head))
	for i, c := range cells {
		row[i] = fmt.Sprint(c)
	}
	t.rows = append(t.rows, row)
}

// below prints the table below what is printed already, under a title where it has one; nothing where it has no rows.
func (t *table) below(w io.Writer, title string) error {
	if len(t.rows) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	if title != "" {
		fmt.Fprintln(w, title)
	}
	return t.print(w, screen(w))
}

// gap is what stands between two columns.
const gap = "  "

// print prints the table so that no line is wider than width, 0 for any. Columns that have no room there go to a second
// line of their row, or more, each behind its name.
func (t *table) print(w io.Writer, width int) error {
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	if len(t.rows) == 0 {
		_, err := fmt.Fprintln(w, "none")
		return err
	}
	fit, used := 0, -len(gap)
	for fit < len(widths) && (width == 0 || used+len(gap)+widths[fit] <= width) {
		used += len(gap) + widths[fit]
		fit++
	}
	fit = max(fit, 1)
	var b strings.Builder
	for n, row := range append([][]string{t.head}, t.rows...) {
		var line strings.Builder
		for i, c := range row[:fit] {
			fmt.Fprintf(&line, "%-*s%s", widths[i], c, gap)
		}
		fmt.Fprintln(&b, bounded(line.String(), width))
		if n == 0 {
			continue
		}
		var rest []string
		for i, c := range row[fit:] {
			if name := strings.ToLower(t.head[fit+i]) + " "; c != "" && c != "-" {
				if t.head[fit+i] == t.prose {
					name = ""
				}
				rest = append(rest, name+c)
			}
		}
		if len(rest) > 0 {
			fmt.Fprintln(&b, fold("    "+strings.Join(rest, ", "), width, 4))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// bounded is a line of at most width, 0 for any.
func bounded(line string, width int) string {
	line = strings.TrimRight(line, " ")
	if width == 0 {
		return line
	}
	return short(line, width)
}
