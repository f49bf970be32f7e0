package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/words"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// kind is what sort of token it is.
type kind uint8

const (
	wordToken   kind = iota // a word of a script with spaces, or a run of katakana
	signToken               // one character of a script without spaces
	numberToken             // begins with a digit
	emojiToken
	linkToken
	addressToken
)

// token is one word, sign, number, emoji, link or address of a text.
type token struct {
	start, end int32 // bytes in the text
	kind       kind
	clause     bool  // the first of a clause
	ends       bool  // the last of a clause
	when       when  // what it says of time, if anything
	e          int32 // entry of the vocabulary; 0: no phrase knows it
}

// sentence is a run of tokens up to a full stop, a question mark or the end of a line that is not merely wrapped.
type sentence struct {
	from, to int // tokens
	question bool
	counts   counts
	found    set
	refuses  bool // it is a refusal and nothing else
	does     crm.Intents
	folded   int // where its words begin in scan.folded
}

// scan is a text cut into sentences. Its slices are used again for the next text.
type scan struct {
	text      string
	tokens    []token
	sentences []sentence
	total     counts
	folded    []byte // all tokens as they are compared, one space after each
	runs      []hit
	hits      []hit // all phrases of the message, in the order of its sentences
	clauses   []clause
	marks     []trait     // of the tokens, in the language of the text
	steps     []bool      // tokens that are steps of the phrases in question
	held      []set       // by token: what the phrases show that it stands in
	ahead     []signature // by token: what it and the next three stand for

	words     *vocabulary // nil: only units are wanted
	from      int         // first token of the open sentence
	open      int         // where its words begin in folded
	cut       bool        // the next token opens a clause
	question  bool
	counts    counts
	lineStart int
	lastEmoji string
	lang      uint8 // file of the language that the text is plainly in; 0: not known
}

// read cuts text into tokens and sentences. It looks at each byte a bounded number of times.
func (s *scan) read(text string, v *vocabulary) {
	s.text, s.words = text, v
	s.tokens, s.sentences = s.tokens[:0], s.sentences[:0]
	s.total, s.counts, s.from, s.cut, s.question, s.lineStart, s.lastEmoji = counts{}, counts{}, 0, true, false, 0, ""
	s.folded, s.open = s.folded[:0], 0
	skip, start := 0, 0
	for start < len(text) {
		at := start
		start = wordEnd(text, at)
		if at < skip {
			continue
		}
		w := text[at:start]
		c := w[0]
		if c < utf8.RuneSelf {
			switch {
			case c == ' ' || c == '\t':
			case c == '\n' || c == '\r':
				s.newline(at, start)
			case 'a' <= c|0x20 && c|0x20 <= 'z':
				if end := s.link(at, start); end > 0 {
					skip = end
					s.add(at, end, linkToken)
					continue
				}
				s.word(at, w)
			case '0' <= c && c <= '9':
				s.number(at, w)
			case c == '@':
				skip = max(s.address(at), skip)
			default:
				s.mark(rune(c), at, start)
			}
			continue
		}
		r, _ := utf8.DecodeRuneInString(w)
		s.other(r, at, w)
	}
	s.endSentence()
}

// wordEnd is where the word or mark that begins at at ends, as UAX #29 has it. Most of most texts is plain ASCII, which
// is cut without its tables.
func wordEnd(text string, at int) int {
	end, kind := at+1, asciiKind[text[at]]
	for (kind == asciiLetter || kind == asciiBlank) && end < len(text) && asciiKind[text[end]] == kind {
		end++
	}
	if kind != 0 && (end == len(text) || parted(kind, text[end:])) {
		return end
	}
	it := words.FromString(text[at:])
	it.Next()
	return at + len(it.Value())
}

// parted reports whether rest is surely no part of the characters of that kind before it.
func parted(kind uint8, rest string) bool {
	switch next := rest[0]; {
	case kind == asciiBreak:
		return true
	case next >= utf8.RuneSelf:
		return false // an accent, perhaps
	case kind != asciiLetter:
		return true
	case next == '.' || next == '\'' || next == ':': // parts of a word between letters
		return len(rest) == 1 || rest[1] < utf8.RuneSelf && asciiKind[rest[1]] != asciiLetter
	default:
		return asciiKind[next] != 0
	}
}

// The kinds of ASCII characters; 0 is what takes a closer look.
const (
	asciiLetter uint8 = iota + 1
	asciiBlank
	asciiBreak
	asciiMark
)

