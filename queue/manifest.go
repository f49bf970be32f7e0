package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/winnow-crm/winnow/queue/internal/embedded"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// manifest is what the embedded store held when last checked. It is a file beside the store, because a store that has
// lost files does not know about them.
type manifest struct {
	Format  int               `json:"format"`
	Meta    meta              `json:"meta"`
	Streams map[string]extent `json:"streams"`

	// Files are the sizes of the files of each stream, of a store that was closed and not opened since: while it is
	// open they come and go. By the streams alone a file that has gone looks like one whose messages are done with.
	Files map[string]map[string]int64 `json:"files,omitempty"`
}

// extent is how far a stream goes.
type extent struct {
	First    uint64    `json:"first"`
	Last     uint64    `json:"last"`
	Messages uint64    `json:"messages"`
	Since    time.Time `json:"since,omitzero"` // when the first of them was stored
}

const (
	manifestName   = "winnow-manifest.json"
	manifestFormat = 1
	manifestEvery  = time.Second
)

func readManifest(dir string) (*manifest, error) {
	b, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var m manifest
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err == nil && m.Format != manifestFormat {
		err = fmt.Errorf("format %d, this version of Winnow reads %d", m.Format, manifestFormat)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", manifestName, err)
	}
	return &m, nil
}

func (m *manifest) write(dir string) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return embedded.WriteFile(filepath.Join(dir, manifestName), b)
}

// lastHeld is the last message of each stream, as far as it was written down; nil: it was not, or cannot be read, which
// verify says.
func lastHeld(dir string) map[string]uint64 {
	m, err := readManifest(dir)
	if err != nil || m == nil {
		return nil
	}
	held := map[string]uint64{}
	for name, e := range m.Streams {
		held[name] = e.Last
	}
	return held
}

// keptManifest writes down what the store holds: as often as that changes, at once where it was repaired, because a
// command closes it sooner, and when it is closed, so that what rots later in its last second is found, too.
type keptManifest struct {
	dir  string
	look func(context.Context) (*manifest, error)

	mu      sync.Mutex
	written *manifest
	over    bool // nothing is written any more
}

// note looks, and writes down what has changed.
func (k *keptManifest) note(ctx context.Context) error {
	m, err := k.look(ctx)
	if err != nil {
		return err
	}
	return k.write(m)
}

func (k *keptManifest) write(m *manifest) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over || m.same(k.written) {
		return nil
	}
	k.written = m
	return m.write(k.dir)
}

// keep notes until the store is being closed.
func (k *keptManifest) keep(closing <-chan struct{}, log func(level, message string)) {
	tick := time.NewTicker(manifestEvery)
	defer tick.Stop()
	for {
		if m, err := k.look(context.Background()); err == nil { // others say that the store does not answer
			if err := k.write(m); err != nil {
				log("warn", "what the store holds is not written down: "+err.Error())
			}
		}
		select {
		case <-closing:
			return
		case <-tick.C:
		}
	}
}

// last notes before the store is closed. What is wrong with that, keep has said.
func (k *keptManifest) last() {
	ctx, done := context.WithTimeout(context.Background(), manifestEvery)
	defer done()
	_ = k.note(ctx)
}

// closed adds the files when nothing writes them any more. Without them the next start goes by the streams alone.
func (k *keptManifest) closed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.over = true
	if k.written == nil {
		return
	}
	m := *k.written
	var err error
	if m.Files, err = embedded.BlockFiles(k.dir); err == nil {
		_ = m.write(k.dir)
	}
}

// checkFiles compares the files of a store with those that it was closed with, before a server opens it.
func (q *Queue) checkFiles() error {
	was, err := readManifest(q.cfg.Dir)
	if err != nil || was == nil || was.Files == nil {
		return nil //nolint:nilerr // verify says what is wrong with it
	}
	now, err := embedded.BlockFiles(q.cfg.Dir)
	if err != nil {
		return err
	}
	var lacks []string
	for stream, files := range was.Files {
		for name, size := range files {
			switch there, ok := now[stream][name]; {
			case !ok:
				lacks = append(lacks, fmt.Sprintf("%s of stream %s is missing", name, stream))
			case there < size:
				lacks = append(lacks, fmt.Sprintf("%s of stream %s has %d bytes of %d", name, stream, there, size))
			default:
				continue
			}
			if e := was.Streams[stream]; q.cfg.Repair {
				q.damage.report(damageOf(stream, "", e.First, e.Last, e.Since))
			}
		}
	}
	if len(lacks) > 0 && !q.cfg.Repair {
		slices.Sort(lacks)
		return incomplete(q.cfg.Dir, lacks)
	}
	was.Files = nil
	return was.write(q.cfg.Dir)
}

