package text

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What we wrote ourselves is never theirs, in whatever way a mail program quotes it. So each message of ours leaves
// hashes of its sentences, and in a reply the same sentences are taken for history, wrapped at other places or not.

// maxLines is how many hashes one message leaves: those of its first sentences, of which a reply holds either most or
// none.
const maxLines = 16

// maxJoin is over how many pieces of lines a sentence may go.
const maxJoin = 8

// Lines returns the keyed hashes of the sentences of one of our messages, for Input.Ours of the replies. They have 32
// bits, because there are many and a reply is held against few. Sentences of a few words have none: they may say the
// same. What the message itself quotes is not in it.
func (r *Reader) Lines(body, html string) []uint64 {
	if strings.TrimSpace(body) == "" {
		body = FromHTML(html)
	}
	p := split(mended(bounded(body)), false, nil)
	if p.below {
		return nil
	}
	pieces := cutPieces(splitLines(p.body + "\n" + p.tail))
	var out []uint64
	add := func(from, to int) {
		if h, ok := r.lineHash(pieces[from:to]); ok && len(out) < maxLines && !slices.Contains(out, h) {
			out = append(out, h)
		}
	}
	for from := 0; from < len(pieces); {
		to := sentenceEnd(pieces, from)
		_, enough := r.lineHash(pieces[from:to])
		switch {
		case !enough && from > 0: // a name below the last sentence
			add(sentenceStart(pieces, from), to)
		case !enough && to < len(pieces): // a greeting above the first one
			add(from, sentenceEnd(pieces, to))
		default:
			add(from, to)
			for k := from; k < to && to-from > 1; k++ { // lines of a list
				add(k, k+1)
			}
			if to-from > 1 && !pieces[from].substantial() {
				add(from+1, to) // without the greeting
			}
		}
		from = to
	}
	return out
}

// ours are the hashes of the sentences that we wrote in a conversation.
type ours struct {
	reader *Reader
	known  map[uint64]bool
}

// newOurs returns nil where nothing is known.
func (r *Reader) newOurs(hashes []uint64) *ours {
	if len(hashes) == 0 {
		return nil
	}
	o := &ours{r, make(map[uint64]bool, len(hashes))}
	for _, h := range hashes {
		o.known[h] = true
	}
	return o
}

// mark finds the sentences that we wrote. It returns the lines, cut where such a sentence begins or ends within one,
// and which are ours.
func (o *ours) mark(ls []string) (cut []string, mine []bool) {
	pieces := cutPieces(ls)
	for from := 0; from < len(pieces); {
		to := from
		for n := min(maxJoin, len(pieces)-from); n > 0; n-- {
			if h, ok := o.reader.lineHash(pieces[from : from+n]); ok && o.known[h] {
				to = from + n
				break
			}
		}
		for k := from; k < to; k++ {
			pieces[k].mine = true
		}
		from = max(to, from+1)
	}
	k := 0
	for i, l := range ls {
		first := k
		for k < len(pieces) && pieces[k].line == i {
			k++
		}
		cut, mine = cutLine(cut, mine, l, pieces[first:k])
	}
	return cut, mine
}

// cutLine appends the line l, cut where ownership changes.
func cutLine(cut []string, mine []bool, l string, pieces []piece) ([]string, []bool) {
	at := 0
	for k, p := range pieces {
		if k+1 < len(pieces) && pieces[k+1].mine == p.mine {
			continue
		}
		end := p.to
		if k+1 == len(pieces) {
			end = len(l)
		}
		part := l[at:end]
		if at > 0 {
			part = strings.TrimLeft(part, " ")
		}
		cut, mine = append(cut, strings.TrimRight(part, " ")), append(mine, p.mine)
		at = end
	}
	if len(pieces) == 0 {
		cut, mine = append(cut, l), append(mine, false)
	}
	return cut, mine
}

// piece is a sentence, or as much of one as stands in a line.
type piece struct {
	line     int
	from, to int
	text     string
	ends     bool // the sentence ends here
	mine     bool
}

// fewWords is how many words a sentence has at most that anybody may write.
const fewWords = 4

// substantial reports whether the piece alone is more than a courtesy.
func (p piece) substantial() bool { return substantial(p.text) }

// substantial reports whether s says enough that two people hardly write the same.
func substantial(s string) bool {
	words, unspaced := 0, 0
	for w := range strings.FieldsSeq(s) {
		words++
		for _, r := range w {
			if han(r) || kana(r) || unspacedLetter(r) {
				unspaced++
			}
		}
	}
	return (words > fewWords || unspaced > 3*fewWords) && closing(s) == notClosing
}

func unspacedLetter(r rune) bool { return unspaced(r) && unicode.IsLetter(r) }

// cutPieces cuts lines into pieces. Marks of quotation are in none.
func cutPieces(ls []string) []piece {
	var out []piece
	for i, l := range ls {
		at := len(l) - len(strings.TrimLeft(l, "> \t\uff1e"))
		for at < len(l) {
			end, ends := pieceEnd(l, at)
			if text := strings.TrimSpace(l[at:end]); hasWord(text) {
				out = append(out, piece{line: i, from: at, to: end, text: text, ends: ends})
			} else if ends && len(out) > 0 {
				out[len(out)-1].ends = true
			}
			at = end
		}
	}
	return out
}

// pieceEnd is where the sentence at byte at of l ends, or the line.
func pieceEnd(l string, at int) (end int, ends bool) {
	for i := at; i < len(l); {
		r, size := utf8.DecodeRuneInString(l[i:])
		i += size
		switch r {
		case '\u3002', '\uff01', '\uff1f', '\uff1a':
			return i, true
		case '.', '!', '?', ':', ';', '\u2026':
			if i == len(l) || l[i] == ' ' {
				return i, true
			}
		}
	}
	return len(l), false
}

func hasWord(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) >= 0
}

// sentenceEnd is the piece behind the sentence that begins with piece i.
func sentenceEnd(pieces []piece, i int) int {
	for k := i; k < len(pieces) && k < i+maxJoin; k++ {
		if pieces[k].ends {
			return k + 1
		}
	}
	return min(i+maxJoin, len(pieces))
}

// sentenceStart is the first piece of the sentence that ends before piece i.
func sentenceStart(pieces []piece, i int) int {
	k := i - 1
	for k > 0 && !pieces[k-1].ends && i-k < maxJoin {
		k--
	}
	return k
}

// lineHash is the hash of the letters and digits of pieces; false where these say too little.
func (r *Reader) lineHash(pieces []piece) (uint64, bool) {
	var text strings.Builder
	for _, p := range pieces {
		text.WriteString(p.text)
		text.WriteByte(' ')
	}
	if !substantial(strings.TrimSpace(text.String())) {
		return 0, false
	}
	var letters []byte
	for _, c := range fold(text.String()) {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			letters = utf8.AppendRune(letters, c)
		}
	}
	return r.sum('s', letters) & (1<<32 - 1), true
}
