package admin

import (
	"context"
	"errors"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/seen"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

const (
	// namesWithin is how long a page waits for a CRM to say what people are called: without it they are called by ids.
	namesWithin = 1500 * time.Millisecond
	// freshWithin is how long a page waits for what was rated just now; buildWithin is how long a command does that
	// makes the list itself.
	freshWithin = 400 * time.Millisecond
	buildWithin = 10 * time.Minute
)

// errNoList says that the list of contacts could not be made.
var errNoList = errors.New("the list of contacts cannot be made in this process: the log of its start says why")

// list returns the list of contacts, as fresh as can be had in a moment.
func (a *views) list(ctx context.Context) (*seen.Model, error) {
	if a.List == nil {
		return nil, errNoList
	}
	within := freshWithin
	if a.Alone && !a.List.State().Built {
		within = buildWithin
	}
	_ = a.List.Fresh(ctx, within) // how fresh it is, the page says
	return a.List, nil
}

// shown is what a page says of itself.
func (a *views) shown() api.Shown {
	s := api.Shown{At: crm.At(a.Operate.Now())}
	if a.List != nil {
		s.List = a.List.State()
	}
	return s
}

// rows are contacts with their names.
func (a *views) rows(ctx context.Context, shown *api.Shown, contacts []seen.Contact) []api.Row {
	cards, err := a.cards(ctx, refsOf(contacts))
	if err != nil {
		shown.Unnamed = err.Error()
	}
	rows := make([]api.Row, len(contacts))
	for i, c := range contacts {
		ref := crm.ContactRef{Source: c.Source, Contact: c.Contact}
		rows[i] = api.Row{Contact: c, Name: called(cards[ref]), Link: a.People.Link(ref, "")}
	}
	return rows
}

func (a *views) cards(ctx context.Context, refs []crm.ContactRef) (map[crm.ContactRef]connectors.Card, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, namesWithin)
	defer cancel()
	return a.People.Cards(ctx, refs)
}

func called(c connectors.Card) string {
	if c.Name == "" {
		return c.Email
	}
	return c.Name
}

func refsOf(contacts []seen.Contact) []crm.ContactRef {
	refs := make([]crm.ContactRef, len(contacts))
	for i, c := range contacts {
		refs[i] = crm.ContactRef{Source: c.Source, Contact: c.Contact}
	}
	return refs
}
