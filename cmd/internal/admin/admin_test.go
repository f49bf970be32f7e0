package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors"
)

func pass(context.Context) error { return nil }

func console(token connectors.Secret) http.Handler {
	registry := prometheus.NewRegistry()
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "winnow_test_gauge"})
	registry.MustRegister(gauge)
	var tokens []Token
	if token != "" {
		tokens = []Token{
			{Secret: token, Act: true},
			{Name: "sales", Secret: "looks-only"},
			{Name: "ops", Secret: "acts-too", Act: true},
		}
	}
	answers := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" "+string(b)+" by "+who(r.Context()))
	})
	return New(Options{
		Ready: NewProbe("ready", pass), Live: NewProbe("live", pass), Gatherer: registry, Tokens: tokens,
		Answers: answers,
	})
}

func ask(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAccess(t *testing.T) {
	const outside = "http://winnow.internal:8081"
	cases := []struct {
		name, token, method, target, auth string
		want                              int
	}{
		{"probe without token", "t0ken", "GET", outside + "/livez", "", 200},
		{"ready without token", "t0ken", "GET", outside + "/readyz", "", 200},
		{"metrics without token", "t0ken", "GET", outside + "/metrics", "", 401},
		{"metrics with token", "t0ken", "GET", outside + "/metrics", "Bearer t0ken", 200},
		{"scheme in lower case", "t0ken", "GET", outside + "/metrics", "bearer t0ken", 200},
		{"wrong token", "t0ken", "GET", outside + "/metrics", "Bearer t0kem", 401},
		{"part of the token", "t0ken", "GET", outside + "/metrics", "Bearer t0ke", 401},
		{"empty token", "t0ken", "GET", outside + "/metrics", "Bearer ", 401},
		{"other scheme", "t0ken", "GET", outside + "/metrics", "Basic t0ken", 401},
		{"api without token", "t0ken", "POST", outside + "/api/forget", "", 401},
		{"api with token", "t0ken", "POST", outside + "/api/forget", "Bearer t0ken", 200},
		{"a named token looks", "t0ken", "GET", outside + "/api/owed", "Bearer looks-only", 200},
		{"and may do nothing", "t0ken", "POST", outside + "/api/forget", "Bearer looks-only", 403},
		{"another may", "t0ken", "POST", outside + "/api/forget", "Bearer acts-too", 200},
		{"a browser's password for metrics", "t0ken", "GET", outside + "/metrics", "Basic YW55Ym9keTp0MGtlbg==", 200},
		{"none for the API", "t0ken", "GET", outside + "/api/owed", "Basic YW55Ym9keTp0MGtlbg==", 401},
		{"loopback needs none", "", "GET", "http://127.0.0.1:8081/metrics", "", 200},
		{"localhost needs none", "", "POST", "http://localhost:8081/api/forget", "", 200},
		{"IPv6 loopback needs none", "", "GET", "http://[::1]:8081/metrics", "", 200},
		{"a name that resolves here", "", "GET", "http://rebound.example:8081/api/x", "", 421},
		{"a name that looks like here", "", "GET", "http://127.0.0.1.example:8081/metrics", "", 421},
		{"no such page", "", "GET", "http://localhost/nothing", "", 404},
		{"probe by POST", "", "POST", "http://localhost/livez", "", 405},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := ask(console(connectors.Secret(c.token)), c.method, c.target, "Authorization", c.auth)
			if w.Code != c.want {
				t.Errorf("status %d, want %d: %s", w.Code, c.want, w.Body)
			}
			if strings.Contains(w.Body.String(), "t0ken") {
				t.Errorf("the answer shows the token: %s", w.Body)
			}
			if w.Header().Get("X-Content-Type-Options") != "nosniff" ||
				!strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("security headers are missing: %v", w.Header())
			}
			for _, challenge := range w.Header().Values("WWW-Authenticate") {
				if !challenges.MatchString(challenge) {
					t.Errorf("no browser can read the challenge %q", challenge)
				}
			}
		})
	}
}

// challenges are those that name a scheme and a realm. Source: RFC 7617, section 2, and RFC 6750, section 3.
var challenges = regexp.MustCompile(`^(Basic realm="[^"]+", charset="UTF-8"|Bearer realm="[^"]+")$`)

func TestAPIGetsThePathUnchanged(t *testing.T) {
	w := ask(console(""), "DELETE", "http://localhost/api/any/7")
	if got, want := w.Body.String(), "DELETE /api/any/7  by cli"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAPIRefusesOtherSites(t *testing.T) {
	w := ask(console(""), "POST", "http://localhost/api/forget", "Sec-Fetch-Site", "cross-site")
	if w.Code != http.StatusForbidden {
		t.Errorf("a POST that a foreign page sent got %d, want 403", w.Code)
	}
}

func TestAPIBodyIsBounded(t *testing.T) {
	r := httptest.NewRequest("POST", "http://localhost/api/x", strings.NewReader(strings.Repeat("a", maxBody+1)))
	w := httptest.NewRecorder()
	console("").ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body over the limit got %d, want 413", w.Code)
	}
}

func TestMetricsAreShown(t *testing.T) {
	if w := ask(console(""), "GET", "http://localhost/metrics"); !strings.Contains(
		w.Body.String(),
		"winnow_test_gauge 0",
	) {
		t.Errorf("the registered metric is missing:\n%s", w.Body)
	}
}