// incomplete says that a store lacks something, and what to do about it.
func incomplete(dir string, lacks []string) error {
	return fmt.Errorf("%s: %s; restore the directory from a backup, or run winnow repair: what is there stays, and "+
		"what is missing is read again from the CRM", dir, strings.Join(lacks, "; "))
}

func (q *Queue) manifest(ctx context.Context) (*manifest, error) {
	stats, err := q.Stats(ctx)
	if err != nil {
		return nil, err
	}
	m := &manifest{Format: manifestFormat, Meta: q.meta, Streams: map[string]extent{}}
	for _, s := range stats {
		if s.Name != layout.Leases { // which is in memory
			m.Streams[s.Name] = extent{s.FirstSeq, s.LastSeq, s.Messages, s.First}
		}
	}
	return m, nil
}

func (m *manifest) same(o *manifest) bool {
	if o == nil || len(m.Streams) != len(o.Streams) {
		return false
	}
	for name, e := range m.Streams {
		if was := o.Streams[name]; was.First != e.First || was.Last != e.Last || was.Messages != e.Messages {
			return false
		}
	}
	return true
}

// gone is how many messages may be missing from a stream of records without being reported: some were forgotten or
// moved since the last count.
const gone = 200

// verify compares the store with what it held before. What is missing is an error, or damage to be settled where the
// store is to be repaired.
func (q *Queue) verify(ctx context.Context) error {
	was, err := readManifest(q.cfg.Dir)
	if err != nil && !q.cfg.Repair {
		return fmt.Errorf("%s: %w; restore it from a backup, or run winnow repair", q.cfg.Dir, err)
	}
	if was == nil {
		if q.fresh {
			return nil
		}
		if !q.cfg.Repair {
			return fmt.Errorf("%s: %s is missing beside a store that is not empty; restore it from a backup, or run "+
				"winnow repair", q.cfg.Dir, manifestName)
		}
		q.damage.report(Damage{Stream: manifestName})
		return nil
	}
	if was.Meta.Partitions > 0 {
		q.former = &was.Meta
	}
	var lacks []string
	for name, e := range was.Streams {
		what, since, err := q.lacks(ctx, name, e)
		if err != nil {
			return err
		}
		if what == "" {
			continue
		}
		lacks = append(lacks, what)
		if q.cfg.Repair {
			q.damage.report(damageOf(name, "", e.First, e.Last, since))
		}
	}
	if len(lacks) == 0 || q.cfg.Repair {
		return nil
	}
	return incomplete(q.cfg.Dir, lacks)
}

// lacks says what is missing from a stream, and since when; empty: nothing.
func (q *Queue) lacks(ctx context.Context, name string, was extent) (what string, since time.Time, err error) {
	s, err := q.srv.JS(0).Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if was.Messages == 0 {
			return "", since, nil
		}
		return fmt.Sprintf("stream %s is missing, which held %d messages", name, was.Messages), was.Since, nil
	}
	if err != nil {
		return "", since, err
	}
	now := s.CachedInfo().State
	if now.LastSeq < was.Last {
		return fmt.Sprintf("stream %s ends at message %d, and went to %d", name, now.LastSeq, was.Last), now.LastTime,
			nil
	}
	few := now.Msgs+gone < was.Messages || now.Msgs == 0 && was.Messages > 0 // checkpoints stay when all are forgotten
	if strings.HasPrefix(name, layout.Contacts) && few {
		return fmt.Sprintf("stream %s has %d messages, and had %d", name, now.Msgs, was.Messages), time.Time{}, nil
	}
	return "", since, nil
}
