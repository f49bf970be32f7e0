package admin

import (
	"context"
	"fmt"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/cmd/internal/seen"
	"github.com/winnow-crm/winnow/connectors/crm"
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
	out := api.StatusPage{
		Shown: a.shown(), Version: a.About.Version, Mode: a.About.Mode, Model: a.About.Model,
		Counts:   map[string][]api.Count{},
		Problems: []api.Problem{}, Letters: []api.Letter{}, Streams: []api.StreamState{},
	}
	if a.Ready != nil {
		if err := a.Ready(ctx); err != nil {
			out.NotReady = reasons(err)
		}
	}
	bounded, cancel := context.WithTimeout(ctx, statusWithin)
	defer cancel()
	var err error
	if out.Sources, err = a.Operate.Health(bounded); err == nil {
		err = a.store(bounded, &out)
	}
	if err != nil {
		out.Unknown = err.Error()
	}
	for _, s := range out.Sources {
		for _, letter := range crm.Letters {
			out.Counts[s.Name] = append(out.Counts[s.Name], api.Count{Letter: letter, Contacts: s.Rated[letter]})
		}
	}
	a.problems(ctx, &out)
	return out, nil
}

// store says how the store stands.
func (a *views) store(ctx context.Context, out *api.StatusPage) error {
	counts, _, err := a.Queue.DeadLetters.Count(ctx)
	if err != nil {
		return err
	}
	for _, c := range counts {
		out.Waiting += int(c.Letters)
	}
	letters, err := a.Queue.DeadLetters.List(ctx, 0, lettersShown, "", "")
	for _, d := range letters {
		out.Letters = append(out.Letters, api.LetterOf(d))
	}
	if err != nil {
		return err
	}
	streams, err := a.Queue.Stats(ctx)
	for _, s := range streams {
		out.Streams = append(
			out.Streams,
			api.StreamState{Name: s.Name, Messages: s.Messages, Bytes: s.Bytes, Most: s.MaxBytes},
		)
	}
	return err
}

// problems are what needs a person, the worst first.
func (a *views) problems(ctx context.Context, out *api.StatusPage) {
	add := func(p api.Problem) { out.Problems = append(out.Problems, p) }
	for _, reason := range out.NotReady {
		add(api.Problem{Urgent: true, What: "deliveries are not taken in: " + reason, Page: "/system"})
	}
	if out.Unknown != "" {
		add(
			api.Problem{
				Urgent: true,
				What:   "the store does not answer: " + out.Unknown,
				Fix:    "winnow healthcheck says more",
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
				What:  "dead letters wait for a person",
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
			Source: h.Name, What: "contacts whose decisions dead letters hold back", Fix: "settle the " +
				"letters", Page: "/decisions", Count: h.HeldSome,
		})
	}
	return list
}

// due is what the calendar brings.
func (a *views) due(ctx context.Context, out *api.StatusPage, add func(api.Problem)) {
	for _, d := range []struct {
		what, fix, page string
		query           seen.Query
	}{
		{
			"wait for our answer for longer than the service level", "answer them", "/owed?overdue=yes",
			seen.Query{Overdue: true},
		},
		{
			fmt.Sprintf("graces end within %d days", soon), "write to them, or let them go", "/decisions",
			seen.Query{Sort: "pending", Until: soon},
		},
		{
			"are to be looked at again", "look whether anything has changed", "/contacts?sort=recheck&until=1",
			seen.Query{Sort: "recheck", Until: 1},
		},
		{
			fmt.Sprintf("overrides end within %d days", soon), "set them anew, or let the machine rate again",
			"/decisions",
			seen.Query{
				Sort: "override", Until: soon,
			},
		},
	} {
		d.query.At = out.At
		n, err := a.List.Count(ctx, d.query, mostCounted)
		if err == nil && n > 0 {
			add(api.Problem{What: d.what, Fix: d.fix, Page: d.page, Count: n})
		}
	}
}
