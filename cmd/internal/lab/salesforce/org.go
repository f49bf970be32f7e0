package salesforce

import (
	"cmp"
	"context"
	"crypto/rsa"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

// Options say which org it is. The zero Options are one with Salesforce's own limits.
type Options struct {
	Now      func() time.Time // the org's clock; default time.Now
	Sent     func() time.Time // what answers are dated by; default Now
	Listen   string           // default "127.0.0.1:0"
	ClientID string           // of the connected app; default "sandbox-client"
	// for the grant client_credentials; default "sandbox-secret"; the JWT grant asks for Key instead
	Secret     string
	Key        *rsa.PublicKey    // of the certificate uploaded to the app; nil: the JWT grant is refused
	Username   string            // whom the JWT grant is for; default "integration@acme.example"
	WebhookURL string            // where outbound messages go, with ?key=; may be set later
	Live       bool              // deliver by itself as things happen; otherwise only Flush delivers
	Transport  http.RoundTripper // carries the outbound messages; nil: the standard one
	RetryWait  time.Duration     // before a message that was not acknowledged is repeated; default 100ms
	DailyLimit int               // calls in 24 hours; 0: 100,000; negative: none
	Fields     bool              // have Winnow's fields on contacts and leads from the start
	Echo       bool              // the integration user has "Send Outbound Messages": its writes send them too
	Page       int               // records a page of a query; 0: 2,000
}

// Org is one Salesforce org with one connected app.
type Org struct {
	opt   Options
	mux   *http.ServeMux
	queue queue

	ln     net.Listener
	server *http.Server
	client *http.Client // for outbound messages
	stop   context.CancelFunc
	done   sync.WaitGroup

	mu          sync.Mutex // guards what follows
	objects     map[string]*object
	tables      map[string][]*record // by the object's name, in the order of their making
	byID        map[string]*record
	nextID      int
	tokens      map[string]bool // that are good
	issued      int
	cursors     map[string]cursor
	calls       int // of the day
	writeCalls  int
	writes      world.Writes[Write]
	locked      map[string]int // records whose next writes meet a row lock, and how many
	refuse      func(r *http.Request) *Refusal
	orgID       string
	integration *record // the user that the app runs as
	owner       *record // the user at the screen
	inbound     *record // the queue of the active assignment rule for leads
}

// Write is one record's share of a write over the API.
type Write struct {
	Time   time.Time
	Object string
	ID     string
	Fields map[string]any
}

// Refusal is an answer that a test puts in the place of the org's own.
type Refusal struct {
	Status int
	Code   string // errorCode
	Header map[string]string
}

// cursor is a query whose pages are not all read yet.
type cursor struct {
	q    *query
	rest []*record
	sum  int
}

// New makes an org that listens nowhere: its Handler can be put behind any server. Start is the usual way.
func New(opt Options) *Org {
	opt.ClientID = cmp.Or(opt.ClientID, "sandbox-client")
	opt.Secret = cmp.Or(opt.Secret, "sandbox-secret")
	opt.Username = cmp.Or(opt.Username, "integration@acme.example")
	opt.Listen = cmp.Or(opt.Listen, "127.0.0.1:0")
	opt.RetryWait = cmp.Or(opt.RetryWait, 100*time.Millisecond)
	opt.DailyLimit = cmp.Or(opt.DailyLimit, 100_000)
	opt.Page = cmp.Or(opt.Page, 2000)
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Sent == nil {
		opt.Sent = opt.Now
	}
	o := &Org{
		opt: opt, objects: objects(), tables: map[string][]*record{}, byID: map[string]*record{},
		tokens:  map[string]bool{},
		cursors: map[string]cursor{}, locked: map[string]int{},
		client: &http.Client{Timeout: ackTimeout, Transport: opt.Transport},
	}
	if opt.Fields {
		addWinnow(o.objects)
	}
	o.orgID = o.insert(o.object("Organization"), "", map[string]any{"Name": "Acme Looms"}).id
	o.owner = o.insert(o.object("User"), "", map[string]any{
		"Email": "robin.vale@winnow.example", "Name": "Robin Vale", "IsActive": true, "UserType": "Standard",
		"TimeZoneSidKey": "Europe/Berlin",
	})
	o.integration = o.insert(o.object("User"), "", map[string]any{
		"Email": "integration@winnow.example", "Name": "Winnow", "IsActive": true, "UserType": "Standard",
		"TimeZoneSidKey": "Europe/Berlin",
		"Username":       opt.Username,
	})
	o.inbound = o.insert(o.object("Group"), "", map[string]any{"Name": "Inbound leads"})
	o.queue.init(o)
	o.mux = o.routes()
	ctx, stop := context.WithCancel(context.Background())
	o.stop = stop
	if opt.Live {
		o.done.Go(func() { o.deliverLive(ctx) })
	}
	return o
}

// Start makes an org that listens on Options.Listen. The caller closes it.
func Start(opt Options) (*Org, error) {
	o := New(opt)
	ln, err := net.Listen("tcp", o.opt.Listen)
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	o.ln = ln
	o.server = &http.Server{Handler: o.Handler(), ReadHeaderTimeout: 10 * time.Second}
	o.done.Go(func() { _ = o.server.Serve(ln) }) // it ends when Close closes the server
	return o, nil
}

// URL is the org's address (My Domain), without a trailing slash; empty for one that listens nowhere.
func (o *Org) URL() string {
	if o.ln == nil {
		return ""
	}
	return world.URL(o.ln.Addr())
}

// Close stops listening and delivering. What is still queued is lost.
func (o *Org) Close() error {
	o.stop()
	var err error
	if o.server != nil {
		err = o.server.Close()
	}
	o.done.Wait()
	o.client.CloseIdleConnections()
	return err
}

func (o *Org) now() time.Time { return o.opt.Now() }

// Now is the org's clock.
func (o *Org) Now() time.Time { return o.now() }

// ID is the org's id, with 18 characters.
func (o *Org) ID() string { return o.orgID }

// Handler is the org's API.
func (o *Org) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", o.opt.Sent().UTC().Format(http.TimeFormat))
		o.mux.ServeHTTP(w, r)
	})
}

