package admin

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/backtesting"
	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/seen"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

const (
	rulesLooked  = 1000 // contacts at which the page of the rules looks, those that changed last
	changesShown = 50
)

func (a *views) rules(ctx context.Context, q api.RulesQuery) (api.RulesPage, error) {
	book := config.BookOf(a.Operate.Rules)
	out := api.RulesPage{Shown: a.shown(), Rules: book.Rules}
	list, err := a.list(ctx)
	if err != nil {
		return out, err
	}
	page, err := list.List(ctx, seen.Query{Most: rulesLooked})
	if err != nil {
		return out, err
	}
	sample, err := a.People.Sample(ctx, refsOf(page.Contacts))
	if err != nil {
		return out, err
	}
	out.Shown, out.Looked = a.shown(), len(sample)
	touched, points := map[string]int{}, map[string]int{}
	for _, rated := range sample {
		for _, r := range rated.Reasons {
			touched[r.Name]++
			points[r.Name] += r.Points
		}
	}
	for _, s := range book.Signals {
		use := api.SignalUse{Signal: s, Contacts: touched[s.Name]}
		if use.Contacts > 0 {
			use.Average = points[s.Name] / use.Contacts
		}
		out.Signals = append(out.Signals, use)
	}
	if strings.TrimSpace(q.Draft) != "" {
		err = a.drafted(ctx, list, q, &out)
	}
	return out, err
}

// drafted says what a draft would have made of the contacts, as far as it has been tried.
func (a *views) drafted(ctx context.Context, list *seen.Model, q api.RulesQuery, out *api.RulesPage) error {
	settings, draft, days, err := a.draftOf(q)
	if out.Lines, out.Days = draft.Lines(), days; err != nil {
		out.Error = err.Error()
		return nil
	}
	out.Trial = a.trials.of(settings, days)
	if out.Trial.Report == nil {
		return nil
	}
	changes := out.Trial.Report.Changes
	costs := 0
	for costs < len(changes) && changes[costs].Cost != "" {
		costs++
	}
	named := out.Trial.State != api.TrialRunning // a page that comes every few seconds asks the CRM for no names
	out.Costs, err = a.changes(ctx, list, &out.Shown, changes[:min(costs, changesShown)], named)
	if err == nil {
		out.Changes, err = a.changes(ctx, list, &out.Shown, changes[costs:min(costs+changesShown, len(changes))], named)
	}
	return err
}

// changes are contacts of whom a draft says something else, with their names where these are wanted.
func (a *views) changes(
	ctx context.Context, list *seen.Model, shown *api.Shown, of []backtesting.Difference, named bool,
) ([]api.DraftChange, error) {
	ids := map[string][]string{}
	for _, d := range of {
		ids[d.Source] = append(ids[d.Source], d.Contact)
	}
	var contacts []seen.Contact
	for source, some := range ids {
		page, err := list.List(ctx, seen.Query{Source: source, IDs: some, Most: len(some)})
		if err != nil {
			return nil, err
		}
		contacts = append(contacts, page.Contacts...)
	}
	rows := map[crm.ContactRef]api.Row{}
	if named {
		for _, row := range a.rows(ctx, shown, contacts) {
			rows[crm.ContactRef{Source: row.Source, Contact: row.Contact.Contact}] = row
		}
	}
	out := make([]api.DraftChange, len(of))
	for i, d := range of {
		ref := crm.ContactRef{Source: d.Source, Contact: d.Contact}
		row, ok := rows[ref]
		if !ok { // not named, or forgotten since
			row = api.Row{Contact: seen.Contact{Source: d.Source, Contact: d.Contact}}
		}
		out[i] = api.DraftChange{Row: row, Change: d}
	}
	return out, nil
}

// draftOf are the settings in force with a draft on top of them.
func (a *Answers) draftOf(q api.RulesQuery) (_ *rules.Settings, d backtesting.Draft, days int, err error) {
	days = cmp.Or(q.Days, trialDays)
	if days < 1 || days > mostTrialDays {
		return nil, d, days, badRequest("days: want 1 to 3650")
	}
	if d, err = backtesting.Read(q.Draft); err != nil {
		return nil, d, days, badRequest(err.Error())
	}
	settings, err := a.Operate.Rules.With(d.Values)
	switch {
	case err != nil:
		return nil, d, days, badRequest(err.Error())
	case settings.Version() == a.Operate.Rules.Version():
		return nil, d, days, badRequest("no rule in it differs from those in force: there is nothing to compare")
	}
	return settings, d, days, nil
}

// try begins to try a draft. Nothing is changed by it.
func (a *Answers) try(_ context.Context, q api.RulesQuery) (api.Trial, error) {
	settings, draft, days, err := a.draftOf(q)
	if err != nil {
		return api.Trial{}, err
	}
	a.trials.begin(settings, draft, days)
	return *a.trials.of(settings, days), nil
}

func (a *Answers) stopTrying(_ context.Context, q api.RulesQuery) (api.Trial, error) {
	settings, _, days, err := a.draftOf(q)
	if err != nil {
		return api.Trial{}, err
	}
	a.trials.stop(settings, days)
	return *a.trials.of(settings, days), nil
}

// trying carries out what the form of a draft asks for and leads back to the draft. What is wrong in it, the page says.
func (a *Answers) trying(do func(context.Context, api.RulesQuery) (api.Trial, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var q api.RulesQuery
		if err := asked(r, &q); err != nil {
			fail(w, err)
			return
		}
		_, _ = do(r.Context(), q)
		w.Header().Set("Location", "/rules?"+api.Values(q).Encode()) // with a fragment the page would not come anew
		w.WriteHeader(http.StatusSeeOther)
	}
}

// About is what the console says of the whole.
type About struct{ Version, Mode, Model string }
