package text

import (
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
	joined, far := "", maxAttribution
	if len(last) < minAttribution {
		if end := weigh(last); end.verb && end.words <= 2 {
			far *= 2 // what stands before the verb was broken into pieces
		}
	}
	for s := e; s >= max(from, e-far+1); s-- {
		l := ls[s]
		if l == "" {
			if far > maxAttribution || s == e-1 && s > from && dateLine(ls[s-1]) { // a header that some program broke in two
				continue
			}
			break
		}
		if s < e && quoted(l) && l != ">" || len(joined)+len(l) > maxLine {
			break
		}
		if s == e {
			joined = last
		} else {
			joined = l + " " + joined
		}
		for _, at := range openings(l) {
			if s < e && at == 0 && !dateLine(l) {
				continue
			}
			if attributes(joined[at:], marked) {
				return span{line: s, at: at, end: e + 1}, true
			}
		}
	}
	if signedBy(last, marked) {
		return span{line: e, end: e + 1}, true
	}
	return span{}, false
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
	for _, at := range openings(l) {
		e := weigh(l[at:])
		if e.unknown > 0 && !e.verb || e.unknown > 2 || e.pronoun || !e.year && !e.clock {
			continue
		}
		if word, behind, _ := strings.Cut(l[at:], " "); openers[fold(word)] && dateWord(behind) {
			return true
		}
		if e.year && e.clock && e.name {
			return true
		}
	}
	return false
}

// attributes reports whether s is an attribution: a date, and a verb of writing or an address, with names between
// them and hardly anything else.
func attributes(s string, marked bool) bool {
	if !hasDigit(s) || len(s) < minAttribution {
		return false
	}
	e := weigh(s)
	if e.pronoun || e.words > maxAttributionWords || !e.year && !e.clock {
		return false
	}
	colon := colonAtEnd(s)
	switch {
	case e.verb && colon:
		return e.unknown <= 2 || marked && e.angle && e.unknown <= 4
	case e.verb:
		return e.unknown == 0 && (e.angle || e.year && e.clock) && (e.verbLast || e.angleLast)
	case colon:
		return e.unknown == 0 && (e.angle || e.by) || marked && e.angle && e.unknown <= 4
	}
	return e.year && e.angleLast && e.unknown == 0 && (marked || wholeDate(s))
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

// makeup is what the words of a line are.
type makeup struct {
	year, clock bool // of a date
	angle       bool // an address in brackets
	angleLast   bool // which comes last
	by          bool // an address behind a word like "by"
	verb        bool // of writing
	verbLast    bool
	quoting     bool // begins with a word like "Quoting"
	name        bool // ends with a word that can be a name
	pronoun     bool // you, we, I: people speak so, programs do not
	unknown     int  // words in lower case that no program writes
	words       int
}

func weigh(s string) makeup {
	var e makeup
	by := false
	for raw := range strings.FieldsSeq(s) {
		e.words++
		e.verbLast, e.angleLast, e.name = false, false, false
		w := strings.Trim(raw, " .,;:*\"'()[]<>|\uff0c\uff1a")
		switch {
		case w == "":
			continue
		case strings.IndexByte(w, '@') >= 0:
			e.angleLast = strings.ContainsAny(raw, "<([>")
			e.angle = e.angle || e.angleLast
			e.by = e.by || by
			if verbIn(raw) || verbs[fold(strings.Trim(raw[strings.LastIndexAny(raw, ">)")+1:], ".:"))] {
				e.verb, e.verbLast = true, true
			}
			continue
		case hasDigit(w):
			year, clock := dateIn(w)
			e.year, e.clock = e.year || year, e.clock || clock
			if verbIn(raw) {
				e.verb, e.verbLast = true, true
			}
			continue
		}
		f := fold(w)
		if i := strings.IndexByte(f, '('); i > 0 { // napisał(a)
			f = f[:i]
		}
		r, _ := utf8.DecodeRuneInString(w)
		switch {
		case verbs[f] || verbIn(f):
			e.verb, e.verbLast = true, true
		case e.words == 1 && quotingWords[f]:
			e.quoting = true
		case pronouns[f] && (w != "I" || !strings.HasPrefix(raw, "I.")):
			e.pronoun = true
		case dateWords[f] || headerWords[f]:
			by = byWords[f]
			continue
		case unicode.IsLower(r) && !nameParticles[w]:
			e.unknown++
		default:
			e.name = true
		}
		by = false
	}
	return e
}

// dateIn reports whether a word with a digit is a whole date, or a year, and whether it is a time of day.
func dateIn(w string) (year, clock bool) {
	runs := 0
	for i := 0; i < len(w); i++ {
		if !digit(w[i]) {
			continue
		}
		run := i
		for run < len(w) && digit(w[run]) {
			run++
		}
		runs++
		year = year || run-i == 4 && (w[i:i+2] == "20" || w[i:i+2] == "19")
		clock = clock || run < len(w)-1 && run-i <= 2 && (w[run] == ':' || w[run] == '.' || w[run] == 'h') && digit(w[run+1])
		i = run
	}
	if runs == 3 && strings.Count(w, ":") == 0 { // 3.4.2026
		return true, false
	}
	return year, clock
}

// verbIn reports whether s, in a script without spaces or with endings on the name, has a verb of writing.
func verbIn(s string) bool {
	if s[len(s)-1] < utf8.RuneSelf && !strings.HasSuffix(s, ":") {
		return false
	}
	for _, verb := range joinedVerbs {
		if strings.Contains(s, verb) {
			return true
		}
	}
	return false
}

func colonAtEnd(l string) bool {
	l = strings.TrimRight(l, " *_")
	return strings.HasSuffix(l, ":") || strings.HasSuffix(l, "\uff1a")
}
