package admin

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/winnow-crm/winnow/connectors"
)

func withPage(token connectors.Secret, ready func(context.Context) error, show func(context.Context) (Page, error)) http.Handler {
	return New(Options{Ready: ready, Live: pass, Gatherer: prometheus.NewRegistry(), Token: token, Page: show})
}

func somePage(context.Context) (Page, error) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	return Page{
		Version: "1.2.3", Mode: "advise", Model: "abc", Now: at, Waiting: 7,
		Sources: []Source{{
			Name: "eu", Vendor: "hubspot", ReadUpTo: at.Add(-time.Hour), Behind: time.Hour, Fetch: 41,
			Ratings: []Count{{"A", 11}, {"B", 12}, {"C", 13}, {"D", 14}}, Flagged: 3, Overdue: 2, Held: "breaker",
		}},
		Letters: []Letter{{Number: 5, Since: at, Stage: "read", Source: "eu", Kind: "malformed", Reason: "<script>alert(1)</script>", Fix: "discard it"}},
	}, nil
}

func TestPageShowsWhatIsThere(t *testing.T) {
	w := ask(withPage("", pass, somePage), "GET", "http://localhost/")
	body := w.Body.String()
	for _, want := range []string{"eu", "1h0m0s behind", ">41<", ">11<", ">14<", "held back: breaker", "7 wait for a person", "discard it", "Ready to take", `href="/metrics"`} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not on the page:\n%s", want, body)
		}
	}
	if strings.Contains(body, "<script") {
		t.Errorf("what the CRM said is not escaped:\n%s", body)
	}
	if !strings.Contains(body, "<style>"+style+"</style>") {
		t.Error("the style is not, byte for byte, the one that the policy allows")
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'sha256-") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("policy %q", csp)
	}
	if kind := w.Header().Get("Content-Type"); w.Code != http.StatusOK || !strings.HasPrefix(kind, "text/html") {
		t.Errorf("status %d, type %s", w.Code, kind)
	}
}

func TestPageSaysWhatIsWrong(t *testing.T) {
	failing := func(context.Context) error { return errors.New("disk: 12 MiB free") }
	w := ask(withPage("", failing, func(context.Context) (Page, error) { return Page{}, nil }), "GET", "http://localhost/")
	if body := w.Body.String(); !strings.Contains(body, "disk: 12 MiB free") || !strings.Contains(body, "There are none") || strings.Contains(body, "Ready to") {
		t.Errorf("an unready one without letters shows:\n%s", body)
	}
	w = ask(withPage("", pass, func(context.Context) (Page, error) { return Page{}, errors.New("store away") }), "GET", "http://localhost/")
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "store away") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// A browser cannot send a bearer token: it asks for the password. What changes something takes no password, because
// browsers send one along with what other sites make them ask for.
func TestPageAccess(t *testing.T) {
	h := New(Options{
		Ready: pass, Live: pass, Gatherer: prometheus.NewRegistry(), Token: "t0ken", Page: somePage,
		API: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
	})
	basic := func(password string) string {
		r, _ := http.NewRequest("GET", "/", nil)
		r.SetBasicAuth("anybody", password)
		return r.Header.Get("Authorization")
	}
	for _, c := range []struct {
		method, path, auth string
		want               int
	}{
		{"GET", "/", "", 401},
		{"GET", "/", "Bearer t0ken", 200},
		{"GET", "/", basic("t0ken"), 200},
		{"GET", "/", basic("t0kem"), 401},
		{"GET", "/", basic(""), 401},
		{"GET", "/metrics", basic("t0ken"), 200},
		{"POST", "/api/forget", basic("t0ken"), 401},
		{"GET", "/api/explain", basic("t0ken"), 401},
		{"POST", "/", "Bearer t0ken", 405},
	} {
		w := ask(h, c.method, "http://winnow.internal:8081"+c.path, "Authorization", c.auth)
		if w.Code != c.want {
			t.Errorf("%s %s as %q: %d, want %d", c.method, c.path, c.auth, w.Code, c.want)
		}
		if c.path == "/" && c.want == 401 && !strings.Contains(strings.Join(w.Header().Values("WWW-Authenticate"), " "), "Basic") {
			t.Error("a browser is not told to ask for the password")
		}
	}
	if w := ask(withPage("", pass, somePage), "GET", "http://rebound.example:8081/"); w.Code != http.StatusMisdirectedRequest {
		t.Errorf("a name that resolves here: %d, want 421", w.Code)
	}
}
