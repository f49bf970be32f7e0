package text

import (
	"strings"
	"unicode/utf8"
)

// quoteHeader reports whether what mail programs put above quoted text begins at line i, and how many lines it takes. whole says
// that all below it is the other message, marked or not.
func quoteHeader(ls []string, i int) (n int, whole bool) {
	l := strings.TrimLeft(ls[i], " \t*|")
	if l == "" {
		return 0, false
	}
	switch c := l[0]; {
	case c == '-' || c == '_' || c == '=' || c == '~':
		return separated(ls, i, l)
	case len(l) > maxLine:
		return 0, false
	}
	if i == 0 || ls[i-1] == "" || field(ls[i-1])&^fieldTo == 0 { // a block begins with its first field
		if n := headerBlock(ls, i); n > 0 {
			return n, true
		}
	}
	if n := attribution(ls, i); n > 0 {
		return n, false
	}
	if (l[len(l)-1] == ':' || strings.HasSuffix(l, "\uff1a")) && len(l) < 80 && originalMessage[strings.TrimSpace(strings.Trim(fold(l), ":\uff1a"))] {
		return 1 + headerBlock(ls, nextText(ls, i+1)), true
	}
	return 0, false
}

// separated reads "-----Original Message-----" and the line of underscores that Outlook puts above From and Sent.
func separated(ls []string, i int, l string) (int, bool) {
	if len(l) > 160 {
		return 0, false
	}
	inner := strings.Trim(l, "-_=~ ")
	next := nextText(ls, i+1)
	if inner == "" {
		if len(l) < 10 {
			return 0, false
		}
		if n := headerBlock(ls, next); n > 0 {
			return next - i + n, true
		}
		return 0, false
	}
	if l[0] != '-' || !strings.HasPrefix(l, "--") {
		return 0, false
	}
	known := originalMessage[strings.TrimSpace(strings.Trim(fold(inner), ":\uff1a"))]
	block := headerBlock(ls, next)
	closed := strings.HasSuffix(l, "--")
	if known && (closed || block > 0) || closed && block > 0 && len(strings.Fields(inner)) <= 6 {
		if block == 0 {
			return 1 + skipFields(ls, i+1), true
		}
		return next - i + block, true
	}
	return 0, false
}

// skipFields counts the header lines that follow a separator, where they are too few for a block.
func skipFields(ls []string, i int) int {
	n := 0
	for i+n < len(ls) && n < 8 && (ls[i+n] == "" || field(ls[i+n]) != 0) {
		n++
	}
	return n
}

// maxBlock is how many lines a block of From, Sent, To and Subject may take: recipients wrap.
const maxBlock = 14

// headerBlock returns how many lines the block of headers at line i takes: at least three of its fields, the sender among
// them, or sender and subject, or date and subject with a sender's address.
func headerBlock(ls []string, i int) int {
	if i >= len(ls) {
		return 0
	}
	first := field(ls[i])
	if first == 0 || first == fieldTo {
		return 0
	}
	seen := 0
	kinds := fieldKind(0)
	last := i
	for k := i; k < min(len(ls), i+maxBlock); k++ {
		if ls[k] == "" {
			if k > i+1 && nextText(ls, k)-k > 1 {
				break
			}
			continue
		}
		if f := field(ls[k]); f != 0 && kinds&f == 0 {
			kinds |= f
			seen++
			last = k
		} else if f == 0 && k > last+3 {
			break
		}
	}
	if kinds&fieldFrom == 0 || seen < 3 && !(seen == 2 && kinds&fieldSubject != 0 && strings.Contains(ls[i], "@")) {
		return 0
	}
	for last+1 < len(ls) && last-i < maxBlock && ls[last+1] != "" && (ls[last+1][0] == ' ' || ls[last+1][0] == '\t') {
		last++ // a wrapped subject
	}
	return last - i + 1
}

