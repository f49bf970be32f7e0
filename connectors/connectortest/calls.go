package connectortest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// operation is one way in which a connector calls the vendor.
type operation struct {
	name string
	run  func(ctx context.Context, v connectors.Vendor) error
}

// operations are the calls of the roles that v has.
func (h Harness) operations(v connectors.Vendor) []operation {
	ops := []operation{
		{"fetch", func(ctx context.Context, v connectors.Vendor) error { _, err := fetch(ctx, v, h.Refs); return err }},
	}
	if v.Write != nil {
		ops = append(ops, operation{"write", func(ctx context.Context, v connectors.Vendor) error {
			return first(v.Write.Write(ctx, h.Changes[:1]))
		}})
	}
	if v.Poll != nil {
		ops = append(ops, operation{"poll", func(ctx context.Context, v connectors.Vendor) error {
			_, _, _, err := v.Poll.Poll(ctx, "", at.Add(-time.Hour))
			return err
		}})
	}
	if v.Backfill != nil {
		ops = append(ops, operation{"backfill", func(ctx context.Context, v connectors.Vendor) error {
			_, err := v.Backfill.Backfill(ctx, "", at.Add(-time.Hour), at)
			return err
		}})
	}
	if v.Account != nil {
		ops = append(ops, operation{"account", func(ctx context.Context, v connectors.Vendor) error {
			_, err := v.Account.Account(ctx)
			return err
		}})
	}
	return append(ops, h.more(v)...)
}

// fetch is all that refs stand for, and the first error.
func fetch(ctx context.Context, v connectors.Vendor, refs []crm.Ref) (ns []crm.Notice, err error) {
	results := v.Fetch.Fetch(ctx, refs)
	if len(results) != len(refs) {
		return nil, fmt.Errorf("%d results for %d references: one each", len(results), len(refs))
	}
	for _, r := range results {
		if r.Err != nil {
			return nil, r.Err
		}
		ns = append(ns, r.Notices...)
	}
	return ns, nil
}

func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (h Harness) calls(t *testing.T) {
	t.Run("Healthy", h.healthy)
	t.Run("Statuses", h.statuses)
	t.Run("RetryAfter", h.retryAfter)
	t.Run("Garbage", h.garbage)
	t.Run("NoAnswer", h.noAnswer)
	t.Run("Cancelled", h.cancelled)
	t.Run("Nothing", h.nothing)
}

func (h Harness) serveWith(t *testing.T, handler http.Handler, state connectors.State) connectors.Vendor {
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	if h.WithState == nil {
		return h.New(t, s.URL)
	}
	return h.WithState(t, s.URL, state)
}

func (h Harness) serve(t *testing.T, handler http.Handler) connectors.Vendor {
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return h.New(t, s.URL)
}

// healthy: everything works, twice, with the same outcome.
func (h Harness) healthy(t *testing.T) {
	c := h.serve(t, h.API(t))
	var before []crm.Notice
	for range 2 {
		ns, err := fetch(t.Context(), c, h.Refs)
		if err != nil {
			t.Fatalf("fetch: %v", err)
		}
		if len(ns) == 0 {
			t.Fatal("fetching what is there gives nothing")
		}
		for _, n := range ns {
			sound(t, n)
			kinds(t, c, n)
		}
		if before != nil && fmt.Sprint(len(ns)) != fmt.Sprint(len(before)) {
			t.Errorf("fetching again gives %d notices after %d", len(ns), len(before))
		}
		before = ns
	}
	for range 2 {
		if c.Write == nil {
			break
		}
		for _, call := range c.Write.Split(h.Changes) {
			errs := c.Write.Write(t.Context(), call)
			if len(errs) != len(call) {
				t.Fatalf("%d results for %d changes: one each", len(errs), len(call))
			}
			if err := first(errs); err != nil {
				t.Fatalf("writing the same twice is the same as writing it once: %v", err)
			}
		}
	}
	if h.Gone != nil {
		ns, err := fetch(t.Context(), c, h.Gone)
		if err != nil || slices.ContainsFunc(ns, func(n crm.Notice) bool { return !gone(n) }) {
			t.Errorf("a record that is gone gives %+v and %v, want nothing, or that it is gone", ns, err)
		}
	}
	limits := []connectors.Limits{c.Fetch.FetchLimits(h.Refs[0].Type), c.Fetch.FetchLimits("of no known type")}
	if c.Write != nil {
		limits = append(limits, c.Write.WriteLimits())
	}
	for _, l := range limits {
		if l.Batch < 1 || l.Calls < 1 {
			t.Errorf("limits %+v: at least one record a call, and one call", l)
		}
	}
}

