package embedded

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/minio/highwayhash"
)

// The server keeps a stream's messages in block files of records: length (the topmost bit: has headers), sequence,
// time, length of the subject; then subject, length of the headers if there are any, headers, body; and a keyed hash
// over all but the lengths. Source: nats-server 2.15, filestore.go, writeMsgRecordLocked. A record that does not fit
// its hash is never delivered: consumers pass over it in silence, a stream that replaces it stops until the next start,
// and a start that has to read the files again cuts the block off there. So the files are read before the server reads
// them, and a record that is damaged is made one that can be read and says so.
const (
	recordHead  = 22
	recordHash  = 8
	recordLeast = recordHead + recordHash
	recordMost  = 32 << 20

	hasHeaders = 1 << 31 // in the length
	erasedBit  = 1 << 63 // in the sequence
	tombBit    = 1 << 62
)

// Verdict is what can be said of a message whose record does not fit its hash.
type Verdict int

// The verdicts.
const (
	Lost    Verdict = iota // not even its subject is certain
	Damaged                // its subject is certain, what it held is not
	Intact                 // all of it is certain: the damage is beside it
	Trifle                 // nobody misses it
)

// Judge tells by what a message holds itself how far it can be believed.
type Judge func(subject string, data []byte) Verdict

// Hole is messages that were damaged in the files, or one.
type Hole struct {
	Stream      string
	First, Last uint64    // sequences
	Subject     string    // of the one message; empty: not known
	Since       time.Time // when the message was stored, or the one before
}

// Blocks checks the message blocks of a store without encryption, and mends them in their place.
type Blocks struct {
	dir   *Dir
	judge Judge
	held  map[string]uint64
	lost  func([]Hole)

	mu   sync.Mutex
	seen map[string]stamp // by file, as it was when it was checked last
}

type stamp struct {
	size int64
	at   time.Time
}

// Blocks returns what checks the files of the store. An encrypted store's are not looked into. held is the last message
// that each stream is known to have held: one behind it that is torn at the end of a file was being written when the
// power went, and nobody was told that it is stored. Of a stream that is not in held this is not known. lost is told
// what was lost before the file is mended, which hides it: whoever is interrupted in between finds it twice, and never
// not at all.
func (d *Dir) Blocks(judge Judge, held map[string]uint64, lost func([]Hole)) *Blocks {
	return &Blocks{dir: d, judge: judge, held: held, lost: lost, seen: map[string]stamp{}}
}

// Check reads the block files, or those that have changed since it read them last, and mends what is damaged. live says
// that the server runs: then its view of the stream is left alone, and what it may be writing just now is looked at
// twice.
func (b *Blocks) Check(all, live bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dir.key != "" {
		return nil
	}
	names, err := storedStreams(b.dir.path)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, b.stream(name, all, live))
	}
	return errors.Join(errs...)
}

func (b *Blocks) stream(name string, all, live bool) error {
	dir := filepath.Join(b.dir.path, "jetstream", account, "streams", name, "msgs")
	files, err := filepath.Glob(filepath.Join(dir, "*.blk"))
	if err != nil {
		return err
	}
	mended := false
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			continue // the server has deleted it meanwhile
		}
		now := stamp{info.Size(), info.ModTime()}
		if !all && b.seen[file] == now {
			continue
		}
		changed, err := b.file(name, file, live)
		if err != nil {
			return fmt.Errorf("check %s: %w", file, err)
		}
		b.seen[file], mended = now, mended || changed
	}
	for file := range b.seen {
		if filepath.Dir(file) == dir && !slices.Contains(files, file) {
			delete(b.seen, file)
		}
	}
	if mended && !live {
		// What the server remembers of the blocks is of before: without it, it reads them.
		if err := os.Remove(filepath.Join(dir, "index.db")); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// lookAgain is how long after the first look a block that the server may be writing is looked at again.
const lookAgain = 300 * time.Millisecond

func (b *Blocks) file(stream, file string, live bool) (changed bool, err error) {
	var index uint32
	if _, err := fmt.Sscanf(filepath.Base(file), "%d.blk", &index); err != nil {
		return false, nil //nolint:nilerr // not one of the server's
	}
	key := sha256.Sum256(fmt.Appendf(nil, "%s-%d", stream, index))
	sum, err := highwayhash.New64(key[:])
	if err != nil {
		return false, err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
		return false, err
	}
	block := block{data: data, sum: sum}
	held, known := b.held[stream]
	spans := block.damage(b.judge, func(seq uint64) bool { return !live && known && seq > held })
	if len(spans) == 0 || live && rewritten(file, data) {
		return false, nil
	}
	records, holes := make([][]byte, len(spans)), []Hole{}
	for i, s := range spans {
		record, hole := block.mend(s, b.judge)
		if records[i] = record; hole != nil {
			hole.Stream = stream
			holes = append(holes, *hole)
		}
	}
	b.lost(holes)
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return false, err
	}
	for i, s := range spans {
		if _, err := f.WriteAt(records[i], int64(s.from)); err != nil {
			return true, errors.Join(err, f.Close())
		}
	}
	return true, errors.Join(f.Sync(), f.Close())
}

