package bench

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

// showWait is how long the CRM may take to show what a round wants.
const showWait = 2 * time.Minute

// portal is a sandbox HubSpot with contacts in it, watched from outside: which rating each contact shows, and what was
// asked for.
type portal struct {
	box  *hubspot.Sandbox
	ids  []string // of the contacts
	url  string
	srv  *http.Server
	done chan struct{}
	rand *rand.Rand

	since atomic.Int64 // the portal's clock stands here while contacts are made, Unix ms; 0: it is the real one

	calls atomic.Int64 // made since the last rest

	override map[string]string // by contact, as it was last set
	owner    map[string]int

	mu      sync.Mutex
	shown   map[string]string // by contact, the field that is watched, as last written
	want    map[string]string // by contact, as it shall be when the round is over
	wrong   int               // contacts that show something else
	field   string
	writes  int
	right   time.Time // when wrong last became 0
	reads   []recorded
	records bool
}

// recorded is a read that a worker made, to be made again by a bare client.
type recorded struct {
	path   string
	header http.Header
	body   []byte
}

// newPortal makes a portal with a scene's contacts, made some months ago.
func newPortal(sc scene) (_ *portal, err error) {
	p := &portal{
		field: sc.field, shown: map[string]string{}, override: map[string]string{}, owner: map[string]int{},
		done: make(chan struct{}), rand: rand.New(rand.NewPCG(1, 2)),
	}
	p.since.Store(time.Now().AddDate(0, -3, 0).UnixMilli())
	box := hubspot.Options{Now: p.now, RateLimit: cmp.Or(sc.limit, -1), Winnow: true, WriteLog: -1}
	if sc.limit == 0 {
		box.SearchPerSecond = -1
	}
	p.box, err = hubspot.New(box)
	if err != nil {
		return nil, err
	}
	first, last := p.box.Seed(sc.contacts, nil)
	for id := first; id <= last; id++ {
		p.ids = append(p.ids, strconv.FormatInt(id, 10))
	}
	p.since.Store(0)
	p.box.OnWrite(p.wrote)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, p.box.Close())
	}
	p.url = "http://" + ln.Addr().String()
	p.srv = &http.Server{Handler: p.recording(p.box.Handler()), ReadHeaderTimeout: 5 * time.Second}
	go func() { defer close(p.done); _ = p.srv.Serve(ln) }() // ends when it is closed
	return p, nil
}

func (p *portal) now() time.Time {
	if at := p.since.Load(); at != 0 {
		return time.UnixMilli(at)
	}
	return time.Now()
}

func (p *portal) close() error {
	err := p.srv.Close()
	<-p.done
	return errors.Join(err, p.box.Close())
}

func (p *portal) wrote(w hubspot.Write) {
	v, ok := w.Properties[p.field]
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if want, ok := p.want[w.Contact]; ok {
		if was := p.shown[w.Contact]; was != want && v == want {
			p.wrong--
		} else if was == want && v != want {
			p.wrong, p.right = p.wrong+1, time.Time{}
		}
	}
	if p.wrong == 0 && p.right.IsZero() {
		p.right = time.Now()
	}
	p.shown[w.Contact] = v
	p.writes++
}

// recording keeps the reads that are made while records is set.
func (p *portal) recording(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.calls.Add(1)
		p.mu.Lock()
		on := p.records
		p.mu.Unlock()
		if on && strings.HasSuffix(r.URL.Path, "/batch/read") {
			body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
			if err != nil {
				return // the client has gone
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			p.mu.Lock()
			p.reads = append(p.reads, recorded{r.URL.Path, r.Header.Clone(), body})
			p.mu.Unlock()
		}
		h.ServeHTTP(w, r)
	})
}

// record begins to keep reads; recorded returns them and ends it.
func (p *portal) record() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.records, p.reads = true, nil
}

func (p *portal) recorded() []recorded {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.records = false
	return p.reads
}

// traffic is a round's events and what the CRM has to show when it is over.
type traffic struct {
	bodies [][]byte
	events int
	want   map[string]string
}