// statuses: each has its kind, whatever is asked, and nothing of the body gets into the error.
func (h Harness) statuses(t *testing.T) {
	ops := h.operations(h.New(t, nowhere))
	const private = "ada@example.com said hello"
	for _, status := range []int{400, 401, 403, 404, 409, 423, 429, 500, 502, 503, 504} {
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"status":"error","message":%q,"category":%q}`, private, private)
		})
		for _, op := range ops {
			want, special := h.Kinds[status]
			if !special {
				want = connectors.KindOfStatus(status)
			}
			err := op.run(t.Context(), h.serve(t, handler))
			if slices.Contains(h.Answers[op.name], status) {
				if err != nil {
					t.Errorf("%s: HTTP %d is %v, and should be an answer", op.name, status, err)
				}
				continue
			}
			if err == nil {
				t.Errorf("%s: HTTP %d is no error", op.name, status)
				continue
			}
			if e := h.tellsNothing(t, err, private, "hello"); e.Kind != want {
				t.Errorf("%s: HTTP %d is %s, want %s", op.name, status, e.Kind, want)
			}
		}
	}
}

// retryAfter: the wait that the vendor asks for is passed on, within reason.
func (h Harness) retryAfter(t *testing.T) {
	for given, bounds := range map[string][2]time.Duration{
		"7":         {7 * time.Second, 10 * time.Second},
		"999999999": {time.Minute, 25 * time.Hour},
		"-5":        {0, time.Minute},
		"soon":      {0, time.Minute},
	} {
		c := h.serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", given)
			w.WriteHeader(http.StatusTooManyRequests)
		}))
		_, err := fetch(t.Context(), c, h.Refs)
		if got := connectors.AfterOf(err); got < bounds[0] || got > bounds[1] {
			t.Errorf("Retry-After %s becomes a wait of %s, want %s to %s", given, got, bounds[0], bounds[1])
		}
	}
}

// garbage: an answer that is not the vendor's is an error, not a crash, and is not quoted.
func (h Harness) garbage(t *testing.T) {
	ops := h.operations(h.New(t, nowhere))
	for _, body := range []string{
		"", "<html>ada@example.com</html>", `{"results":[`, `[]`, `"ada@example.com"`, `{"results":"ada@example.com"}`,
		`{"results":[null]}`, `{"results":[{"id":{}}]}`,
	} {
		for _, op := range ops {
			err := op.run(t.Context(), h.serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte(body))
			})))
			if err != nil {
				_ = h.tellsNothing(t, err)
			} else if op.name == "write" {
				t.Errorf("write: the answer %q counts as written", body)
			}
		}
	}
}

// noAnswer: a connection that breaks is Unavailable.
func (h Harness) noAnswer(t *testing.T) {
	ops := h.operations(h.New(t, nowhere))
	broken := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	for _, op := range ops {
		for name, c := range map[string]connectors.Vendor{
			"a broken connection": h.serve(t, broken), "no connection": h.New(t, nowhere),
		} {
			err := op.run(t.Context(), c)
			if err == nil {
				t.Errorf("%s: %s is no error", op.name, name)
				continue
			}
			if e := h.tellsNothing(t, err); e.Kind != connectors.Unavailable {
				t.Errorf("%s: %s is %s, want unavailable", op.name, name, e.Kind)
			}
		}
	}
}

const (
	// calls is how long it may take until the vendor is asked: no measure of speed.
	calls = 30 * time.Second
	// ignores is how long a connector goes on after its context ended before it is taken to ignore it.
	ignores = 8 * time.Second
)

// cancelled: a call ends when its context does, and that says nothing about the vendor.
func (h Harness) cancelled(t *testing.T) {
	ops := h.operations(h.New(t, nowhere))
	for _, op := range ops {
		var called, ignored atomic.Bool
		release := make(chan struct{})
		ctx, cancel := context.WithTimeout(t.Context(), calls) // ended while the vendor is being asked
		c := h.serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			called.Store(true)
			cancel()
			select {
			case <-release:
			case <-r.Context().Done():
			case <-time.After(ignores): // a connector that ignores its context shall fail, not hang
				ignored.Store(true)
			}
		}))
		err := op.run(ctx, c)
		cancel()
		close(release)
		if ignored.Load() {
			t.Errorf("%s: went on for %s after its context ended", op.name, ignores)
		}
		if !called.Load() {
			t.Errorf("%s: the vendor was never called", op.name)
			continue
		}
		if !errors.Is(err, context.Canceled) || connectors.KindOf(err) != connectors.Unavailable {
			t.Errorf("%s: the error of an ended context is %v, want unavailable and the context's own", op.name, err)
		}
	}
}

// nothing: no work is no call.
func (h Harness) nothing(t *testing.T) {
	c := h.New(t, nowhere)
	if ns, err := fetch(t.Context(), c, nil); err != nil || len(ns) != 0 {
		t.Errorf("fetching nothing: %v, %v", ns, err)
	}
	if c.Write == nil {
		return
	}
	if errs := c.Write.Write(t.Context(), nil); len(errs) != 0 {
		t.Errorf("writing nothing: %v", errs)
	}
}
