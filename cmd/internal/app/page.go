package app

import (
	"context"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/admin"
	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// lettersShown is how many dead letters the console lists.
const lettersShown = 50

// page returns what the console shows.
func (a *App) page(cfg *config.Config) func(context.Context) (admin.Page, error) {
	return func(ctx context.Context) (admin.Page, error) {
		now := a.now()
		page := admin.Page{Version: Version(), Mode: string(cfg.Mode), Model: cfg.Rules.Version(), Now: now.UTC()}
		states, err := a.Pipeline.State(ctx)
		if err != nil {
			return page, err
		}
		for _, s := range states {
			row := admin.Source{
				Name: s.Name, Vendor: s.Vendor, ReadUpTo: s.ReadUpTo.UTC(), Behind: max(0, now.Sub(s.ReadUpTo)).Truncate(time.Second),
				Read: s.Read, Fetch: s.Fetch, Write: s.Write, Flagged: s.Flagged, Overdue: s.Overdue, Held: s.Held,
			}
			for _, letter := range crm.Letters {
				row.Ratings = append(row.Ratings, admin.Count{Letter: letter, Contacts: s.Rated[letter]})
			}
			page.Sources = append(page.Sources, row)
		}
		counts, _, err := a.Queue.DeadLetters.Count(ctx)
		if err != nil {
			return page, err
		}
		for _, c := range counts {
			page.Waiting += int(c.Letters)
		}
		letters, err := a.Queue.DeadLetters.List(ctx, 0, lettersShown, "", "")
		for _, d := range letters {
			page.Letters = append(page.Letters, admin.Letter{
				Number: d.Seq, Since: d.Time.UTC(), Stage: d.Stage, Source: d.Source, Kind: d.Kind, Reason: d.Reason, Fix: d.Fix,
			})
		}
		return page, err
	}
}
