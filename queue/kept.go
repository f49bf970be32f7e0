package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// keptName is a file beside the store with copies of the records that Keep was given, a line for each: a checksum, a
// space, and the record as JSON.
const keptName = "winnow-kept"

// kept is a record that must not be lost with its stream.
type kept struct {
	Partition int    `json:"partition"`
	Source    string `json:"source"`
	Contact   string `json:"contact"`
	Data      []byte `json:"data"`
}

func (k kept) key() Key { return Key{k.Source, k.Contact} }

// copies are the kept records of a store of our own.
type copies struct {
	path string // empty: the store is outside, and keeps its own

	mu  sync.Mutex
	all map[Key]kept // nil: not read yet
}

// read returns the copies. Lines that are not what was written are passed over: what they held may still be in the
// store, whose owner keeps it again.
func (c *copies) read() (map[Key]kept, error) {
	if c.all != nil {
		return c.all, nil
	}
	b, err := os.ReadFile(c.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	c.all = map[Key]kept{}
	for line := range bytes.Lines(b) {
		sum, text, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		var k kept
		if n, err := strconv.ParseUint(string(sum), 16, 32); err != nil || uint32(n) != crc32.ChecksumIEEE(text) ||
			json.Unmarshal(text, &k) != nil {
			continue
		}
		c.all[k.key()] = k
	}
	return c.all, nil
}

// add appends copies to the file, synced.
func (c *copies) add(more []kept) error {
	var b bytes.Buffer
	b.WriteByte('\n') // ends a line that a crash has left
	for _, k := range more {
		text, err := json.Marshal(k)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%08x %s\n", crc32.ChecksumIEEE(text), text)
	}
	f, err := os.OpenFile(c.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, &b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	for _, k := range more {
		c.all[k.key()] = k
	}
	return nil
}

// Keep has records of partition p, which never change, put back by Restore should the store lose them: a copy of each
// stands beside it. An outside store has copies of its own. Of what is kept already nothing is written.
func (c *Contacts) Keep(p int, records ...Put) error {
	if err := c.layout.Check(p); err != nil || c.copies.path == "" {
		return err
	}
	c.copies.mu.Lock()
	defer c.copies.mu.Unlock()
	all, err := c.copies.read()
	if err != nil {
		return fmt.Errorf("%s: %w", keptName, err)
	}
	var more []kept
	for _, r := range records {
		if _, ok := all[r.Key]; !ok {
			more = append(more, kept{p, r.Key.Source, r.Key.Contact, r.Data})
		}
	}
	if len(more) == 0 {
		return nil
	}
	if err := c.copies.add(more); err != nil {
		return fmt.Errorf("%s: %w", keptName, err)
	}
	return nil
}

// Restore puts the kept records back that the store has lost, and returns how many.
func (c *Contacts) Restore(ctx context.Context) (n int, err error) {
	if c.copies.path == "" {
		return 0, nil
	}
	c.copies.mu.Lock()
	defer c.copies.mu.Unlock()
	all, err := c.copies.read()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", keptName, err)
	}
	parts := map[int][]Key{}
	for key, k := range all {
		if c.layout.Check(k.Partition) == nil { // else it is of another store
			parts[k.Partition] = append(parts[k.Partition], key)
		}
	}
	for p, keys := range parts {
		found, err := c.Load(ctx, p, keys)
		if err != nil {
			return n, err
		}
		for _, key := range keys {
			if _, ok := found[key]; ok {
				continue
			}
			if err := c.putBack(ctx, p, all[key]); err != nil {
				return n, fmt.Errorf("put back a record of partition %d: %w", p, err)
			}
			n++
		}
	}
	return n, nil
}

// putBack stores a kept record where none stands.
func (c *Contacts) putBack(ctx context.Context, p int, k kept) error {
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	msg := jet.NewMsg(k.key().subject(layout.KindContact, p), k.Data)
	msg.Header[jet.HeaderExpected] = []string{"0"}
	_, err := c.srv.JS(p).PublishMsg(ctx, msg)
	if jet.IsOutrun(err) {
		return nil // one stands there after all
	}
	return jet.PublishError(c.layout.Records(p), err)
}

// newCopies are those of a store in dir; empty: it is outside.
func newCopies(dir string) *copies {
	if dir == "" {
		return &copies{}
	}
	return &copies{path: filepath.Join(dir, keptName)}
}
