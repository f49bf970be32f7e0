package text

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// foldEnd is the first rune that letters does not cover: Basic Latin up to Greek.
const foldEnd = 0x400

// letters holds what each Latin and Greek letter is folded to: lower case without marks, because people leave marks out
// as often as not. Combining marks are folded to nothing.
var letters = func() (t [foldEnd]string) {
	special := map[rune]string{
		'ß': "ss", 'ł': "l", 'Ł': "l", 'ø': "o", 'Ø': "o", 'đ': "d", 'Đ': "d", 'æ': "ae", 'Æ': "ae", 'œ': "oe",
		'Œ': "oe",
		'ı': "i", 'İ': "i", 'ð': "d", 'þ': "th", '\u00a0': " ", '\u00ad': "", '´': "'", '`': "'", '\u02bc': "'",
		'ς': "σ",
	}
	for r := rune(0); r < foldEnd; r++ {
		if s, ok := special[r]; ok {
			t[r] = s
			continue
		}
		t[r] = baseLetters(r)
	}
	return t
}()

// baseLetters is r in lower case without its combining marks.
func baseLetters(r rune) string {
	var out []rune
	for _, d := range norm.NFD.String(string(unicode.ToLower(r))) {
		if !unicode.Is(unicode.Mn, d) {
			out = append(out, d)
		}
	}
	return string(out)
}

// appendFold appends s to dst in the form in which words are compared: lower case, no marks on Latin letters, one kind
// of apostrophe and space, full-width letters narrow, invisible characters gone.
func appendFold(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		from := len(dst)
		n := i
		for n < len(s) && s[n] < utf8.RuneSelf {
			n++
		}
		dst = append(dst, s[i:n]...)
		for k := from; k < len(dst); k++ {
			dst[k] = lower[dst[k]]
		}
		if i = n; i == len(s) {
			break
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		dst = appendFoldRune(dst, r)
	}
	return dst
}

// lower folds ASCII.
var lower = func() (t [utf8.RuneSelf]byte) {
	for i := range t {
		t[i] = byte(unicode.ToLower(rune(i)))
	}
	t['`'] = '\''
	return t
}()

func appendFoldRune(dst []byte, r rune) []byte {
	switch {
	case r < foldEnd:
		return append(dst, letters[r]...)
	case 0x1e00 <= r && r <= 0x1eff: // Vietnamese and other marked Latin letters
		return append(dst, baseLetters(r)...)
	case r == '\u2018' || r == '\u2019' || r == '\u2032':
		return append(dst, '\'')
	case r == '\u202f' || r == '\u3000' || 0x2000 <= r && r <= 0x200a:
		return append(dst, ' ')
	case 0xff01 <= r && r <= 0xff5e: // full-width ASCII
		return appendFoldRune(dst, unicode.ToLower(r-0xfee0))
	case invisible(r), 0x1f3fb <= r && r <= 0x1f3ff: // a thumb of any colour is a thumb
		return dst
	case r == 'ё':
		r = 'е'
	case r < 0x590: // Cyrillic and Armenian have cases; the scripts beyond do not
		r = unicode.ToLower(r)
	}
	return utf8.AppendRune(dst, r)
}

// invisible reports whether r shows nothing: joiners, marks of direction, byte order mark, variation selectors.
func invisible(r rune) bool {
	return 0x200b <= r && r <= 0x200f || 0x202a <= r && r <= 0x202e || 0x2060 <= r && r <= 0x2064 || r == 0xfeff ||
		0xfe00 <= r && r <= 0xfe0f || r == 0xad || r == 0x34f
}

func fold(s string) string { return string(appendFold(make([]byte, 0, len(s)+8), s)) }