// fieldKind is one field of a quoted header.
type fieldKind uint8

const (
	fieldFrom fieldKind = 1 << iota
	fieldDate
	fieldTo
	fieldSubject
	fieldCc
)

// field tells which field of a quoted header l is, 0 if none.
func field(l string) fieldKind {
	l = strings.TrimLeft(bounds(l), " \t*_|")
	i, _ := colon(l[:min(len(l), 48)])
	if i <= 0 || i > 36 {
		return 0
	}
	return fields[strings.Trim(fold(l[:i]), " *_\u00a0")]
}

// maxAttribution is over how many lines the sentence above quoted text may be wrapped.
const maxAttribution = 4

// attribution returns how many lines the sentence above quoted text takes that begins at line i: "On 5 January 2027 at 10:00 Tom
// wrote:". It ends in a colon, names a time or an address, and mostly has a verb of writing. Above lines that are marked as quoted the
// verb is enough, however the rest is put.
func attribution(ls []string, i int) int {
	end := 0
	for n := 1; n <= maxAttribution && i+n <= len(ls) && ls[i+n-1] != "" && end == 0; n++ {
		if colonAtEnd(ls[i+n-1]) {
			end = n
		}
	}
	if end == 0 {
		return 0
	}
	next := nextText(ls, i+end)
	marked := next < len(ls) && quoted(ls[next])
	if !opensAttribution(ls[i]) && !(marked && end == 1) {
		return 0
	}
	var joined []byte
	for n := 1; n <= maxAttribution && i+n <= len(ls); n++ {
		l := ls[i+n-1]
		if l == "" || quoted(l) || len(joined)+len(l) > maxLine {
			return 0
		}
		joined = append(appendFold(joined, l), ' ')
		if n == end {
			if s := string(joined); attributes(s) || marked && writes(s) {
				return n
			}
			return 0
		}
		if strings.HasSuffix(l, ".") && n > 1 || strings.HasSuffix(l, "?") || strings.HasSuffix(l, "!") {
			return 0
		}
	}
	return 0
}

func colonAtEnd(l string) bool {
	return l[len(l)-1] == ':' || strings.HasSuffix(l, "\uff1a") || strings.HasSuffix(l, ":*")
}

// opensAttribution is a cheap look at whether l can be the first line of such a sentence: it holds a digit or an address, or
// begins with a word that does.
func opensAttribution(l string) bool {
	for i := 0; i < len(l); i++ {
		if digit(l[i]) || l[i] == '@' || l[i] == '<' {
			return true
		}
	}
	if len(l) > 60 {
		return false
	}
	word, _, _ := strings.Cut(fold(l), " ")
	return attributionOpeners[word]
}

func attributes(s string) bool {
	digits, year, clock := 0, false, false
	for i := 0; i < len(s); i++ {
		if !digit(s[i]) {
			continue
		}
		digits++
		run := i
		for run < len(s) && digit(s[run]) {
			run++
		}
		year = year || run-i == 4 && (strings.HasPrefix(s[i:], "20") || strings.HasPrefix(s[i:], "19"))
		clock = clock || run < len(s)-1 && (s[run] == ':' || s[run] == '.' || s[run] == '/' || s[run] == 'h') && digit(s[run+1])
		i = run
	}
	at := strings.Contains(s, "@")
	if digits == 0 || !at && !year && !clock {
		return false
	}
	// Japanese and Chinese Gmail, and others: date, name and address alone.
	return writes(s) || at && (year || clock) && strings.Contains(s, "<")
}

// writes reports whether s has a verb of writing.
func writes(s string) bool {
	for _, verb := range writingVerbs {
		if j := strings.Index(s, verb); j >= 0 && (j == 0 || s[j-1] == ' ' || s[j] >= utf8.RuneSelf || s[j-1] >= utf8.RuneSelf || s[j-1] == '>' || s[j-1] == ')') {
			return true
		}
	}
	return false
}
