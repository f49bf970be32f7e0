package admin

import (
	"context"
	"strings"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/seen"
	"github.com/winnow-crm/winnow/connectors/crm"
)

func (a *views) contacts(ctx context.Context, q api.ContactsQuery) (api.ContactsPage, error) {
	list, err := a.list(ctx)
	if err != nil {
		return api.ContactsPage{}, err
	}
	q.At = crm.At(a.Operate.Now())
	out := api.ContactsPage{}
	var page seen.Page
	if q.Text != "" {
		page, out.Unlisted, err = a.search(ctx, list, q)
	} else {
		page, err = list.List(ctx, q.Query)
	}
	if err != nil {
		return out, badRequest(err.Error())
	}
	out.Shown, out.Next = a.shown(), page.Next
	out.Contacts = a.rows(ctx, &out.Shown, page.Contacts)
	return out, nil
}

// search finds the contacts that a text may mean; those that the CRM knows and the list does not are named too.
func (a *views) search(
	ctx context.Context,
	list *seen.Model,
	q api.ContactsQuery,
) (found seen.Page, missing []api.Person, _ error) {
	refs, err := a.People.Find(ctx, q.Source, q.Text)
	if err != nil && len(refs) == 0 {
		return found, nil, err
	}
	for _, ref := range refs {
		page, err := list.List(ctx, seen.Query{Source: ref.Source, IDs: []string{ref.Contact}})
		if err != nil {
			return found, nil, err
		}
		if len(page.Contacts) == 0 {
			missing = append(missing, api.Person{Source: ref.Source, Contact: ref.Contact})
		}
		found.Contacts = append(found.Contacts, page.Contacts...)
	}
	return found, missing, nil
}

func (a *views) contact(ctx context.Context, q api.ContactQuery) (api.ContactPage, error) {
	e, err := a.explain(ctx, q.Person)
	if err != nil {
		return api.ContactPage{}, err
	}
	ref := crm.ContactRef{Source: e.Source, Contact: e.Contact}
	out := api.ContactPage{
		Explained: e, At: crm.At(a.Operate.Now()), Link: a.People.Link(ref, ""), Links: map[string]string{},
	}
	if e.MergedTo != "" {
		return out, nil
	}
	cards, err := a.cards(ctx, []crm.ContactRef{ref})
	if err != nil {
		out.Unnamed = err.Error()
	}
	out.Name = called(cards[ref])
	if strings.TrimSpace(q.Draft) != "" {
		if out.Drafted, err = a.contactBy(ctx, q.Draft, ref); err != nil {
			return out, err
		}
	}
	link := func(fact string) {
		if address := a.People.Link(ref, fact); address != "" && address != out.Link {
			out.Links[fact] = address
		}
	}
	for _, r := range e.Rating.Reasons {
		for _, evidence := range r.Evidence {
			link(evidence.Fact)
		}
	}
	for _, t := range e.Turns {
		link(t.Fact)
	}
	link(e.BallBy)
	return out, nil
}

// contactBy is what a draft of other settings would make of a contact.
func (a *views) contactBy(ctx context.Context, text string, ref crm.ContactRef) (*api.Draft, error) {
	settings, draft, _, err := a.draftOf(api.RulesQuery{Draft: text})
	if err != nil {
		return &api.Draft{Lines: draft.Lines(), Error: err.Error()}, nil
	}
	rated, err := a.People.SampleBy(ctx, settings, []crm.ContactRef{ref})
	return &api.Draft{Rating: rated[ref], Lines: draft.Lines()}, err
}
