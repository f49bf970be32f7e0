package text

import (
	"strings"
	"unicode/utf8"
)

// link returns the end of a link that starts at the word text[at:end], 0 if there is none.
func (s *scan) link(at, end int) int {
	w, rest := s.text[at:end], s.text[end:]
	switch {
	case strings.HasPrefix(rest, "://"):
	case len(w) > 4 && strings.EqualFold(w[:4], "www."):
	case len(w) == 6 && strings.EqualFold(w, "mailto") && strings.HasPrefix(rest, ":"):
	case strings.HasPrefix(rest, "/") && strings.Contains(w, ".") && !strings.HasSuffix(w, "."):
	default:
		return 0
	}
	return linkEnd(s.text, end)
}

// linkEnd returns where the link that goes on at i ends; punctuation that closes a sentence is not part of it.
func linkEnd(text string, i int) int {
	const maxLink = 4096
	j, limit := i, min(len(text), i+maxLink)
	for j < limit {
		r, n := utf8.DecodeRuneInString(text[j:])
		if r <= ' ' || strings.ContainsRune("<>\"\u00a0\u3000\u3001\u3002\uff0c\uff09\u300d\u201d", r) || han(r) ||
			kana(r) {
			break
		}
		j += n
	}
	for j > i && strings.IndexByte(".,;:!?)]}'*_", text[j-1]) >= 0 {
		if text[j-1] == ')' && strings.IndexByte(text[i:j], '(') >= 0 {
			break
		}
		j--
	}
	return j
}

// address turns the tokens right before the @ at position at into one address and returns its end; 0 if it is none.
func (s *scan) address(at int) int {
	end := at + 1
	dot := false
	for end < len(s.text) && end-at < 256 {
		c := s.text[end]
		if c == '.' {
			dot = true
		} else if !('a' <= c|0x20 && c|0x20 <= 'z' || digit(c) || c == '-' || c >= utf8.RuneSelf) {
			break
		}
		end++
	}
	for end > at+1 && (s.text[end-1] == '.' || s.text[end-1] == '-') {
		end--
	}
	n, first := len(s.tokens), at
	for steps := 0; n > s.from && steps < 16; steps++ { // local parts of more pieces are no addresses of people
		t := s.tokens[n-1]
		if gap := s.text[t.end:first]; t.kind > numberToken || gap != "" && strings.Trim(gap, ".+-_'") != "" {
			break
		}
		first = int(t.start)
		n--
	}
	if !dot || n == len(s.tokens) {
		s.counts.marks++
		return 0
	}
	s.cut = s.tokens[n].clause
	for _, t := range s.tokens[n:] {
		if t.kind != signToken {
			s.counts.words--
		}
	}
	s.counts.words = max(s.counts.words, 0)
	s.tokens = s.tokens[:n]
	s.add(first, end, addressToken)
	return end
}
