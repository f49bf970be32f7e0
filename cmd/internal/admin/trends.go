package admin

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/seen"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

const (
	trendDays     = 90   // over how many days trends are shown where nobody says
	answersLooked = 1000 // contacts at whose answers trends look, those that changed last
)

func (a *views) trends(ctx context.Context, q api.TrendsQuery) (api.TrendsPage, error) {
	list, err := a.list(ctx)
	if err != nil {
		return api.TrendsPage{}, err
	}
	if q.Days <= 0 {
		q.Days = trendDays
	}
	out := api.TrendsPage{Shown: a.shown(), Days: q.Days}
	since := (out.At/dayMS - crm.Millis(q.Days)) * dayMS
	if out.Letters, err = a.letterDays(ctx, q.Source, since); err != nil {
		return out, err
	}
	if out.Decisions, err = list.Decisions(ctx, q.Source, since); err != nil {
		return out, err
	}
	if out.Owners, err = list.Debtors(ctx, q.Source); err != nil {
		return out, err
	}
	page, err := list.List(ctx, seen.Query{Source: q.Source, Most: answersLooked})
	if err != nil {
		return out, err
	}
	given, err := a.People.Answers(ctx, refsOf(page.Contacts), since)
	out.Answers, out.Looked = answerers(page.Contacts, given), len(page.Contacts)
	return out, err
}

// answerers are the owners of contacts by how fast they have answered.
func answerers(contacts []seen.Contact, given map[crm.ContactRef][]rules.Answer) []api.Answerer {
	by := map[string][]rules.Answer{}
	for _, c := range contacts {
		by[c.Owner] = append(by[c.Owner], given[crm.ContactRef{Source: c.Source, Contact: c.Contact}]...)
	}
	out := []api.Answerer{}
	for owner, answers := range by {
		n := len(answers)
		if n == 0 {
			continue
		}
		slices.SortFunc(answers, func(a, b rules.Answer) int { return cmp.Compare(a.Took, b.Took) })
		p := api.Answerer{
			Owner: owner, Answers: n, Slowest: hours(answers[n-1].Took),
			Median: hours((answers[(n-1)/2].Took + answers[n/2].Took) / 2),
		}
		for _, a := range answers {
			if a.InTime {
				p.InTime++
			}
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b api.Answerer) int {
		return cmp.Or(cmp.Compare(b.Median, a.Median), cmp.Compare(a.Owner, b.Owner))
	})
	return out
}

// hours is a time in hours, to a tenth.
func hours(d time.Duration) float64 { return math.Round(10*d.Hours()) / 10 }

// letterDays are how the letters of a source, or of all, have stood day by day.
func (a *views) letterDays(ctx context.Context, of string, since crm.Millis) (map[string][]stored.TrendDay, error) {
	all := map[string][]stored.TrendDay{}
	for _, source := range a.Operate.Names() {
		if of != "" && of != source {
			continue
		}
		trend, _, err := stored.TrendState(source).Get(ctx, a.Queue)
		if err != nil {
			return all, err
		}
		for _, d := range trend.Days {
			if d.Day >= since {
				all[source] = append(all[source], d)
			}
		}
	}
	return all, nil
}
