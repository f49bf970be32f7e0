package hubspot

import (
	"hash/maphash"
	"slices"
	"sync"
	"time"
)

// profiles remembers what contacts looked like when they were last read, as a hash of what is read of them, so that a poll need not
// have a contact read again that changed in nothing that matters here. Mostly that is our own write: it moves the contact's change
// time, and no answer of HubSpot's tells a poll who did. The time of our write would not do for that: somebody else's change just
// before it would be taken for ours. Values cannot be mistaken so. It is forgotten at a restart, on purpose: a poll lists only what has
// changed since the one before, so that this costs one read for each contact that changed since the last poll of the process before, a hundred
// in a call; kept in the store it would cost a write for each contact that is read, ever.
type profiles struct {
	seed maphash.Seed
	mu   sync.Mutex
	by   map[string]profile
}

type profile struct {
	sum uint64
	at  time.Time
}

const (
	// maxProfiles bounds the memory: a hundred bytes each.
	maxProfiles = 100_000
	// profileLasts is how long a contact is not read again. What is made of it depends a little on more than its properties: who our
	// own people are, and the account's zone.
	profileLasts = 24 * time.Hour
)

func newProfiles() *profiles { return &profiles{seed: maphash.MakeSeed(), by: map[string]profile{}} }

// sum stands for the values of the properties that are read of a contact: dated ones and undated ones.
func (p *profiles) sum(o *object, dated []string) uint64 {
	var h maphash.Hash
	h.SetSeed(p.seed)
	for _, name := range slices.Concat(dated, undated) {
		v := o.get(name)
		if changes := o.changes(name); len(changes) > 0 {
			v = changes[len(changes)-1].value()
		}
		_, _ = h.WriteString(v) // a hash never fails
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

func (p *profiles) put(contact string, sum uint64, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.by) >= maxProfiles {
		clear(p.by)
	}
	p.by[contact] = profile{sum, now}
}

func (p *profiles) drop(contact string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.by, contact)
}

// known reports whether a contact looks as it did when it was read.
func (p *profiles) known(contact string, sum uint64, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	last, ok := p.by[contact]
	return ok && last.sum == sum && now.Sub(last.at) < profileLasts
}
