package hubspot

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/people"
)

// neighbours tells what stands beside HubSpot's records: their associations, and the addresses of contacts.
type neighbours struct{ c *Connector }

func (n neighbours) People(ctx context.Context, typ string, records []string) (map[string][]string, error) {
	return n.c.associated(ctx, typ, "contacts", records)
}

func (n neighbours) DealsOf(ctx context.Context, typ string, records []string) (map[string][]string, error) {
	return n.c.associated(ctx, typ, "deals", records)
}

func (n neighbours) DealsWith(ctx context.Context, contacts []string) (map[string][]string, error) {
	of, err := n.c.associated(ctx, "contacts", "deals", contacts)
	for contact, deals := range of {
		of[contact] = newest(deals, len(deals))
	}
	return of, err
}

// Addresses reads the addresses of contacts, with those that they had before.
func (n neighbours) Addresses(ctx context.Context, contacts []string) (people.Book, error) {
	os, err := n.c.read(ctx, "contacts", contacts, addressProperties, []string{"email"})
	if err != nil {
		return nil, err
	}
	book := people.Book{}
	for _, o := range os {
		book.Add(string(o.ID), o.addresses()...)
	}
	return book, nil
}

// addressProperties hold a contact's addresses. Source: HubSpot docs, "Default contact properties".
var addressProperties = []string{"email", "hs_additional_emails", "work_email"}

// addresses are all of a contact's, those that it had before among them. HubSpot may give a property whose history is
// asked for in the history alone.
func (o *object) addresses() []string {
	var out []string
	for _, name := range addressProperties {
		out = append(out, strings.Split(o.get(name), ";")...)
		for _, h := range o.changes(name) {
			out = append(out, strings.Split(h.value(), ";")...)
		}
	}
	return slices.DeleteFunc(out, func(a string) bool { return strings.TrimSpace(a) == "" })
}

// newest are the n ids of the highest number: HubSpot counts them up.
func newest(ids []string, n int) []string {
	out := slices.Clone(ids)
	slices.SortFunc(out, func(a, b string) int {
		x, _ := strconv.ParseInt(a, 10, 64)
		y, _ := strconv.ParseInt(b, 10, 64)
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return strings.Compare(b, a)
	})
	return out[:min(n, len(out))]
}

// values are all records that stand beside some.
func values(m map[string][]string) []string {
	var out []string
	for _, v := range m {
		out = append(out, v...)
	}
	return crm.Unique(out)
}
