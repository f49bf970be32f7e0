package text

import (
	"strings"
	"unicode/utf8"
)

// split cuts a plain message into its new text and what stands below that: signature, footers, legal notices. Quoted text is in
// neither, and quotes tells whether there was any. forwarded asks for what a forwarded message holds, if nothing new stands above it.
func split(plain string, forwarded bool) (text, tail string, quotes bool) {
	ls := splitLines(plain)
	for range 3 { // a forward of a forward of a forward
		keep, rest := unquote(ls)
		text, tail = compose(keep, len(plain))
		kept := 0
		for _, seg := range keep {
			kept += len(seg)
		}
		quotes = kept < len(ls)
		if !forwarded || text != "" || len(rest) == 0 {
			break
		}
		ls = rest
	}
	return text, tail, quotes
}

// splitLines cuts s at its line ends, without trailing white space.
func splitLines(s string) []string {
	ls := strings.Split(s, "\n")
	for i, l := range ls {
		if n := len(l); n == 0 || l[n-1] > ' ' && l[n-1] < utf8.RuneSelf {
			continue // mostly there is nothing to trim
		}
		ls[i] = strings.TrimRight(l, " \t\r\u00a0\u3000\ufeff\u200b")
	}
	return ls
}

// unquote returns the segments of new text between quoted ones, and the lines of the last quoted message if it was cut off as a
// whole. Lines marked with > are taken out one by one, so that answers between them stay. Below a header that is not followed
// by marked lines everything is history.
func unquote(ls []string) (segments [][]string, rest []string) {
	start := 0
	flush := func(end int) {
		if end > start {
			segments = append(segments, ls[start:end])
		}
	}
	for i := 0; i < len(ls); i++ {
		l := ls[i]
		switch {
		case l == "":
			continue
		case quoted(l):
			flush(i)
			start = i + 1
			continue
		}
		n, whole := quoteHeader(ls, i)
		if n == 0 {
			continue
		}
		flush(i)
		start = i + n
		if next := nextText(ls, i+n); whole || next < len(ls) && !quoted(ls[next]) {
			return segments, ls[min(i+n, len(ls)):]
		}
		i += n - 1
	}
	flush(len(ls))
	return segments, nil
}

// quoted reports whether l is marked as quoted.
func quoted(l string) bool {
	for i := 0; i < min(len(l), 4); i++ {
		if l[i] == '>' {
			return true
		}
		if l[i] != ' ' && l[i] != '\t' {
			break
		}
	}
	return strings.HasPrefix(l, "\uff1e")
}

// nextText is the next line from i on that holds anything.
func nextText(ls []string, i int) int {
	for i < len(ls) && ls[i] == "" {
		i++
	}
	return i
}

// compose takes the tail off each segment and joins what is left.
func compose(segments [][]string, size int) (text, tail string) {
	var body, below strings.Builder
	if len(segments) > 0 {
		body.Grow(size)
	}
	for k, seg := range segments {
		keep, rest := cutTail(seg, k > 0 && body.Len() > 0)
		join(&body, keep)
		join(&below, rest)
	}
	text, tail = strings.TrimSpace(body.String()), strings.TrimSpace(below.String())
	if text == "" && len(segments) > 0 && !signs(segments[0]) {
		// Nothing but what looks like a tail: a message that consists of "Unsubscribe" or "Best regards" says just that.
		return tail, ""
	}
	return text, tail
}

// signs reports whether the first text line of seg is a mark that a signature follows.
func signs(seg []string) bool {
	i := nextText(seg, 0)
	return i < len(seg) && (delimiter(seg[i]) || sentFrom(fold(bounds(seg[i]))))
}

func join(b *strings.Builder, ls []string) {
	if len(ls) == 0 {
		return
	}
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	for _, l := range ls {
		b.WriteString(l)
		b.WriteByte('\n')
	}
}

// maxLine is how much of a line is looked at when it is held against what mail programs write, in bytes.
const maxLine = 400

// bounds is the beginning of l, never in the middle of a character.
func bounds(l string) string {
	if len(l) <= maxLine {
		return l
	}
	n := maxLine
	for n > 0 && !utf8.RuneStart(l[n]) {
		n--
	}
	return l[:n]
}
