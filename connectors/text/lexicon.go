package text

import (
	"embed"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// The lexicons, one file a language. A file has three kinds of lines, beside comments (#):
//
//	@send  send give mail        a class: any of its words; clauses.go knows some of them by their names
//	quote_request                what the phrases below show
//	not_interested weak          the same, but never certain enough to act on
//	    @send _ quote|offer      a phrase
//
// In a phrase a word* stands for all words that begin so, a|b for either, _ for up to three words of any kind, ^ for
// the beginning of a clause, $ for its end, and #number, #clock, #percent, #day, #month, #link, #address for what the
// token is. A phrase that begins with ! counts even when the clause denies it before, one that begins with ~ not even
// when the clause denies it after it, and one that ends in ? counts in questions only.
//
//go:embed lexicon/*.txt
var lexiconFiles embed.FS

// feature is what a phrase shows: one of the intents, by the number of its bit, or one of the cues below.
type feature uint8

// set is a set of features.
type set uint64

func (s set) has(f feature) bool { return s&(1<<f) != 0 }
func (s *set) add(f feature)     { *s |= 1 << f }

// The cues come after the intents. They decide what sort of message it is and which sentences carry weight.
const (
	cueGreeting  feature = iota + 32 // "Hi Anna"
	cueCourtesy                      // "have a nice day": says nothing
	cueSmallTalk                     // "let me know if you have any questions": asks nothing
	cueOpen                          // a question that yes or no does not answer
	cueAbsent                        // "I am out of the office"
	cueReturn                        // "back on": the date after it ends the absence
	cueThrough                       // "until and including": the absence ends the day after
	// "will reply on my return", "thank you for your message": the rest of an absence note
	cueFormula
	cueGone     // "no longer with the company"
	cueRedirect // "please contact my colleague"
	cueHere     // a person is writing after all: "I have taken over"
	cueMachine  // "this is an automatic reply"
	cueReceived // "we have received your request"
	cueTicket   // "your ticket number": with cueReceived an acknowledgement
	cueBounced  // "could not be delivered"
	cueRead     // "was read on"
	cueInvite   // "has accepted this invitation"
	cueFooter   // "unsubscribe"
	cueMass     // "view this mail in your browser"
	cueBefore   // a date before which nothing is to be expected: "after", "not before"
	cuePromise  // of theirs: that they will come back to us, or send something
	cueAttached // "attached": what is spoken of is there
	cueFault    // our link or file was broken: what is asked for again is no repetition
	cueKeen     // "we like it"
	cueStands   // "still valid": what was granted is not asked for
	cueBygone   // "last year": what was too dear then is not said of our price
	cueParting  // "thanks anyway, and good luck"
	cueMissing  // what we sent never reached them, and what is asked for once more is no repetition
	numFeatures
)

var cueNames = map[string]feature{
	"greeting": cueGreeting, "courtesy": cueCourtesy, "small_talk": cueSmallTalk, "open": cueOpen, "absent": cueAbsent,
	"return": cueReturn, "through": cueThrough, "formula": cueFormula, "gone": cueGone, "redirect": cueRedirect,
	"here": cueHere, "machine": cueMachine, "received": cueReceived, "ticket": cueTicket, "bounced": cueBounced,
	"read": cueRead, "invite": cueInvite, "footer": cueFooter, "mass": cueMass, "before": cueBefore,
	"own_promise": cuePromise, "attached": cueAttached, "fault": cueFault, "stands": cueStands, "keen": cueKeen,
	"missing": cueMissing, "bygone": cueBygone, "parting": cueParting,
}

// bit is the feature of an intent.
func bit(i crm.Intents) feature { return feature(bits.TrailingZeros32(uint32(i))) }

func featureOf(name string) (feature, bool) {
	if f, ok := cueNames[name]; ok {
		return f, true
	}
	var i crm.Intents
	if i.UnmarshalText([]byte(name)) != nil || i == 0 {
		return 0, false
	}
	return bit(i), true
}

// Features and negation. denied are those that a negation before them in the same clause turns into nothing; the others
// hold their own negation, or are not the kind of thing that is denied. A question is not denied: "Can't you send the
// quote again?". agrees are those that a negation after them undoes as well. stated are those that nobody means by a
// question. whole are the refusals: theirs is a clause that says it all, so that "no hurry, take your time" is none.
const (
	denied = set(crm.QuoteRequest|crm.QuoteAgain|crm.Discount|crm.FutureBusiness|crm.ProposesTime|crm.AcceptsTime|crm.Accepts|
		crm.OptOut|crm.Urgent|crm.ChangeRequest|crm.CarriesQuote|crm.Promises) | 1<<cuePromise | 1<<cueKeen
	agrees = set(crm.AcceptsTime|crm.Accepts|crm.Urgent) | 1<<cueKeen
	whole  = set(crm.RefusesTime | crm.NotInterested | crm.NotReady | crm.OptOut | crm.ClearNo)
	stated = set(crm.AcceptsTime|crm.Accepts|crm.RefusesTime|crm.NotInterested|crm.ClearNo) | 1<<cuePromise
)

// builder turns the lexicon files into a vocabulary and a net of phrases.
type builder struct {
	voc     *vocabulary
	net     *net
	classes map[string]sym // "en@send"
	ids     map[string]sym // literal words
	loose   map[string]sym // word*
	scan    scan
	sizes   map[string]int
	faults  []error
}

// compile reads the built-in lexicons and the phrases of extra.
func compile(extra Lexicon) (*vocabulary, *net, map[string]int) {
	b := &builder{
		voc: newVocabulary(), net: newNet(), classes: map[string]sym{}, ids: map[string]sym{}, loose: map[string]sym{},
		sizes: map[string]int{},
	}
	files, err := lexiconFiles.ReadDir("lexicon")
	if err != nil {
		panic(err) // embedded: cannot be absent
	}
	b.net.files = []string{""} // no language
	for i, f := range files {
		b.net.files = append(b.net.files, strings.TrimSuffix(f.Name(), ".txt"))
		data, err := lexiconFiles.ReadFile("lexicon/" + f.Name())
		if err != nil {
			panic(err)
		}
		if err := b.file(strings.TrimSuffix(f.Name(), ".txt"), uint8(i+1), string(data)); err != nil {
			panic(err) // a fault of ours that every test meets
		}
	}
	for _, i := range extra.intents() {
		for _, phrase := range extra[i] {
			_ = b.phrase("", 0, hit{feature: bit(i)}, plainWords(phrase)) // at worst empty, which is no phrase
		}
	}
	b.net.finish()
	b.voc.finish(b.net)
	return b.voc, b.net, b.sizes
}

func (b *builder) file(lang string, number uint8, data string) error {
	var f feature
	var errs []error
	known, weak := false, false
	for n, line := range strings.Split(data, "\n") {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || fields[0] == "#":
		case line[0] == '@':
			b.class(lang, number, fields[0][1:], fields[1:])
		case line[0] != ' ' && line[0] != '\t':
			weak = len(fields) > 1 && fields[1] == "weak"
			if f, known = featureOf(fields[0]); !known {
				errs = append(errs, fmt.Errorf("lexicon %s, line %d: no such heading", lang, n+1))
			}
		case !known:
			errs = append(errs, fmt.Errorf("lexicon %s, line %d: a phrase without a heading", lang, n+1))
		default:
			if err := b.phrase(lang, number, hit{feature: f, weak: weak}, fields); err != nil {
				errs = append(errs, fmt.Errorf("lexicon %s, line %d: %w", lang, n+1, err))
			}
			b.sizes[lang]++
		}
	}
	for _, err := range b.faults {
		errs = append(errs, fmt.Errorf("lexicon %s: %w", lang, err))
	}
	b.faults = nil
	return errors.Join(errs...)
}

