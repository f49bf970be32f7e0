package admin

import (
	"cmp"
	"context"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/seen"
	"github.com/winnow-crm/winnow/connectors/crm"
)

func (a *views) owed(ctx context.Context, q api.OwedQuery) (api.OwedPage, error) {
	list, err := a.list(ctx)
	if err != nil {
		return api.OwedPage{}, err
	}
	page, err := list.List(ctx, seen.Query{
		Source: q.Source, Owner: q.Owner, Owed: cmp.Or(q.Owed, "any"), Overdue: q.Overdue, Sort: "owed",
		After: q.After, Most: q.Most,
	})
	if err != nil {
		return api.OwedPage{}, err
	}
	out := api.OwedPage{Shown: a.shown(), Contacts: make([]api.OwedRow, len(page.Contacts)), Next: page.Next}
	if out.Owners, err = list.Debtors(ctx, q.Source); err != nil {
		return out, err
	}
	debts, err := a.People.Debts(ctx, refsOf(page.Contacts))
	if err != nil {
		return out, err
	}
	for i, row := range a.rows(ctx, &out.Shown, page.Contacts) {
		d := debts[crm.ContactRef{Source: row.Source, Contact: row.Contact.Contact}]
		out.Contacts[i] = api.OwedRow{Row: row, Due: d.Due, Waited: d.Waited, Over: d.Over}
	}
	return out, nil
}
