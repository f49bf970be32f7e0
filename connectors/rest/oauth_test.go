package rest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/oauth2/jwt"

	"github.com/winnow-crm/winnow/connectors"
)

// login is a token endpoint that records what it was asked.
type login struct {
	*httptest.Server
	mu     sync.Mutex
	asked  []url.Values
	answer func(n int) (status int, body string)
}

func newLogin(t *testing.T, answer func(n int) (int, string)) *login {
	l := &login{answer: answer}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		l.mu.Lock()
		l.asked = append(l.asked, r.PostForm)
		status, body := l.answer(len(l.asked))
		l.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *login) clientCredentials() Grant {
	return ClientCredentials(clientcredentials.Config{
		ClientID: "app", ClientSecret: "s3cret", TokenURL: l.URL, AuthStyle: oauth2.AuthStyleInParams,
	})
}

// kept is a refresh token in memory.
type kept struct{ token string }

func (k *kept) Load(context.Context) (string, error)   { return k.token, nil }
func (k *kept) Save(_ context.Context, t string) error { k.token = t; return nil }
func value(t *testing.T, o *OAuth) string              { t.Helper(); return credential(t, o).Value }
func credential(t *testing.T, o *OAuth) (got Credential) {
	t.Helper()
	got, err := o.Credential(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestOneTokenInFlight(t *testing.T) {
	l := newLogin(t, func(int) (int, string) {
		time.Sleep(20 * time.Millisecond)
		return 200, `{"access_token":"one","expires_in":3600}`
	})
	o := NewOAuth(OAuthOptions{Grant: l.clientCredentials(), Timeout: time.Minute})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if c, err := o.Credential(t.Context()); err != nil || c.Value != "Bearer one" {
				t.Error(c, err)
			}
		})
	}
	all.Wait()
	if len(l.asked) != 1 {
		t.Errorf("the token was asked for %d times", len(l.asked))
	}
}

// An answer without expires_in is good until it is refused, and a refusal of an older token does not cost the newer
// one.
func TestRenewedWhenRefused(t *testing.T) {
	l := newLogin(t, func(n int) (int, string) {
		return 200, `{"access_token":"` + string(rune('a'+n-1)) + `","instance_url":"https://eu7.crm.example"}`
	})
	o := NewOAuth(OAuthOptions{
		Grant: l.clientCredentials(), Timeout: time.Minute, Scheme: "Acme", BaseField: "instance_url",
	})
	first := credential(t, o)
	if first.Value != "Acme a" || first.BaseURL != "https://eu7.crm.example" || value(t, o) != "Acme a" {
		t.Errorf("%+v", first)
	}
	if !o.Refused(first) || value(t, o) != "Acme b" {
		t.Error("a refused token was used again")
	}
	if !o.Refused(first) || value(t, o) != "Acme b" || len(l.asked) != 2 {
		t.Error("the refusal of a token that was replaced cost the new one")
	}
}

func TestRenewedBeforeItsEnd(t *testing.T) {
	l := newLogin(t, func(int) (int, string) { return 200, `{"access_token":"x","expires_in":59}` })
	o := NewOAuth(OAuthOptions{Grant: l.clientCredentials(), Timeout: time.Minute})
	value(t, o)
	value(t, o)
	if len(l.asked) != 2 {
		t.Errorf("a token with less than a minute left: asked %d times", len(l.asked))
	}
}

func TestRefreshTokensRotate(t *testing.T) {
	l := newLogin(t, func(n int) (int, string) {
		if n == 1 {
			return 200, `{"access_token":"a1","refresh_token":"r2"}`
		}
		return 200, `{"access_token":"a2"}`
	})
	k := &kept{token: "r1"}
	o := NewOAuth(OAuthOptions{Timeout: time.Minute, Grant: Refresh(oauth2.Config{
		ClientID: "app", ClientSecret: "s3cret", Endpoint: oauth2.Endpoint{
			TokenURL: l.URL, AuthStyle: oauth2.AuthStyleInParams,
		},
	}, k)})
	first := credential(t, o)
	o.Refused(first)
	value(t, o)
	if k.token != "r2" || l.asked[0].Get("refresh_token") != "r1" || l.asked[1].Get("refresh_token") != "r2" {
		t.Errorf("kept %q, asked %v", k.token, l.asked)
	}
}

