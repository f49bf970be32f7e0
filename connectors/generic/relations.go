package generic

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/generic/jq"
	"github.com/winnow-crm/winnow/connectors/people"
	"github.com/winnow-crm/winnow/connectors/rest"
)

// besides are what stands beside a record.
type besides struct {
	people, deals, emails []string
	gone                  bool
}

// besides looks at what stands beside a record that was read.
func (c *records) besides(r *record) besides {
	var b besides
	if r.of.Person != nil {
		b.emails = c.emails(r)
		return b
	}
	b.people = c.persons(r.all("people", r.of.People))
	for _, v := range r.all("deals", r.of.Deals) {
		if id := jq.Text(v); id != "" {
			b.deals = append(b.deals, id)
		}
	}
	return b
}

const (
	// shelfLasts is how long what stands beside a record is not read again: as long as one fetch takes.
	shelfLasts = 5 * time.Second
	maxShelf   = 5000
)

// shelf has what stands beside the records that were read just now.
type shelf struct {
	mu sync.Mutex
	by *simplelru.LRU[string, placed]
}

type placed struct {
	besides
	until time.Time
}

func (s *shelf) put(typ, id string, b besides, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by, _ = simplelru.NewLRU[string, placed](maxShelf, nil) // it refuses a size below 1 alone
	}
	s.by.Add(typ+"/"+id, placed{b, now.Add(shelfLasts)})
}

func (s *shelf) get(typ, id string, now time.Time) (besides, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		return besides{}, false
	}
	p, ok := s.by.Get(typ + "/" + id)
	return p.besides, ok && now.Before(p.until) && p.until.Sub(now) <= shelfLasts
}

// neighbours tells what stands beside records, by reading them where they were not read just now.
type neighbours struct{ c *records }

func (n neighbours) beside(ctx context.Context, typ, id string) (besides, error) {
	c := n.c
	if b, ok := c.shelf.get(typ, id, c.now()); ok {
		return b, nil
	}
	of := c.m.Records[typ]
	if of == nil || of.Read == nil {
		return besides{}, nil
	}
	var value any
	var vars jq.Vars
	var err error
	if of.Read.Batch > 1 {
		var found map[string]any
		found, vars, err = c.readMany(ctx, typ, of, []any{id})
		value = found[id]
	} else {
		value, vars, err = c.readOne(ctx, typ, id)
	}
	if err != nil {
		return besides{}, err
	}
	b := besides{gone: value == nil}
	if value != nil {
		r := c.newRecord(typ, value, vars, crm.At(c.now()))
		if err := c.beside(ctx, r); err != nil {
			return besides{}, err
		}
		b = c.besides(r)
		if err := c.faulty(r); err != nil {
			return besides{}, err
		}
	}
	c.shelf.put(typ, id, b, c.now())
	return b, nil
}

func (n neighbours) collect(
	ctx context.Context,
	typ string,
	records []string,
	which func(besides) []string,
) (map[string][]string, error) {
	out := map[string][]string{}
	for _, id := range records {
		b, err := n.beside(ctx, typ, id)
		if err != nil {
			return nil, err
		}
		if list := which(b); len(list) > 0 {
			out[id] = list
		}
	}
	return out, nil
}

// People returns the people that records are filed with.
func (n neighbours) People(ctx context.Context, typ string, records []string) (map[string][]string, error) {
	return n.collect(ctx, typ, records, func(b besides) []string { return b.people })
}

// DealsOf returns the deals that records belong to.
func (n neighbours) DealsOf(ctx context.Context, typ string, records []string) (map[string][]string, error) {
	return n.collect(ctx, typ, records, func(b besides) []string { return b.deals })
}

// DealsWith returns the deals of people, the newest first.
func (n neighbours) DealsWith(ctx context.Context, who []string) (map[string][]string, error) {
	out := map[string][]string{}
	for _, w := range who {
		p, typ, of := n.c.kindOf(w)
		if of == nil || of.Deals == nil {
			continue
		}
		vars := jq.Vars{"$type": typ, "$kind": p.Kind, "$id": p.ID}
		a, err := n.c.ask(ctx, call{op: "fetch", class: rest.Fetch, req: &of.Deals.Request, vars: vars})
		if connectors.KindOf(err) == connectors.NotFound && err != nil {
			continue
		}
		if err != nil {
			return nil, connectors.About(err, "read the deals of people")
		}
		ids, err := of.Deals.IDs.All(a.value, a.vars)
		if err != nil {
			return nil, n.c.fail("fetch", connectors.Garbled, fmt.Errorf("records.%s.person.deals.ids: %w", typ, err))
		}
		for _, v := range ids {
			if id := jq.Text(v); id != "" {
				out[w] = append(out[w], id)
			}
		}
	}
	return out, nil
}

// Addresses returns the addresses of people.
func (n neighbours) Addresses(ctx context.Context, who []string) (people.Book, error) {
	book := people.Book{}
	for _, w := range who {
		p, typ, of := n.c.kindOf(w)
		if of == nil {
			continue
		}
		b, err := n.beside(ctx, typ, p.ID)
		if err != nil {
			return nil, err
		}
		book.Add(w, b.emails...)
	}
	return book, nil
}

// Concerned returns the people whom the facts of a record could reach.
func (c *records) Concerned(ctx context.Context, ref crm.Ref) ([]string, error) {
	of := c.m.Records[ref.Type]
	if of == nil {
		return nil, nil
	}
	if of.Person != nil {
		who := crm.Person{Kind: of.Person.Kind, ID: ref.ID}.String()
		return c.relate.WithPeers(ctx, append([]string{who}, ref.Contacts...))
	}
	return c.relate.Concerned(ctx, ref, of.Through && c.m.Deals() != "")
}