// rewritten reports whether the server has written a file anew since it held data: the next check looks at that.
func rewritten(file string, data []byte) bool {
	time.Sleep(lookAgain)
	again, err := os.ReadFile(file)
	return err != nil || len(again) < len(data) || !bytes.Equal(again[:len(data)], data)
}

// block is the content of one block file.
type block struct {
	data []byte
	sum  hash.Hash64
}

// span is a part of a block that holds no record that fits its hash, between two that do.
type span struct {
	from, to      int
	before, after uint64 // sequences of the messages on both sides; after 0: none
	since         int64  // time of the one before
}

// head is the head of a record.
type head struct {
	length  int
	headers bool
	seq     uint64
	at      int64
	subject int // its length
}

func (b block) head(from int) (h head, ok bool) {
	if from+recordLeast > len(b.data) {
		return h, false
	}
	d := b.data[from:]
	n := binary.LittleEndian.Uint32(d)
	h = head{
		length: int(n &^ hasHeaders), headers: n&hasHeaders != 0, seq: binary.LittleEndian.Uint64(d[4:]),
		at: int64(binary.LittleEndian.Uint64(d[12:])), subject: int(binary.LittleEndian.Uint16(d[20:])),
	}
	least := recordLeast + h.subject
	if h.headers {
		least += 4
	}
	return h, h.length >= least && h.length <= recordMost && from+h.length <= len(b.data)
}

// sound reports whether a record begins at from that fits its hash.
func (b block) sound(from int) (head, bool) {
	h, ok := b.head(from)
	if !ok {
		return h, false
	}
	d := b.data[from : from+h.length]
	rest := d[recordHead+h.subject : len(d)-recordHash]
	if h.headers {
		rest = rest[4:]
	}
	return h, bytes.Equal(b.hash(d[4:20], d[recordHead:recordHead+h.subject], rest), d[len(d)-recordHash:])
}

func (b block) hash(parts ...[]byte) []byte {
	b.sum.Reset()
	for _, p := range parts {
		_, _ = b.sum.Write(p) // a hash never fails
	}
	return b.sum.Sum(nil)
}

// damage returns the damaged parts of a block. What lies behind the last sound record counts only if it has the length
// that it says, and is none of those that are unacknowledged: else it was being written when the process ended, and
// nobody was told that it is stored. A block of which nothing is sound is one that is understood here only if it is a
// single message of which the judge knows at least whose it is.
func (b block) damage(judge Judge, unacknowledged func(seq uint64) bool) (spans []span) {
	var seq uint64
	var at int64
	any := false
	for from := 0; from < len(b.data); {
		h, ok := b.sound(from)
		if ok {
			any = true
			if h.seq&(tombBit|erasedBit) == 0 {
				seq, at = h.seq, h.at
			}
			from += h.length
			continue
		}
		s := span{from: from, before: seq, since: at}
		next, found := b.next(from, seq)
		switch h, fits := b.head(from); {
		case found:
			s.to = next
			if n, _ := b.sound(next); n.seq&(tombBit|erasedBit) == 0 {
				s.after = n.seq
			}
		case fits && from+h.length == len(b.data) && !(h.seq > seq && unacknowledged(h.seq)):
			s.to = len(b.data)
		default:
			s.to = 0
		}
		if s.to == 0 {
			break
		}
		spans = append(spans, s)
		from = s.to
	}
	if !any && (len(spans) != 1 || b.verdict(spans[0], judge) == Lost) {
		return nil
	}
	return spans
}

