package intake

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
)

var (
	errBodies  = errors.New("too many deliveries are under way at once")
	errGivenUp = errors.New("the body came more slowly than others that needed its room")
)

// bodies bounds what the bodies hold together that are being read. Until a signature is verified anybody can send, over
// as many connections as they like: so a body has to come at some rate, the slowest one gives way where the room is
// full, one address does not get all of it, and a quarter is kept for small bodies, as deliveries are.
type bodies struct {
	most int64

	mu    sync.Mutex
	bytes int64
	from  map[string]int64 // bytes, by address
	in    map[*body]struct{}
}

func newBodies(most int64) *bodies {
	return &bodies{most: most, from: map[string]int64{}, in: map[*body]struct{}{}}
}

// body is one that is being read.
type body struct {
	io.Reader
	all    *bodies
	from   string // the sender's address; empty: not told apart from others
	began  time.Time
	bytes  int64
	limit  func(time.Time) error // sets until when the connection may be read
	giveUp bool
}

// open begins a body.
func (b *bodies) open(w http.ResponseWriter, r io.Reader, from string) *body {
	one := &body{Reader: r, all: b, from: from, began: time.Now(), limit: http.NewResponseController(w).SetReadDeadline}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.in[one] = struct{}{}
	return one
}

// close gives the room of a body back.
func (o *body) close() {
	b := o.all
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.in, o)
	b.free(o)
}

func (b *bodies) free(o *body) {
	b.bytes -= o.bytes
	if b.from[o.from] -= o.bytes; b.from[o.from] <= 0 {
		delete(b.from, o.from)
	}
	o.bytes = 0
}

// done says that no more of a body is read: it does not give way any more. Where all of it has come, its connection may
// be read for as long as storing takes; where reading failed not any more, or the server would wait for the rest of the
// body before it answers, for as long as the sender likes.
func (o *body) done(failed error) {
	b := o.all
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.in, o)
	until := time.Time{}
	if failed != nil {
		until = time.Now()
	}
	_ = o.limit(until)
}

// Read reads on, for as long as the body comes at the least rate.
func (o *body) Read(p []byte) (int, error) {
	if err := o.all.await(o); err != nil {
		return 0, err
	}
	n, err := o.Reader.Read(p)
	if refused := o.all.take(o, int64(n)); refused != nil {
		return n, refused
	}
	return n, err
}

// await sets until when more of a body has to come, unless it has given way.
func (b *bodies) await(o *body) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o.giveUp {
		return errGivenUp
	}
	until := o.began.Add(timing.BodyGrace + time.Duration(o.bytes)*time.Second/timing.BodyRate)
	_ = o.limit(until) // a server that cannot bounds the whole request instead
	return nil
}

// take counts n more bytes of a body, and has the slowest of all give way where there is no room for them.
func (b *bodies) take(o *body, n int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o.giveUp {
		return errGivenUp
	}
	b.bytes += n
	o.bytes += n
	b.from[o.from] += n
	room := b.most
	if o.bytes > timing.SmallBody {
		room -= b.most / 4
	}
	if o.from != "" && b.from[o.from] > b.most/2 {
		return errBodies
	}
	for b.bytes > room {
		slow := b.slowest()
		if slow == nil || slow == o {
			return errBodies
		}
		slow.giveUp = true
		_ = slow.limit(time.Now()) // wakes its reader
		delete(b.in, slow)
		b.free(slow)
	}
	return nil
}

// slowest is the body that comes most slowly, of those that had time to come.
func (b *bodies) slowest() (slow *body) {
	least, now := 0.0, time.Now()
	for o := range b.in {
		age := now.Sub(o.began)
		if age < timing.BodyYoung || o.bytes == 0 {
			continue
		}
		if rate := float64(o.bytes) / age.Seconds(); slow == nil || rate < least {
			slow, least = o, rate
		}
	}
	return slow
}
