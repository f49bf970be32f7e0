package text

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// FromHTML returns the plain text of an HTML body. Quoted parts come out marked as in plain mail (lines with >, a
// separator above a cited message), so that Strip finds them; signatures that a mail program has marked as such,
// scripts, styles and what is hidden from the reader are left out. It reads tokens, not a tree, so that hostile nesting
// costs nothing.
func FromHTML(html string) string { return plainOf(html, false) }

// maxHTML is how much of an HTML body is looked at, in bytes: styles and images that are spelt out take more room than
// the text, of which MaxBytes are enough.
const maxHTML = 4 * MaxBytes

// plainOf is FromHTML; with links the target of each link follows its words.
func plainOf(source string, links bool) string {
	source = valid(source, maxHTML)
	if strings.TrimSpace(source) == "" {
		return ""
	}
	p := page{links: links}
	p.out.Grow(min(len(source)/2, MaxBytes))
	z := html.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(maxHTML)
	for p.out.Len() < MaxBytes {
		switch z.Next() {
		case html.ErrorToken:
			return strings.TrimRight(p.out.String(), " \n")
		case html.TextToken:
			if p.dropped == 0 {
				p.text(strings.ReplaceAll(string(z.Text()), "\u00a0", " "))
			}
		case html.StartTagToken:
			p.start(z, false)
		case html.SelfClosingTagToken:
			p.start(z, true)
		case html.EndTagToken:
			name, _ := z.TagName()
			p.end(atom.Lookup(name))
		}
	}
	return p.out.String()
}

// page is the state of reading one HTML body.
type page struct {
	out    strings.Builder
	links  bool
	href   string
	quotes int // how deep in cited text
	// open are the open elements of the names that may quote. A program closes what it never opened, so each name is
	// counted for itself.
	open    map[atom.Atom][]element
	soft    int       // the number of the box that quotes until a blockquote in it does; 0 for none
	softs   int       // how many such boxes there were
	cited   int       // how many citations there were
	colours bool      // the text says that coloured words in what is quoted are answers
	dropTag atom.Atom // what is being left out, and how deep in elements of that name
	dropped int
	lines   int  // line ends owed before the next text
	space   bool // a space is owed
	fresh   bool // at the beginning of a line
	pre     int
}

// void elements have no end tag.
func void(a atom.Atom) bool {
	switch a {
	case atom.Area, atom.Base, atom.Br, atom.Col, atom.Embed, atom.Hr, atom.Img, atom.Input, atom.Link, atom.Meta,
		atom.Source, atom.Track, atom.Wbr:
		return true
	}
	return false
}

func block(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.Tr, atom.Li, atom.Ul, atom.Ol, atom.Table, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5,
		atom.H6, atom.Pre, atom.Blockquote,
		atom.Section, atom.Article, atom.Header, atom.Footer, atom.Center, atom.Address, atom.Dl, atom.Dt, atom.Dd,
		atom.Hr, atom.Body, atom.Form, atom.Fieldset:
		return true
	}
	return false
}

func (p *page) start(z *html.Tokenizer, closed bool) {
	name, more := z.TagName()
	a := atom.Lookup(name)
	closed = closed || void(a)
	if p.dropped > 0 && p.dropTag == atom.Head && (block(a) || a == atom.Span || a == atom.Font) {
		p.dropped = 0 // a head that was never closed ends where the body begins
	}
	if p.dropped > 0 {
		if a == p.dropTag && !closed {
			p.dropped++
		}
		return
	}
	attr := attributesOf(z, more)
	switch {
	case a == atom.Script || a == atom.Style || a == atom.Head || a == atom.Title || a == atom.Template ||
		a == atom.Noscript || a == atom.Svg || a == atom.Iframe, attr.hidden, attr.signature:
		if !closed {
			p.dropTag, p.dropped = a, 1
		}
		return
	case a == atom.Br:
		p.lines = min(p.lines+1, 3)
		return
	case a == atom.Img:
		if len(attr.alt) <= 16 && attr.alt != "" && onlyEmoji(attr.alt) {
			p.text(attr.alt)
		}
		return
	case a == atom.A:
		p.href = attr.href
	case attr.history:
		p.breakLine(1)
		p.line("-----Original Message-----")
	}
	if (mayQuote(a) || p.colours && mayAnswer(a)) && !closed {
		p.opened(a, attr)
	}
	if block(a) {
		p.breakLine(1)
		if a == atom.P && p.out.Len() > 0 {
			p.breakLine(2)
		}
		if a == atom.Li {
			p.text("- ")
		}
		if a == atom.Pre {
			p.pre++
		}
	}
	if a == atom.Td || a == atom.Th {
		p.space = true
	}
}

