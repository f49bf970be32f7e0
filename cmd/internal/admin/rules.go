package admin

import (
	"context"
	"fmt"
	"strings"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/seen"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

const (
	rulesLooked  = 1000 // contacts at which the page of the rules looks, those that changed last
	changesShown = 50
)

func (a *views) rules(ctx context.Context, q api.RulesQuery) (api.RulesPage, error) {
	out := api.RulesPage{Shown: a.shown(), Values: a.Operate.Rules.Describe()}
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
	asleep := map[string]string{}
	for _, s := range a.Operate.Rules.Asleep() {
		asleep[s.Signal] = s.Wants
	}
	touched, points := map[string]int{}, map[string]int{}
	for _, rated := range sample {
		for _, r := range rated.Reasons {
			touched[r.ID]++
			points[r.ID] += r.Points
		}
	}
	for _, s := range a.Operate.Rules.Signals() {
		use := api.SignalUse{Signal: s, On: s.On, Sleeps: asleep[s.Name], Contacts: touched[s.ID]}
		if use.Contacts > 0 {
			use.Points = points[s.ID] / use.Contacts
		}
		out.Signals = append(out.Signals, use)
	}
	if strings.TrimSpace(q.Draft) != "" {
		err = a.draft(ctx, q.Draft, page.Contacts, sample, &out)
	}
	return out, err
}

// draft says whom other settings would change.
func (a *views) draft(
	ctx context.Context,
	text string,
	contacts []seen.Contact,
	now map[crm.ContactRef]crm.Rating,
	out *api.RulesPage,
) error {
	settings, err := a.drafted(text)
	if err != nil {
		out.Error = err.Error()
		return nil
	}
	then, err := a.People.SampleBy(ctx, settings, refsOf(contacts))
	if err != nil {
		return err
	}
	var changed []seen.Contact
	for _, c := range contacts {
		ref := crm.ContactRef{Source: c.Source, Contact: c.Contact}
		if n, t := now[ref], then[ref]; n.Letter != t.Letter || n.Status != t.Status {
			changed = append(changed, c)
		}
	}
	out.Changed = len(changed)
	changed = changed[:min(changesShown, len(changed))]
	for _, row := range a.rows(ctx, &out.Shown, changed) {
		t := then[crm.ContactRef{Source: row.Source, Contact: row.Contact.Contact}]
		out.Changes = append(out.Changes, api.DraftChange{Row: row, To: t.Letter, ToStatus: t.Status})
	}
	return nil
}

// drafted are the settings in force with lines of NAME=VALUE on top of them.
func (a *views) drafted(lines string) (*rules.Settings, error) {
	values := map[string]string{}
	for _, v := range a.Operate.Rules.Describe() {
		if v.Value != v.Default {
			values[strings.TrimPrefix(v.Name, rules.Prefix)] = v.Value
		}
	}
	for line := range strings.Lines(lines) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "export ")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("%q: want NAME=VALUE", line)
		}
		values[strings.TrimPrefix(strings.TrimSpace(name), rules.Prefix)] = strings.Trim(strings.TrimSpace(value), `"'`)
	}
	return rules.Parse(values)
}

// About is what the console says of the whole.
type About struct{ Version, Mode, Model string }
