package main

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// widestText is how wide running text is at most, also where there is room for more: longer lines are hard to read.
const widestText = 100

// folding writes lines that are wider than a terminal as several, which break between words. Whole lines have to be
// written to it, in however many parts.
type folding struct {
	w     io.Writer
	width int
	part  []byte // of a line whose end has not come
}

// folded returns w where it has no width of its own, as files have none, and else what folds for it.
func folded(w io.Writer) io.Writer {
	if width := screen(w); width > 0 {
		return &folding{w: w, width: width}
	}
	return w
}

func (f *folding) Write(p []byte) (int, error) {
	f.part = append(f.part, p...)
	end := bytes.LastIndexByte(f.part, '\n') + 1
	var b strings.Builder
	for line := range strings.Lines(string(f.part[:end])) {
		line = strings.TrimRight(line, " \n")
		b.WriteString(fold(line, f.width, hang(line, f.width)) + "\n")
	}
	f.part = append([]byte(nil), f.part[end:]...)
	if _, err := io.WriteString(f.w, b.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// hang is how far the lines are indented that a line goes on in: as its last column is, or a little more than itself.
func hang(line string, width int) int {
	text := strings.TrimLeft(line, " ")
	own := len(line) - len(text)
	if at := strings.LastIndex(text, gap); at > 0 {
		if column := own + visible(text[:at]) + len(gap); column <= width*3/5 {
			return column
		}
	}
	return own + 4
}

// fold breaks a line between words so that none is wider than width, 0 for any; all but the first are indented. A word
// that is wider stays whole, so that it can be copied.
func fold(line string, width, indent int) string {
	if width <= 0 || visible(line) <= width {
		return line
	}
	indent = min(indent, width/2)
	text := strings.TrimLeft(line, " ")
	own := len(line) - len(text)
	if own > width/2 { // below the columns before it there is no room
		own, indent = 8, 8
	}
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", own))
	for room := width - own; visible(text) > room; room = width - indent {
		at := fits(text, room)
		if at == len(text) {
			break
		}
		b.WriteString(strings.TrimRight(text[:at], " ") + "\n" + strings.Repeat(" ", indent))
		text = strings.TrimLeft(text[at:], " ")
	}
	return b.String() + text
}

// fits is how much of a text has room: whole words, one at least.
func fits(text string, room int) int {
	word := 0
	for at := range text {
		if text[at] != ' ' {
			continue
		}
		if word > 0 && visible(text[:at]) > room {
			return word
		}
		word = at
	}
	if word > 0 && visible(text) > room {
		return word
	}
	return len(text)
}

// marks are what colours a text, which has no width.
var marks = regexp.MustCompile(`^\x1b\[[0-9;]*m`)

// visible is how many columns a text takes.
func visible(s string) int {
	n := 0
	for s != "" {
		if mark := marks.FindString(s); mark != "" {
			s = s[len(mark):]
			continue
		}
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		n++
	}
	return n
}

// reflowed breaks paragraphs anew. Lines that are indented stand as they are.
func reflowed(text string, width int) string {
	var out []string
	running := false
	for line := range strings.SplitSeq(text, "\n") {
		runs := line != "" && !strings.HasPrefix(line, " ")
		if runs && running {
			out[len(out)-1] += " " + line
		} else {
			out = append(out, line)
		}
		running = runs
	}
	for i, line := range out {
		if !strings.HasPrefix(line, " ") {
			out[i] = fold(line, width, 0)
		}
	}
	return strings.Join(out, "\n")
}

// withHelp has the help of every command fit the terminal.
func withHelp(root *cobra.Command) {
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		out, width := cmd.OutOrStdout(), widestText
		if n := screen(out); n > 0 {
			width = min(n, width)
		}
		cmd.Long = reflowed(cmd.Long, width)
		cmd.SetOut(folded(out))
		help(cmd, args)
		cmd.SetOut(out)
	})
}
