package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Trace shows how a message was read. Unlike crm.Text it holds words of the message: it is for a person who looks at
// it, and never stored.
type Trace struct {
	Text crm.Text
	Kept string // the new text: without quoted history, signature, footers and legal notices
	// the phrases behind the class and the intents, in the order of the message: "opt_out: take me off your list"
	Why []string
}

// evidence is one phrase that was found.
type evidence struct {
	feature feature
	words   string
}

// Trace reads a message as Read does, and says why it reads so.
func (r *Reader) Trace(in Input) Trace {
	var t Trace
	var found []evidence
	var stated []string
	var does []deed
	t.Text = r.read(in, func(m *message) (after func()) {
		t.Kept = m.body
		found, stated = m.evidence(), m.stated()
		return func() { does = m.deeds() }
	})
	if t.Text.Class != crm.Human {
		t.Why = stated
	}
	for _, e := range found {
		if !decides(e.feature, t.Text) {
			continue
		}
		line := fmt.Sprintf("%s: %s", e.feature, e.words)
		within := func(other, line string) bool { // of the same feature, and the longer one says more
			name, words, _ := strings.Cut(line, ": ")
			return strings.HasPrefix(other, name+": ") && strings.Contains(other, words)
		}
		if slices.ContainsFunc(t.Why, func(other string) bool { return within(other, line) }) {
			continue
		}
		t.Why = append(slices.DeleteFunc(t.Why, func(other string) bool { return within(line, other) }), line)
	}
	t.Why = append(t.Why, without(t, does)...)
	return t
}

// deed is what a part of the message does as a whole, and not by a phrase of its own: a statement answers, a question
// mark asks.
type deed struct {
	does  crm.Intents
	words string
}

// deeds are what the sentences do, and then what only the message does.
func (m *message) deeds() (list []deed) {
	cut := func(from, to int) string {
		return strings.Join(strings.Fields(m.text[m.tokens[from].start:m.tokens[to-1].end]), " ")
	}
	for i := range m.sentences[:m.tailFrom] {
		if s := &m.sentences[i]; s.does != 0 {
			list = append(list, deed{s.does, cut(s.from, s.to)})
		}
	}
	for _, h := range m.hits {
		if h.feature == cueMissing || h.feature == cueFault {
			list = append(list, deed{crm.Requests | crm.OurFault, cut(int(h.from), int(h.to))})
		}
	}
	if m.button() {
		list = append(list, deed{crm.OptOut, "the unsubscribe button of a mail program"})
	}
	return append(list, deed{^crm.Intents(0), strings.Join(strings.Fields(m.body), " ")})
}

// without says what does each intent of t that no phrase stands for.
func without(t Trace, does []deed) (why []string) {
	if t.Text.Class != crm.Human {
		return nil
	}
	for f := range feature(32) {
		bit := crm.Intents(1) << f
		if !(t.Text.Intents | t.Text.Weak).Any(bit) {
			continue
		}
		name := f.String() + ": "
		if slices.ContainsFunc(t.Why, func(line string) bool { return strings.HasPrefix(line, name) }) {
			continue
		}
		i := slices.IndexFunc(does, func(d deed) bool { return d.does.Any(bit) && d.words != "" })
		if i >= 0 {
			why = append(why, name+does[i].words)
		}
	}
	return why
}

// decides reports whether a phrase for f has a part in t. Cues decide what sort of message it is, the others what it
// does.
func decides(f feature, t crm.Text) bool {
	if f >= cueGreeting {
		return t.Class != crm.Human && f != cueGreeting && f != cueCourtesy && f != cueSmallTalk && f != cueOpen
	}
	return t.Class == crm.Human && (t.Intents | t.Weak).Any(1<<f)
}

// evidence finds the phrases of every sentence once more, with their words.
func (m *message) evidence() []evidence {
	var list []evidence
	for i := range m.sentences {
		s := &m.sentences[i]
		for _, h := range m.net.match(m.scan, s) {
			if s.found.has(h.feature) {
				words := m.text[m.tokens[h.from].start:m.tokens[h.to-1].end]
				list = append(list, evidence{h.feature, strings.Join(strings.Fields(words), " ")})
			}
		}
	}
	return list
}

// stated is what headers, sender and subject say of the class by themselves.
func (m *message) stated() []string {
	var list []string
	for name, values := range m.in.Header {
		if readHeaders(map[string][]string{name: values}) != (headers{}) {
			list = append(list, "header: "+name)
		}
	}
	slices.Sort(list)
	if isDaemon(m.in.From) {
		list = append(list, "sender: a mail system")
	}
	if c := m.subject.class(); c != crm.Human {
		list = append(list, "subject: "+c.String())
	}
	return list
}

// String is the name of f in the lexicons.
func (f feature) String() string {
	for name, cue := range cueNames {
		if f == cue {
			return name
		}
	}
	return crm.Intents(1 << f).String()
}
