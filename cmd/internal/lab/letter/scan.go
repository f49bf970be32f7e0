package letter

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
	"unicode"
)

// maxLetter is how much one letter may hold, attachments among it.
const maxLetter = 32 << 20

// Scan returns the letters in r: a mail as mail programs save it, or JSON lines. A letter that does not say when it was
// sent was sent at now. It ends at the first letter that cannot be read.
func Scan(r io.Reader, now time.Time) iter.Seq2[Letter, error] {
	return func(yield func(Letter, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		first, err := firstByte(in)
		switch {
		case errors.Is(err, io.EOF):
		case err != nil:
			yield(Letter{}, err)
		case first == '{':
			scanLines(in, now, yield)
		default:
			l, err := parseMail(io.LimitReader(in, maxLetter))
			if l.At.IsZero() {
				l.At = now
			}
			yield(l, err)
		}
	}
}

// firstByte returns the first byte that is no white space, and leaves it to be read.
func firstByte(in *bufio.Reader) (byte, error) {
	for {
		b, err := in.ReadByte()
		if err != nil {
			return 0, err
		}
		if !unicode.IsSpace(rune(b)) && !bytes.ContainsRune([]byte("\xef\xbb\xbf"), rune(b)) {
			return b, in.UnreadByte()
		}
	}
}

func scanLines(in io.Reader, now time.Time, yield func(Letter, error) bool) {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), maxLetter)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		l := Letter{At: now}
		err := json.Unmarshal(lines.Bytes(), &l)
		if err != nil {
			err = fmt.Errorf("line %d: %w", n, err)
		}
		if !yield(l, err) || err != nil {
			return
		}
	}
	if err := lines.Err(); err != nil {
		yield(Letter{}, err)
	}
}
