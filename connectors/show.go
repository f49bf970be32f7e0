package connectors

import (
	"context"
	"net/url"
	"strings"
)

// Shower is the role of a vendor that can tell whom a person is, for a page or a command that somebody looks at. What
// it tells is shown and never kept.
type Shower interface {
	// Cards returns what people are called, for as many as a page shows, in one batch where the vendor has such. Who is
	// not there any more has no card.
	Cards(ctx context.Context, people []string) (map[string]Card, error)

	// Find returns the people who have an e-mail address, none where nobody has it.
	Find(ctx context.Context, email string) ([]string, error)

	// Link is the address of the CRM's own page of a person. Where fact is the id of a fact about them, it is that of
	// the record which told it, as far as the CRM has one; empty where it is not known. account is that of Account,
	// empty where it is not known yet. It is pure.
	Link(account, person, fact string) string
}

// Card is what a person is called.
type Card struct {
	Name  string
	Email string
}

// CardsAtOnce is how many people Cards is asked for at most.
const CardsAtOnce = 100

// PersonAt is the person whose page in the CRM has an address: the last part of its path that names one.
func (v *Vendor) PersonAt(address string) (string, bool) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" {
		return "", false
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	for i := len(parts) - 1; i > 0; i-- {
		if !strings.ContainsAny(parts[i], "0123456789") || strings.Contains(parts[i], "-") {
			continue
		}
		if person, err := v.Named(parts[i]); err == nil {
			return person, true
		}
	}
	return "", false
}
