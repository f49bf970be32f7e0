package hubspot

import (
	"encoding/json"
	"strings"
)

// scan reads JSON that is known to be valid, in the order in which it stands. Batch updates are what a benchmark sends
// by the tens of thousands, and maps by reflection would cost more than all the rest.
type scan struct {
	b []byte
	i int
}

// pair is one property and its value.
type pair struct{ name, value string }

func (s *scan) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r', ',', ':':
			s.i++
		default:
			return
		}
	}
}

// peek is the first byte of the next value, or the bracket that ends what s is in; 0 at the end.
func (s *scan) peek() byte {
	s.space()
	if s.i == len(s.b) {
		return 0
	}
	return s.b[s.i]
}

// each calls f for every element of the array or object that comes next, in an object with the key; f must consume the
// value. It reports false, consuming the value, when something else comes next.
func (s *scan) each(open byte, f func(key string)) bool {
	if s.peek() != open {
		s.skip()
		return false
	}
	s.i++
	for {
		if c := s.peek(); c == ']' || c == '}' {
			s.i++
			return true
		}
		key := ""
		if open == '{' {
			key = s.text()
		}
		f(key)
	}
}

// text consumes a value and returns it as text: a string decoded, a number or a truth as written, null as nothing.
func (s *scan) text() string {
	s.space()
	from := s.i
	s.skip()
	raw := s.b[from:s.i]
	switch {
	case string(raw) == "null":
		return ""
	case raw[0] != '"':
		return string(raw)
	case strings.IndexByte(string(raw), '\\') < 0:
		return string(raw[1 : len(raw)-1])
	}
	var decoded string
	_ = json.Unmarshal(raw, &decoded) // the whole was found valid before
	return decoded
}

// scalar reports whether a value that text can give comes next.
func (s *scan) scalar() bool { c := s.peek(); return c != '{' && c != '[' }

// skip consumes a value.
func (s *scan) skip() {
	s.space()
	depth := 0
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case '"':
			for s.i++; s.b[s.i] != '"'; s.i++ {
				if s.b[s.i] == '\\' {
					s.i++
				}
			}
			s.i++
		case '{', '[':
			depth++
			s.i++
			continue
		case '}', ']':
			depth--
			s.i++
		case ' ', '\t', '\n', '\r', ',', ':':
			s.i++
			continue
		default:
			for s.i < len(s.b) && strings.IndexByte(" \t\n\r,:]}", s.b[s.i]) < 0 {
				s.i++
			}
		}
		if depth == 0 {
			return
		}
	}
}
