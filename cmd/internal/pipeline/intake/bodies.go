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

// bodies bounds the memory of all bodies that are being read. Until a signature is verified anybody can send, over as
// many connections as they like. So a body must arrive at a minimum rate, the slowest one gives way when the room is
// full, no address gets all of it, and a quarter is kept for small bodies, as deliveries are.
type bodies struct {
	most int64

	mu    sync.Mutex
	bytes int64
	from  map[string]share // by address
	in    map[*body]struct{}
}

// share is what one address has of the room.
type share struct {
	bytes  int64
	bodies int // that are being read
}

func newBodies(most int64) *bodies {
	return &bodies{most: most, from: map[string]share{}, in: map[*body]struct{}{}}
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
	b.count(from, 0, 1)
	if from != "" && b.from[from].bodies > timing.SenderBodies {
		b.giveWay(b.oldest(from))
	}
	return one
}

// close gives the room of a body back.
func (o *body) close() {
	b := o.all
	b.mu.Lock()
	defer b.mu.Unlock()
	b.leave(o)
	b.free(o)
}

// leave says that a body is read no more.
func (b *bodies) leave(o *body) {
	if _, ok := b.in[o]; ok {
		delete(b.in, o)
		b.count(o.from, 0, -1)
	}
}

func (b *bodies) free(o *body) {
	b.bytes -= o.bytes
	b.count(o.from, -o.bytes, 0)
	o.bytes = 0
}

func (b *bodies) count(from string, bytes int64, bodies int) {
	s := b.from[from]
	s.bytes += bytes
	s.bodies += bodies
	if b.from[from] = s; s == (share{}) {
		delete(b.from, from)
	}
}

// giveWay ends the reading of a body, and frees its room.
func (b *bodies) giveWay(o *body) {
	o.giveUp = true
	_ = o.limit(time.Now()) // wakes its reader
	b.leave(o)
	b.free(o)
}

// done says that no more of a body is read: it does not give way any more. Where all of it has come, its connection may
// be read for as long as storing takes; where reading failed not any more, or the server would wait for the rest of the
// body before it answers, for as long as the sender likes.
func (o *body) done(failed error) {
	b := o.all
	b.mu.Lock()
	defer b.mu.Unlock()
	b.leave(o)
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

// take counts n more bytes of a body, and has the slowest of all give way where there is no room for them. What is
// refused counts no more from then on: it must not take the room from others until it is answered.
func (b *bodies) take(o *body, n int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o.giveUp {
		return errGivenUp
	}
	b.bytes += n
	o.bytes += n
	b.count(o.from, n, 0)
	room := b.most
	if o.bytes > timing.SmallBody {
		room -= b.most / 4
	}
	if o.from != "" && b.from[o.from].bytes > b.most/2 {
		b.free(o)
		return errBodies
	}
	for b.bytes > room {
		slow := b.slowest()
		if slow == nil || slow == o {
			b.free(o)
			return errBodies
		}
		b.giveWay(slow)
	}
	return nil
}

// slowest is the body that arrives most slowly, of those that are not brand-new.
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

// oldest is the body of an address that has been read for longest.
func (b *bodies) oldest(from string) (oldest *body) {
	for o := range b.in {
		if o.from == from && (oldest == nil || o.began.Before(oldest.began)) {
			oldest = o
		}
	}
	return oldest
}
