package admin

import (
	"context"
	"slices"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/cmd/internal/seen"
	"github.com/winnow-crm/winnow/connectors/crm"
)

const (
	decisionRows = 50
	actsShown    = 100
	mostCounted  = 100_000
	returnDays   = 90
	dayMS        = crm.Millis(24 * 3600 * 1000)
)

func (a *views) decisions(ctx context.Context, _ api.Nothing) (api.DecisionsPage, error) {
	list, err := a.list(ctx)
	if err != nil {
		return api.DecisionsPage{}, err
	}
	out := api.DecisionsPage{Shown: a.shown()}
	if out.Breakers, err = a.breakers(ctx, list, &out.Shown); err != nil {
		return out, err
	}
	for _, part := range []struct {
		into  *[]api.Row
		query seen.Query
	}{
		{&out.Pending, seen.Query{Status: string(crm.Pending), Sort: "pending"}},
		{&out.Held, seen.Query{Held: "any"}},
		{&out.Disqualified, seen.Query{Status: string(crm.Disqualified), Sort: "recheck"}},
		{&out.Overrides, seen.Query{Sort: "override"}},
	} {
		part.query.Most = decisionRows
		page, err := list.List(ctx, part.query)
		if err != nil {
			return out, err
		}
		*part.into = a.rows(ctx, &out.Shown, page.Contacts)
	}
	if out.Returned, err = a.returned(ctx, list, &out.Shown); err != nil {
		return out, err
	}
	acts, err := a.acts(ctx, api.Nothing{})
	slices.Reverse(acts)
	out.Acts = acts[:min(actsShown, len(acts))]
	return out, err
}

// breakers are those that hold something.
func (a *views) breakers(ctx context.Context, list *seen.Model, shown *api.Shown) (out []api.BreakerPage, _ error) {
	for _, source := range a.Operate.Names() {
		state, err := a.Operate.Breaker(ctx, source)
		if err != nil {
			return nil, err
		}
		if !state.Open {
			continue
		}
		b := api.BreakerPage{Source: source, BreakerState: state}
		held := seen.Query{Source: source, Held: watermark.HoldBreaker, Most: decisionRows}
		if b.Waiting, err = list.Count(ctx, held, mostCounted); err != nil {
			return nil, err
		}
		page, err := list.List(ctx, held)
		if err != nil {
			return nil, err
		}
		would, err := a.People.Withheld(ctx, refsOf(page.Contacts))
		if err != nil {
			return nil, err
		}
		for _, row := range a.rows(ctx, shown, page.Contacts) {
			d := would[crm.ContactRef{Source: row.Source, Contact: row.Contact.Contact}]
			b.Some = append(b.Some, api.HeldByRow{Row: row, Would: d.Status, WouldGround: d.Ground})
		}
		out = append(out, b)
	}
	return out, nil
}

func (a *views) returned(ctx context.Context, list *seen.Model, shown *api.Shown) (out []api.Returned, _ error) {
	found, err := list.Returns(ctx, shown.At-returnDays*dayMS, decisionRows)
	if err != nil {
		return nil, err
	}
	refs := make([]crm.ContactRef, len(found))
	for i, r := range found {
		refs[i] = crm.ContactRef{Source: r.Source, Contact: r.Contact}
	}
	cards, err := a.cards(ctx, refs)
	if err != nil {
		shown.Unnamed = err.Error()
	}
	for i, r := range found {
		out = append(out, api.Returned{Return: r, Name: called(cards[refs[i]]), Link: a.People.Link(refs[i], "")})
	}
	return out, nil
}
