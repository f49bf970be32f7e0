package toy

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// Cards asks for one person after the other.
func (c *toy) Cards(ctx context.Context, people []string) (map[string]connectors.Card, error) {
	cards := map[string]connectors.Card{}
	for _, person := range people {
		var r Record
		err := c.call(ctx, "fetch", http.MethodGet, path(person), nil, &r)
		switch {
		case connectors.KindOf(err) == connectors.NotFound:
		case err != nil:
			return nil, err
		default:
			cards[person] = connectors.Card{Name: r.Name, Email: r.Email}
		}
	}
	return cards, nil
}

// path is where a person stands.
func path(person string) string {
	p := crm.ParsePerson(person)
	return "/" + types[p.Kind] + "/" + url.PathEscape(p.ID)
}

// Find asks who has an address.
func (c *toy) Find(ctx context.Context, email string) ([]string, error) {
	var got struct{ People []string }
	err := c.call(ctx, "fetch", http.MethodGet, "/people?"+url.Values{"email": {email}}.Encode(), nil, &got)
	return got.People, err
}

// Link is a person's place in the API: the toy has no pages.
func (c *toy) Link(_, person, _ string) string { return c.API + path(person) }

// Whose is the inverse of Link.
func (c *toy) Whose(_ string, page *url.URL) string {
	for kind, typ := range types {
		if id, ok := strings.CutPrefix(page.Path, "/"+typ+"/"); ok && kind != "mail" {
			return crm.Person{Kind: kind, ID: id}.String()
		}
	}
	return ""
}

// callsADay is the toy's own limit.
const callsADay = 100_000

// today is what the toy allows in a day.
type today struct{ c *toy }

// Budget is what is left of the day.
func (d today) Budget() (interval, day int) {
	d.c.mu.Lock()
	defer d.c.mu.Unlock()
	return -1, callsADay - d.c.made
}

// Queued is never so: whoever asks too often is refused at once.
func (today) Queued() bool { return false }
