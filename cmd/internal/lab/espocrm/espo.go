package espocrm

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

// Options say which server it is.
type Options struct {
	Now       func() time.Time  // its clock; default time.Now
	Sent      func() time.Time  // what answers are dated by; default Now
	Listen    string            // default "127.0.0.1:0"
	Key       string            // of the API user; default "sandbox-key"
	Secret    string            // of the webhooks that SetWebhookURL makes; default "sandbox-secret"
	Live      bool              // deliver by itself as things happen; otherwise only Flush delivers
	RetryWait time.Duration     // before a refused delivery is repeated; default 100ms
	Transport http.RoundTripper // carries the deliveries; nil: the standard one
	Fields    bool              // have Winnow's fields on leads and contacts from the start
	Echo      bool              // webhooks are made without "skip own"
}

// Espo is one EspoCRM with one API user.
type Espo struct {
	opt    Options
	mux    *http.ServeMux
	client *http.Client // for webhooks

	ln     net.Listener
	server *http.Server
	stop   context.CancelFunc
	done   sync.WaitGroup
	wake   chan struct{}

	mu       sync.Mutex // guards what follows
	entities map[string]map[string]field
	records  map[string][]*record // by entity, in the order of their making
	byID     map[string]*record
	hooks    []*hook
	nextID   int
	calls    int // that wrote
	writes   world.Writes[Write]
	refuse   func(r *http.Request) int
	owner    *record // the user at the screen
	api      *record // the user that Winnow runs as
}

// Write is one record's share of a write over the API.
type Write struct {
	Time   time.Time
	Entity string
	ID     string
	Fields map[string]any
}

// New makes a server that listens nowhere: its Handler can be put behind any other. Start is the usual way.
func New(opt Options) *Espo {
	opt.Key, opt.Secret = cmp.Or(opt.Key, "sandbox-key"), cmp.Or(opt.Secret, "sandbox-secret")
	opt.Listen = cmp.Or(opt.Listen, "127.0.0.1:0")
	opt.RetryWait = cmp.Or(opt.RetryWait, 100*time.Millisecond)
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Sent == nil {
		opt.Sent = opt.Now
	}
	e := &Espo{
		opt: opt, entities: entities(), records: map[string][]*record{}, byID: map[string]*record{},
		wake:   make(chan struct{}, 1),
		client: &http.Client{Timeout: 10 * time.Second, Transport: opt.Transport}, // Espo's own time-out
	}
	if opt.Fields {
		addWinnow(e.entities)
	}
	e.owner = e.insert(
		"User",
		nil,
		map[string]any{"userName": "robin", "emailAddress": "robin.vale@winnow.example", "type": "regular"},
	)
	e.api = e.insert("User", nil, map[string]any{"userName": "winnow", "emailAddress": "", "type": "api"})
	e.mux = api{e}.routes()
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	if opt.Live {
		e.done.Go(func() { e.deliverLive(ctx) })
	}
	return e
}

// Start makes a server that listens on Options.Listen. The caller closes it.
func Start(opt Options) (*Espo, error) {
	e := New(opt)
	ln, err := net.Listen("tcp", e.opt.Listen)
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	e.ln = ln
	e.server = &http.Server{Handler: e.Handler(), ReadHeaderTimeout: 10 * time.Second}
	e.done.Go(func() { _ = e.server.Serve(ln) }) // it ends when Close closes the server
	return e, nil
}

// Close stops listening and delivering. What is still queued is lost.
func (e *Espo) Close() error {
	e.stop()
	var err error
	if e.server != nil {
		err = e.server.Close()
	}
	e.done.Wait()
	e.client.CloseIdleConnections()
	return err
}

// URL is the server's address; empty for one that listens nowhere.
func (e *Espo) URL() string {
	if e.ln == nil {
		return ""
	}
	return world.URL(e.ln.Addr())
}

// Handler is the server's API.
func (e *Espo) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", e.opt.Sent().UTC().Format(http.TimeFormat))
		e.mux.ServeHTTP(w, r)
	})
}

// Now is the server's clock.
func (e *Espo) Now() time.Time { return e.opt.Now() }

// Refuse has f decide of every call to the API by a status; where it returns 0 the server answers as usual.
func (e *Espo) Refuse(f func(r *http.Request) int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refuse = f
}

// OnWrite has f called with every write to a lead or contact over the API, after it took effect and before it is
// answered.
func (e *Espo) OnWrite(f func(Write)) { e.writes.On(f) }

// Writes returns the latest writes to leads and contacts over the API, oldest first.
func (e *Espo) Writes() []Write { return e.writes.Latest() }

// WriteCalls is how many calls they took.
func (e *Espo) WriteCalls() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.calls
}
