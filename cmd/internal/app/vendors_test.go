package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/lab/porttest"
	"github.com/winnow-crm/winnow/cmd/internal/lab/stage"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	story "github.com/winnow-crm/winnow/cmd/internal/lab/world"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// front stands before the API of a sandbox and can be ill as an API is.
type front struct {
	t       *testing.T
	address string
	proxy   http.Handler
	server  *http.Server

	refusal  atomic.Pointer[http.HandlerFunc] // nil: as the API answers
	refused  atomic.Int64
	profiles atomic.Int64 // requests for leads and contacts

	now func() time.Time // by which refusals are dated; nil: the machine's
}

func newFront(t *testing.T, api string) *front {
	t.Helper()
	to, err := url.Parse(api)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{t: t, address: porttest.Free(t), proxy: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // by which Salesforce says where its instance is
		},
	}}
	f.open()
	t.Cleanup(f.shut)
	return f
}

// open listens, once more where it did.
func (f *front) open() {
	f.t.Helper()
	var ln net.Listener
	waittest.Until(f.t, "the address is free", func() bool {
		var err error
		ln, err = net.Listen("tcp", f.address)
		return err == nil
	})
	f.address = ln.Addr().String()
	f.server = &http.Server{Handler: f, ReadHeaderTimeout: time.Minute}
	go func(s *http.Server) { _ = s.Serve(ln) }(f.server) // shut ends it
}

// shut refuses connections from now on, and ends those that are there.
func (f *front) shut() { _ = f.server.Close() }

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if asksForPeople(r) {
		f.profiles.Add(1)
	}
	if refuse := f.refusal.Load(); refuse != nil {
		f.refused.Add(1)
		if f.now != nil {
			w.Header().Set("Date", f.now().UTC().Format(http.TimeFormat))
		}
		(*refuse)(w, r)
		return
	}
	f.proxy.ServeHTTP(w, r)
}

// asksForPeople reports whether a request reads the profiles of people, and does not list who changed.
func asksForPeople(r *http.Request) bool {
	path, q := r.URL.Path, r.URL.Query().Get("q")
	return r.Method == http.MethodGet &&
		(strings.HasPrefix(path, "/api/v1/Lead/") || strings.HasPrefix(path, "/api/v1/Contact/") ||
			strings.Contains(q, " FROM Lead WHERE Id IN") || strings.Contains(q, " FROM Contact WHERE Id IN"))
}

// answers has every request answered so, until nil.
func (f *front) answers(refuse http.HandlerFunc) {
	f.refused.Store(0)
	if refuse == nil {
		f.refusal.Store(nil)
		return
	}
	f.refusal.Store(&refuse)
}

// asked waits until a request has met the present illness.
func (f *front) asked() {
	f.t.Helper()
	waittest.Until(f.t, "the API that is ill is asked", func() bool { return f.refused.Load() > 0 })
}

func unavailable(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusServiceUnavailable)
}

// overQuota is how each vendor says that too much was asked of it.
var overQuota = map[string]http.HandlerFunc{
	"salesforce": func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(
			`[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]`))
	},
	"espocrm": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusTooManyRequests)
	},
}

// tooFast is how each vendor says that it takes more in a moment.
var tooFast = map[string]http.HandlerFunc{
	"salesforce": func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`[{"errorCode":"TOO_MANY_REQUESTS","message":"Slow down."}]`))
	},
	"espocrm": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusTooManyRequests)
	},
}

// TestOtherVendorAtFullSpeed has a CRM be away, refuse connections and be over its quota, while all that happens in the
// CRM of another vendor is read, rated and written: before the one that is ill has written anything. What happened
// there is made up for once that one is well.
func TestOtherVendorAtFullSpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for real retries")
	}
	t.Parallel()
	for ill, well := range map[string]string{"salesforce": "espocrm", "espocrm": "salesforce"} {
		t.Run(ill+" is ill", func(t *testing.T) {
			t.Parallel()
			besideAnIllOne(t, ill, well)
		})
	}
}

