package salesforce

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/rest"
)

// Cards reads names and addresses, one query for contacts and one for leads.
func (c *Org) Cards(ctx context.Context, people []string) (map[string]connectors.Card, error) {
	byKind := map[string][]string{}
	for _, name := range people {
		p := crm.ParsePerson(name)
		byKind[p.Kind] = append(byKind[p.Kind], p.ID)
	}
	cards := make(map[string]connectors.Card, len(people))
	for kind, ids := range byKind {
		found, err := c.selectIn(ctx, objectOf(kind), []string{"Id", "FirstName", "LastName", "Email"}, "Id", ids)
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			p := crm.Person{Kind: kind, ID: r.id()}
			cards[p.String()] = connectors.Card{
				Name: strings.TrimSpace(r.text("FirstName") + " " + r.text("LastName")), Email: r.text("Email"),
			}
		}
	}
	return cards, nil
}

// Find looks for contacts and leads with an address.
func (c *Org) Find(ctx context.Context, email string) (people []string, err error) {
	for _, kind := range []string{contact, lead} {
		if !c.reads(objectOf(kind)) {
			continue
		}
		found, err := c.query(
			ctx,
			"fetch",
			rest.Fetch,
			"SELECT Id FROM "+objectOf(kind)+" WHERE Email = "+quoted(email)+" LIMIT 10",
			false,
		)
		if err != nil {
			return nil, connectors.About(err, "look for an address")
		}
		for _, r := range found {
			people = append(people, crm.Person{Kind: kind, ID: r.id()}.String())
		}
	}
	return people, nil
}

// Link is the address of a record, which an org's own domain leads on to its page. Source: Salesforce Help, "Build a
// URL to a Record".
func (c *Org) Link(_, person, fact string) string {
	id := full(crm.ParsePerson(person).ID)
	if _, rest, ok := strings.Cut(fact, "/"); ok {
		record, _, _ := strings.Cut(rest, "/")
		if record = full(record); record != "" {
			id = record
		}
	}
	if id == "" {
		return ""
	}
	return strings.TrimRight(c.cfg.API.URL, "/") + "/" + id
}

// Whose reads the id that the page of a contact or a lead has in its address: in the path, behind the # of older
// pages, or in a parameter, as with a console's workspace. The last in each counts.
func (c *Org) Whose(_ string, page *url.URL) string {
	words := func(text string) []string {
		return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("/?&=", r) })
	}
	var query []string
	for _, name := range slices.Sorted(maps.Keys(page.Query())) {
		for _, value := range page.Query()[name] {
			query = append(query, words(value)...)
		}
	}
	for _, part := range [][]string{words(page.Path), words(page.Fragment), query} {
		for _, word := range slices.Backward(part) {
			if who := person(word); who != "" {
				return who
			}
		}
	}
	return ""
}
