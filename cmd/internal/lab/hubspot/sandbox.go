package hubspot

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

// Sandbox is one HubSpot portal with one app installed.
type Sandbox struct {
	opt     Options
	zone    *time.Location
	app     *source // our app as a source of changes
	user    *source // the person in the CRM
	mux     *http.ServeMux
	limits  limits
	faults  faults
	queue   queue
	observe observe

	ln     net.Listener
	server *http.Server
	client *http.Client // for webhooks
	stop   context.CancelFunc
	done   sync.WaitGroup

	mu      sync.RWMutex // guards what follows; held for microseconds
	tables  [len(kinds)]table
	props   [len(kinds)]properties
	byEmail map[string]*record // contacts, by address in lower case
	threads map[int64]*thread
	chats   []*thread // by id
	tokens  map[string]int64
	nextID  int64
	rules   []*Property // validation rules: contacts must have these
	lists   lists

	serial atomic.Int64 // for correlation ids
}

// New makes a sandbox that listens nowhere: its Handler can be put behind any server. Start is the usual way.
func New(opt Options) (*Sandbox, error) {
	opt = opt.withDefaults()
	zone, err := time.LoadLocation(opt.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("portal's time zone: %w", err)
	}
	for _, v := range opt.Signatures {
		if !slices.Contains([]string{"v1", "v2", "v3"}, v) {
			return nil, fmt.Errorf("signature version %q: want v1, v2 or v3", v)
		}
	}
	s := &Sandbox{
		opt:  opt,
		zone: zone,
		app:  &source{kind: "INTEGRATION", id: fmt.Sprint(opt.AppID)},
		user: &source{
			kind: "CRM_UI", id: fmt.Sprintf("userId:%d", opt.Owners[0].UserID), user: opt.Owners[0].UserID,
		},
		byEmail: map[string]*record{}, lists: lists{},
		threads: map[int64]*thread{},
		tokens:  map[string]int64{},
		props:   newProperties(),
		nextID:  100,
		client:  &http.Client{Timeout: opt.Timeout, Transport: opt.Transport},
	}
	for i := range s.tables {
		s.tables[i].byID = map[int64]*record{}
	}
	if opt.Winnow {
		winnowProperties(&s.props[contacts.index])
	}
	if err := s.queue.init(opt); err != nil {
		return nil, err
	}
	for i := range s.props {
		for _, def := range s.props[i].order {
			def.hooks = s.queue.hooksFor(&kinds[i], def.Name)
		}
	}
	s.limits.init(opt, zone)
	s.faults.scopes = opt.Scopes
	s.observe.init(opt.WriteLog)
	s.mux = s.routes()
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	if opt.Live {
		s.done.Go(func() { s.deliverLive(ctx) })
	}
	return s, nil
}

// Start makes a sandbox that listens on Options.Listen. The caller closes it.
func Start(opt Options) (*Sandbox, error) {
	s, err := New(opt)
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", s.opt.Listen)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.ln = ln
	s.server = &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}
	s.done.Go(func() { _ = s.server.Serve(&refusing{ln, &s.faults}) }) // it ends when Close closes the server
	return s, nil
}

// URL is the base of the REST API, without a trailing slash; empty for a sandbox that listens nowhere.
func (s *Sandbox) URL() string {
	if s.ln == nil {
		return ""
	}
	return world.URL(s.ln.Addr())
}

// Close stops listening and delivering. What is still queued is lost.
func (s *Sandbox) Close() error {
	s.stop()
	var err error
	if s.server != nil {
		err = s.server.Close()
	}
	s.done.Wait()
	s.client.CloseIdleConnections()
	return err
}

// now is the portal's clock in milliseconds.
func (s *Sandbox) now() int64 { return s.opt.Now().UnixMilli() }

// Credentials are the token and the client secret of the app.
func (s *Sandbox) Credentials() (token, clientSecret string) { return s.opt.Token, s.opt.ClientSecret }

// Now is the portal's clock.
func (s *Sandbox) Now() time.Time { return s.opt.Now() }
