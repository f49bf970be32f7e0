package hubspot

import (
	"context"
	"net/url"
	"strings"

	"github.com/winnow-crm/winnow/connectors"
)

// app is where people use HubSpot; it leads on to the data centre of the account. Source: HubSpot knowledge base,
// "HubSpot data hosting".
const app = "https://app.hubspot.com"

// The numbers of object types in the addresses of records. Source: HubSpot docs, "Object type IDs".
var objectTypes = map[string]string{"contacts": "0-1", "companies": "0-2", "deals": "0-3", "tickets": "0-5"}

// Cards reads names and addresses in one batch.
func (c *Connector) Cards(ctx context.Context, people []string) (map[string]connectors.Card, error) {
	os, err := c.read(ctx, "contacts", people, []string{"firstname", "lastname", "email"}, nil)
	if err != nil {
		return nil, err
	}
	cards := make(map[string]connectors.Card, len(os))
	for _, o := range os {
		cards[string(o.ID)] = connectors.Card{
			Name: strings.TrimSpace(o.get("firstname") + " " + o.get("lastname")), Email: o.get("email"),
		}
	}
	return cards, nil
}

// Find searches by the primary address.
func (c *Connector) Find(ctx context.Context, email string) ([]string, error) {
	got, err := c.find(
		ctx,
		"fetch",
		"contacts",
		"email",
		"createdate",
		[]filter{{"email", "EQ", strings.ToLower(email)}},
		10,
	)
	if err != nil {
		return nil, err
	}
	return idsOf(readable(got.Results)), nil
}

// Link is the page of a contact, opened at the activity that a fact is about where it is one. Source: HubSpot knowledge
// base, "Link to a record or an activity".
func (c *Connector) Link(account, person, fact string) string {
	if account == "" {
		return ""
	}
	base := app + "/contacts/" + url.PathEscape(account) + "/record/"
	kind, id, _ := strings.Cut(fact, "/")
	if number, ok := objectTypes[kind]; ok && id != "" {
		return base + number + "/" + url.PathEscape(id)
	}
	link := base + objectTypes["contacts"] + "/" + url.PathEscape(person)
	if id, _, _ = strings.Cut(id, "/"); digitsOnly(id) {
		link += "?engagement=" + id
	}
	return link
}

// Whose reads the pages of contacts, /contacts/62515/record/0-1/101, and their older form /contacts/62515/contact/101.
func (c *Connector) Whose(account string, page *url.URL) string {
	parts := strings.Split(strings.Trim(page.Path, "/"), "/")
	if len(parts) < 4 || parts[0] != "contacts" || account != "" && parts[1] != account {
		return ""
	}
	id := parts[3]
	switch {
	case parts[2] == "record" && id == objectTypes["contacts"] && len(parts) > 4:
		id = parts[4]
	case parts[2] != "contact":
		return ""
	}
	if !digitsOnly(id) {
		return ""
	}
	return id
}

func digitsOnly(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
