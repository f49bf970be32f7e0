package since

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Memory remembers what people looked like when they were last read, as hashes, so that a poll need not have somebody
// read again who changed in nothing that matters here. Mostly that is our own write: it moves the change time, and no
// answer tells a poll who did. The time of our write would not do for that: somebody else's change just before it would
// be taken for ours. Values cannot be mistaken so.
//
// It also remembers what a CRM says of people's last activity, because most CRMs file something with a person later
// without changing the record that is filed; and which records were read for whom, so that looking for new ones does
// not read the old ones again.
//
// It is forgotten at a restart, on purpose: a poll lists only what has changed since the one before, so that this costs
// one read for each person who changed since the last poll of the process before. Kept in the store it would cost a
// write for each one read, ever.
type Memory struct {
	seed maphash.Seed
	mu   sync.Mutex
	by   *simplelru.LRU[string, look]
	read *simplelru.LRU[uint64, struct{}]

	staged map[string]uint64 // marks of the page that was given out last
	page   string            // the cursor after that page
}

type look struct {
	profile uint64
	at      time.Time // when the profile was read; zero: not yet
	mark    uint64
	marked  bool
}

const (
	maxLooks = 100_000 // people remembered: some hundred bytes each
	maxRead  = 200_000 // records remembered
	// ProfileLasts is how long a person is not read again. What is made of one depends a little on more than its own
	// properties: who our own people are, and the account's zone.
	ProfileLasts = 24 * time.Hour
)

// NewMemory returns an empty Memory.
func NewMemory() *Memory {
	m := &Memory{seed: maphash.MakeSeed()}
	m.by, _ = simplelru.NewLRU[string, look](maxLooks, nil) // it refuses a size below 1 alone
	m.read, _ = simplelru.NewLRU[uint64, struct{}](maxRead, nil)
	return m
}

// Sum stands for values, in their order.
func (m *Memory) Sum(values ...string) uint64 {
	var h maphash.Hash
	h.SetSeed(m.seed)
	for _, v := range values {
		_, _ = h.WriteString(v) // a hash never fails
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// Profile notes that a person was read and what it looked like, and what the CRM then said of its last activity, if
// that is the first that is heard of it.
func (m *Memory) Profile(person string, profile, mark uint64, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, _ := m.by.Get(person)
	l.profile, l.at = profile, now
	if !l.marked {
		l.mark, l.marked = mark, true
	}
	m.by.Add(person, l)
}

// Forget has a person read again: it changed, and may look as before when it is polled next.
func (m *Memory) Forget(person string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l, ok := m.by.Peek(person); ok {
		l.at = time.Time{}
		m.by.Add(person, l)
	}
}

// Knows reports whether a person looks as it did when it was read.
func (m *Memory) Knows(person string, profile uint64, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.by.Get(person)
	return ok && !l.at.IsZero() && l.profile == profile && now.Sub(l.at) < ProfileLasts
}

// Begin opens a page of a poll at a cursor: what the page before it noticed counts once that page is durable, which a
// poll shows by going on from there.
func (m *Memory) Begin(cursor string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.page == cursor {
		for person, mark := range m.staged {
			l, _ := m.by.Peek(person)
			l.mark, l.marked = mark, true
			m.by.Add(person, l)
		}
	}
	m.staged, m.page = map[string]uint64{}, ""
}

// End closes a page: the poll goes on at the cursor next.
func (m *Memory) End(next string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.page = next
}

// Moved reports whether what the CRM says of a person's last activity is something else than before: then its newest
// activities have to be looked for. Of somebody of whom nothing is remembered it is so where recent says that something
// happened lately.
func (m *Memory) Moved(person string, mark uint64, recent bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.staged[person] = mark
	if l, ok := m.by.Get(person); ok && l.marked {
		return l.mark != mark
	}
	return recent
}

// Read notes that a record was read for a person.
func (m *Memory) Read(typ, record, person string) {
	sum := m.Sum(typ, record, person)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read.Add(sum, struct{}{})
}

// WasRead reports whether a record was read for a person lately.
func (m *Memory) WasRead(typ, record, person string) bool {
	sum := m.Sum(typ, record, person)
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read.Contains(sum)
}
