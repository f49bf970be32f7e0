package hubspot

import (
	"bytes"
	"cmp"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// faults is what goes wrong on purpose.
type faults struct {
	mu      sync.Mutex
	down    bool
	latency time.Duration
	scopes  []string // nil: all
	token   string   // not empty: the token that is valid now
	next    []Failure
}

// Failure is an answer that requests get in place of the right one.
type Failure struct {
	Status int
	Times  int    // how many requests; negative: all, until Recover
	Path   string // only requests whose path contains this
	// only requests whose method, path and body together match: "POST /crm/objects/.../batch/update {...}"
	Match *regexp.Regexp
	After time.Duration // Retry-After, whole seconds
	Body  string        // default: HubSpot's form of an error
	Done  bool          // carry the request out first, and lose the answer

	met int // how many requests got it
}

// SetDown takes the REST API off the network: connections are cut without an answer. Webhooks keep going out.
func (s *Sandbox) SetDown(down bool) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.down = down
}

// SetLatency makes every answer take that much longer.
func (s *Sandbox) SetLatency(d time.Duration) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.latency = d
}

// SetScopes replaces what the token is allowed; none is given to allow nothing, and AllScopes to allow everything.
func (s *Sandbox) SetScopes(scopes ...string) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.scopes = append([]string{}, scopes...)
}

// AllScopes are all that the API asks for anywhere.
func AllScopes() []string {
	scopes := []string{
		"crm.objects.owners.read", "crm.schemas.contacts.read", "crm.schemas.contacts.write", "conversations.read",
		"crm.lists.read", "crm.lists.write",
	}
	for i := range kinds {
		scopes = append(scopes, kinds[i].read, kinds[i].write)
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// SetToken replaces the bearer token that is valid, as a rotation or a revocation does.
func (s *Sandbox) SetToken(token string) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.token = token
}

// Fail makes requests fail; of several failures that match, the oldest is used up first.
func (s *Sandbox) Fail(f Failure) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.next = append(s.faults.next, f)
}

// Met is how many requests got each of the failures, in the order in which Fail was told of them.
func (s *Sandbox) Met() (counts []int) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for _, f := range s.faults.next {
		counts = append(counts, f.met)
	}
	return counts
}

// FailNext makes the next n requests fail with a status.
func (s *Sandbox) FailNext(status, n int) { s.Fail(Failure{Status: status, Times: n}) }

// Recover ends every failure that Fail and FailNext began.
func (s *Sandbox) Recover() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.next = nil
}

// ValidationRule makes a property of contacts required by the portal's admin: a contact without it refuses every write
// over the API. An empty name ends all such rules.
func (s *Sandbox) ValidationRule(property string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if property == "" {
		s.rules = nil
		return
	}
	s.rules = append(s.rules, s.property(contacts, property))
}

// take returns the failure that this request meets.
func (f *faults) take(r *http.Request) (Failure, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.next {
		n := &f.next[i]
		if n.Times == 0 || !strings.Contains(r.URL.Path, n.Path) || n.Match != nil && !n.Match.MatchString(whole(r)) {
			continue
		}
		n.Times--
		n.met++
		return *n, true
	}
	return Failure{}, false
}

// whole is a request in a line. Its body can be read again afterwards.
func whole(r *http.Request) string {
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{err}))
	return r.Method + " " + r.URL.Path + " " + string(body)
}

// failing ends as what was read before it ended.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, cmp.Or(f.err, io.EOF) }

func (f *faults) isDown() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.down
}

func (f *faults) delay() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.latency
}

// missing returns the scope that is needed and not granted.
func (f *faults) missing(scope string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return scope != "" && f.scopes != nil && !slices.Contains(f.scopes, scope)
}

func (f *faults) validToken(given string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.token != "" {
		return f.token
	}
	return given
}

// refusing is a listener that cuts new connections while the sandbox is down.
type refusing struct {
	net.Listener
	faults *faults
}

func (l *refusing) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || !l.faults.isDown() {
			return conn, err
		}
		_ = conn.Close() // nobody is told why: that is the point
	}
}