func TestJWTBearer(t *testing.T) {
	l := newLogin(t, func(int) (int, string) {
		return 200, `{"access_token":"x","instance_url":"https://na1.crm.example"}`
	})
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	o := NewOAuth(OAuthOptions{Timeout: time.Minute, BaseField: "instance_url", Grant: JWTBearer(jwt.Config{
		Email: "app", Subject: "integration@acme.example", Audience: "https://login.crm.example", TokenURL: l.URL,
		PrivateKey: block,
	})})
	if c := credential(t, o); c.BaseURL != "https://na1.crm.example" {
		t.Errorf("%+v", c)
	}
	if a := l.asked[0].Get("assertion"); strings.Count(a, ".") != 2 ||
		!strings.HasSuffix(l.asked[0].Get("grant_type"), "jwt-bearer") {
		t.Errorf("asked %v", l.asked[0])
	}
}

func TestFailuresToGetAToken(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		base   string
		kind   connectors.Kind
		say    string
	}{
		"revoked": {
			400, `{"error":"invalid_grant","error_description":"pr1vate"}`, "",
			connectors.Unauthenticated, "invalid_grant",
		},
		"unknown app": {401, `{"error":"invalid_client"}`, "", connectors.Unauthenticated, "connect the app again"},
		"odd code":    {400, `{"error":"pr1vate words 7"}`, "", connectors.Unauthenticated, "HTTP 400"},
		"too often":   {429, `{}`, "", connectors.RateLimited, "429"},
		"down":        {503, `pr1vate`, "", connectors.Unavailable, "503"},
		"a page":      {200, `<html>pr1vate</html>`, "", connectors.Garbled, ""},
		"no token":    {200, `{"pr1vate":1}`, "", connectors.Garbled, ""},
		"no instance": {200, `{"access_token":"pr1vate"}`, "instance_url", connectors.Malformed, "instance_url"},
		"odd instance": {
			200, `{"access_token":"x","instance_url":"file:///pr1vate"}`, "instance_url",
			connectors.Malformed, "",
		},
		"redirected": {302, ``, "", connectors.Misconfigured, "redirects"},
		"with a user in": {
			200, `{"access_token":"x","instance_url":"https://pr1vate@crm.example"}`, "instance_url",
			connectors.Malformed, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLogin(t, func(int) (int, string) { return c.status, c.body })
			o := NewOAuth(OAuthOptions{
				Vendor: "acme", Grant: l.clientCredentials(), Timeout: time.Minute, BaseField: c.base,
			})
			_, err := o.Credential(t.Context())
			if connectors.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.say) ||
				!strings.HasPrefix(err.Error(), "acme: token: ") {
				t.Errorf("%v: %s", err, connectors.KindOf(err))
			}
			for inner := err; inner != nil; inner = errors.Unwrap(inner) {
				if strings.Contains(inner.Error(), "pr1vate") || strings.Contains(inner.Error(), "s3cret") {
					t.Errorf("the error tells what was said: %v", inner)
				}
			}
		})
	}
	o := NewOAuth(OAuthOptions{Timeout: time.Second, Grant: ClientCredentials(clientcredentials.Config{
		TokenURL: "http://127.0.0.1:1/?pr1vate",
	})})
	if _, err := o.Credential(t.Context()); connectors.KindOf(err) != connectors.Unavailable ||
		strings.Contains(err.Error(), "pr1vate") {
		t.Errorf("nobody there: %v", err)
	}
}

// Who stops waiting does not take the token from the others.
func TestAWaiterMayLeave(t *testing.T) {
	release := make(chan struct{})
	l := newLogin(t, func(int) (int, string) { <-release; return 200, `{"access_token":"x"}` })
	o := NewOAuth(OAuthOptions{Grant: l.clientCredentials(), Timeout: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { _, err := o.Credential(ctx); left <- err }()
	cancel()
	if err := <-left; connectors.KindOf(err) != connectors.Unavailable {
		t.Error(err)
	}
	close(release)
	if value(t, o) != "Bearer x" {
		t.Error("the others got no token")
	}
}
