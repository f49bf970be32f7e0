package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/cmd/internal/seen"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

const (
	// statusWithin bounds what is asked of the store for a page that says how it stands: the page comes without it.
	statusWithin = 700 * time.Millisecond
	// soon is within how many days the end of a grace or an override is something for today.
	soon = 3
	// lettersShown is how many dead letters the page lists.
	lettersShown = 100
)

func (a *views) status(ctx context.Context, _ api.Nothing) (api.StatusPage, error) {
	return a.stands(ctx, api.SystemQuery{})
}

// system is status with the dead letters that are asked for, and the settings.
func (a *views) system(ctx context.Context, q api.SystemQuery) (api.SystemPage, error) {
	out := api.SystemPage{Stages: watermark.Stages(), Settings: []config.Row{}}
	if q.Stage != "" && !slices.Contains(out.Stages, q.Stage) {
		return out, badRequest(fmt.Sprintf("stage %q: want one of %s", q.Stage, strings.Join(out.Stages, ", ")))
	}
	for _, row := range a.Settings {
		if row.Group != "rules" { // which have a page of their own
			out.Settings = append(out.Settings, row)
		}
	}
	var err error
	out.StatusPage, err = a.stands(ctx, q)
	return out, err
}

// stands is how everything stands, with the dead letters that are asked for.
func (a *views) stands(ctx context.Context, q api.SystemQuery) (api.StatusPage, error) {
	out := api.StatusPage{
		Shown: a.shown(), Version: a.About.Version, Mode: a.About.Mode, Model: a.About.Model,
		Counts: map[string][]api.Count{}, Days: map[string][]stored.TrendDay{},
		Problems: []api.Problem{}, Letters: []api.Letter{}, Streams: []api.StreamState{}, Unrated: []operate.Unrated{},
		Members: []operate.Member{},
	}
	out.Band[0], out.Band[1] = a.Operate.Rules.FlagBand()
	bounded, cancel := context.WithTimeout(ctx, statusWithin)
	defer cancel()
	found := make(chan found, 1) // a disk that hangs hears of no bound
	go func() { found <- a.found(bounded, q) }()
	if out.NotReady = reasons(a.Ready(bounded)); bounded.Err() != nil {
		out.NotReady = []string{unanswered}
	}
	select {
	case f := <-found:
		out.Sources, out.Letters, out.Waiting = f.sources, f.letters, f.waiting
		out.Streams, out.Unrated, out.Days, out.Unknown = f.streams, f.unrated, f.days, f.unknown
		out.Members, out.Disk = f.members, f.disk
	case <-bounded.Done():
		out.Sources, out.Unknown = a.Operate.Own(), unanswered
	}
	for _, s := range out.Sources {
		for _, letter := range crm.Letters {
			out.Counts[s.Name] = append(out.Counts[s.Name], api.Count{Letter: letter, Contacts: s.Rated[letter]})
		}
	}
	a.problems(ctx, &out)
	return out, nil
}

// unanswered is what is known of a store that has not answered in time.
var unanswered = fmt.Sprintf("it has not answered within %s", statusWithin)

// found is how the store says that everything stands.
type found struct {
	sources []operate.Health
	letters []api.Letter
	waiting int
	streams []api.StreamState
	unrated []operate.Unrated
	members []operate.Member
	disk    *api.Disk
	days    map[string][]stored.TrendDay
	unknown string // why something of it is missing
}

func (a *views) found(ctx context.Context, q api.SystemQuery) found {
	f := found{
		letters: []api.Letter{}, streams: []api.StreamState{}, unrated: []operate.Unrated{},
		members: []operate.Member{},
	}
	var err error
	if f.sources, err = a.Operate.Health(ctx); err == nil {
		err = a.store(ctx, q, &f)
	}
	if err == nil {
		f.members, err = operate.Members(ctx, a.Queue)
	}
	if err == nil {
		f.days, err = a.letterDays(ctx, "", (crm.At(a.Operate.Now())/dayMS-trendDays)*dayMS)
	}
	switch {
	case queue.Unanswered(err):
		f.unknown = unanswered
	case err != nil:
		f.unknown = err.Error()
	}
	return f
}

