// Package text reads the text of a message once and keeps only features of it: how long it is, what it asks, what it
// answers, whether a person wrote it at all. Nothing in a result can be turned back into words.
//
// The steps are one file each: html.go makes plain text, strip.go takes quoted text and signature away (attribution.go
// and strip_headers.go know what heads a quotation, ours.go what we wrote ourselves), tokens.go cuts what is left into
// words, match.go finds the phrases of the lexicons in one pass, class.go and intents.go draw the conclusions.
package text

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// MaxBytes is how much of one message is considered. What follows is quoted history in practice; the limit bounds the
// work.
const MaxBytes = 256 << 10

// Input is one message as a CRM gives it. Only Body or HTML is needed.
type Input struct {
	Direction crm.Direction
	Subject   string
	Body      string              // plain text
	HTML      string              // used when Body is empty
	Header    map[string][]string // raw headers where the CRM has them, in any case of letters; else nil
	From      string              // address; only to recognise mailer-daemon and the like, never kept
	At        time.Time           // when it was sent: relative dates ("back on Monday") count from it
	Zone      *time.Location      // of the prospect; nil: UTC
	// what Lines made of our earlier messages in the conversation: history wherever it stands
	Ours      []uint64
	Forwarded bool // somebody forwarded another's mail into the CRM: what was forwarded is the message
}

// Reader turns messages into features. It is safe for concurrent use.
type Reader struct {
	words *vocabulary
	net   *net
	sizes map[string]int
	scans sync.Pool
	macs  sync.Pool // of hash.Hash, keyed and reset
}

// NewReader returns a Reader. salt keys the hashes, so that they mean nothing outside this store; extra adds phrases to
// the built-in lexicons.
func NewReader(salt []byte, extra Lexicon) *Reader {
	r := new(Reader)
	r.words, r.net, r.sizes = compile(extra)
	r.scans.New = func() any { return new(scan) }
	salt = bytes.Clone(salt)
	r.macs.New = func() any { return hmac.New(sha256.New, salt) }
	return r
}

// Lists returns how many phrases each lexicon file holds, by its name.
func (r *Reader) Lists() map[string]int {
	out := make(map[string]int, len(r.sizes))
	for k, v := range r.sizes {
		out[k] = v
	}
	return out
}

// Read returns the features of one message. It never fails and keeps no text.
func (r *Reader) Read(in Input) crm.Text { return r.read(in, nil) }

// read is Read; look, which may be nil, sees the message before its conclusions are drawn, and what it returns is
// called once they are.
func (r *Reader) read(in Input, look func(*message) (after func())) crm.Text {
	m := message{in: in, subject: readSubject(mended(in.Subject))}
	body := in.Body
	if strings.TrimSpace(body) == "" {
		body = FromHTML(in.HTML)
	}
	body = mended(bounded(body))
	m.parts = split(body, in.Forwarded, r.newOurs(in.Ours))

	sc := r.scans.Get().(*scan)
	defer func() {
		sc.text = "" // what goes back to the pool holds no message
		clear(sc.folded)
		r.scans.Put(sc)
	}()
	m.scan = sc
	m.find(r)
	m.calendar = newCalendar(in.At, in.Zone)
	m.order()
	if look != nil {
		defer look(&m)()
	}

	out := crm.Text{Class: m.class(), Units: m.units()}
	if out.Units == 0 && strings.TrimSpace(body) != "" {
		out.Units = 1 // only quoted text, or an empty line above it: they sent something
	}
	if out.Class != crm.Human {
		if out.Class == crm.OutOfOffice {
			if out.Return = m.returns(); out.Return == 0 {
				out.Return = m.latest()
			}
		}
		return out
	}
	m.intents(&out)
	if in.Direction != crm.Out {
		out.Language = r.net.files[m.written(3, 1)]
	}
	if m.below { // perhaps we wrote it: it may not harm
		const harms = crm.NotInterested | crm.NotReady | crm.OptOut
		out.Weak |= out.Intents & harms
		out.Intents &^= harms
	}
	out.Key = r.key(&m)
	return out
}

// message is one message while it is read.
type message struct {
	*scan
	net     *net
	in      Input
	subject subject
	parts

	bodyFrom, tailFrom int  // sentences: the subject's come first
	first              int  // the first sentence of the body that is more than a salutation
	heard, spoke       bool // whether a person speaks, once that was asked
	swallowed          bool // a machine of theirs lost what we sent
	closing            int  // the sentence that closes the letter, once that was asked
	greeted            int  // units of the salutation in the sentence first
	calendar           calendar
	doubt              crm.Intents // what is said by weak phrases alone, or of another price
}

// find cuts subject, body and tail into sentences and finds the phrases in each.
func (m *message) find(r *Reader) {
	const between = "\n\n"
	m.net = r.net
	m.scan.read(m.subject.rest+between+m.body+between+m.tail, r.words)
	bodyAt := len(m.subject.rest) + len(between)
	tailAt := bodyAt + len(m.body) + len(between)
	if m.scan.lang = m.language(); m.scan.lang == 0 {
		m.scan.lang = m.written(10, 4)
	}
	m.look()
	m.hits = m.hits[:0]
	m.bodyFrom, m.tailFrom = len(m.sentences), len(m.sentences)
	for i := range m.sentences {
		s := &m.sentences[i]
		at := int(m.tokens[s.from].start)
		if at >= bodyAt {
			m.bodyFrom = min(m.bodyFrom, i)
		}
		if at >= tailAt {
			m.tailFrom = min(m.tailFrom, i)
		}
		for _, h := range r.net.match(m.scan, s) {
			s.found.add(h.feature)
			m.hits = append(m.hits, h)
		}
		if m.in.Direction != crm.Out {
			s.found &^= set(crm.Promises)
		}
		if s.found.has(cuePromise) {
			s.found.add(bit(crm.Promises))
		}
	}
	m.salutation()
	m.cutClauses()
	m.sift()
	m.faults()
	m.place()
	m.requests()
}

// Units of the body without the salutation: "Hi Anna, ok" is as short as "ok".
func (m *message) units() int {
	var c counts
	for _, s := range m.sentences[m.first:m.tailFrom] {
		c.add(s.counts)
	}
	c.words = max(c.words-m.greeted, 0)
	return c.units()
}

// bounded is s as valid UTF-8 of at most MaxBytes.
func bounded(s string) string { return valid(s, MaxBytes) }

// valid is s as valid UTF-8 of at most size bytes.
func valid(s string, size int) string {
	if len(s) > size {
		s = s[:size]
		for i := 0; i < utf8.UTFMax && len(s) > 0; i++ { // not in the middle of a character
			if r, n := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || n != 1 {
				break
			}
			s = s[:len(s)-1]
		}
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// mended is s with letters put right that some program on the way took for Western ones, so that é became Ã©: what can
// be read as if none had. Where anything in it could not have come about so, s is as it was written.
func mended(s string) string {
	if !strings.Contains(s, "\u00c3") && !strings.Contains(s, "\u00c2") && !strings.Contains(s, "\u00e2") {
		return s
	}
	raw, err := charmap.Windows1252.NewEncoder().String(s)
	if err != nil || !utf8.ValidString(raw) {
		return s
	}
	return raw
}

// Strip returns the new text of a plain message: without quoted history, signature, footers and legal notices. Answers
// between quoted lines are kept.
func Strip(plain string) string {
	return split(bounded(plain), false, nil).body
}