// changes makes n property changes, over contacts in random order and again in the same order. One in each sets another
// override, which changes the rating; the others change the owner, which changes nothing that is written. Deliveries
// hold size events each.
func (p *portal) changes(n, each, size int) traffic { return p.changesOf(p.ids, n, each, size) }

func (p *portal) changesOf(ids []string, n, each, size int) traffic {
	t := traffic{want: map[string]string{}}
	order := p.rand.Perm(len(ids))
	before := map[string]string{}
	began := time.Now()
	for i := range n {
		at := i % len(order)
		if at == 0 && i > 0 && time.Since(began) < 2*time.Millisecond {
			// two changes of one property in the same millisecond would be one to everybody
			time.Sleep(2 * time.Millisecond)
		}
		if at == 0 {
			began = time.Now()
		}
		id := ids[order[at]]
		if (i/len(order)+at)%each != 0 {
			p.owner[id] = 1 - p.owner[id]
			p.box.SetProperty(id, "hubspot_owner_id", strconv.Itoa(71+p.owner[id]))
			continue
		}
		now := p.override[id]
		if t.want[id] == "" {
			before[id] = now
		}
		p.override[id] = other(now, before[id])
		t.want[id] = p.override[id]
		p.box.SetProperty(id, "winnow_override", p.override[id])
	}
	events := p.box.Events()
	t.events = len(events)
	t.bodies = p.pack(events, size)
	return t
}

// other is an override that is neither of two: not the present one, so that something changes, nor the one from before
// the round, so that something has changed when it is over.
func other(now, before string) string {
	for _, v := range []string{"A", "B", "C"} {
		if v != now && v != before {
			return v
		}
	}
	panic("unreachable: two of three")
}

// pack joins events to the bodies of deliveries of size events each.
func (p *portal) pack(events []json.RawMessage, size int) [][]byte {
	var bodies [][]byte
	for len(events) > 0 {
		n := min(size, len(events))
		body := []byte{'['}
		for i, e := range events[:n] {
			if i > 0 {
				body = append(body, ',')
			}
			body = append(body, e...)
		}
		bodies = append(bodies, append(body, ']'))
		events = events[n:]
	}
	return bodies
}

// expect says what contacts shall show from now on.
func (p *portal) expect(want map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.want, p.wrong, p.right = want, 0, time.Time{}
	for id, v := range want {
		if p.shown[id] != v {
			p.wrong++
		}
	}
}

// change sets another override for one contact.
func (p *portal) change(contact int) traffic { return p.changesOf(p.ids[contact:contact+1], 1, 1, 1) }

// shows waits until the CRM shows what is expected, and returns how long after begun that was. Once nothing is under
// way it looks again: what is right in between may be wrong at the end.
func (p *portal) shows(ctx context.Context, c *child, begun time.Time) (time.Duration, error) {
	if _, err := p.showsFirst(ctx, c, begun); err != nil {
		return 0, err
	}
	err := c.drained(ctx)
	return p.tookFrom(begun), errors.Join(p.differs(c), err)
}

// showsFirst waits until the CRM shows what is expected for the first time.
func (p *portal) showsFirst(ctx context.Context, c *child, begun time.Time) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, showWait)
	defer cancel()
	for ctx.Err() == nil && p.off() > 0 {
		select {
		case <-ctx.Done():
		case <-c.ended:
			cancel()
		case <-time.After(time.Millisecond):
		}
	}
	return p.tookFrom(begun), p.differs(c)
}

// differs is the error of contacts that show something else than they shall; nil where there are none.
func (p *portal) differs(c *child) error {
	wrong := p.off()
	if wrong == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d contacts do not show what their last event says; the worker's last words: %s", wrong,
		len(p.want), c.words)
}

// tookFrom is how long after begun all contacts showed what they shall.
func (p *portal) tookFrom(begun time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.right.Sub(begun)
}

// off is how many contacts show something else than they shall.
func (p *portal) off() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wrong
}

func (p *portal) written() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.writes
}
