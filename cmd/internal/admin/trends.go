package admin

import (
	"context"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// trendDays is over how many days trends are shown where nobody says.
const trendDays = 90

func (a *views) trends(ctx context.Context, q api.TrendsQuery) (api.TrendsPage, error) {
	list, err := a.list(ctx)
	if err != nil {
		return api.TrendsPage{}, err
	}
	if q.Days <= 0 {
		q.Days = trendDays
	}
	out := api.TrendsPage{Shown: a.shown(), Days: q.Days, Letters: map[string][]stored.TrendDay{}}
	since := (out.At/dayMS - crm.Millis(q.Days)) * dayMS
	for _, source := range a.Operate.Names() {
		if q.Source != "" && q.Source != source {
			continue
		}
		trend, _, err := stored.TrendState(source).Get(ctx, a.Queue)
		if err != nil {
			return out, err
		}
		for _, d := range trend.Days {
			if d.Day >= since {
				out.Letters[source] = append(out.Letters[source], d)
			}
		}
	}
	if out.Decisions, err = list.Decisions(ctx, q.Source, since); err != nil {
		return out, err
	}
	out.Owners, err = list.Debtors(ctx, q.Source)
	return out, err
}
