package text

import (
	"strings"
	"unicode/utf8"
)

// quoteHeader finds what mail programs put above quoted text and what ends, or stands, at line i: a separator, a
// block of fields or an attribution. from is the first line that may belong to it.
func quoteHeader(ls []string, from, i int, marked bool) (span, bool) {
	l := strings.TrimLeft(ls[i], " \t*|")
	if l == "" {
		return span{}, false
	}
	if first := field(ls[i]) != 0 && (i == from || field(ls[i-1])&^fieldTo == 0); first && len(l) <= maxLine {
		if n := headerBlock(ls, i, false); n > 0 {
			return span{line: i, end: i + n}, true
		}
	}
	if n, passed := separated(ls, i); n > 0 {
		return span{line: i, end: i + n, passed: passed}, true
	}
	if s, ok := attribution(ls, from, i, marked); ok {
		return s, true
	}
	if colonAtEnd(l) && len(l) < 80 {
		if known, passed := announces(l); known {
			return span{line: i, end: i + 1 + headerBlock(ls, nextText(ls, i+1), true), passed: passed}, true
		}
	}
	return span{}, false
}

// dashes are what separators are drawn with.
const dashes = "-_=~#*+\u2010\u2011\u2012\u2013\u2014\u2015\u2500\u2501\uff0d\uff3f "

// announces reports whether l says that another message follows, and whether it was passed on.
func announces(l string) (known, passed bool) {
	f := strings.Trim(fold(l), " :\uff1a*")
	return originalMessage[f] || forwardedMessage[f], forwardedMessage[f]
}

// separated reads "-----Original Message-----", the line of underscores above From and Sent, a sentence between dashes,
// and the line above which help desks want the answer. It returns how many lines it takes, 0 for none.
func separated(ls []string, i int) (n int, passed bool) {
	l := ls[i]
	switch {
	case len(l) > maxLine:
		return 0, false
	case isLetter(l[0]) || digit(l[0]):
		if notes(l) || endsInLine(l) && asksAbove(l) {
			return 1, false
		}
		return 0, false
	case asksAbove(l):
		return 1, false
	}
	inner := strings.Trim(l, dashes)
	open := strings.Index(l, inner)
	switch {
	case inner == "":
		return ruled(ls, i), false
	case open < 2:
		return 0, false
	}
	return titled(ls, i, inner, len(l) > open+len(inner)+1)
}

// ruled reads a line of dashes above a block of fields.
func ruled(ls []string, i int) int {
	next := nextText(ls, i+1)
	n := headerBlock(ls, next, utf8.RuneCountInString(ls[i]) >= minRule)
	if n == 0 || len(ls[i]) < minDashes {
		return 0
	}
	return next - i + n
}

// titled reads words behind dashes, closed by dashes or not, above a block of fields or not.
func titled(ls []string, i int, inner string, closed bool) (n int, passed bool) {
	next := nextText(ls, i+1)
	block := headerBlock(ls, next, true)
	known, passed := announces(inner)
	switch {
	case block > 0 && (known || closed && len(strings.Fields(inner)) <= 6):
		return next - i + block, passed
	case closed && (known || attributes(inner+":", false) || writerOnly(inner)):
		return 1, passed
	}
	return 0, false
}

// minRule is how many signs a rule has below which a sender alone is a header, minDashes how many one has at least.
const (
	minRule   = 10
	minDashes = 5
)

// writerOnly reports whether the words between dashes are a name and a verb of writing.
func writerOnly(inner string) bool {
	e := weigh(inner)
	return e.verb && e.unknown <= 1 && !e.pronoun && e.words <= 8
}

// notes reports whether l is how Lotus Notes heads what it quotes: name, dashes, date and time, dashes, first words.
func notes(l string) bool {
	i := strings.Index(l, "---")
	if i <= 0 || strings.HasPrefix(l, "-") {
		return false
	}
	rest := strings.TrimLeft(l[i:], "-")
	date, _, ok := strings.Cut(rest, "---")
	if !ok || rest == "" || !digit(rest[0]) || len(date) > 60 {
		return false
	}
	e := weigh(date)
	return e.year && e.clock
}

// asksAbove reports whether l is the line above which a help desk wants the answer.
func asksAbove(l string) bool {
	if len(l) > 120 {
		return false
	}
	f := fold(l)
	return containsAny(f, lineWordList) && containsAny(f, aboveWords) && containsAny(f, replyWords)
}