func TestProbeSaysWhy(t *testing.T) {
	failing := func(context.Context) error {
		return errors.Join(
			errors.New("disk: 12 MiB free, 512 MiB wanted"),
			errors.Join(errors.New("queue: not connected"), errors.New("disk: 12 MiB free, 512 MiB wanted")),
		)
	}
	h := New(Options{
		Ready: NewProbe("ready", failing), Live: NewProbe("live", pass), Gatherer: prometheus.NewRegistry(),
	})
	w := ask(h, "GET", "http://localhost/readyz")
	var got struct {
		Ready   bool
		Reasons []string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusServiceUnavailable || got.Ready {
		t.Errorf("status %d, ready %v: want 503 and false", w.Code, got.Ready)
	}
	if diff := cmp.Diff([]string{"disk: 12 MiB free, 512 MiB wanted", "queue: not connected"},
		got.Reasons); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	if w := ask(h, "GET", "http://localhost/livez"); w.Code != http.StatusOK ||
		!strings.Contains(w.Body.String(), `"live":true`) {
		t.Errorf("unready must not mean dead: %d %s", w.Code, w.Body)
	}
}

// A check writes to the disk and anybody may ask, so a crowd of questions must come down to one check a second.
func TestProbeServesACrowdWithOneCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var checks atomic.Int32
		ready := NewProbe("ready", func(context.Context) error {
			checks.Add(1)
			time.Sleep(100 * time.Millisecond)
			return nil
		})
		h := New(Options{Live: NewProbe("live", pass), Gatherer: prometheus.NewRegistry(), Ready: ready})
		for range 50 {
			go ask(h, "GET", "http://localhost/readyz")
		}
		time.Sleep(500 * time.Millisecond)
		if n := checks.Load(); n != 1 {
			t.Errorf("50 questions at once led to %d checks, want 1", n)
		}
		time.Sleep(time.Second)
		ask(h, "GET", "http://localhost/readyz")
		if n := checks.Load(); n != 2 {
			t.Errorf("a result must not serve longer than %s: %d checks, want 2", timing.LookFor, n)
		}
	})
}

// Whoever gives up must not make the check fail for the others, and a check that hangs must not hang the probe.
func TestProbeOutlivesWhoAskedAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewProbe("ready", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		if err := p.Result(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("who gives up gets %v", err)
		}
		if err := p.Result(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the check's own deadline", err)
		}
		if took := time.Since(start); took != probeLimit {
			t.Errorf("took %s, want %s", took, probeLimit)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		hangs := make(chan struct{})
		defer close(hangs)
		start := time.Now()
		p := NewProbe("ready", func(context.Context) error { <-hangs; return nil }) // as a disk that is away
		if err := p.Result(t.Context()); err == nil || time.Since(start) > 2*probeLimit {
			t.Errorf("a check that hears of no bound ends with %v after %s", err, time.Since(start))
		}
	})
}

// TestWrongTokensAreCounted: who tries tokens out is not listened to for a while, and others are.
func TestWrongTokensAreCounted(t *testing.T) {
	h := console("t0ken")
	from := func(address, token string) int {
		r := httptest.NewRequest("GET", "http://winnow.internal:8081/metrics", nil)
		r.RemoteAddr = address + ":4711"
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for range mostTries {
		if code := from("192.0.2.1", "wrong"); code != http.StatusUnauthorized {
			t.Fatalf("a wrong token got %d", code)
		}
	}
	if code := from("192.0.2.1", "t0ken"); code != http.StatusTooManyRequests {
		t.Errorf("after %d wrong ones a right one got %d, want 429", mostTries, code)
	}
	if code := from("192.0.2.2", "t0ken"); code != http.StatusOK {
		t.Errorf("somebody else got %d", code)
	}
}

// TestWhoIsNoted: what is done is noted under the name of the token.
func TestWhoIsNoted(t *testing.T) {
	if w := ask(console("t0ken"), "POST", "http://winnow.internal:8081/api/forget", "Authorization",
		"Bearer acts-too"); !strings.HasSuffix(
		w.Body.String(),
		"by ops",
	) {
		t.Errorf("noted: %s", w.Body)
	}
}

// TestFormsAreOurs: a form of another page, or of another process, changes nothing.
func TestFormsAreOurs(t *testing.T) {
	a := newAccess(nil)
	h := a.need(
		true,
		true,
		a.formed(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })),
	)
	post := func(stamp, site string) int {
		r := httptest.NewRequest("POST", "http://localhost/decisions/release", strings.NewReader("stamp="+stamp))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", site)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	ours := a.stamp(context.WithValue(t.Context(), callerKey{}, caller{"console", true}))
	for _, c := range []struct {
		stamp, site string
		want        int
	}{
		{ours, "same-origin", 200},
		{ours, "cross-site", 403},
		{"", "same-origin", 403},
		{newAccess(nil).stamp(t.Context()), "same-origin", 403},
	} {
		if got := post(c.stamp, c.site); got != c.want {
			t.Errorf("stamp %q from %s: %d, want %d", c.stamp, c.site, got, c.want)
		}
	}
}

// What is counted is said of one, or of many.
func TestProblemsCount(t *testing.T) {
	for n, want := range map[int]string{
		1: "contact whose decisions dead letters hold back", 2: "contacts whose decisions dead letters hold back",
	} {
		list := problemsOf(&operate.Health{HeldSome: n})
		if len(list) != 1 || list[0].What != want || list[0].Count != n {
			t.Errorf("%d: %+v, want %q", n, list, want)
		}
	}
}