// element is an open element that may quote.
type element struct {
	quotes  bool
	soft    int // its number, if it quotes only until a blockquote in it does
	answers int // how deep in cited text the answer stands that it holds; 0: it holds none
}

// mayQuote reports whether mail programs put what they quote into elements of this name.
func mayQuote(a atom.Atom) bool {
	switch a {
	case atom.Blockquote, atom.Div, atom.Span, atom.Section, atom.Table:
		return true
	}
	return false
}

// mayAnswer reports whether people colour their answers with elements of this name.
func mayAnswer(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Font, atom.B, atom.Strong, atom.Li, atom.Td:
		return true
	}
	return false
}

// opened begins an element that may quote.
func (p *page) opened(a atom.Atom, attr attrs) {
	var e element
	switch {
	case a == atom.Blockquote:
		e.quotes = p.cites(attr)
	case attr.box:
		e.quotes = true
	case attr.quote && p.soft == 0:
		p.softs++
		e.quotes, e.soft, p.soft = true, p.softs, p.softs
	}
	switch {
	case e.quotes:
		p.breakLine(1)
		p.quotes++
		p.cited++
		p.colours = p.colours || p.cited == 1 && p.saysColour()
	case p.colours && attr.coloured && p.quotes > 0:
		p.breakLine(1)
		e.answers, p.quotes = p.quotes, 0
	}
	if p.open == nil {
		p.open = map[atom.Atom][]element{}
	}
	p.open[a] = append(p.open[a], e)
}

// cites reports whether a blockquote that begins is a citation, not an indentation.
func (p *page) cites(attr attrs) bool {
	if p.soft > 0 { // what follows it in the box is an answer
		p.soft = 0
		p.quotes--
		return true
	}
	return attr.cite || attr.quote || attr.bordered || p.attributed()
}

// saysColour reports whether the text so far says that answers are coloured.
func (p *page) saysColour() bool {
	const letter = 2000 // bytes: who writes more answers there
	out := p.out.String()
	return containsAny(fold(strings.ToValidUTF8(out[:min(len(out), letter)], "")), colourCues)
}

// closed ends the innermost element of a name.
func (p *page) closed(a atom.Atom) {
	n := len(p.open[a])
	if n == 0 {
		return
	}
	e := p.open[a][n-1]
	p.open[a] = p.open[a][:n-1]
	if e.quotes && (e.soft == 0 || e.soft == p.soft) {
		p.breakLine(1)
		p.quotes--
		p.lines = max(p.lines, 1)
	}
	if e.soft > 0 && e.soft == p.soft {
		p.soft = 0
	}
	if e.answers > 0 {
		p.breakLine(1)
		p.quotes, p.lines = e.answers, max(p.lines, 1)
	}
}

// attributed reports whether the last lines say that what follows is quoted.
func (p *page) attributed() bool {
	out := p.out.String()
	ls := strings.Split(strings.ToValidUTF8(out[max(0, len(out)-maxLine):], ""), "\n")
	e := len(ls) - 1
	if ls[e] == "" {
		return false
	}
	_, ok := attribution(ls, 0, e, true)
	return ok
}

