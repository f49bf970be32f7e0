package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSignature is how many lines a signature may have below its closing formula.
const maxSignature = 16

// cutTail splits a segment of new text from its tail. later says that text of theirs stands above, so that the segment
// may consist of a tail alone.
func cutTail(seg []string, later bool) (keep, tail []string) {
	above := later // any text so far
	blank, fenced := true, false
	for i := 0; i < len(seg); i++ {
		l := seg[i]
		if l == "" {
			blank = true
			continue
		}
		if c := l[0] | 0x20; c < 'a' || c > 'z' { // most lines begin with a letter
			fenced = fenced || delimiter(l) && orderBelow(seg, i+1)
			if marksSignature(seg, i, above, fenced) {
				return finish(seg, i, i)
			}
		}
		if !tailGate.admits(l) {
			above, blank = true, false
			continue
		}
		folded := fold(bounds(strings.TrimLeft(l, " \t*")))
		switch {
		case !above && banner(folded): // a warning that the receiving system put above the text
			for ; i < len(seg) && seg[i] != ""; i++ {
				seg[i] = ""
			}
			continue
		case sentFrom(folded):
			if seg[i] = behindAdvert(l); seg[i] == "" && above {
				return cutAbove(seg, i, later)
			}
			above = above || seg[i] != ""
			continue
		case notice(seg, i, above, blank, folded):
			return cutAbove(seg, i, later)
		}
		if c, at := closing(l), i; c != notClosing && signed(seg, i+1, c) {
			if c == thanksClosing {
				at++ // thanks are said, the name below them is not
			}
			return finish(seg, at, i+1)
		}
		above, blank = true, false
	}
	return cutUnmarked(seg, later)
}

// cutUnmarked splits seg from a tail before which nothing stands that marks one.
func cutUnmarked(seg []string, later bool) (keep, tail []string) {
	if n := imprint(seg); n < len(seg) {
		if keep, tail = cutAbove(seg, n, later); len(tail) > len(seg)-n { // a signature stands above it
			return keep, tail
		}
	}
	n := contactBlock(seg)
	if n == len(seg) {
		n = lastWords(seg)
	}
	return finish(seg, n, n)
}

// imprint finds a last paragraph of one line that names a company by its legal form and says where it is registered,
// and returns where it begins.
func imprint(seg []string) int {
	end := len(seg)
	for end > 0 && seg[end-1] == "" {
		end--
	}
	if end < 3 || seg[end-2] != "" || nextText(seg, 0) >= end-1 || announced(seg, end-1) {
		return len(seg)
	}
	f := fold(seg[end-1])
	if !strings.HasSuffix(f, "?") && hasDigit(f) && company(seg[end-1]) && containsAny(f, registers) &&
		!containsAny(f+seg[max(0, end-3)], billed) {
		return end - 1
	}
	return len(seg)
}

var (
	registers = foldAll("registered|company no|vat no|amtsgericht|hrb|geschäftsführer|sitz |ust-id|ust id|" +
		"rcs |siret|siren|capital|nif |cif |registro mercantil|p.iva|p. iva|" +
		"partita iva|c.f.|rea |cap. soc|capitale|nipc|cnpj|kvk|btw|iban")
	billed = foldAll("bitte|please|merci|favor|favore|graag|" +
		"rechnung|invoice|bill|facture|factura|fattura|fatura|factuur")
)

// cutAbove cuts seg at i, where something stands that no person wrote below a signature, and then the signature above.
func cutAbove(seg []string, i int, later bool) (keep, tail []string) {
	keep, below := finish(seg, i, i)
	if keep, tail = cutTail(keep, later); len(tail) == 0 {
		return keep, below
	}
	return keep, append(append(tail[:len(tail):len(tail)], ""), below...)
}

// notice reports whether what programs and lawyers put below begins with line i, which is folded.
func notice(seg []string, i int, above, blank bool, folded string) bool {
	return (blank || above && (namesOnly(seg[i-1]) || company(seg[i-1]))) && legalNotice(folded) ||
		above && listFooter(folded)
}

// namesOnly reports whether the line, right above a notice, may be the last of a signature: it is short and ends no
// sentence.
func namesOnly(l string) bool {
	const longest = 40
	return l != "" && len(l) <= longest && !strings.ContainsAny(l[len(l)-1:], ".,;:!?")
}

// company reports whether the line, right above a notice, names a company by its legal form.
func company(l string) bool {
	const longest = 120
	if len(l) > longest {
		return false
	}
	for w := range strings.FieldsSeq(strings.ToLower(l)) {
		if legalForms[strings.ReplaceAll(strings.Trim(w, ",;|()"), ".", "")] {
			return true
		}
	}
	return false
}

