package text

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"unicode"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Lexicon adds phrases to the built-in ones, by the intent that they show. Keys that are several intents at once are
// left out.
type Lexicon map[crm.Intents][]string

const (
	marks       = "!^$@#|*_?~" // mean something in the built-in lexicons only
	maxWords    = 12           // of one phrase; a longer one is a sentence, which nobody writes twice
	maxOfPhrase = 1000         // phrases of the settings; the built-in ones are four times as many
)

// Decode reads phrases as settings hold them: an intent, a colon and its phrases with commas between, a line or a
// semicolon after each. envconfig calls it; all faults are in one error of one line.
func (l *Lexicon) Decode(value string) error {
	out, n := Lexicon{}, 0
	var faults []string
	for _, line := range strings.FieldsFunc(value, func(r rune) bool { return r == '\n' || r == ';' }) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, list, ok := strings.Cut(line, ":")
		var i crm.Intents
		switch err := i.UnmarshalText([]byte(name)); {
		case !ok:
			faults = append(faults, fmt.Sprintf("%q: want an intent, a colon and its phrases, such as opt_out: lose "+
				"my number, no more calls", line))
			continue
		case err != nil:
			faults = append(faults, err.Error())
			continue
		case bits.OnesCount32(uint32(i)) != 1:
			faults = append(faults, fmt.Sprintf("%q: want one intent before the colon", name))
			continue
		}
		for phrase := range strings.SplitSeq(list, ",") {
			phrase = strings.TrimSpace(phrase)
			switch words := len(strings.Fields(phrase)); {
			case strings.ContainsAny(phrase, marks):
				faults = append(faults, fmt.Sprintf("%q: a phrase is plain words, without any of %s", phrase, marks))
			case !strings.ContainsFunc(phrase, visible):
				faults = append(faults, fmt.Sprintf("%s: a phrase without a word", i))
			case words > maxWords:
				faults = append(faults, fmt.Sprintf("%q: %d words; want %d at most", phrase, words, maxWords))
			default:
				out[i] = append(out[i], phrase)
				n++
			}
		}
	}
	if n > maxOfPhrase {
		faults = append(faults, fmt.Sprintf("%d phrases; want %d at most", n, maxOfPhrase))
	}
	if len(faults) > 0 {
		return errors.New(strings.Join(faults, "; "))
	}
	*l = out
	return nil
}

// visible reports whether r makes a word, or a sign that stands for one.
func visible(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || emoji(r) }

// intents returns the single intents of l in order, so that equal settings compile to equal nets.
func (l Lexicon) intents() []crm.Intents {
	var out []crm.Intents
	for i := range l {
		if bits.OnesCount32(uint32(i)) == 1 {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out
}

// plainWords cuts a phrase of the settings into words and leaves the marks out, which mean nothing in them.
func plainWords(phrase string) []string {
	return strings.FieldsFunc(phrase, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(marks, r) })
}