var asciiKind = func() (t [256]uint8) {
	for c := range byte(utf8.RuneSelf) {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z':
			t[c] = asciiLetter
		case c == ' ':
			t[c] = asciiBlank
		case c == '\n':
			t[c] = asciiBreak
		case c == '\t', c > ' ' && c != 0x7f && c != '_' && !digit(c):
			t[c] = asciiMark
		}
	}
	return t
}()

// other takes a token that does not begin with an ASCII character.
func (s *scan) other(r rune, at int, w string) {
	switch {
	case han(r):
		s.counts.han++
		s.add(at, at+len(w), signToken)
	case kana(r):
		s.counts.kana += utf8.RuneCountInString(w)
		s.add(at, at+len(w), signToken)
	case unspaced(r):
		if r != 0x0e33 && r != 0x0eb3 { // these vowels belong to the cluster before
			s.counts.clusters++
		}
		s.add(at, at+len(w), signToken)
	case emoji(r):
		if w != s.lastEmoji {
			s.counts.words++
		}
		s.add(at, at+len(w), emojiToken)
		s.lastEmoji = w
	case r == '\u2028' || r == '\u2029' || r == '\u0085':
		s.newline(at, at+len(w))
	case unicode.IsLetter(r):
		s.word(at, w)
	case unicode.IsDigit(r):
		s.number(at, w)
	case unicode.IsSpace(r) || invisible(r):
	default:
		s.mark(r, at, at+len(w))
	}
}

// add appends a token. Links and addresses count as one unit whatever they hold.
func (s *scan) add(at, end int, k kind) {
	if k == linkToken || k == addressToken {
		s.counts.words++
	}
	s.lastEmoji = ""
	t := token{start: int32(at), end: int32(end), kind: k, clause: s.cut}
	if s.words != nil {
		from := len(s.folded)
		s.folded = appendFold(s.folded, s.text[at:end])
		switch k {
		case linkToken:
			t.e = s.words.link
		case addressToken:
			t.e = s.words.address
		default:
			t.e, t.when = s.words.lookup(s.folded[from:])
		}
		s.folded = append(s.folded, ' ')
	}
	s.tokens = append(s.tokens, t)
	s.cut = false
}

// word adds a word. An elided article or pronoun is a token of its own: l'offre, dell'ordine, qu'il.
func (s *scan) word(at int, w string) {
	s.counts.words++
	if s.words != nil {
		if n := elision(w); n > 0 {
			s.add(at, at+n, wordToken)
			s.add(at+n, at+len(w), wordToken)
			return
		}
	}
	s.add(at, at+len(w), wordToken)
}

// elided are the words that Romance languages shorten before a vowel. English contractions stay whole: don't, I'll.
var elided = map[string]bool{
	"l": true, "d": true, "j": true, "n": true, "s": true, "c": true, "m": true, "t": true, "qu": true, "un": true,
	"jusqu": true, "lorsqu": true,
	"puisqu": true, "dell": true, "all": true, "nell": true, "dall": true, "sull": true, "quell": true, "quest": true,
	"com": true, "dov": true, "quant": true,
}

// elision returns the length of the elided word that w begins with, apostrophe included; 0 if none.
func elision(w string) int {
	i, n := 0, 0
	for i < min(len(w), 7) && n == 0 {
		switch w[i] {
		case '\'':
			n = 1
		case 0xe2: // the typographic apostrophe, or another mark
			if !strings.HasPrefix(w[i:], "\u2019") {
				return 0
			}
			n = 3
		default:
			i++
		}
	}
	if n == 0 || i == 0 || i+n >= len(w) || !elided[strings.ToLower(w[:i])] {
		return 0
	}
	if c := w[i+n]; i == 1 && (c == 's' || c == 't') && i+n+1 == len(w) {
		return 0
	}
	return i + n
}

func (s *scan) number(at int, w string) {
	s.counts.words++
	s.add(at, at+len(w), numberToken)
	if s.words == nil {
		return
	}
	t := &s.tokens[len(s.tokens)-1]
	if t.e == 0 {
		t.e = s.words.number
	}
	rest := s.text[at+len(w):]
	switch {
	case clockSuffix(w), len(w) <= 2 && len(rest) >= 3 && rest[0] == ':' && digit(rest[1]) && digit(rest[2]):
		t.e = s.words.clock
	case strings.HasPrefix(rest, "%") || strings.HasPrefix(rest, " %"):
		t.e = s.words.percent
	}
}

