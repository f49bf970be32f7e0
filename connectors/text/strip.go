package text

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// parts are what a plain message is made of. Quoted text is in none of them.
type parts struct {
	body   string // the new text
	tail   string // what stands below that: signature, footers, legal notices
	quotes bool   // quoted text was taken out
	passed bool   // nothing stands above what was passed on
	below  bool   // nothing stands above a header, so body is what stands below it: perhaps not theirs
}

// split cuts a plain message into its parts. forwarded says that what it holds counts where nothing new stands above
// it, marked as quoted or not; where nothing does, what stands unmarked below a header counts anyway, unless it was
// passed on. ours finds what we wrote ourselves; nil if nothing is known of that.
func split(plain string, forwarded bool, ours *ours) parts {
	var p parts
	ls := splitLines(plain)
	for range 3 { // a forward of a forward of a forward
		q := unquoted(ls, ours)
		p.body, p.tail = compose(q.segments, len(plain))
		kept := 0
		for _, seg := range q.segments {
			kept += len(seg)
		}
		p.quotes = p.quotes || kept < len(ls)
		switch {
		case p.body != "" || kept > 0 && p.tail != "":
			return p
		case q.passed && !forwarded:
			p.passed = true
			return p
		case nextText(q.rest, 0) < len(q.rest):
			ls, p.below = q.rest, !forwarded
		case forwarded:
			ls = unmark(ls)
		default:
			return p
		}
	}
	for _, l := range ls { // headers without end: whatever is not marked counts
		if !quoted(l) {
			p.body = strings.TrimSpace(p.body + "\n" + l)
		}
	}
	return p
}

// unmark takes one mark off each line that is quoted.
func unmark(ls []string) []string {
	out := make([]string, len(ls))
	for i, l := range ls {
		if out[i] = l; quoted(l) {
			out[i] = strings.TrimLeft(strings.TrimPrefix(strings.TrimLeft(l, " \t"), ">"), " \uff1e")
		}
	}
	return out
}

// splitLines cuts s at its line ends, without trailing white space.
func splitLines(s string) []string {
	ls := strings.Split(s, "\n")
	for i, l := range ls {
		if n := len(l); n == 0 || l[n-1] > ' ' && l[n-1] < utf8.RuneSelf {
			continue // mostly there is nothing to trim
		}
		ls[i] = strings.TrimRight(l, " \t\r\u00a0\u3000\ufeff\u200b\u200e\u200f\u202a\u202b\u202c")
	}
	return ls
}

// unquoting is a walk through the lines of a message.
type unquoting struct {
	ls       []string
	start    int        // the first line of the segment that is being read
	segments [][]string // of new text between quoted ones
	rest     []string   // the message below a header that is not followed by marked lines
	passed   bool       // which was passed on: it is another's
	mine     []bool     // lines that we wrote; nil if nothing is known
	inside   bool       // answers stand in what is quoted, as was asked once
	asked    bool
}

// unquoted returns the segments of new text of a message. Lines marked with > are taken out one by one, and so are
// those that we wrote, so that answers between them stay. Below a header that is not followed by marked lines
// everything is history.
func unquoted(ls []string, ours *ours) unquoting {
	u := unquoting{ls: ls}
	if ours != nil {
		u.ls, u.mine = ours.mark(ls)
	}
	for i := 0; i < len(u.ls); {
		next, end := u.step(i)
		if end {
			return u
		}
		i = next
	}
	u.flush(len(u.ls), 0)
	return u
}

// flush ends a segment at byte at of line end.
func (u *unquoting) flush(end, at int) {
	switch {
	case at > 0 && hasWord(u.ls[end][:at]):
		seg := append([]string(nil), u.ls[u.start:end]...)
		u.segments = append(u.segments, append(seg, strings.TrimRight(u.ls[end][:at], " ")))
	case end > u.start:
		u.segments = append(u.segments, u.ls[u.start:end])
	}
}

// step reads line i and returns the next one to read; end says that nothing new stands below.
func (u *unquoting) step(i int) (next int, end bool) {
	ls, l := u.ls, u.ls[i]
	switch {
	case l == "":
		return i + 1, false
	case u.mine != nil && u.mine[i]:
		u.flush(i, 0)
		u.start = i + 1
		return i + 1, false
	case quoted(l):
		return u.marked(i)
	case u.wrapped(i):
		u.flush(i, 0)
		u.start = i + 1
		return i + 1, false
	}
	below := nextText(ls, i+1)
	known := below < len(ls) && (quoted(ls[below]) || u.mine != nil && u.mine[below])
	s, ok := quoteHeader(ls, u.start, i, known)
	if !ok {
		return i + 1, false
	}
	u.flush(s.line, s.at)
	u.passed = s.passed
	return u.below(s.end)
}

