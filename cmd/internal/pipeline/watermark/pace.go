package watermark

import (
	"sync"
	"time"
)

// pace keeps a repeated event from filling the log: it is logged at once, and then only now and then, with how often it
// has happened since. Its zero value is ready.
type pace struct {
	mu   sync.Mutex
	said map[string]*saying
}

type saying struct {
	at    time.Time
	times int // since then
}

// due counts one more time, and reports whether it is to be said again and how many times it stands for. what is one
// of few.
func (p *pace) due(what string, every time.Duration) (times int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.said == nil {
		p.said = map[string]*saying{}
	}
	s := p.said[what]
	if s == nil {
		s = &saying{}
		p.said[what] = s
	}
	s.times++
	now := time.Now()
	if !s.at.IsZero() && now.Sub(s.at) < every {
		return 0, false
	}
	times = s.times
	s.at, s.times = now, 0
	return times, true
}