func (p *page) end(a atom.Atom) {
	if p.dropped > 0 {
		if a == p.dropTag {
			p.dropped--
		}
		return
	}
	switch a {
	case atom.A:
		if p.links && strings.Contains(p.href, "://") {
			p.space = true
			p.text("<" + p.href + ">")
		}
		p.href = ""
	case atom.Pre:
		p.pre = max(p.pre-1, 0)
	}
	if mayQuote(a) || p.colours && mayAnswer(a) {
		p.closed(a)
	}
	if a == atom.P {
		p.breakLine(2)
	} else if block(a) {
		p.breakLine(1)
	}
}

// breakLine asks for at least n line ends before the next text; two make an empty line.
func (p *page) breakLine(n int) {
	if p.out.Len() == 0 {
		return
	}
	if p.fresh {
		n--
	}
	p.lines = max(p.lines, n)
	p.space = false
}

// line writes one whole line.
func (p *page) line(s string) {
	p.text(s)
	p.breakLine(1)
}

// text writes s with its white space as a browser would show it.
func (p *page) text(s string) {
	if p.pre > 0 {
		for i, l := range strings.Split(s, "\n") {
			if i > 0 {
				p.lines = min(p.lines+1, 3)
			}
			p.words(l)
		}
		return
	}
	p.words(s)
}

func (p *page) words(s string) {
	for s != "" {
		i := 0
		for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r' || s[i] == '\f') {
			i++
		}
		if i > 0 {
			p.space = true
			s = s[i:]
			continue
		}
		for i < len(s) && !(s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r' || s[i] == '\f') {
			i++
		}
		p.word(s[:i])
		s = s[i:]
	}
}

func (p *page) word(w string) {
	if p.out.Len() > 0 {
		for ; p.lines > 0; p.lines-- {
			p.out.WriteByte('\n')
			p.fresh = true
		}
	}
	p.lines = 0
	if p.fresh || p.out.Len() == 0 {
		for range min(p.quotes, 1) {
			p.out.WriteString("> ")
		}
	} else if p.space {
		p.out.WriteByte(' ')
	}
	p.space, p.fresh = false, false
	p.out.WriteString(w)
}

// attrs is what the attributes of an element say that matters here.
type attrs struct {
	href, alt string
	cite      bool // a citation
	quote     bool // by its name part of what is quoted: a blockquote, or what holds one and the line above it
	box       bool // all in it is quoted
	bordered  bool // a line on its left
	coloured  bool // its words have a colour of their own
	history   bool // everything below is the message that is answered
	signature bool
	hidden    bool
}

// maxAttributes is how many attributes of one element are looked at.
const maxAttributes = 40

func attributesOf(z *html.Tokenizer, more bool) attrs {
	var out attrs
	for n := 0; more && n < maxAttributes; n++ {
		var key, val []byte
		key, val, more = z.TagAttr()
		switch string(key) {
		case "href":
			out.href = string(val)
		case "alt":
			out.alt = string(val)
		case "type":
			out.cite = out.cite || strings.EqualFold(string(val), "cite")
		case "cite":
			out.cite = out.cite || strings.HasPrefix(string(val), "mid:")
		case "class", "id", "name", "data-smartmail":
			for _, word := range strings.Fields(strings.ToLower(string(val))) {
				for strings.HasPrefix(word, "x_") { // Outlook renames what it shows inside its own page
					word = word[2:]
				}
				switch {
				case citations[word]:
					out.cite, out.quote = true, true
				case histories[word]:
					out.history = true
				case boxes[word] || strings.HasPrefix(word, "yahoo_quoted"):
					out.box = true
				case strings.HasSuffix(word, "_quote") || strings.HasSuffix(word, "_quoted") || softBoxes[word]:
					out.quote = true
				case signatures[word] || strings.HasPrefix(word, "applemailsignature"):
					out.signature = true
				}
			}
		case "style":
			out.hidden = out.hidden || hides(string(val))
			out.bordered = bordered(string(val))
			out.coloured = out.coloured || coloured(string(val))
		case "color":
			out.coloured = out.coloured || coloured("color:"+string(val))
		case "hidden":
			out.hidden = true
		}
	}
	return out
}