// below goes on behind a header: at the marked lines that follow it, or nowhere.
func (u *unquoting) below(i int) (next int, end bool) {
	i = min(i, len(u.ls))
	u.start = i
	if u.answersInside(i) {
		return i, false
	}
	if next := nextText(u.ls, i); next == len(u.ls) || !quoted(u.ls[next]) {
		u.rest = u.ls[i:]
		return i, true
	}
	return i, false
}

// answersInside reports whether their text says that the answers stand in what is quoted from line i on, where that
// is known to be ours.
func (u *unquoting) answersInside(i int) bool {
	if u.mine != nil && !u.asked {
		u.asked, u.inside = true, slices.Contains(u.mine[i:], true) && slices.ContainsFunc(u.segments, saysBelow)
	}
	return u.inside
}

// saysBelow reports whether lines say that answers stand below them.
func saysBelow(seg []string) bool {
	return slices.ContainsFunc(seg, func(l string) bool {
		f := fold(bounds(l))
		return containsAny(f, belowCues) || containsAny(f, colourCues)
	})
}

// belowCues are how people say that they answer in between.
var belowCues = foldAll("below|inline|in-line|unten|ci-dessous|dans le texte|más abajo|abajo|qui sotto|nel testo|" +
	"abaixo|hieronder|nedan|poniżej|下記|以下|下面|아래")

// marked reads a line that is marked as quoted.
func (u *unquoting) marked(i int) (next int, end bool) {
	ls := u.ls
	if i > u.start { // the verb of an attribution that was wrapped looks like a quoted line
		if s, ok := attribution(ls, u.start, i, true); ok && s.line < i {
			u.flush(s.line, s.at)
			return u.below(i + 1)
		}
	}
	if n := u.bullets(i); n > 0 {
		return i + n, false
	}
	u.flush(i, 0)
	u.start = i + 1
	inner := strings.Trim(ls[i], " >\t")
	if inner == "" || i > 0 && quoted(ls[i-1]) {
		return i + 1, false
	}
	if next := nextText(ls, i+1); next < len(ls) && !quoted(ls[next]) { // a quoted header, and its message is not
		if _, ok := attribution([]string{inner}, 0, 0, false); ok || groupWise(ls[i]) {
			return u.below(i + 1)
		}
	}
	return i + 1, false
}

// groupWise reports whether l is how GroupWise heads what it quotes: name, date and time between marks.
func groupWise(l string) bool {
	return strings.HasPrefix(l, ">>> ") && strings.HasSuffix(l, ">>>") && hasDigit(l)
}

// wrapped reports whether line i, without a mark, is the end of a marked line that some program wrapped: the one
// above is long and ends in the middle of a sentence, and the one below is marked.
func (u *unquoting) wrapped(i int) bool {
	if i == 0 || i+1 >= len(u.ls) || !quoted(u.ls[i-1]) || !quoted(u.ls[i+1]) || len(u.ls[i-1]) < minWrapped {
		return false
	}
	r, _ := utf8.DecodeRuneInString(u.ls[i])
	last, _ := utf8.DecodeLastRuneInString(u.ls[i-1])
	return unicode.IsLower(r) && (unicode.IsLetter(last) || last == ',' || unicode.IsDigit(last))
}

// minWrapped is how long a line is that a program wraps, in bytes.
const minWrapped = 56

// bullets returns how many lines from i on are marked with > as items of a list of theirs, 0 for none: a few words
// each, at the beginning or below a colon, and nothing in the message is quoted.
func (u *unquoting) bullets(i int) int {
	above := i - 1
	for above >= 0 && u.ls[above] == "" {
		above--
	}
	headed := above >= 0 && colonAtEnd(u.ls[above])
	if len(u.segments) > 0 || u.start > 0 || above >= 0 && !headed {
		return 0
	}
	n := 0
	for i+n < len(u.ls) && quoted(u.ls[i+n]) {
		if l := strings.TrimPrefix(u.ls[i+n], ">"); !item(strings.TrimSpace(l), headed) {
			return 0
		}
		n++
	}
	below := nextText(u.ls, i+n)
	if n < 2 || above < 0 && below == len(u.ls) {
		return 0
	}
	return n
}

// item reports whether l can be an item of a list: a few words and, unless the list is headed, no sentence.
func item(l string, headed bool) bool {
	if headed {
		l = strings.TrimRight(l, ".,;")
	}
	return l != "" && len(l) <= 40 && len(strings.Fields(l)) <= 4 && l[0] != '>' &&
		!strings.ContainsAny(l[len(l)-1:], ".,:;?!>") && closing(l) == notClosing
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
		// Nothing but what looks like a tail: a message that consists of "Unsubscribe" or "Best regards" says just
		// that.
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
