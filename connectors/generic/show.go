package generic

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/generic/jq"
	"github.com/winnow-crm/winnow/connectors/generic/mapping"
	"github.com/winnow-crm/winnow/connectors/rest"
)

// shower tells whom people are.
type shower struct{ *records }

// Cards reads people as any other record is read: together where the mapping reads many in one call. Beside an error
// there are the cards of those who could be read.
func (c shower) Cards(ctx context.Context, people []string) (map[string]connectors.Card, error) {
	byType := map[string][]any{}
	for _, who := range people {
		if p, typ, of := c.kindOf(who); of != nil {
			byType[typ] = append(byType[typ], p.ID)
		}
	}
	var mu sync.Mutex
	cards := make(map[string]connectors.Card, len(people))
	var calls errgroup.Group
	calls.SetLimit(max(1, c.m.API.Calls))
	for _, typ := range sortedKeys(byType) {
		for ids := range slices.Chunk(byType[typ], max(1, c.m.Records[typ].Read.Batch)) {
			calls.Go(func() error {
				found, err := c.cards(ctx, typ, ids)
				mu.Lock()
				defer mu.Unlock()
				for who, card := range found {
					cards[who] = card
				}
				return err
			})
		}
	}
	err := calls.Wait()
	return cards, err
}

// cards are those of the people of one type that one call reads.
func (c shower) cards(ctx context.Context, typ string, ids []any) (map[string]connectors.Card, error) {
	of := c.m.Records[typ]
	found := map[string]any{}
	var vars jq.Vars
	var err error
	if of.Read.Batch > 1 {
		found, vars, err = c.readMany(ctx, typ, of, ids)
	} else {
		id := jq.Text(ids[0])
		found[id], vars, err = c.readOne(ctx, typ, id)
	}
	if err != nil {
		return nil, connectors.About(err, "read what people are called")
	}
	out := map[string]connectors.Card{}
	for id, value := range found {
		if value == nil || !slices.Contains(ids, any(id)) {
			continue
		}
		r := c.newRecord(typ, value, c.with(vars), crm.At(c.now()))
		if r.is("deleted", of.Deleted) {
			continue
		}
		card := connectors.Card{
			Name:  strings.TrimSpace(r.text("show.card.name", c.m.Show.Card.Name)),
			Email: r.text("show.card.email", c.m.Show.Card.Email),
		}
		if all := c.emails(r); card.Email == "" && len(all) > 0 {
			card.Email = all[0]
		}
		if err := c.faulty(r); err != nil {
			return nil, err
		}
		out[crm.Person{Kind: of.Person.Kind, ID: id}.String()] = card
	}
	return out, nil
}

// Find asks for the people of each kind who have an address.
func (c shower) Find(ctx context.Context, email string) (people []string, err error) {
	find := c.m.Show.Find
	if find == nil {
		return nil, nil
	}
	for _, typ := range sortedKeys(c.m.Records) {
		of := c.m.Records[typ].Person
		if of == nil {
			continue
		}
		vars := jq.Vars{"$type": typ, "$kind": of.Kind, "$email": email}
		a, err := c.ask(ctx, call{op: "fetch", class: rest.Fetch, req: &find.Request, vars: vars})
		if err != nil && connectors.KindOf(err) == connectors.NotFound {
			continue // an empty list may be none
		}
		if err != nil {
			return nil, connectors.About(err, "look for an address")
		}
		ids, err := find.IDs.All(a.value, a.vars)
		if err != nil || !isObject(a.value) && !isList(a.value) {
			err = fmt.Errorf("show.find: %s: the answer has no list of %s", &find.Request, typ)
			return nil, c.fail("fetch", connectors.Garbled, err)
		}
		for _, v := range ids {
			if id := jq.Text(v); id != "" {
				people = append(people, crm.Person{Kind: of.Kind, ID: id}.String())
			}
		}
	}
	return people, nil
}

// Link is the page of what a fact was read of, and that of the person where such a record has none.
func (c shower) Link(account, person, fact string) string {
	typ, rest, _ := strings.Cut(fact, "/")
	id, _, _ := strings.Cut(rest, "/")
	if link := c.page(account, typ, id); link != "" {
		return link
	}
	p, typ, _ := c.kindOf(person)
	return c.page(account, typ, p.ID)
}

// page is the address of a record, empty where the mapping has none for its type.
func (c shower) page(account, typ, id string) string {
	link, there := c.m.Show.Link[typ]
	if !there {
		return ""
	}
	path, err := c.path(link, account, typ, id)
	if err != nil {
		return ""
	}
	return strings.TrimRight(cmp.Or(c.cfg.Web.URL, c.cfg.API.URL), "/") + path
}

func (c shower) path(link mapping.Template, account, typ, id string) (string, error) {
	path, _, err := link.Fill(nil, c.with(jq.Vars{"$type": typ, "$id": id, "$account": account}), inLink)
	return path, err
}

// maxWords bounds the parts of an address that are tried as ids.
const maxWords = 64

// Whose tries what in an address may be an id: the person is the one whose page would have the same address. Of several
// it is the one that stands last, as where a page is opened from another.
func (c shower) Whose(account string, page *url.URL) string {
	at := placeOf(page)
	words := slices.Concat(at.path, at.fragment)
	for _, name := range sortedKeys(at.pairs) {
		words = append(words, at.pairs[name])
	}
	for _, id := range slices.Backward(words[:min(len(words), maxWords)]) {
		if id == "" {
			continue
		}
		for _, typ := range sortedKeys(c.m.Records) {
			of := c.m.Records[typ].Person
			if of == nil {
				continue
			}
			if slices.ContainsFunc(c.m.Show.Pages(typ), func(link mapping.Template) bool {
				path, err := c.path(link, account, typ, id)
				u, bad := url.Parse(path)
				return err == nil && bad == nil && at.has(placeOf(u))
			}) {
				return crm.Person{Kind: of.Kind, ID: id}.String()
			}
		}
	}
	return ""
}

// place is an address in its parts. What stands behind the # is a path, pairs, or a path with pairs.
type place struct {
	path, fragment []string
	pairs          map[string]string
}

func placeOf(u *url.URL) place {
	p := place{path: segments(u.Path), pairs: map[string]string{}}
	route, query, cut := strings.Cut(u.Fragment, "?")
	if !cut && strings.Contains(route, "=") {
		route, query = "", route
	}
	p.fragment = segments(route)
	in, _ := url.ParseQuery(query) // what can be read of it
	for _, values := range []url.Values{u.Query(), in} {
		for name := range values {
			p.pairs[name] = values.Get(name)
		}
	}
	return p
}

func segments(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// has reports whether an address holds the parts of a link: its path, below that of the CRM's first page, and its
// pairs.
func (p place) has(link place) bool {
	for name, value := range link.pairs {
		if p.pairs[name] != value {
			return false
		}
	}
	return within(p.path, link.path) && within(p.fragment, link.fragment)
}

// within reports whether one list holds another, together and in order.
func within(all, part []string) bool {
	for i := range len(all) - len(part) + 1 {
		if slices.Equal(all[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

// inLink escapes a value that may stand in the path, in the query or behind the # of an address.
func inLink(s string) (string, error) {
	if _, err := mapping.Segment(s); err != nil {
		return "", err
	}
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20"), nil
}
