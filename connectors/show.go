package connectors

import (
	"context"
	"net/url"
	"slices"
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

	// Whose is the person whose page has an address: what Link makes of a person, and under which other addresses
	// people see that page, as far as they are known. It is empty for every other page. It is pure.
	Whose(account string, page *url.URL) string
}

// Card is what a person is called.
type Card struct {
	Name  string
	Email string
}

// CardsAtOnce is how many people Cards is asked for at most.
const CardsAtOnce = 100

// PersonAt is the person whose page in the CRM has an address. Where nothing is known of the CRM's pages it is whom the
// last part of the path names that has a digit.
func (v *Vendor) PersonAt(account, address string) (string, bool) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" {
		return "", false
	}
	if v.Show != nil {
		person := v.Show.Whose(account, u)
		return person, person != ""
	}
	for _, part := range slices.Backward(strings.Split(strings.Trim(u.Path, "/"), "/")) {
		if strings.ContainsAny(part, "0123456789") {
			person, err := v.Named(part)
			return person, err == nil
		}
	}
	return "", false
}
