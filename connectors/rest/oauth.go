package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/oauth2/jwt"
	"golang.org/x/sync/singleflight"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// early is how long before its end a token is renewed.
const early = time.Minute

// Grant gets a new access token. It makes one attempt.
type Grant func(ctx context.Context) (*oauth2.Token, error)

// ClientCredentials is the grant of RFC 6749, section 4.4: the app speaks for itself.
func ClientCredentials(c clientcredentials.Config) Grant { return c.Token }

// JWTBearer is the grant of RFC 7523: an assertion signed with the app's private key.
func JWTBearer(c jwt.Config) Grant {
	return func(ctx context.Context) (*oauth2.Token, error) { return c.TokenSource(ctx).Token() }
}

// Refresh is the grant of RFC 6749, section 6. A vendor may answer with another refresh token and refuse the old one
// from then on: kept has the newest, first the one of the settings.
func Refresh(c oauth2.Config, kept RefreshToken) Grant {
	return func(ctx context.Context) (*oauth2.Token, error) {
		old, err := kept.Load(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the stored refresh token: %w", err)
		}
		t, err := c.TokenSource(ctx, &oauth2.Token{RefreshToken: old}).Token()
		if err == nil && t.RefreshToken != "" && t.RefreshToken != old {
			if err := kept.Save(ctx, t.RefreshToken); err != nil {
				return nil, fmt.Errorf("store the new refresh token: %w", err)
			}
		}
		return t, err
	}
}

// RefreshToken keeps a refresh token.
type RefreshToken interface {
	Load(ctx context.Context) (string, error)
	Save(ctx context.Context, token string) error
}

// Fixed is a refresh token that the vendor never replaces.
type Fixed connectors.Secret

// Load returns it.
func (f Fixed) Load(context.Context) (string, error) { return connectors.Secret(f).Reveal(), nil }

// Save does nothing: the settings have the token.
func (f Fixed) Save(context.Context, string) error { return nil }

// OAuthOptions are what an OAuth is made of.
type OAuthOptions struct {
	Vendor crm.Vendor
	Grant  Grant
	Scheme string // before the token in the Authorization header; "" is Bearer
	// the field of the token's answer that names the API's address, as instance_url; "": none does
	BaseField string
	Timeout   time.Duration     // of one attempt
	Transport http.RoundTripper // nil: http.DefaultTransport
}

// OAuth is an Auth whose access tokens are renewed: when they run out where the answer says when, and when the vendor
// refuses one. However many requests need a token, one asks for it. Its clock is the machine's.
type OAuth struct {
	opt    OAuthOptions
	flight singleflight.Group

	mu    sync.Mutex
	token *oauth2.Token
}

// NewOAuth returns an Auth by OAuth. It does no I/O.
func NewOAuth(opt OAuthOptions) *OAuth {
	if opt.Scheme == "" {
		opt.Scheme = "Bearer"
	}
	return &OAuth{opt: opt}
}

// Credential returns the access token in hand, or a new one.
func (o *OAuth) Credential(ctx context.Context) (Credential, error) {
	t := o.usable()
	if t == nil {
		var err error
		if t, err = o.renew(ctx); err != nil {
			return Credential{}, err
		}
	}
	c := Credential{Header: "Authorization", Value: o.opt.Scheme + " " + t.AccessToken}
	if o.opt.BaseField != "" {
		c.BaseURL, _ = t.Extra(o.opt.BaseField).(string)
	}
	return c, nil
}

// usable is the access token in hand, nil where there is none or it is about to run out.
func (o *OAuth) usable() *oauth2.Token {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.token == nil || !o.token.Expiry.IsZero() && time.Until(o.token.Expiry) < early {
		return nil
	}
	return o.token
}

// Refused forgets an access token that the vendor refused, as after it was revoked.
func (o *OAuth) Refused(c Credential) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.token != nil && c.Value == o.opt.Scheme+" "+o.token.AccessToken { // else it has been renewed meanwhile
		o.token = nil
	}
	return true
}

// renew gets a new token, together with whoever else waits for one. It outlives ctx: the others still want it.
func (o *OAuth) renew(ctx context.Context) (*oauth2.Token, error) {
	got := o.flight.DoChan("", func() (any, error) {
		if t := o.usable(); t != nil { // the flight before this one ended after we had looked
			return t, nil
		}
		client := &http.Client{Transport: o.opt.Transport, Timeout: o.opt.Timeout, CheckRedirect: stay}
		t, err := o.opt.Grant(context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, client))
		if err == nil {
			err = o.checkBase(t)
		}
		if err != nil {
			return nil, o.explain(err)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.token = t
		return t, nil
	})
	select {
	case <-ctx.Done():
		return nil, o.fail(connectors.Unavailable, ctx.Err())
	case r := <-got:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*oauth2.Token), nil
	}
}

// stay refuses redirects: they would carry the credential to wherever they point.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// checkBase refuses an answer that names no usable address of the API where it should.
func (o *OAuth) checkBase(t *oauth2.Token) error {
	if o.opt.BaseField == "" {
		return nil
	}
	base, _ := t.Extra(o.opt.BaseField).(string)
	if u, err := url.Parse(base); err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" &&
		u.Scheme != "http" {
		return o.fail(connectors.Malformed, fmt.Errorf("the answer has no usable %s", o.opt.BaseField))
	}
	return nil
}

// refusals are the error codes that say that the credential itself is at fault. Source: RFC 6749, section 5.2.
var refusals = []string{"invalid_client", "invalid_grant", "unauthorized_client", "access_denied", "invalid_client_id"}

// codeWord is what an error code may look like: anything else could quote what was sent.
var codeWord = regexp.MustCompile(`^[a-zA-Z_]{1,40}$`)

// explain turns a failure to get a token into an error that holds nothing of the answer but its error code.
func (o *OAuth) explain(err error) error {
	if e, ok := errors.AsType[*connectors.Error](err); ok {
		return e
	}
	r, ok := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case !ok && strings.HasPrefix(err.Error(), "oauth2: "):
		return o.fail(connectors.Garbled, errors.New("the answer to the request for a token holds none"))
	case !ok:
		return o.fail(connectors.Unavailable, plain(err))
	case r.Response == nil:
		return o.fail(connectors.Garbled, errors.New("the answer to the request for a token cannot be read"))
	}
	status, said := r.Response.StatusCode, ""
	if codeWord.MatchString(r.ErrorCode) {
		said = " " + r.ErrorCode
	}
	kind := connectors.KindOfStatus(status)
	hint := ""
	if kind == connectors.Internal {
		kind, hint = connectors.Misconfigured, ": the address for tokens redirects elsewhere, which is not followed"
	}
	if kind == connectors.Rejected || slices.Contains(refusals, r.ErrorCode) {
		kind = connectors.Unauthenticated
		hint = ": the OAuth credential was revoked, has expired or belongs to another app, or the app was " +
			"uninstalled; connect the app again"
	}
	e := o.fail(kind, fmt.Errorf("no access token: HTTP %d%s%s", status, said, hint))
	e.After = RetryAfter(r.Response.Header, time.Now())
	return e
}

func (o *OAuth) fail(k connectors.Kind, err error) *connectors.Error {
	return &connectors.Error{Vendor: o.opt.Vendor, Op: "token", Kind: k, Err: err}
}
