package text

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxAttribution is over how many lines the sentence above quoted text may be wrapped.
const maxAttribution = 4

// minAttribution is how long the sentence is at least, in bytes.
const minAttribution = 16

// span is where what stands above quoted text begins, which may be in the middle of a line, and the line behind its
// end.
type span struct {
	line, at int
	end      int
	passed   bool // what stands below was passed on: it is another's message
}

// attribution finds the sentence above quoted text that ends with line e: "On 5 January 2027 at 10:00 Tom wrote:". It
// begins as late as it can, because what stands before it is theirs, whatever numbers, times and addresses that
// holds. from is the first line that may belong to it. marked says that the next text is quoted, so that less is
// asked of the line above.
func attribution(ls []string, from, e int, marked bool) (span, bool) {
	last := strings.TrimRight(ls[e], " *_")
	if !mayEndAttribution(last, marked) {
		return span{}, false
	}
	broken := verbAlone(last)
	joined := ""
lines:
	for s := e; s >= max(from, e-reach(broken)+1); s-- {
		l := ls[s]
		switch {
		case s == e:
			joined = last
		case l == "":
			if !broken && !(s == e-1 && s > from && dateLine(ls[s-1])) {
				break lines
			}
			continue
		case quoted(l) && l != ">" || len(joined)+len(l) > maxLine:
			break lines
		default:
			joined = l + " " + joined
		}
		if at, ok := begins(l, joined, s == e, marked); ok {
			return span{line: s, at: at, end: e + 1}, true
		}
	}
	if signedBy(last, marked) {
		return span{line: e, end: e + 1}, true
	}
	return span{}, false
}

// verbAlone reports whether the last line of an attribution holds little but its verb, because what stands before
// that was broken into pieces.
func verbAlone(last string) bool {
	if len(last) >= minAttribution {
		return false
	}
	end := weigh(last)
	return end.verb && end.words <= 2
}

// reach is over how many lines an attribution goes.
func reach(broken bool) int {
	if broken {
		return 2 * maxAttribution
	}
	return maxAttribution
}

// begins finds where in the line l the sentence begins that goes on as joined. only says that l is all of it.
func begins(l, joined string, only, marked bool) (at int, ok bool) {
	for _, at := range openings(l) {
		if (only || at > 0 || dateLine(l)) && attributes(joined[at:], marked) {
			return at, true
		}
	}
	return 0, false
}

// mayEndAttribution is a cheap look at the end of a line: a colon, an address, or a verb of writing.
func mayEndAttribution(l string, marked bool) bool {
	if l == "" || len(l) > maxLine {
		return false
	}
	switch l[len(l)-1] {
	case ':':
		return true
	case '>', ')':
		return strings.IndexByte(l, '@') >= 0 || l[len(l)-1] == ')' && marked
	}
	if strings.HasSuffix(l, "\uff1a") {
		return true
	}
	word := l[strings.LastIndexByte(l, ' ')+1:]
	return len(word) < 24 && hasDigit(l) && verbs[fold(word)]
}

// openings returns where in l the sentence may begin, the latest place first: at a word like "On" before a date,
// behind the end of another sentence, and at the beginning.
func openings(l string) []int {
	out := []int{0}
	for i := 0; i < len(l); {
		j := i + strings.IndexAny(l[i:], " \u3000")
		if j < i {
			break
		}
		next := j
		for next < len(l) && l[next] == ' ' {
			next++
		}
		if opens(l[:j], l[next:]) {
			out = append(out, next)
		}
		i = max(next, j+1)
	}
	for a, b := 0, len(out)-1; a < b; a, b = a+1, b-1 {
		out[a], out[b] = out[b], out[a]
	}
	return out
}

// opens reports whether an attribution may begin with rest, which stands behind before in the same line.
func opens(before, rest string) bool {
	word, behind, _ := strings.Cut(rest, " ")
	r, _ := utf8.DecodeRuneInString(word)
	if unicode.IsUpper(r) && openers[fold(word)] && dateWord(behind) {
		return true
	}
	c, size := utf8.DecodeLastRuneInString(before)
	switch c {
	case '!', '?', '\u3002', '\uff01', '\uff1f':
		return dateWord(rest)
	case '.':
		prior := strings.Trim(before[strings.LastIndexByte(before, ' ')+1:len(before)-size], " .,(")
		return utf8.RuneCountInString(prior) > 2 && !hasDigit(prior) && !dateWords[fold(prior)] && dateWord(rest)
	}
	return false
}

// dateWord reports whether s begins with a part of a date.
func dateWord(s string) bool {
	word, _, _ := strings.Cut(strings.TrimLeft(s, " "), " ")
	return hasDigit(word) || dateWords[fold(strings.Trim(word, ".,;:()"))]
}

func hasDigit(s string) bool {
	for i := 0; i < len(s); i++ {
		if digit(s[i]) {
			return true
		}
	}
	return false
}

// dateLine reports whether l can be the first line of an attribution that goes on below it: nothing but a date and a
// name, with a word like "On" in front or a whole date.
func dateLine(l string) bool {
	if len(l) > maxLine || !hasDigit(l) || strings.HasSuffix(l, "?") || strings.HasSuffix(l, "!") {
		return false
	}
	return slices.ContainsFunc(openings(l), func(at int) bool {
		e := weigh(l[at:])
		if !e.dated() || e.pronoun || e.unknown > 2 || e.unknown > 0 && !e.verb {
			return false
		}
		word, behind, _ := strings.Cut(l[at:], " ")
		return openers[fold(word)] && dateWord(behind) || e.year && e.clock && e.name
	})
}

// attributes reports whether s is an attribution: a date, and a verb of writing or an address, with names between
// them and hardly anything else.
func attributes(s string, marked bool) bool {
	if !hasDigit(s) || len(s) < minAttribution {
		return false
	}
	e := weigh(s)
	switch {
	case e.pronoun || e.words > maxAttributionWords || !e.dated():
		return false
	case colonAtEnd(s):
		return e.introduces(marked)
	}
	return e.unknown == 0 && (e.reports() || e.year && e.angleLast && (marked || wholeDate(s)))
}

// introduces reports whether a dated line with a colon at its end says who wrote what follows.
func (e *makeup) introduces(marked bool) bool {
	switch {
	case marked && e.angle:
		return e.unknown <= 4
	case e.verb:
		return e.unknown <= 2
	}
	return e.unknown == 0 && (e.angle || e.by)
}

// reports reports whether a dated line without a colon says so.
func (e *makeup) reports() bool {
	return e.verb && (e.angle || e.year && e.clock) && (e.verbLast || e.angleLast)
}

// wholeDate reports whether the first word of s is a date by itself.
func wholeDate(s string) bool {
	word, _, _ := strings.Cut(s, " ")
	year, _ := dateIn(word)
	return year && len(word) > len("2006")
}

// signedBy reports whether l names a writer without a date: "Tom Berg <tom@example.org> wrote:", "Quoting Tom Berg
// <tom@example.org>:".
func signedBy(l string, marked bool) bool {
	if !colonAtEnd(l) || !marked && strings.IndexByte(l, '@') < 0 {
		return false
	}
	e := weigh(l)
	if e.pronoun || e.words > 12 {
		return false
	}
	return e.angle && e.unknown <= 1 && (e.verb || e.quoting) || marked && e.verb && e.unknown <= 2
}

// maxAttributionWords is how many words the sentence may have: names are long, dates with zones longer.
const maxAttributionWords = 32

func colonAtEnd(l string) bool {
	l = strings.TrimRight(l, " *_")
	return strings.HasSuffix(l, ":") || strings.HasSuffix(l, "\uff1a")
}
