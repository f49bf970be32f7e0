package connectors

import (
	"crypto/subtle"
	"regexp"
	"strings"
	"unicode"
)

// Secret is a setting that must not be seen. It prints as [redacted] wherever it is printed.
type Secret string

const redacted = "[redacted]"

func (s Secret) String() string               { return redacted }
func (s Secret) GoString() string             { return redacted }
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Decode never fails, because envconfig quotes values in its errors.
func (s *Secret) Decode(value string) error { *s = Secret(value); return nil }

// Reveal is the value itself, for the one place that sends or compares it.
func (s Secret) Reveal() string { return string(s) }

// Each are the values of a setting that may have several, comma-separated, as while a secret is rotated. Empty ones are
// left out: an empty secret would let anybody in.
func (s Secret) Each() []Secret {
	var out []Secret
	for one := range strings.SplitSeq(string(s), ",") {
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, Secret(one))
		}
	}
	return out
}

// Equal compares in constant time.
func (s Secret) Equal(other string) bool {
	return subtle.ConstantTimeCompare([]byte(s), []byte(other)) == 1
}

// unfilled is what a template or an example leaves where it was not filled in: ${TOKEN}, $(TOKEN), {{ .token }},
// $TOKEN, <your token>, YOUR_TOKEN, changeme, xxxx and dots.
var unfilled = regexp.MustCompile(`\$[{(]|\{\{|^\$[A-Z][A-Z0-9_]*$|^<[^>]*>$|^(?:\.{3,}|\x{2026})$|` +
	`^(?i:x{3,}|change[-_]?me|your(?:[-_][a-z]+)*[-_](?:token|secret|key|password))$`)

// schemes are what stands before a token in a header, where it does not belong to the token.
var schemes = []string{"bearer ", "basic ", "token ", "authorization:", "authorization "}

// Odd says what of a secret cannot be right, as it comes from a careless copy or a template, and never what it is. A
// key in PEM has several lines. Where words are allowed, as in a password, blanks inside are.
func (s Secret) Odd(words bool) []string {
	v := string(s)
	if v == "" || strings.HasPrefix(v, "-----BEGIN ") {
		return nil
	}
	var odd []string
	say := func(is bool, what string) {
		if is {
			odd = append(odd, what)
		}
	}
	say(strings.HasPrefix(v, "\ufeff") || strings.HasPrefix(v, "\u00ef\u00bb\u00bf"),
		"begins with a byte-order mark: save the file as UTF-8 without one")
	v = strings.TrimLeft(v, "\ufeff")
	lines := strings.ContainsAny(strings.TrimRight(v, "\r\n"), "\r\n")
	say(lines, "holds more than one line")
	say(!lines && strings.TrimSpace(v) != v, "begins or ends with a blank")
	v = strings.TrimSpace(v)
	say(quoted(v), "is in quotes: they are no part of it")
	v = strings.Trim(v, "\"'`\u201c\u201d\u201e\u2018\u2019")
	lower, scheme := strings.ToLower(v), false
	for _, p := range schemes {
		scheme = scheme || strings.HasPrefix(lower, p)
	}
	say(scheme, "begins with the name of an authorization scheme: give the token alone")
	say(unfilled.MatchString(v), "was not filled in: a placeholder is left in it")
	say(!words && !scheme && !lines && !unfilled.MatchString(v) && blankInside(v), "holds a blank")
	say(strings.ContainsFunc(v, invisible), "holds a character that cannot be seen")
	return odd
}

// blankInside reports whether one of several values, which may be listed with blanks between them, has a blank in it.
func blankInside(v string) bool {
	for one := range strings.SplitSeq(v, ",") {
		if strings.ContainsFunc(strings.TrimSpace(one), unicode.IsSpace) {
			return true
		}
	}
	return false
}

// quoted reports whether a value begins or ends with a quotation mark.
func quoted(v string) bool {
	const marks = "\"'`\u201c\u201d\u201e\u2018\u2019"
	rs := []rune(v)
	return len(rs) > 0 && (strings.ContainsRune(marks, rs[0]) || strings.ContainsRune(marks, rs[len(rs)-1]))
}

// invisible characters come along with a copy from a page or a chat.
func invisible(r rune) bool {
	return r != '\n' && r != '\r' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r))
}