var legalForms = setOf("gmbh mbh ag kg ohg ug ltd limited llc plc inc corp sarl sas sasu srl spa sl slu sa bv nv " +
	"lda ltda aps oy sro")

// marksSignature reports whether a signature follows line i: a delimiter, unless it fences something else, or a rule
// above contact data.
func marksSignature(seg []string, i int, above, fenced bool) bool {
	l := seg[i]
	return (delimiter(l) && !fenced || rule(l) && above && contactBelow(seg, i+1)) && !announced(seg, i)
}

// finish cuts seg at i. A postscript below from is text again.
func finish(seg []string, i, from int) (keep, tail []string) {
	for k := from; k < min(len(seg), from+maxSignature); k++ {
		if f := fold(bounds(seg[k])); postscript(f) {
			rest, more := seg[k:], []string(nil)
			if end := nextBlank(seg, k); end < len(seg) {
				rest, more = seg[k:end], seg[end:]
			}
			keep = append(append(append([]string{}, seg[:i]...), ""), rest...)
			return keep, append(append([]string{}, seg[i:k]...), more...)
		}
	}
	keep, tail = seg[:i], seg[i:]
	return trimLast(keep), tail
}

func nextBlank(ls []string, i int) int {
	for i < len(ls) && ls[i] != "" {
		i++
	}
	return i
}

func postscript(f string) bool {
	for _, p := range []string{"ps:", "p.s.", "ps ", "p.s:", "ps.", "n.b.", "pd:", "p.d."} {
		if strings.HasPrefix(f, p) {
			return true
		}
	}
	return false
}

// trimLast takes a closing formula off the end of the last line: "Tuesday works. Best regards, Tom".
func trimLast(keep []string) []string {
	i := len(keep) - 1
	for i >= 0 && keep[i] == "" {
		i--
	}
	if i < 0 {
		return keep
	}
	l := keep[i]
	for at := len(l) - 2; at > max(0, len(l)-60); at-- {
		if c := l[at]; c != '.' && c != '!' && c != '?' {
			continue
		}
		if closing(strings.TrimSpace(l[at+1:])) == strongClosing {
			return append(append([]string{}, keep[:i]...), l[:at+1])
		}
	}
	return keep
}

// delimiter reports whether l is the line that RFC 3676 puts above a signature, or what people make of it.
func delimiter(l string) bool {
	switch strings.TrimSpace(l) {
	case "--", "---", "\u2014", "\u2013", "__", "___", "-- *":
		return true
	}
	return false
}

// orderBelow reports whether what stands below a mark from line i on is no signature but a list of how much of what:
// "20 seats".
func orderBelow(seg []string, i int) bool {
	order := false
	for i = nextText(seg, i); i < len(seg) && seg[i] != ""; i++ {
		if contactLine(seg[i]) || nameLine(seg[i]) {
			return false
		}
		number, rest, _ := strings.Cut(strings.TrimLeft(seg[i], "-*• "), " ")
		r, _ := utf8.DecodeRuneInString(rest)
		order = order || number != "" && strings.Trim(number, "0123456789x.,") == "" && unicode.IsLetter(r) &&
			!unicode.IsUpper(r)
	}
	return order
}

// announced reports whether the last sentence above line i says that contact data follow, so that they are no
// signature.
func announced(seg []string, i int) bool {
	i--
	for i >= 0 && seg[i] == "" {
		i--
	}
	if i < 0 {
		return false
	}
	l := strings.TrimSpace(seg[i])
	if colonAtEnd(l) {
		return true
	}
	if k := strings.LastIndexAny(strings.TrimRight(l, ".!"), ".!?"); k >= 0 {
		l = l[k:]
	}
	return len(l) <= 160 && containsAny(fold(l), contactNouns)
}

// contactNouns are words of sentences that announce contact data.
var contactNouns = foldAll("contact|address|details are|details below|reach out to|speak to|talk to my|" +
	"ansprechpartner|zuständig|adresse|kontakt|wenden sie sich|coordonnées|interlocut|contactez|contacto|dirección|" +
	"datos|contatto|indirizzo|referente|contato|endereço|contactpers|gegevens|adress|kontakt|dane do|住所|連絡先|担当者|地址|" +
	"联系|주소|연락처")