// pair is two accounts of different vendors that one process serves.
type pair struct {
	t      *testing.T
	faces  map[string]story.Face
	people map[string][]string // who lives in them
	round  int
}

func besideAnIllOne(t *testing.T, ill, well string) {
	p := &pair{t: t, faces: map[string]story.Face{}, people: map[string][]string{}}
	var env []string
	for _, vendor := range []string{ill, well} {
		face, err := stage.Start(vendor, story.Options{Limit: -1, Fields: true, RetryWait: 10 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = face.Close() })
		p.faces[vendor] = face
		env = append(env, face.Settings(vendor)...)
		env = append(env, "WINNOW_"+strings.ToUpper(vendor)+"_RATE_LIMIT=100000")
	}
	f := newFront(t, p.faces[ill].URL())
	for i, kv := range env {
		env[i] = strings.Replace(kv, p.faces[ill].URL(), "http://"+f.address, 1)
	}
	p.serve(env)
	p.live(ill)
	p.live(well)
	p.rated(ill)
	p.rated(well)

	p.during(ill, well, func() { f.answers(unavailable); p.live(ill); f.asked() })
	p.during(ill, well, func() { f.shut(); p.live(ill) })
	f.answers(nil)
	f.open()
	p.rated(ill)
	p.during(ill, well, func() { f.answers(tooFast[ill]); p.live(ill); f.asked() })
	f.answers(nil)
	p.rated(ill)
	p.during(ill, well, func() { f.answers(overQuota[ill]); p.live(ill); f.asked() })
}

// serve starts Winnow for all of them.
func (p *pair) serve(env []string) *App {
	p.t.Helper()
	var sources []string
	for vendor := range p.faces {
		sources = append(sources, stage.Sources(vendor))
	}
	cfg, err := config.Load(append(env,
		"WINNOW_SOURCES="+strings.Join(sources, ","), "WINNOW_LISTEN=127.0.0.1:0", "WINNOW_ADMIN_LISTEN=127.0.0.1:0",
		"WINNOW_DATA_DIR="+p.t.TempDir(), "WINNOW_PARTITIONS=2", "WINNOW_POLL_INTERVAL=0",
		"WINNOW_QUEUE_MIN_FREE=1MiB", "WINNOW_QUEUE_MAX_STORE=1GiB"))
	if err != nil {
		p.t.Fatal(err)
	}
	a, err := New(p.t.Context(), cfg, zap.NewNop(), Options{Tick: 2 * time.Millisecond})
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := a.Run(ctx); err != nil {
			p.t.Error(err)
		}
	})
	p.t.Cleanup(func() {
		stop()
		running.Wait()
		_ = a.Close()
	})
	hooks, _ := a.Addresses()
	for vendor, face := range p.faces {
		face.SetWebhookURL("http://" + hooks + "/hooks/" + vendor)
	}
	return a
}

// live has people turn up in an account who write to us, and its webhooks be accepted.
func (p *pair) live(vendor string) {
	p.t.Helper()
	face := p.faces[vendor]
	p.round++
	for i := range 30 {
		id := face.CreatePerson(story.Profile{
			First: "P", Last: fmt.Sprint(i), Email: fmt.Sprintf("p%d-%d@two.example", p.round, i), Company: "Two",
		})
		face.Email([]string{id}, story.Email{
			Incoming: true, Subject: "Price", Text: "Could you send me a quote for 20 seats?",
		})
		p.people[vendor] = append(p.people[vendor], id)
	}
	if err := face.Flush(p.t.Context()); err != nil {
		p.t.Fatalf("%s: webhooks are not accepted: %v", vendor, err)
	}
}

// during has something happen to the account that is ill, and then in the other: which must be done with while the
// first is ill.
func (p *pair) during(ill, well string, happen func()) {
	p.t.Helper()
	happen()
	p.live(well)
	p.rated(well)
	if p.done(ill) {
		p.t.Errorf("%s was ill, and still everyone there is rated: this shows nothing", ill)
	}
}