// hides reports whether a style shows nothing. A size of zero may be undone further in, as builders of mail do.
func hides(style string) bool {
	if len(style) < len("opacity:0") {
		return false
	}
	flat := false
	for rule := range strings.SplitSeq(style, ";") {
		name, value, _ := strings.Cut(strings.ToLower(rule), ":")
		value, _, _ = strings.Cut(value, "!") // !important
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(name) {
		case "display":
			if value == "none" {
				return true
			}
		case "visibility":
			if value == "hidden" {
				return true
			}
		case "mso-hide":
			if value == "all" {
				return true
			}
		case "opacity":
			if value == "0" {
				return true
			}
		case "max-height", "height":
			flat = flat || strings.TrimRight(value, "pxtem%") == "0"
		case "overflow":
			if value == "hidden" && flat {
				return true
			}
		}
	}
	return false
}

// bordered reports whether a style draws a line on the left, as mail programs do beside what they quote.
func bordered(style string) bool {
	_, value, ok := strings.Cut(strings.ToLower(style), "border-left:")
	value, _, _ = strings.Cut(strings.TrimSpace(value), ";")
	return ok && !strings.HasPrefix(value, "none") && !strings.HasPrefix(value, "0")
}

// coloured reports whether a style gives the words a colour that is none of black.
func coloured(style string) bool {
	for rule := range strings.SplitSeq(style, ";") {
		name, value, _ := strings.Cut(strings.ToLower(rule), ":")
		value = strings.Trim(value, " #")
		if strings.TrimSpace(name) == "color" && value != "" {
			return !strings.HasPrefix(value, "000") && !strings.HasPrefix(value, "rgb(0,") && !blacks[value]
		}
	}
	return false
}

var blacks = setOf("black inherit initial windowtext 222 222222 333 333333 currentcolor")

// colourCues are how people say that they answer in a colour.
var colourCues = foldAll("in red|in blue|in green|in bold|in colo|in purple|in orange|in rot|in blau|in grün|" +
	"in farbe|farbig|en rouge|en bleu|en vert|en couleur|en rojo|en azul|en verde|en color|in rosso|in blu|in verde|" +
	"a colori|em vermelho|em azul|em verde|in rood|in blauw|in groen|i rött|i blått|na czerwono|na niebiesko|赤字|青字|" +
	"红色|蓝色|紅色|빨간|파란")

// The names that mail programs give to their parts. citations are blockquotes; below a history all is the other
// message; a box is quoted as a whole, a soft box up to the blockquote in it.
var (
	citations = setOf("gmail_quote cite protonmail_quote tutanota_quote zmail_extra_quote wordsection_quote " +
		"front-blockquote clean_bq blockquote_zmail iscontent")
	histories = setOf("outlookmessageheader divrplyfwdmsg mail-editor-reference-message-container " +
		"ms-outlook-mobile-reference-message hmmessage_quote replysplit reply-intro_history zwchr")
	boxes = setOf("messagereplysection ntes-mailmaster-quote isforwardcontent isreplycontent " +
		"olk_src_body_section elided-text wm_quote mailquote")
	softBoxes  = setOf("zmail_extra gmail_extra hs_reply front-quote airmail_quote quoted-text")
	signatures = setOf("gmail_signature gmail_signature_prefix signature moz-signature ms-outlook-mobile-signature " +
		"apple-signature protonmail_signature_block protonmail_signature_block-user email-signature mail_signature " +
		"tutanota_signature hs_signature messagesignaturesection")
)

func onlyEmoji(s string) bool {
	for _, r := range s {
		if !emoji(r) && !invisible(r) && r != 0x200d && !(0x1f1e6 <= r && r <= 0x1f1ff) && r != 0x20e3 {
			return false
		}
	}
	return true
}