// rule reports whether l is a line of four or more equal signs, as stand above signatures, mostly in Japanese mail.
func rule(l string) bool {
	l = strings.TrimSpace(l)
	first, _ := utf8.DecodeRuneInString(l)
	if !strings.ContainsRune("-_=*~+#\u2501\u2500\u2015\u2014\uff0a\uff1d\u25c7\u25c6\u25a0\u25a1\u30fb\u2022\u22c6\u2606", first) {
		return false
	}
	n := 0
	for _, r := range l {
		if r != first && !unicode.In(r, unicode.Po, unicode.Pd, unicode.So, unicode.Sm, unicode.Zs, unicode.Pc) {
			return false
		}
		n++
	}
	return n >= minSignatureRule
}

// minSignatureRule is how many signs make a rule above a signature.
const minSignatureRule = 4

// contactBelow reports whether one of the next lines is how to reach somebody.
func contactBelow(seg []string, i int) bool {
	for k := i; k < min(len(seg), i+12); k++ {
		if contactLine(seg[k]) {
			return true
		}
	}
	return false
}

// contactBlock finds a last paragraph that is nothing but name, title and how to reach them, and returns where it
// begins.
func contactBlock(seg []string) int {
	end := len(seg)
	for end > 0 && seg[end-1] == "" {
		end--
	}
	start := end
	for start > 0 && seg[start-1] != "" && end-start <= maxSignature {
		start--
	}
	above := start
	for above > 0 && seg[above-1] == "" {
		above--
	}
	if above == 0 || end-start < 2 || announced(seg, start) {
		return len(seg)
	}
	contacts := 0
	for _, l := range seg[start:end] {
		if len(l) > 120 || strings.HasSuffix(l, "?") {
			return len(seg)
		}
		if contactLine(l) {
			contacts++
		}
	}
	if contacts >= 2 || contacts == 1 && end-start >= 3 && nameLine(seg[start]) {
		return start
	}
	return len(seg)
}

// contactLine reports whether l is a short line with a telephone number, an address of mail or web, or a label of one.
func contactLine(l string) bool {
	l = strings.TrimSpace(l)
	if l == "" || len(l) > 120 {
		return false
	}
	f := fold(l)
	for _, label := range contactLabels[firstByte(f)] {
		if strings.HasPrefix(f, label) {
			return true
		}
	}
	if strings.Contains(f, "www.") || strings.Contains(f, "http") || strings.Contains(f, "@") &&
		strings.Count(f, " ") <= 3 {
		return true
	}
	digits, others := 0, 0
	for _, r := range f {
		switch {
		case '0' <= r && r <= '9':
			digits++
		case !strings.ContainsRune(" +-()/.|", r):
			others++
		}
	}
	return digits >= 7 && others <= 8
}

var contactLabels = byFirstByte("tel|phone|mobile|mob.|mob:|fax|cell|office:|direct:|t:|m:|p:|e:|w:|f:|t.|m.|t +|m +|" +
	"e-mail|email|mail:|web:|website|telefon|handy|mobil|tél|portable|móvil|teléfono|cellulare|telefone|celular|" +
	"telefoon|tfn|kom.|〒|電話|携帯|電話番号|电话|手机|地址|电邮|邮箱|전화|휴대폰|이메일|팩스|住所|hrb|ust-id|vat|kvk|siret|registered|" +
	"geschäftsführer|amtsgericht|sitz der gesellschaft")

// nameLine reports whether l can be a name: one to four words, each with a capital first letter.
func nameLine(l string) bool {
	words := strings.Fields(strings.Trim(l, " .,*"))
	if len(words) == 0 || len(words) > 4 || len(l) > 60 {
		return false
	}
	for _, w := range words {
		r, _ := utf8.DecodeRuneInString(w)
		if !unicode.IsUpper(r) && !(len(words) > 1 && nameParticles[w]) {
			return false
		}
		for _, r := range w {
			if !unicode.IsLetter(r) && r != '.' && r != '-' && r != '\'' && r != '\u2019' {
				return false
			}
		}
	}
	return true
}

var nameParticles = setOf("von van de der den da di del la le du dos el al bin ten ter zu")

// lastWords finds a name alone on the last line and returns where the tail begins.
func lastWords(seg []string) int {
	end := len(seg)
	for end > 0 && seg[end-1] == "" {
		end--
	}
	if end < 2 || nextText(seg, 0) >= end-1 {
		return len(seg)
	}
	l := strings.TrimSpace(seg[end-1])
	l = strings.TrimLeft(l, "-\u2013\u2014/ ")
	words := strings.Fields(l)
	dashed := l != strings.TrimSpace(seg[end-1])
	if len(words) <= 2 && nameLine(l) && (seg[end-2] == "" || dashed) && !strings.HasSuffix(l, ".") &&
		!plainWord[fold(strings.Trim(words[0], ",."))] {
		return end - 1
	}
	return len(seg)
}
