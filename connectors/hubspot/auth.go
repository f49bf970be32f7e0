package hubspot

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/rest"
)

// token is the access token of an OAuth app, renewed by the refresh token when it runs out. Source: HubSpot docs, "OAuth".
type token struct {
	mu     sync.Mutex
	access string
	ends   time.Time
}

// early is how long before its end a token is renewed.
const early = time.Minute

// authorize returns the value of the Authorization header.
func (c *Connector) authorize(ctx context.Context) (string, error) {
	if c.token == nil {
		return "Bearer " + c.cfg.Token.Reveal(), nil
	}
	c.token.mu.Lock()
	defer c.token.mu.Unlock()
	if c.token.access != "" && c.now().Before(c.token.ends) {
		return "Bearer " + c.token.access, nil
	}
	var got struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"` // seconds
	}
	_, err := c.rest.Do(ctx, rest.Request{
		Op: "token", Class: rest.Write, Method: http.MethodPost, Path: "/oauth/" + version + "/token", Into: &got,
		Form: url.Values{
			"grant_type": {"refresh_token"}, "client_id": {c.cfg.OAuth.ClientID},
			"client_secret": {c.cfg.OAuth.ClientSecret.Reveal()}, "refresh_token": {c.cfg.OAuth.RefreshToken.Reveal()},
		},
	})
	if err != nil {
		if e, ok := errors.AsType[*connectors.Error](err); ok && e.Kind == connectors.Rejected {
			// HubSpot answers 400 to a refresh token that was revoked or belongs to another app.
			e.Kind = connectors.Unauthenticated
		}
		return "", about(err, "renew the OAuth token")
	}
	if got.AccessToken == "" || got.ExpiresIn <= 0 {
		return "", c.fail("token", connectors.Malformed, errors.New("the answer holds no access token"))
	}
	c.token.access = got.AccessToken
	c.token.ends = c.now().Add(time.Duration(got.ExpiresIn)*time.Second - early)
	return "Bearer " + c.token.access, nil
}

// tokenRefused forgets an access token that HubSpot refused, as after it was revoked, and reports whether there can be another.
func (c *Connector) tokenRefused(authorization string) bool {
	if c.token == nil {
		return false
	}
	c.token.mu.Lock()
	defer c.token.mu.Unlock()
	if authorization == "Bearer "+c.token.access { // else it has been renewed meanwhile
		c.token.access = ""
	}
	return true
}