// clockSuffix reports whether w is a time of day in one word: 3pm, 10h30, 14uhr.
func clockSuffix(w string) bool {
	i := 0
	for i < len(w) && digit(w[i]) {
		i++
	}
	if i == 0 || i > 2 || i == len(w) {
		return false
	}
	switch rest := strings.ToLower(w[i:]); rest {
	case "am", "pm", "uhr", "h":
		return true
	default:
		return len(rest) == 3 && rest[0] == 'h' && digit(rest[1]) && digit(rest[2])
	}
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// mark takes punctuation: it ends clauses and sentences, and is visible content.
func (s *scan) mark(r rune, at, end int) {
	s.counts.marks++
	switch r {
	case '.', '!', '\u2026':
		if s.closes(end) && !(r == '.' && s.ordinal(at, end)) {
			s.endSentence()
		}
	case '?', '\u061f', '\uff1f':
		if r != '?' || s.closes(end) {
			s.question = true
			s.endSentence()
		}
	case '\u3002', '\uff01', '\uff0e':
		s.endSentence()
	case ':':
		if end == len(s.text) || !digit(s.text[end]) { // not that of 10:30
			s.endClause()
		}
	case ',', ';', '(', ')', '"', '\u2013', '\u2014', '\uff0c', '\u3001', '\uff1b', '\uff1a', '\u00bf', '\u00a1',
		'\u00ab', '\u00bb', '\u201c', '\u201d', '\u201e', '[', ']', '|', '*':
		s.endClause()
	case '-', '/', '\'', '\u2019':
		if at == 0 || s.text[at-1] == ' ' || s.text[at-1] == '\n' {
			s.endClause() // a dash between clauses or before an item of a list
		}
	}
}

// closes reports whether what stands at end lets a mark before it close the sentence, so that the dots of v2.1, e.g.
// names of hosts, and the question mark of a query do not.
func (s *scan) closes(end int) bool {
	if end >= len(s.text) {
		return true
	}
	c := s.text[end]
	return c >= utf8.RuneSelf || !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '/' || c == '=' ||
		c == '&' || c == ',' || c == '@')
}

// beforeOrdinal are words of German and its neighbours before a number with a point.
var beforeOrdinal = setOf("am dem den der vom zum bis")

// ordinal reports whether the point at at belongs to a date: "19. Januar", "bis 16.1. abwesend", "ab dem 15. wieder
// da".
func (s *scan) ordinal(at, end int) bool {
	n := len(s.tokens)
	if s.words == nil || n == s.from || s.tokens[n-1].kind != numberToken || int(s.tokens[n-1].end) != at {
		return false
	}
	next := strings.TrimLeft(s.text[end:min(len(s.text), end+24)], " ")
	if next == "" || len(next) == len(s.text[end:min(len(s.text), end+24)]) {
		return false
	}
	w := s.text[s.tokens[n-1].start:s.tokens[n-1].end]
	if strings.IndexByte(w, '.') > 0 && len(w) <= 5 {
		return 'a' <= next[0] && next[0] <= 'z'
	}
	if len(w) <= 2 && 'a' <= next[0] && next[0] <= 'z' && n-1 > s.from && beforeOrdinal[s.wordAt(n-2)] {
		return true
	}
	if i := strings.IndexAny(next, " .,\n"); i > 0 && len(w) <= 2 {
		var buf [48]byte
		_, t := s.words.lookup(appendFold(buf[:0], next[:i]))
		m, _ := t.month()
		return m > 0
	}
	return false
}

func (s *scan) endClause() {
	if n := len(s.tokens); n > s.from {
		s.tokens[n-1].ends = true
	}
	s.cut = true
}

func (s *scan) endSentence() {
	s.endClause()
	if len(s.tokens) == s.from {
		if s.question && len(s.sentences) > 0 && s.counts == (counts{marks: s.counts.marks}) {
			s.sentences[len(s.sentences)-1].question = true // "Really!?"
		}
		s.total.marks += s.counts.marks
		s.counts, s.question = counts{}, false
		return
	}
	s.sentences = append(s.sentences, sentence{
		from: s.from, to: len(s.tokens), question: s.question, counts: s.counts, folded: s.open,
	})
	s.total.add(s.counts)
	s.open = len(s.folded)
	s.from, s.counts, s.question = len(s.tokens), counts{}, false
}

// wrapColumn is how long a line must be for its end to count as a mere wrap. Mail programs wrap at 72 to 78 characters,
// and a long word moves to the next line.
const wrapColumn = 55

// newline ends the sentence unless the line was wrapped.
func (s *scan) newline(at, end int) {
	long := at-s.lineStart >= wrapColumn
	s.lineStart = end
	if long && end < len(s.text) {
		switch c := s.text[end]; {
		case c == '\n' || c == '\r' || c == '-' || c == '*' || c == ' ' || c == '\t' || digit(c):
		case end+2 < len(s.text) && s.text[end+1] == ')':
		default:
			return
		}
	}
	s.endSentence()
}
