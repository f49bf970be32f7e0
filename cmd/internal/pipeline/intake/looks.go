package intake

import (
	"sync"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
)

// looks are when a delivery of each source was last read although its date speaks against it. Whether the proof is
// right, and so our clock wrong, only the body tells; and anybody can send one with an old date.
type looks struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// due reports whether it is time for another one.
func (l *looks) due(source string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, ok := l.last[source]; ok && time.Since(at) < timing.StaleLook {
		return false
	}
	if l.last == nil {
		l.last = map[string]time.Time{}
	}
	l.last[source] = time.Now()
	return true
}
