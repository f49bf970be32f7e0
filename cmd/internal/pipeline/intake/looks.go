package intake

import (
	"sync"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
)

// looks remembers, by source, when the body of a stale delivery was last read. Only the body tells whether its
// signature is right, which would mean that our clock is wrong; but anybody can send a request with an old date, so it
// is done now and then only.
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
