package seen

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "github.com/ncruces/go-sqlite3/driver"  // database/sql's "sqlite3"
	_ "github.com/ncruces/go-sqlite3/vfs/xts" // the file is encrypted where the store is
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/queue"
)

// Deps is what a Model is made of.
type Deps struct {
	Queue   *queue.Queue
	Dir     string // where its file is; it is emptied
	Encrypt bool   // with a key that nobody else ever knows
	Lazy    bool   // it follows nothing before somebody asks
	Log     *zap.Logger
}

// Model is the list of contacts. Its methods may be called from any goroutine.
type Model struct {
	Deps
	tombs *stored.Tombs
	db    *sql.DB
	poke  chan struct{} // somebody looks: follow at once

	mu     sync.Mutex
	shards []progress
	moved  chan struct{} // closed and replaced whenever shards change
	failed error         // why it stands still
	built  bool          // it has once seen all there was
	quick  bool          // the indexes are there
}

// progress is how far one stream of records has been followed.
type progress struct {
	seen, newest uint64

	busy   bool      // so much came before looked, since the time before
	looked time.Time // not at every look
	then   uint64    // the newest as of then
}

// mostReaders is how many pages are looked up at the same time.
const mostReaders = 4

// New makes an empty list. It does not follow anything yet.
func New(d Deps) (*Model, error) {
	if err := os.RemoveAll(d.Dir); err != nil {
		return nil, fmt.Errorf("the list of contacts: %w", err)
	}
	if err := os.MkdirAll(d.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("the list of contacts: %w", err)
	}
	q := url.Values{"_pragma": {
		"busy_timeout(10000)", // the first, for the second may have to wait already
		"journal_mode(wal)", "synchronous(off)", "secure_delete(on)", "cache_size(-16384)", "temp_store(memory)",
	}}
	if d.Encrypt {
		key := make([]byte, 64)
		_, _ = rand.Read(key) // never fails: crypto/rand ends the program instead
		q.Set("vfs", "xts")
		q["_pragma"] = append([]string{"hexkey('" + hex.EncodeToString(key) + "')"}, q["_pragma"]...)
	}
	db, err := sql.Open("sqlite3", "file:"+filepath.ToSlash(filepath.Join(d.Dir, "contacts.db"))+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("the list of contacts: %w", err)
	}
	db.SetMaxOpenConns(mostReaders + 1)
	db.SetMaxIdleConns(mostReaders + 1)
	if _, err := db.Exec(schema); err != nil {
		return nil, errors.Join(fmt.Errorf("the list of contacts: %w", err), db.Close())
	}
	return &Model{
		Deps: d, tombs: stored.NewTombs(d.Queue), db: db, poke: make(chan struct{}, 1),
		shards: make([]progress, d.Queue.Contacts.Shards()), moved: make(chan struct{}),
	}, nil
}

// Close throws the list away.
func (m *Model) Close() error { return errors.Join(m.db.Close(), os.RemoveAll(m.Dir)) }

// State is how the list stands.
type State struct {
	Built bool    `json:"built"` // it has once seen every contact
	Share float64 `json:"share"` // of the records followed, 0 to 1, while it is being built
	Error string  `json:"error,omitempty"`
}

// State tells how the list stands.
func (m *Model) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := State{Built: m.built, Share: 1}
	var seen, newest uint64
	for _, p := range m.shards {
		seen, newest = seen+min(p.seen, p.newest), newest+p.newest
	}
	if !m.built {
		s.Share = 0
		if newest > 0 {
			s.Share = float64(seen) / float64(newest)
		}
	}
	if m.failed != nil {
		s.Error = m.failed.Error()
	}
	return s
}

// Fresh returns once everything is in the list that had been stored when it was called, or when wait has passed.
func (m *Model) Fresh(ctx context.Context, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	want := make([]uint64, len(m.shards))
	for i := range want {
		newest, err := m.Queue.Contacts.Newest(ctx, i)
		if err != nil {
			return err
		}
		want[i] = newest
	}
	for {
		m.mu.Lock()
		there, moved := true, m.moved
		for i := range want {
			there = there && m.shards[i].seen >= want[i]
		}
		m.mu.Unlock()
		if there {
			return nil
		}
		select {
		case m.poke <- struct{}{}:
		default: // it is known
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// isIndexed says whether there are the indexes that pages are read by.
func (m *Model) isIndexed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.quick
}

// indexed asks for what is read by an index, once more where the list began anew meanwhile and there is none any more.
func indexed[A any](m *Model, ask func() (A, error)) (A, error) {
	before := m.isIndexed()
	a, err := ask()
	if err != nil && before && !m.isIndexed() {
		return ask()
	}
	return a, err
}

// change changes how far the streams have been followed.
func (m *Model) change(fn func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	fn()
	close(m.moved)
	m.moved = make(chan struct{})
}
