package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// makeup is what the words of a line are, by which a line that some program wrote is told from one that a person wrote.
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

	behindBy bool // the last word was one like "by"
}

// dated reports whether there is a date or a time of day.
func (e *makeup) dated() bool { return e.year || e.clock }

func weigh(s string) makeup {
	var e makeup
	for raw := range strings.FieldsSeq(s) {
		e.words++
		e.verbLast, e.angleLast, e.name = false, false, false
		w := strings.Trim(raw, " .,;:*\"'()[]<>|\uff0c\uff1a")
		switch {
		case w == "":
		case strings.IndexByte(w, '@') >= 0:
			e.address(raw)
		case hasDigit(w):
			year, clock := dateIn(w)
			e.year, e.clock = e.year || year, e.clock || clock
			e.writes(verbIn(raw))
		default:
			e.word(raw, w)
		}
	}
	return e
}

// address takes a word that holds an address.
func (e *makeup) address(raw string) {
	e.angleLast = strings.ContainsAny(raw, "<([>")
	e.angle = e.angle || e.angleLast
	e.by = e.by || e.behindBy
	e.writes(verbIn(raw) || verbs[fold(strings.Trim(raw[strings.LastIndexAny(raw, ">)")+1:], ".:"))])
}

// writes takes a word that is a verb of writing, or ends in one.
func (e *makeup) writes(verb bool) {
	if verb {
		e.verb, e.verbLast = true, true
	}
}

// word takes any other word w, which stands as raw.
func (e *makeup) word(raw, w string) {
	f := fold(w)
	if i := strings.IndexByte(f, '('); i > 0 { // napisał(a)
		f = f[:i]
	}
	e.behindBy = byWords[f]
	r, _ := utf8.DecodeRuneInString(w)
	switch {
	case verbs[f] || verbIn(f):
		e.writes(true)
	case e.words == 1 && quotingWords[f]:
		e.quoting = true
	case pronouns[f] && (w != "I" || !strings.HasPrefix(raw, "I.")):
		e.pronoun = true
	case dateWords[f] || headerWords[f]:
	case unicode.IsLower(r) && !nameParticles[w]:
		e.unknown++
	default:
		e.name = true
	}
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
		year = year || inOurTime(w[i:run])
		clock = clock || run-i <= 2 && beginsMinutes(w[run:])
		i = run
	}
	if runs == 3 && strings.Count(w, ":") == 0 { // 3.4.2026
		return true, false
	}
	return year, clock
}

func inOurTime(year string) bool {
	return len(year) == 4 && (strings.HasPrefix(year, "20") || strings.HasPrefix(year, "19"))
}

// beginsMinutes reports whether s, behind the hour of a time of day, goes on with minutes.
func beginsMinutes(s string) bool {
	return len(s) > 1 && (s[0] == ':' || s[0] == '.' || s[0] == 'h') && digit(s[1])
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
