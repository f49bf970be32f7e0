package rest

import (
	"context"
	"encoding/base64"

	"github.com/winnow-crm/winnow/connectors"
)

// Credential is how a request proves itself, and where it is good.
type Credential struct {
	Header, Value string // "Authorization", "Bearer ..."; without a Header the request carries none
	BaseURL       string // "" for the client's own
}

// Auth gives the credential of one account. It is safe for concurrent use.
type Auth interface {
	// Credential returns what a request sent now proves itself with. Its error is a *connectors.Error.
	Credential(ctx context.Context) (Credential, error)
	// Refused is told of a credential to which the vendor answered 401, and reports whether another can be had now:
	// then the request is sent once more.
	Refused(c Credential) bool
}

// Static is a credential that stays the same.
type Static Credential

// Credential returns it.
func (s Static) Credential(context.Context) (Credential, error) { return Credential(s), nil }

// Refused reports that there is no other.
func (s Static) Refused(Credential) bool { return false }

// Bearer is a fixed bearer token.
func Bearer(token connectors.Secret) Static {
	return Static{Header: "Authorization", Value: "Bearer " + token.Reveal()}
}

// Basic is a user and a password by RFC 7617.
func Basic(user string, password connectors.Secret) Static {
	both := base64.StdEncoding.EncodeToString([]byte(user + ":" + password.Reveal()))
	return Static{Header: "Authorization", Value: "Basic " + both}
}
