package world

import (
	"cmp"
	"slices"
	"sync"
)

// Writes keeps the latest writes that came over the API of a sandbox, in its own words, and tells of them whoever wants
// to know.
type Writes[W any] struct {
	Keep int // how many; 0: 50,000; negative: none

	mu    sync.Mutex
	ring  []W
	first int // of the ring, once it is full
	told  []func(W)
}

// Add keeps the writes of one request and tells of them. The caller holds no lock that those who are told may want.
func (l *Writes[W]) Add(ws ...W) {
	l.mu.Lock()
	keep := max(0, cmp.Or(l.Keep, 50_000))
	for _, w := range ws {
		switch {
		case keep == 0:
		case len(l.ring) < keep:
			l.ring = append(l.ring, w)
		default:
			l.ring[l.first] = w
			l.first = (l.first + 1) % keep
		}
	}
	told := slices.Clone(l.told)
	l.mu.Unlock()
	for _, f := range told {
		for _, w := range ws {
			f(w)
		}
	}
}

// On has f called with every write, after it took effect and before it is answered. f is quick, and safe for concurrent
// use; it may call the sandbox.
func (l *Writes[W]) On(f func(W)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = append(l.told, f)
}

// Latest are the writes that are kept, oldest first.
func (l *Writes[W]) Latest() []W {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Concat(l.ring[l.first:], l.ring[:l.first])
}

// Wanted reports whether anybody looks at writes.
func (l *Writes[W]) Wanted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Keep >= 0 || len(l.told) > 0
}