// class registers a class of words. The words of the class not deny what follows them; those of the class no do so in
// phrases of their own language only; those of the class if keep an agreement from counting; those of the class common
// tell the language.
func (b *builder) class(lang string, number uint8, name string, members []string) {
	key := lang + "@" + name
	id, ok := b.classes[key]
	if name == "filler" {
		id = b.voc.filler
	} else if !ok {
		id = b.voc.newSym()
		b.classes[key] = id
		switch name {
		case "not":
			b.net.denying[id] = everyLang
		case "no":
			b.net.denying[id] = 1 << number
		case "if":
			b.net.ifs[id] = 1 << number
		case "common":
			b.net.common[id] = 1 << number
			b.net.spoken |= 1 << number
		}
		if t, ok := traitNames[name]; ok {
			b.net.roles[id] = role{lang: number, trait: t}
		}
	}
	for _, w := range members {
		b.enter(w, id, whenOf(name))
	}
}

// enter makes the word w, which may end in a star, stand for id. A word that the scan would cut into several cannot be
// in a class; it is a fault of the file.
func (b *builder) enter(w string, id sym, t when) {
	loose := strings.HasSuffix(w, "*")
	if !b.single(strings.TrimSuffix(w, "*")) || loose && (len(fold(w)) < 4 || len(fold(w)) > 31) {
		b.faults = append(b.faults, fmt.Errorf("%q is not one word, or too short or long for a star", w))
		return
	}
	for _, form := range spellings(strings.TrimSuffix(w, "*")) {
		if loose {
			b.voc.enterPrefix(form, id, t)
		} else {
			b.voc.enter(form, id, t)
		}
	}
}

