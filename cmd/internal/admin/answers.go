package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/cmd/internal/seen"
	"github.com/winnow-crm/winnow/queue"
)

// Deps is what the answers are made of.
type Deps struct {
	Operate *operate.Operate
	People  *operate.People
	Queue   *queue.Queue
	List    *seen.Model                                         // nil: it could not be made
	Trim    func(ctx context.Context, keep time.Duration) error // removes what has been processed
	Log     *zap.Logger
	About   About
	// in force, those that are secret without their values
	Settings []config.Row
	Ready    func(context.Context) error
	Alone    bool // nobody but one command asks: the list is made for it
}

// Answers answers the admin API.
type Answers struct {
	Deps
	trials *trials
}

// views are the answers that the console shows as pages.
type views struct{ *Answers }

// NewAnswers returns what answers the admin API.
func NewAnswers(d Deps) *Answers {
	a := &Answers{Deps: d}
	a.trials = newTrials(a)
	return a
}

// Run tries drafts until ctx ends.
func (a *Answers) Run(ctx context.Context) { a.trials.run(ctx) }

// Handler answers what package api asks.
func (a *Answers) Handler() http.Handler {
	mux, v := http.NewServeMux(), &views{a}
	handle(mux, api.Explain, a.explain)
	handle(mux, api.Forget, a.forget)
	handle(mux, api.IsForgotten, a.forgotten)
	handle(mux, api.EraseTraces, a.eraseTraces)
	handle(mux, api.Compact, a.compact)
	mux.HandleFunc(api.Records.Pattern(), a.records)
	handle(mux, api.Letters, a.letters)
	handle(mux, api.ShowLetter, a.showLetter)
	handle(mux, api.ResendLetter, a.resend)
	handle(mux, api.DiscardLetter, a.discard)
	handle(mux, api.StartBackfill, a.startBackfill)
	handle(mux, api.Backfill, a.backfill)
	handle(mux, api.Breaker, a.breaker)
	handle(mux, api.ReleaseBreaker, a.release)
	handle(mux, api.RefuseBreaker, a.refuse)
	handle(mux, api.Acts, a.acts)
	handle(mux, api.Owed, v.owed)
	handle(mux, api.Contacts, v.contacts)
	handle(mux, api.Contact, v.contact)
	handle(mux, api.Decisions, v.decisions)
	handle(mux, api.Trends, v.trends)
	handle(mux, api.Status, v.status)
	handle(mux, api.System, v.system)
	handle(mux, api.Rules, v.rules)
	handle(mux, api.Try, a.try)
	handle(mux, api.StopTrying, a.stopTrying)
	return mux
}

// handle has fn answer a call.
func handle[Q, A any](mux *http.ServeMux, c api.Call[Q, A], fn func(ctx context.Context, q Q) (A, error)) {
	mux.HandleFunc(c.Pattern(), func(w http.ResponseWriter, r *http.Request) {
		_, v, err := answered(r, fn)
		if err != nil {
			fail(w, err)
			return
		}
		answer(w, http.StatusOK, v)
	})
}

// answered reads what is asked, and has fn answer it.
func answered[Q, A any](r *http.Request, fn func(ctx context.Context, q Q) (A, error)) (q Q, a A, err error) {
	if err = asked(r, &q); err == nil {
		a, err = fn(r.Context(), q)
	}
	return q, a, err
}

// asked reads the request of a call.
func asked(r *http.Request, q any) error {
	if err := r.ParseForm(); err != nil {
		return badRequest("the form cannot be read: " + err.Error())
	}
	if err := api.Read(r.Form, q); err != nil {
		return badRequest(err.Error())
	}
	return nil
}

// fail answers with an error.
func fail(w http.ResponseWriter, err error) {
	if queue.Unanswered(err) {
		err = fmt.Errorf("the queue does not answer, winnow healthcheck says more: %w", err)
	}
	refuse(w, statusOf(err), err.Error())
}

// badRequest is the caller's fault.
type badRequest string

func (e badRequest) Error() string { return string(e) }

func statusOf(err error) int {
	if _, ok := errors.AsType[badRequest](err); ok {
		return http.StatusBadRequest
	}
	if errors.Is(err, operate.ErrUnknownContact) || errors.Is(err, operate.ErrUnknownSource) ||
		errors.Is(err, queue.ErrNotFound) {
		return http.StatusNotFound
	}
	if queue.Unanswered(err) || errors.Is(err, queue.ErrFull) {
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