// rated waits until everyone in an account is seen to wait for our answer.
func (p *pair) rated(vendor string) {
	p.t.Helper()
	waittest.Until(p.t, "everyone in "+vendor+" is rated", func() bool { return p.done(vendor) })
}

func (p *pair) done(vendor string) bool {
	for _, id := range p.people[vendor] {
		if who, ok := p.faces[vendor].Person(id); !ok || who.Fields["ball"] != "us" {
			return false
		}
	}
	return true
}

// TestTheSameBytes23Times: a CRM, or what stands before it, that sends each delivery 23 times has all of them taken,
// each fact known once, and no record read so often.
func TestTheSameBytes23Times(t *testing.T) {
	t.Parallel()
	const vendor = "espocrm"
	face, err := stage.Start(vendor, story.Options{Limit: -1, Fields: true, RetryWait: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = face.Close() })
	f := newFront(t, face.URL())
	var mu sync.Mutex
	reads := map[string]int{}
	api := f.proxy
	f.proxy = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api.ServeHTTP(w, r)
		if r.Method == http.MethodGet && r.URL.RawQuery == "" {
			mu.Lock()
			defer mu.Unlock()
			reads[r.URL.Path]++
		}
	})
	p := &pair{t: t, faces: map[string]story.Face{vendor: face}, people: map[string][]string{}}
	env := face.Settings(vendor)
	for i, kv := range env {
		env[i] = strings.Replace(kv, face.URL(), "http://"+f.address, 1)
	}
	a := p.serve(append(env, "WINNOW_ESPOCRM_RATE_LIMIT=100000"))
	hooks, _ := a.Addresses()
	var id string
	known := func(fact string) int {
		mu.Lock()
		who := crm.ContactRef{Source: vendor, Contact: "lead/" + id}
		mu.Unlock()
		e, err := a.Pipeline.Explain(t.Context(), who)
		if err != nil {
			return 0
		}
		return e.Facts[fact]
	}
	var passing sync.WaitGroup
	again := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		kind, _, _ := strings.Cut(path.Base(r.URL.Path), ".")
		read := func() bool { return known(map[string]string{"Lead": "property", "Email": "message"}[kind]) > 0 }
		passing.Go(func() { // the CRM does not wait so long
			if err := passOn(t.Context(), r, body, "http://"+hooks, 23, read); err != nil {
				t.Error(err)
			}
		})
	}))
	t.Cleanup(again.Close)
	face.SetWebhookURL(again.URL + "/hooks/" + vendor)
	mu.Lock()
	id = face.CreatePerson(story.Profile{First: "P", Last: "One", Email: "p@two.example", Company: "Two"})
	mu.Unlock()
	face.Email([]string{id}, story.Email{Incoming: true, Subject: "Price", Text: "Could you send me a quote?"})
	p.people[vendor] = []string{id}
	err = face.Flush(t.Context())
	passing.Wait()
	if err != nil {
		t.Fatal(err)
	}
	p.rated(vendor)
	if n, m := known("message"), known("property"); n != 1 || m == 0 {
		t.Errorf("%d messages and %d properties are known, want one message", n, m)
	}
	mu.Lock()
	defer mu.Unlock()
	for at, n := range reads { // the next may come while the first is being read; then there is a minute of rest
		if n > 10 {
			t.Errorf("%s was read %d times", at, n)
		}
	}
	if len(reads) < 3 {
		t.Errorf("read were %v: this shows nothing", reads)
	}
}

// passOn sends a request on several times, most of them once what it says is known, each of which has to be accepted.
func passOn(ctx context.Context, r *http.Request, body []byte, to string, times int, read func() bool) error {
	for i := range times {
		for end := time.Now().Add(waittest.Hang); i == 3 && !read(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				return errors.New("nothing is read")
			}
		}
		req, err := http.NewRequestWithContext(ctx, r.Method, to+r.URL.RequestURI(), bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header = r.Header.Clone()
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		if resp.StatusCode/100 != 2 {
			return fmt.Errorf("time %d is answered with %d", i+1, resp.StatusCode)
		}
	}
	return nil
}