// single reports whether a scan would find w as one token. An elided word stands with its apostrophe: l'.
func (b *builder) single(w string) bool {
	if elided[strings.TrimSuffix(w, "'")] && strings.HasSuffix(w, "'") {
		return true
	}
	b.scan.read(w, emptyVocabulary)
	return len(b.scan.tokens) == 1 && b.scan.tokens[0].start == 0 && int(b.scan.tokens[0].end) == len(w)
}

// spellings are the folded forms of w: with marks left out, and with German umlauts spelt out.
func spellings(w string) []string {
	out := []string{fold(w)}
	if strings.ContainsAny(w, "äöüå") {
		out = append(out, fold(strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "å", "aa").Replace(w)))
	}
	return out
}

func (b *builder) literal(w string) sym {
	if id, ok := b.ids[w]; ok {
		return id
	}
	id := b.voc.newSym()
	b.ids[w] = id
	b.enter(w, id, 0)
	return id
}

func (b *builder) prefix(w string) sym {
	if id, ok := b.loose[w]; ok {
		return id
	}
	id := b.voc.newSym()
	b.loose[w] = id
	b.enter(w, id, 0)
	return id
}

// phrase adds one phrase to the net.
func (b *builder) phrase(lang string, number uint8, p hit, fields []string) error {
	p.lang, p.deny, p.after = number, denied.has(p.feature), agrees.has(p.feature)
	anchored := false
	var path []sym
	for i, w := range fields {
		if options := alternatives(w); len(options) > 1 {
			for _, o := range options {
				if err := b.phrase(lang, number, p, slices.Concat(fields[:i], []string{o}, fields[i+1:])); err != nil {
					return err
				}
			}
			return nil
		}
		switch {
		case i == 0 && w == "!":
			p.deny = false
		case i == 0 && w == "~":
			p.after = true
		case w == "^":
			anchored = true
		case w == "$":
			p.last = true
		case w == "?" && i == len(fields)-1:
			p.asked = true
		case w == "_":
			path = append(path, gap)
		case w[0] == '#':
			id, ok := b.voc.special(w)
			if !ok {
				return fmt.Errorf("no such mark: %s", w)
			}
			path = append(path, id)
		case w[0] == '@':
			id, ok := b.classes[lang+w]
			if !ok {
				return fmt.Errorf("no such class: %s", w)
			}
			path = append(path, id)
		case strings.Contains(w, "|"):
			path = append(path, b.either(lang, w))
		case strings.HasSuffix(w, "*"):
			path = append(path, b.prefix(w))
		default:
			path = append(path, b.literals(w)...)
		}
	}
	if (p.last || p.asked) && len(path) > 0 && path[len(path)-1] == gap {
		path = path[:len(path)-1]
	}
	if p.deny && slices.ContainsFunc(path, func(y sym) bool { return b.net.denying[y] != 0 }) {
		return fmt.Errorf("its own negation denies it: a phrase with one begins with an exclamation mark")
	}
	if len(path) == 0 || path[0] == gap || path[len(path)-1] == gap {
		return fmt.Errorf("a phrase begins and ends with a word")
	}
	b.net.add(path, p, anchored)
	return nil
}

// literals cuts w as a text would be cut: an elided article or each sign of a script without spaces is a step of its
// own.
func (b *builder) literals(w string) []sym {
	if b.single(w) {
		return []sym{b.literal(w)}
	}
	b.scan.read(w, emptyVocabulary)
	var words []string
	for _, t := range b.scan.tokens {
		words = append(words, w[t.start:t.end])
	}
	var path []sym
	for _, part := range words {
		path = append(path, b.literal(part))
	}
	return path
}

// alternatives takes a|@b|#c|d apart into its plain words (a|d), its classes and its marks: each is a phrase of its
// own.
func alternatives(w string) []string {
	if !strings.ContainsAny(w, "@#$") || !strings.Contains(w, "|") {
		return nil
	}
	var plain, out []string
	for _, m := range strings.Split(w, "|") {
		if m[0] == '@' || m[0] == '#' || m == "$" {
			out = append(out, m)
		} else {
			plain = append(plain, m)
		}
	}
	if len(plain) > 0 {
		out = append(out, strings.Join(plain, "|"))
	}
	return out
}

// either makes a nameless class of the words in a|b|c, which may end in stars.
func (b *builder) either(lang, w string) sym {
	key := lang + "@|" + w
	if id, ok := b.classes[key]; ok {
		return id
	}
	id := b.voc.newSym()
	b.classes[key] = id
	for _, m := range strings.Split(w, "|") {
		b.enter(m, id, 0)
	}
	return id
}
