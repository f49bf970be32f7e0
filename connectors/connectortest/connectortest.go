// Package connectortest is what every vendor's connector must show, whatever the vendor. It knows only the contract in
// package connectors; a quirk found in one vendor becomes a check for all of them. A failure names the rule that is
// broken.
package connectortest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// Harness is what the suite needs to know of a vendor.
type Harness struct {
	// New makes a connector whose API is at apiURL and whose webhooks are signed with Secret.
	New func(t *testing.T, apiURL string) connectors.Vendor

	// Sign makes body a genuine delivery as of at, signed with secret. It is written apart from Verify, or both share a
	// fault.
	Sign      func(body []byte, secret string, at time.Time) connectors.Delivery
	Secret    string
	SignsBody bool          // a changed body must be refused
	Stale     time.Duration // age that must be refused; 0 if deliveries are not signed in time
	Secrets   []string      // must appear in no error

	// Deliveries are testdata files NAME.http, each with a NAME.golden.json of what Decode says; -update rewrites
	// these.
	Deliveries string // directory
	Echo       []byte // a body that our own Write causes, signed by Sign
	Body       []byte // any body that can be signed; nil: one that is no delivery

	// API is the vendor's API in good health, on which Refs can be fetched and Changes written.
	API       func(t *testing.T) http.Handler
	Refs      []crm.Ref // the first concerns Concerned
	Concerned []string
	Profiles  []crm.Ref // a person of each kind
	Gone      []crm.Ref // of records that are not there
	Ill       crm.Ref   // at which the API fails while it answers for others of its type, if it can
	Changed   []string  // records, as emails/301, that a poll and a backfill have to show
	Changes   []crm.Change
	Written   func(person string, f crm.Field) string // what the API was last given; nil: not known

	// Kinds are the statuses that mean something else with this vendor than connectors.KindOfStatus says, Answers those
	// of an operation that are an answer and no error, as a 404 that means gone.
	Kinds   map[int]connectors.Kind
	Answers map[string][]int

	// Taken reports whether the vendor counts a delivery as taken by a reply; nil: by 2xx.
	Taken     func(r connectors.Reply) bool
	Handshake *connectors.Delivery

	// WithState is New with a memory, of a vendor that remembers something, and Granted what the API granted last that
	// deliveries are signed with, where it grants such a thing.
	WithState func(t *testing.T, apiURL string, s connectors.State) connectors.Vendor
	Granted   func() string
}

// body is one that can be signed: what it says is Decode's business.
func (h Harness) body() []byte {
	if h.Body != nil {
		return h.Body
	}
	return []byte(`[{"note":"any body will do: what it says is Decode's business"}]`)
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	if h.New(t, nowhere).Receive != nil {
		t.Run("Verify", h.verify)
		t.Run("Headers", func(t *testing.T) { headers(t, h) })
		t.Run("Decode", h.decode)
	}
	t.Run("Calls", h.calls)
	t.Run("Roles", h.roles)
}

// holds is the first of some secrets that a text holds, empty where it holds none.
func holds(text string, secrets ...string) string {
	for _, s := range secrets {
		if s != "" && strings.Contains(text, s) {
			return s
		}
	}
	return ""
}

// secrets are what nothing may show: what the vendor's deliveries are signed with among them.
func secrets(h Harness) []string { return append([]string{h.Secret}, h.Secrets...) }

// tellsNothing fails the test when an error is not of the contract's type or holds what it must not.
func (h Harness) tellsNothing(t *testing.T, err error, also ...string) *connectors.Error {
	t.Helper()
	e, ok := err.(*connectors.Error)
	if !ok {
		t.Fatalf("the error is a %T: a connector returns *connectors.Error only, unwrapped", err)
	}
	if e.Vendor == "" || e.Op == "" || e.Err == nil {
		t.Errorf("the error %q lacks vendor, operation or cause", e)
	}
	if s := holds(err.Error(), append(also, h.Secrets...)...); s != "" {
		t.Errorf("an error holds what must not be seen: %q", s)
	}
	if strings.Contains(err.Error(), "@") {
		t.Errorf("an error holds what looks like an address: %q", err)
	}
	return e
}

// sound fails the test when a notice could not be used further on.
func sound(t *testing.T, n crm.Notice) {
	t.Helper()
	said := 0
	for _, is := range []bool{n.Fact != nil, n.Ref != nil, n.Removed != nil, n.Passed != ""} {
		if is {
			said++
		}
	}
	if said != 1 {
		t.Errorf("a notice is a fact, a reference, a removal or passed over, one of the four: %+v", n)
		return
	}
	if r := n.Removed; r != nil {
		if r.ID == "" || r.Version <= 0 {
			t.Errorf("a removal without id or version: %+v", *r)
		}
		return
	}
	if r := n.Ref; r != nil {
		if r.Type == "" || r.ID == "" {
			t.Errorf("a reference without type or id: %+v", *r)
		}
		return
	}
	if n.Fact != nil {
		soundFact(t, n.Fact)
	}
}

func soundFact(t *testing.T, f *crm.Fact) {
	t.Helper()
	if f.Gone {
		t.Errorf("fact %s is gone: a connector says so by a removal, whoever holds the fact", f.ID)
	}
	if f.Contact == "" || f.ID == "" || f.Kind == 0 || f.Version <= 0 {
		t.Errorf("a fact without contact, id, kind or version: %+v", *f)
	}
	bare := f.Kind == crm.KindForget || f.Kind == crm.KindNote // they say all by being there
	if set := parts(f); bare && len(set) > 0 || !bare && (len(set) != 1 || set[0] != f.Kind) {
		t.Errorf("fact %s is of kind %s but has the parts %v", f.ID, f.Kind, set)
	}
	if p := f.Property; p != nil && strings.Contains(p.Value, "@") {
		t.Errorf("fact %s holds what looks like an address", f.ID)
	}
}

// parts are the kinds whose part of the fact is set.
func parts(f *crm.Fact) []crm.Kind {
	var out []crm.Kind
	for k, set := range map[crm.Kind]bool{
		crm.KindMessage: f.Message != nil, crm.KindCall: f.Call != nil, crm.KindMeeting: f.Meeting != nil,
		crm.KindQuote: f.Quote != nil,
		crm.KindTask:  f.Task != nil, crm.KindDeal: f.Deal != nil, crm.KindProperty: f.Property != nil,
		crm.KindDecision:  f.Decision != nil,
		crm.KindExistence: f.Existence != nil, crm.KindMerge: f.Merge != nil, crm.KindReferral: f.Referral != nil,
		crm.KindLasting: f.Lasting != nil,
	} {
		if set {
			out = append(out, k)
		}
	}
	return out
}