// endsInLine reports whether the last word of l is "line".
func endsInLine(l string) bool {
	if c := l[len(l)-1]; c != 'e' && c != 'a' && c != 'n' && c != 'i' && c != '.' && c != ':' || len(l) > 120 {
		return false
	}
	l = strings.TrimRight(l, ".:")
	return lineWords[fold(l[strings.LastIndexByte(l, ' ')+1:])]
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func containsAny(s string, list []string) bool {
	for _, w := range list {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// maxBlock is how many lines a block of From, Sent, To and Subject may take: recipients wrap.
const maxBlock = 16

// headerBlock returns how many lines the block of headers at line i takes, 0 if there is none. announced says that a
// separator stands above, so that less is asked.
func headerBlock(ls []string, i int, announced bool) int {
	if i >= len(ls) {
		return 0
	}
	if first := field(ls[i]); first == 0 || first == fieldTo {
		return 0
	}
	b := heading{last: i}
	for k := i; k >= 0 && k < min(len(ls), i+maxBlock); {
		k = b.read(ls, k)
	}
	if !b.heads(announced) {
		return 0
	}
	for b.last+1 < len(ls) && b.last-i < maxBlock && indented(ls[b.last+1]) {
		b.last++ // a wrapped subject
	}
	return b.last - i + 1
}

func indented(l string) bool { return l != "" && (l[0] == ' ' || l[0] == '\t') }

// heading is a block of fields while it is read.
type heading struct {
	kinds fieldKind
	seen  int
	last  int  // the last line that belongs to it
	proof bool // it holds what only the header of a mail has
}

// read takes line k and returns the next one to read, -1 where the block has ended.
func (b *heading) read(ls []string, k int) int {
	f := field(ls[k])
	switch {
	case ls[k] == "":
		if next := nextText(ls, k); next < len(ls) && next-k <= 2 && field(ls[next])&^b.kinds != 0 {
			return next
		}
		return -1
	case quoted(ls[k]), f == 0 && k > b.last+3:
		return -1
	case f == 0 || b.kinds&f != 0: // recipients that wrap
		return k + 1
	}
	b.kinds |= f
	b.seen++
	b.last = k
	b.proof = b.proof || proves(f, value(ls, k))
	if bare(ls[k]) && k+1 < len(ls) && ls[k+1] != "" && field(ls[k+1]) == 0 {
		b.last++
	}
	return b.last + 1
}

// heads reports whether the fields head a mail. They name a sender, and hold what only a header holds: an address,
// the time of sending, the subject of a reply. Requests for freight or a journey have From, To and Date too, and none
// of these.
func (b *heading) heads(announced bool) bool {
	switch {
	case announced:
		return b.kinds&fieldFrom != 0 || b.seen >= 2
	case b.kinds&fieldFrom == 0:
		return false
	}
	return b.seen >= 2 && b.proof || b.seen >= 3 && b.kinds&fieldSent != 0
}

// value is what field line k says, which may stand on the line below.
func value(ls []string, k int) string {
	if bare(ls[k]) && k+1 < len(ls) {
		return ls[k+1]
	}
	i := fieldEnd(ls[k])
	return ls[k][i:]
}

// bare reports whether a field line has its name alone.
func bare(l string) bool { return strings.Trim(l[fieldEnd(l):], " :\uff1a*_|\t") == "" }

// proves reports whether the value of field f is one that only the header of a mail has.
func proves(f fieldKind, v string) bool {
	switch f {
	case fieldFrom, fieldTo, fieldCc:
		return strings.IndexByte(v, '@') > 0
	case fieldSent:
		return hasDigit(v)
	case fieldDate:
		return weigh(v).year && times(v) == 1
	case fieldSubject:
		s := readSubject(strings.Trim(v, " :\uff1a*"))
		return s.reply || s.forward
	}
	return false
}

// times is how many times of day v names, offsets from UTC left out: a mail was sent at one, a lorry comes between two.
func times(v string) (n int) {
	for raw := range strings.FieldsSeq(v) {
		w := strings.Trim(raw, " .,;()[]")
		if w == "" || !digit(w[0]) {
			continue
		}
		if _, clock := dateIn(w); clock {
			n++
		}
	}
	return n
}

// fieldKind is one field of a quoted header.
type fieldKind uint8

const (
	fieldFrom fieldKind = 1 << iota
	fieldDate
	fieldSent
	fieldTo
	fieldSubject
	fieldCc
)

// field tells which field of a quoted header l is, 0 if none.
func field(l string) fieldKind {
	i := fieldEnd(l)
	if i == 0 {
		return 0
	}
	return fields[fold(strings.Trim(l[:i], " \t*_|:\u00a0"))]
}

// fieldEnd is where the name of a field ends in l: at a colon, or a bar where a table was made text; 0 if l begins
// with none.
func fieldEnd(l string) int {
	head := l[:min(len(l), 60)]
	i, _ := colon(head)
	if bar := strings.IndexByte(head, '|'); bar >= 0 && (i < 0 || bar < i) {
		i = bar
		if strings.TrimLeft(head[:bar], " ") == "" {
			i = bar + 1 + strings.IndexByte(head[bar+1:], '|')
		}
	}
	if i <= 0 || i > 48 {
		return 0
	}
	return i
}