// store says how the store stands.
func (a *views) store(ctx context.Context, q api.SystemQuery, f *found) error {
	free, floor, ours, err := queue.DiskOf(a.Queue)
	if err != nil {
		return err
	}
	if ours {
		f.disk = &api.Disk{Free: uint64(max(free, 0)), Floor: uint64(max(floor, 0))}
	}
	counts, _, err := a.Queue.DeadLetters.Count(ctx)
	if err != nil {
		return err
	}
	for _, c := range counts {
		f.waiting += int(c.Letters)
	}
	letters, err := a.Queue.DeadLetters.List(ctx, 0, lettersShown, q.Stage, q.Source)
	if err != nil {
		return err
	}
	for _, d := range letters {
		f.letters = append(f.letters, api.LetterOf(d))
	}
	streams, err := a.Queue.Stats(ctx)
	if err != nil {
		return err
	}
	for _, s := range streams {
		f.streams = append(f.streams, api.StreamState{
			Name: s.Name, Messages: s.Messages, Bytes: s.Bytes, Most: s.MaxBytes,
		})
	}
	unrated, err := a.Operate.Unrated(ctx)
	for _, u := range unrated {
		if u.Bundles > 0 {
			f.unrated = append(f.unrated, u)
		}
	}
	return err
}

// problems are what needs a person, the worst first.
func (a *views) problems(ctx context.Context, out *api.StatusPage) {
	add := func(p api.Problem) { out.Problems = append(out.Problems, p) }
	for _, reason := range out.NotReady {
		add(api.Problem{Urgent: true, What: "not ready: " + reason, Page: "/system"})
	}
	if out.Unknown != "" {
		add(
			api.Problem{
				Urgent: true,
				What:   "the store is not answering: " + out.Unknown,
				Fix:    "what it holds is not known just now; if it stays so, winnow healthcheck says more",
				Page:   "/system",
			},
		)
	}
	for i := range out.Sources {
		for _, p := range problemsOf(&out.Sources[i]) {
			add(p)
		}
	}
	if out.Waiting > 0 {
		add(
			api.Problem{
				What:  english.PluralWord(out.Waiting, "dead letter waits", "dead letters wait") + " for a person",
				Fix:   "mend the cause and send them again, or discard them",
				Page:  "/system",
				Count: out.Waiting,
			},
		)
	}
	if a.List != nil {
		a.due(ctx, out, add)
	}
}

// problemsOf is for what a source needs a person.
func problemsOf(h *operate.Health) (list []api.Problem) {
	if h.Needs != "" {
		list = append(list, api.Problem{Urgent: true, Source: h.Name, What: h.Needs, Page: "/sources"})
	}
	switch h.Held {
	case watermark.HoldBreaker:
		list = append(list, api.Problem{
			Urgent: true, Source: h.Name, What: "the mass-change breaker is tripped: nothing is announced",
			Fix: "release or refuse what it holds", Page: "/decisions",
		})
	case watermark.HoldLetter, watermark.HoldLag:
		list = append(list, api.Problem{Source: h.Name, What: "nothing is announced: " + h.HeldBy, Page: "/sources"})
	}
	if h.HeldSome > 0 {
		list = append(list, api.Problem{
			Source: h.Name, Page: "/decisions", Count: h.HeldSome, Fix: "settle the letters",
			What: english.PluralWord(h.HeldSome, "contact", "contacts") + " whose decisions dead letters hold back",
		})
	}
	return list
}

// due is what the calendar brings.
func (a *views) due(ctx context.Context, out *api.StatusPage, add func(api.Problem)) {
	for _, d := range []struct {
		one, many, rest, fix, page string
		query                      seen.Query
	}{
		{
			"waits", "wait", " for our answer for longer than the service level", "answer them",
			"/owed?overdue=yes",
			seen.Query{Overdue: true},
		},
		{
			"grace ends", "graces end", fmt.Sprintf(" within %d days", soon), "write to them, or let them go",
			"/decisions",
			seen.Query{Sort: "pending", Until: soon},
		},
		{
			"is", "are", " to be looked at again", "look whether anything has changed",
			"/contacts?sort=recheck&until=1",
			seen.Query{Sort: "recheck", Until: 1},
		},
		{
			"override ends", "overrides end", fmt.Sprintf(" within %d days", soon),
			"set them anew, or let the machine rate again", "/decisions",
			seen.Query{
				Sort: "override", Until: soon,
			},
		},
	} {
		d.query.At = out.At
		n, err := a.List.Count(ctx, d.query, mostCounted)
		if err == nil && n > 0 {
			what := english.PluralWord(n, d.one, d.many) + d.rest
			add(api.Problem{What: what, Fix: d.fix, Page: d.page, Count: n})
		}
	}
}