// Refuse has f decide of every call to the API; where it returns nil the org answers as usual. A nil f ends it.
func (o *Org) Refuse(f func(r *http.Request) *Refusal) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refuse = f
}

// Hide takes a field of an object out of the running user's sight, and with no field the object, as permissions do.
func (o *Org) Hide(object, field string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	of := o.object(object)
	if field == "" {
		delete(o.objects, strings.ToLower(object))
		return
	}
	delete(of.byName, strings.ToLower(field))
	of.fields = slices.DeleteFunc(of.fields, func(f *fieldDef) bool { return f.name == field })
}

// Lock makes the next n writes of a record meet a row lock.
func (o *Org) Lock(id string, n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.locked[full(id)] = n
}

// ExpireSessions makes every access token invalid, as an admin who ends all sessions does.
func (o *Org) ExpireSessions() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.tokens)
}

// OnWrite has f called with every write to a contact or lead over the API, after it took effect and before it is
// answered.
func (o *Org) OnWrite(f func(Write)) { o.writes.On(f) }

// Writes returns the latest writes to contacts and leads over the API, oldest first.
func (o *Org) Writes() []Write { return o.writes.Latest() }

// WriteCalls is how many calls they took.
func (o *Org) WriteCalls() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.writeCalls
}

// Get returns a record's fields as the API shows them, null ones left out; ok is false for one that is erased.
func (o *Org) Get(id string) (values map[string]any, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := o.byID[full(id)]
	if r == nil || r.erased {
		return nil, false
	}
	values = map[string]any{}
	for _, f := range r.obj.fields {
		if v := r.value(f); v != nil {
			values[f.name] = v
		}
	}
	return values, true
}

// Insert makes a record as a user at the screen does, and Set, Delete and Erase change one.
func (o *Org) Insert(object string, values map[string]any) (id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.insert(o.object(object), o.owner.id, values).id
}

// Set changes fields of a record.
func (o *Org) Set(id string, values map[string]any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.update(o.must(id), o.owner.id, values)
}

// Delete puts a record into the recycle bin.
func (o *Org) Delete(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.remove(o.must(id), o.owner.id)
}

// Archive does to a task or event what Salesforce does once it is a year old.
func (o *Org) Archive(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.must(id).archived = true
}

// Undelete takes a record out of the recycle bin.
func (o *Org) Undelete(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := o.must(id)
	r.deleted = false
	o.touch(r, o.owner.id)
}

// Erase removes a record for good.
func (o *Org) Erase(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := o.must(id)
	r.deleted, r.erased = true, true
	clear(r.values)
}
