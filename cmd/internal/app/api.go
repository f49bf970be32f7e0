package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// api is what the CLI speaks to, and people's scripts. Answers are JSON; an error is {"error": "..."}.
func (a *App) api() http.Handler {
	mux := http.NewServeMux()
	p := a.Pipeline
	handle := func(pattern string, fn func(r *http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			v, err := fn(r)
			if queue.Unanswered(err) {
				err = fmt.Errorf("the queue does not answer, winnow healthcheck says more: %w", err)
			}
			status := http.StatusOK
			if err != nil {
				v, status = map[string]string{"error": err.Error()}, statusOf(err)
			}
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(v) // fails only when the client has gone
		})
	}
	handle("GET /api/explain", func(r *http.Request) (any, error) {
		ref, err := a.refOf(r)
		if err != nil {
			return nil, err
		}
		e, err := p.Explain(r.Context(), ref)
		if errors.Is(err, operate.ErrUnknownContact) {
			err = cmp.Or(p.Known(r.FormValue("source")), err)
		}
		return e, err
	})
	mux.HandleFunc("GET /api/records", a.records)
	a.forgetAPI(handle)
	handle("POST /api/compact", func(r *http.Request) (any, error) {
		if err := p.Trim(r.Context(), 0); err != nil {
			return nil, err
		}
		n, err := a.Queue.Contacts.Compact(r.Context(), queue.CompactOptions{All: true, Rate: -1})
		return map[string]int{"rewritten": n}, err
	})
	handle("GET /api/deadletters", func(r *http.Request) (any, error) {
		q := r.URL.Query()
		after, _ := strconv.ParseUint(q.Get("after"), 10, 64) // absent: from the first
		stage, source := q.Get("stage"), q.Get("source")
		if stage != "" && !slices.Contains(watermark.Stages(), stage) {
			return nil, badRequest(fmt.Sprintf("stage %q: want one of %s", stage, strings.Join(watermark.Stages(), ", ")))
		}
		letters, err := a.Queue.DeadLetters.List(r.Context(), after, 500, stage, source)
		if err == nil && len(letters) == 0 && after == 0 && source != "" { // a source that was removed may have some still
			err = p.Known(source)
		}
		return letters, err
	})
	handle("GET /api/deadletters/{seq}", func(r *http.Request) (any, error) {
		seq, err := seqOf(r)
		if err != nil {
			return nil, err
		}
		return a.Queue.DeadLetters.Get(r.Context(), seq)
	})
	handle("POST /api/deadletters/{seq}/resend", func(r *http.Request) (any, error) {
		seq, err := seqOf(r)
		if err != nil {
			return nil, err
		}
		return map[string]bool{"resent": true}, p.Resend(r.Context(), seq)
	})
	handle("POST /api/deadletters/{seq}/discard", func(r *http.Request) (any, error) {
		seq, err := seqOf(r)
		if err != nil {
			return nil, err
		}
		return map[string]bool{"discarded": true}, a.Queue.DeadLetters.Discard(r.Context(), seq)
	})
	handle("POST /api/backfill", func(r *http.Request) (any, error) {
		since, err := time.Parse(time.RFC3339, r.FormValue("since"))
		if err != nil {
			return nil, badRequest("since: want an instant in RFC 3339")
		}
		return map[string]bool{"started": true}, p.StartBackfill(r.Context(), r.FormValue("source"), since)
	})
	handle("GET /api/backfill", func(r *http.Request) (any, error) { return p.Backfill(r.Context(), r.FormValue("source")) })
	handle("GET /api/breaker", func(r *http.Request) (any, error) { return p.Breaker(r.Context(), r.FormValue("source")) })
	handle("POST /api/breaker/{verb}", func(r *http.Request) (any, error) {
		verb := r.PathValue("verb")
		if verb != "release" && verb != "refuse" {
			return nil, badRequest("want release or refuse")
		}
		return map[string]string{"breaker": verb + "d"}, p.ResolveBreaker(r.Context(), r.FormValue("source"), verb == "release")
	})
	return mux
}

// orderWait is how long who orders an erasure waits to be told that it is stored.
const orderWait = 15 * time.Second

// badRequest is the caller's fault.
type badRequest string

func (e badRequest) Error() string { return string(e) }

func statusOf(err error) int {
	if _, ok := errors.AsType[badRequest](err); ok {
		return http.StatusBadRequest
	}
	if errors.Is(err, operate.ErrUnknownContact) || errors.Is(err, operate.ErrUnknownSource) || errors.Is(err, queue.ErrNotFound) {
		return http.StatusNotFound
	}
	if queue.Unanswered(err) || errors.Is(err, queue.ErrFull) {
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// refOf is the contact that a request names.
func (a *App) refOf(r *http.Request) (crm.ContactRef, error) {
	source, contact := r.FormValue("source"), r.FormValue("contact")
	if source == "" || contact == "" {
		return crm.ContactRef{}, badRequest("source and contact are needed")
	}
	ref, err := a.Pipeline.Person(source, contact)
	if err != nil {
		return ref, badRequest(err.Error())
	}
	return ref, nil
}

func seqOf(r *http.Request) (uint64, error) {
	seq, err := strconv.ParseUint(r.PathValue("seq"), 10, 64)
	if err != nil {
		return 0, badRequest(fmt.Sprintf("%q is no number of a dead letter", r.PathValue("seq")))
	}
	return seq, nil
}

// forgetAPI adds the orders to erase somebody.
func (a *App) forgetAPI(handle func(pattern string, do func(r *http.Request) (any, error))) {
	p := a.Pipeline
	handle("POST /api/forget", func(r *http.Request) (any, error) {
		ref, err := a.refOf(r)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(r.Context(), orderWait)
		defer cancel()
		if err := p.CanRate(); err != nil { // it would be accepted and not carried out
			return nil, err
		}
		known, err := p.Knows(ctx, ref)
		if err == nil && !known {
			err = p.Known(ref.Source)
			if err == nil && r.FormValue("unknown") == "" { // an order to erase that hits nobody must not look done
				err = fmt.Errorf("%s: %w, so there is nothing to erase: is the id right?", ref, operate.ErrUnknownContact)
			}
		}
		if err != nil {
			return nil, err
		}
		return map[string]bool{"accepted": true, "known": known}, p.Forget(ctx, ref)
	})
	handle("GET /api/forget", func(r *http.Request) (any, error) {
		ref, err := a.refOf(r)
		if err != nil {
			return nil, err
		}
		gone, err := p.Forgotten(r.Context(), ref)
		if err == nil && !gone {
			err = p.CanRate() // why it is not carried out
		}
		return map[string]bool{"forgotten": gone}, err
	})
	handle("POST /api/forget/traces", func(r *http.Request) (any, error) {
		ref, err := a.refOf(r)
		if err != nil {
			return nil, err
		}
		left, err := p.Eraser.EraseTraces(r.Context(), ref, r.Form["address"])
		return map[string][]string{"left": left}, err
	})
}
