package hubspot

import (
	"strings"

	"golang.org/x/oauth2"

	"github.com/winnow-crm/winnow/connectors/rest"
)

// auth is the account's credential: a token that stays, or an OAuth app's, whose access tokens are renewed by its
// refresh token. Source: HubSpot docs, "OAuth".
func (c Config) auth() rest.Auth {
	if c.OAuth.RefreshToken == "" {
		return rest.Bearer(c.Token)
	}
	app := oauth2.Config{
		ClientID: c.OAuth.ClientID, ClientSecret: c.OAuth.ClientSecret.Reveal(),
		Endpoint: oauth2.Endpoint{
			TokenURL:  strings.TrimRight(c.API.URL, "/") + "/oauth/" + version + "/token",
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}
	return rest.NewOAuth(rest.OAuthOptions{
		Vendor: Vendor, Grant: rest.Refresh(app, rest.Fixed(c.OAuth.RefreshToken)), Timeout: c.Timeout,
	})
}