// verdict is what the judge says of a damaged part as one message.
func (b block) verdict(s span, judge Judge) Verdict {
	h, ok := b.head(s.from)
	if !ok || h.length != s.to-s.from {
		return Lost
	}
	return judge(b.message(s, h))
}

// message is the subject and the body of the one message that a damaged part is.
func (b block) message(s span, h head) (subject string, body []byte) {
	d := b.data[s.from:s.to]
	body = d[recordHead+h.subject : len(d)-recordHash]
	if h.headers {
		body = body[4:]
		if n := int(binary.LittleEndian.Uint32(d[recordHead+h.subject:])); n <= len(body) {
			body = body[n:]
		}
	}
	return string(d[recordHead : recordHead+h.subject]), body
}

// next is where the next sound record begins behind a damaged one.
func (b block) next(from int, seq uint64) (int, bool) {
	for i := from + recordLeast; i+recordLeast <= len(b.data); i++ {
		h, ok := b.head(i)
		if !ok || h.seq&^(tombBit|erasedBit) == 0 || h.seq&(tombBit|erasedBit) == 0 &&
			(h.seq <= seq || h.seq > seq+1<<24) && seq != 0 {
			continue
		}
		if _, ok := b.sound(i); ok {
			return i, true
		}
	}
	return 0, false
}

// mend returns the record to be put in the place of a damaged part, and what was lost with it; nil: nothing.
func (b block) mend(s span, judge Judge) ([]byte, *Hole) {
	h, ok := b.head(s.from)
	whole := ok && h.length == s.to-s.from && h.seq > s.before && (s.after == 0 || h.seq < s.after) &&
		h.seq&(tombBit|erasedBit) == 0
	if whole {
		d := b.data[s.from:s.to]
		subject, body := b.message(s, h)
		switch judge(subject, body) {
		case Intact:
			return b.sealed(slices.Clone(d), h), nil
		case Damaged:
			out := slices.Clone(d)
			clear(out[recordHead+h.subject:])
			binary.LittleEndian.PutUint32(out, uint32(h.length)) // no headers any more
			h.headers = false
			return b.sealed(out, h), &Hole{First: h.seq, Last: h.seq, Subject: subject, Since: time.Unix(0, h.at).UTC()}
		case Trifle:
			return b.erased(s), nil
		}
	}
	hole := &Hole{
		First: s.before + 1, Last: max(s.before+1, s.after-min(s.after, 1)), Since: time.Unix(0, s.since).UTC(),
	}
	if s.since == 0 {
		hole.Since = time.Time{}
	}
	return b.erased(s), hole
}

// sealed puts the hash behind a record.
func (b block) sealed(record []byte, h head) []byte {
	rest := record[recordHead+h.subject : len(record)-recordHash]
	if h.headers {
		rest = rest[4:]
	}
	copy(record[len(record)-recordHash:], b.hash(record[4:20], record[recordHead:recordHead+h.subject], rest))
	return record
}

// erased is a record like those that the server leaves where it has erased one: it stands for the first message that is
// lost.
func (b block) erased(s span) []byte {
	out := make([]byte, s.to-s.from)
	_, _ = rand.Read(out[recordHead:]) // never fails: crypto/rand ends the program instead
	binary.LittleEndian.PutUint32(out, uint32(len(out)))
	binary.LittleEndian.PutUint64(out[4:], (s.before+1)|erasedBit)
	binary.LittleEndian.PutUint64(out[12:], uint64(s.since))
	binary.LittleEndian.PutUint16(out[20:], 0)
	return b.sealed(out, head{length: len(out)})
}

// Quarantine moves what is there of a stream out of the server's sight, and returns where to.
func (d *Dir) Quarantine(stream string, now time.Time) (string, error) {
	from := filepath.Join(d.path, "jetstream", account, "streams", stream)
	if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	to := filepath.Join(d.path, "quarantine", stream+"-"+strings.ReplaceAll(now.UTC().Format("20060102T150405.000"),
		".", ""))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return "", fmt.Errorf("quarantine: %w", err)
	}
	if err := os.Rename(from, to); err != nil {
		return "", fmt.Errorf("quarantine: %w", err)
	}
	return to, errors.Join(syncDir(filepath.Dir(from)), syncDir(filepath.Dir(to)))
}
