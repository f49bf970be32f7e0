package admin

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/winnow-crm/winnow/connectors"
)

// Token is one of the secrets by which the admin port lets people in.
type Token struct {
	Name   string // of whoever has it; empty: the one token of WINNOW_ADMIN_TOKEN
	Secret connectors.Secret
	Act    bool // it may change something, else only look
}

// caller is who asks.
type caller struct {
	name string // of a named token
	act  bool
}

type callerKey struct{}

// who is the name under which what somebody does is noted: their token's, or how they came in.
func who(ctx context.Context) string {
	c, _ := ctx.Value(callerKey{}).(caller)
	if c.name == "" {
		return "cli"
	}
	return c.name
}

const (
	mostTries   = 20          // wrong tokens from one address
	triesWithin = time.Minute // until then it is not listened to
	mostSenders = 10_000      // addresses remembered; beyond that the oldest is forgotten
)

// access lets in who has a token.
type access struct {
	tokens []Token
	mu     sync.Mutex
	tries  *lru.Cache[string, tries] // wrong tokens by address
	seal   []byte                    // of forms
}

func newAccess(tokens []Token) *access {
	a := &access{tokens: tokens, seal: make([]byte, 32)}
	a.tries, _ = lru.New[string, tries](mostSenders) // which refuses a size of 0 alone
	_, _ = rand.Read(a.seal)                         // never fails: crypto/rand ends the program instead
	return a
}

// open reports whether everybody on this machine is let in.
func (a *access) open() bool { return len(a.tokens) == 0 }

// admit finds out who has a secret. Every token is compared, in constant time each, so that the time tells nothing.
func (a *access) admit(secret string) (c caller, ok bool) {
	for i := range a.tokens {
		if t := &a.tokens[i]; t.Secret != "" && t.Secret.Equal(secret) {
			c, ok = caller{t.Name, t.Act}, true
		}
	}
	return c, ok
}

// need lets those through who may do something: act, or look only. A browser cannot send a bearer token, so that it may
// give the token as the password of any user where browsers is set. It sends a password along with what other sites
// make it ask for, too: what changes something is guarded against that by itself.
func (a *access) need(act, browsers bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := caller{act: true}
		if !a.open() {
			var ok bool
			if c, ok = a.enter(w, r, act, browsers); !ok {
				return
			}
		}
		if c.name == "" && browsers {
			c.name = "console"
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

// enter finds out who asks; whoever may not is told so.
func (a *access) enter(w http.ResponseWriter, r *http.Request, act, browsers bool) (c caller, ok bool) {
	from := sender(r)
	if n := a.failures(from, 0); n >= mostTries {
		w.Header().Set("Retry-After", "60")
		refuse(w, http.StatusTooManyRequests, "too many wrong tokens; wait a minute")
		return c, false
	}
	given, sent := secretOf(r, browsers)
	c, ok = a.admit(given)
	switch {
	case !ok:
		if sent {
			a.failures(from, 1)
		}
		a.challenge(w, browsers)
		return c, false
	case act && !c.act:
		refuse(w, http.StatusForbidden,
			"this token may look only: WINNOW_ADMIN_TOKENS gives it the right read, and act is needed")
		return c, false
	}
	return c, true
}

// tries are the wrong tokens from an address since an instant.
type tries struct {
	n     int
	since time.Time
}

// failures counts more wrong tokens from an address, and returns how many there were within the time.
func (a *access) failures(from string, more int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	t, ok := a.tries.Get(from)
	if !ok || time.Since(t.since) > triesWithin {
		t = tries{since: time.Now()}
	}
	if t.n += more; more > 0 {
		a.tries.Add(from, t)
	}
	return t.n
}

func (a *access) challenge(w http.ResponseWriter, browsers bool) {
	if browsers {
		w.Header().Add("WWW-Authenticate", `Basic realm="winnow: the password is an admin token", charset="UTF-8"`)
	}
	w.Header().Add("WWW-Authenticate", `Bearer realm="winnow"`)
	refuse(w, http.StatusUnauthorized, "send WINNOW_ADMIN_TOKEN, or one of WINNOW_ADMIN_TOKENS, as bearer token")
}

// secretOf is the token that a request gives, and whether it gives one at all.
func secretOf(r *http.Request, browsers bool) (secret string, sent bool) {
	if scheme, given, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return given, given != ""
	}
	if _, password, ok := r.BasicAuth(); ok && browsers {
		return password, password != ""
	}
	return "", false
}

func sender(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// stamp is what a form of ours holds and one of another site cannot.
func (a *access) stamp(ctx context.Context) string {
	mac := hmac.New(sha256.New, a.seal)
	mac.Write([]byte(who(ctx)))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// formed lets the forms of our own pages through.
func (a *access) formed(next http.Handler) http.Handler {
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !hmac.Equal([]byte(r.PostFormValue("stamp")), []byte(a.stamp(r.Context()))) {
			refuse(w, http.StatusForbidden, "the form is not from a page of this process: open the page again")
			return
		}
		next.ServeHTTP(w, r)
	}))
}
