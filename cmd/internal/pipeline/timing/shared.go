package timing

import (
	"context"
	"sync"
	"time"
)

// Shared is a look that serves all who ask within LookFor. One looks at a time, and the others wait for it.
type Shared[T any] struct {
	within time.Duration
	look   func(context.Context) (T, error)

	mu   sync.Mutex
	last *looked[T]
}

type looked[T any] struct {
	done  chan struct{} // closed when the look has ended
	ended time.Time
	value T
	err   error
}

// NewShared makes one of a look that may take as long as within.
func NewShared[T any](within time.Duration, look func(context.Context) (T, error)) *Shared[T] {
	return &Shared[T]{within: within, look: look}
}

// Get returns what the last look found. The look outlives whoever asked for it, because others wait for it too, and
// nobody waits for much longer than it may take, even where it hears of no bound.
func (s *Shared[T]) Get(ctx context.Context) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, s.within+time.Second)
	defer cancel()
	l := s.current(ctx)
	select {
	case <-l.done:
		return l.value, l.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// current is the look that goes on or has just ended, else one that it begins.
func (s *Shared[T]) current(ctx context.Context) *looked[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != nil && !s.last.old() {
		return s.last
	}
	l := &looked[T]{done: make(chan struct{})}
	s.last = l
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.within)
		defer cancel()
		l.value, l.err = s.look(ctx)
		l.ended = time.Now()
		close(l.done)
	}()
	return l
}

func (l *looked[T]) old() bool {
	select {
	case <-l.done:
		return time.Since(l.ended) >= LookFor
	default:
		return false
	}
}
