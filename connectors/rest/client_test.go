package rest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
)

func client(t *testing.T, h http.HandlerFunc, change func(*Options)) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	opt := Options{
		Vendor: "acme", BaseURL: s.URL + "/", UserAgent: "winnow/test", Timeout: 5 * time.Minute,
		Budget: oneWindow(1000, time.Second, time.Second),
		Auth:   Bearer("t0ken"),
	}
	if change != nil {
		change(&opt)
	}
	return New(opt)
}

func TestRequest(t *testing.T) {
	var got http.Request
	var body string
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = *r, string(b)
		_, _ = w.Write([]byte(`{"n":7}`))
	}, nil)
	var into struct {
		N int `json:"n"`
	}
	resp, err := c.Do(t.Context(), Request{
		Op: "fetch", Method: "POST", Path: "/a%2Fb/c", Query: url.Values{"q": {"x y"}},
		Body: map[string]string{"k": "<v>", "a": ""}, Into: &into,
	})
	if err != nil || resp.Status != 200 || into.N != 7 {
		t.Fatal(resp, err, into)
	}
	if got.URL.EscapedPath() != "/a%2Fb/c" || got.URL.RawQuery != "q=x+y" || got.Method != "POST" {
		t.Errorf("%s %s", got.Method, got.URL)
	}
	if got.Header.Get("Authorization") != "Bearer t0ken" || got.Header.Get("User-Agent") != "winnow/test" ||
		got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", got.Header)
	}
	if body != `{"a":"","k":"<v>"}` {
		t.Errorf("body %s", body)
	}
	if _, err := c.Do(t.Context(), Request{
		Op: "token", Method: "POST", Path: "/t", Anonymous: true, Form: url.Values{"a": {"b&c"}},
	}); err != nil {
		t.Fatal(err)
	}
	if body != "a=b%26c" || got.Header.Get("Authorization") != "" ||
		got.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("form %q, headers %v", body, got.Header)
	}
}

// TestHeard: each answer of the vendor's tells the time, a refusal too. One out of a cache does not.
func TestHeard(t *testing.T) {
	want := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	var heard []time.Time
	header := http.Header{}
	c := client(t, func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(http.StatusNotFound)
	}, func(o *Options) { o.Heard = func(date time.Time, _ time.Duration) { heard = append(heard, date) } })
	for _, h := range []http.Header{
		{"Date": {want.Format(http.TimeFormat)}},
		{"Date": {want.Format(http.TimeFormat)}, "Age": {"3600"}},
		{"Date": {"yesterday"}},
		{"Date": nil},
	} {
		header = h
		_, _ = c.Do(t.Context(), Request{Op: "fetch", Method: "GET", Path: "/"})
	}
	if len(heard) != 1 || !heard[0].Equal(want) {
		t.Errorf("heard %v, want %s once", heard, want)
	}
}

// One attempt a request, whatever comes back.
func TestOneAttempt(t *testing.T) {
	for _, status := range []int{429, 500, 503} {
		n := 0
		c := client(t, func(w http.ResponseWriter, _ *http.Request) { n++; w.WriteHeader(status) }, nil)
		_, _ = c.Do(t.Context(), Request{Op: "fetch", Method: "GET", Path: "/"})
		if n != 1 {
			t.Errorf("HTTP %d was tried %d times: the queue retries, not the client", status, n)
		}
	}
}

func TestErrorsTellNoSecrets(t *testing.T) {
	const private = "pr1vate"
	answers := map[string]http.HandlerFunc{
		"a refusal": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, private, 400) },
		"not JSON":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(private)) },
		"another type": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"n":"` + private + `"}`))
		},
		"an abort": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"half an answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99")
			_, _ = w.Write([]byte(private))
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/else?"+private, http.StatusFound)
		},
		"a slow answer": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client is gone
			<-r.Context().Done()
		},
	}
	for name, h := range answers {
		t.Run(name, func(t *testing.T) {
			c := client(t, h, func(o *Options) {
				o.Timeout = 200 * time.Millisecond
				o.Auth = Bearer(private)
			})
			var into struct {
				N int `json:"n"`
			}
			_, err := c.Do(t.Context(), Request{
				Op: "fetch", Method: "POST", Path: "/p", Query: url.Values{"key": {private}}, Body: private,
				Into: &into,
			})
			if err == nil {
				t.Fatal("no error")
			}
			if e, ok := err.(*connectors.Error); !ok || e.Vendor != "acme" || e.Op != "fetch" {
				t.Errorf("%T %v", err, err)
			}
			if strings.Contains(err.Error(), private) {
				t.Errorf("the error tells a secret: %v", err)
			}
			for inner := err; inner != nil; inner = errors.Unwrap(inner) {
				if strings.Contains(inner.Error(), private) {
					t.Errorf("what the error wraps tells a secret: %v", inner)
				}
			}
		})
	}
}

// The token must not follow a redirect to another host.
func TestRedirectsAreNotFollowed(t *testing.T) {
	reached := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer other.Close()
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	}, nil)
	_, err := c.Do(t.Context(), Request{Op: "fetch", Method: "GET", Path: "/"})
	if connectors.KindOf(err) != connectors.Misconfigured || reached {
		t.Errorf("%v, followed %v", err, reached)
	}
}

func TestLargeAnswersAreRefused(t *testing.T) {
	c := client(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 1<<20)
		for range maxBody>>20 + 2 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}, func(o *Options) { o.Timeout = 5 * time.Minute })
	_, err := c.Do(t.Context(), Request{Op: "fetch", Method: "GET", Path: "/"})
	if connectors.KindOf(err) != connectors.Malformed {
		t.Errorf("an answer beyond the bound: %v", err)
	}
}

// TestInflatedAnswersAreBounded: what is small on the way may be large here. It is bounded while it is inflated, so
// that no more of it is ever held than of an answer that comes as it is.
func TestInflatedAnswersAreBounded(t *testing.T) {
	var small bytes.Buffer
	z := gzip.NewWriter(&small)
	chunk := make([]byte, 1<<20)
	for range 4 * maxBody >> 20 {
		if _, err := z.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	c := client(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(small.Bytes()) // who has had enough closes the connection
	}, func(o *Options) { o.Timeout = 5 * time.Minute })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := c.Do(t.Context(), Request{Op: "fetch", Method: "GET", Path: "/"})
	runtime.ReadMemStats(&after)
	if connectors.KindOf(err) != connectors.Malformed {
		t.Errorf("%d bytes that are %d MiB: %v", small.Len(), 4*maxBody>>20, err)
	}
	if held := after.TotalAlloc - before.TotalAlloc; held > 8*maxBody {
		t.Errorf("%d MiB were taken for it, of an answer that may have %d", held>>20, maxBody>>20)
	}
}

// A page of whatever stands between, and an empty body, are no answers: they open the breaker like an outage does.
func TestAPageIsNoAnswer(t *testing.T) {
	for _, page := range []string{"<html>down for maintenance</html>", ""} {
		calls := 0
		c := client(t, func(w http.ResponseWriter, _ *http.Request) {
			calls++
			_, _ = w.Write([]byte(page))
		}, nil)
		var into struct{}
		for range outageAfter {
			if _, err := c.Do(t.Context(), Request{
				Op: "fetch", Method: "GET", Path: "/", Into: &into,
			}); connectors.KindOf(err) != connectors.Garbled {
				t.Fatalf("%q with 200: %v", page, err)
			}
		}
		if _, err := c.Do(t.Context(), Request{Op: "fetch", Method: "GET", Path: "/", Into: &into}); !errors.Is(err,
			ErrOutage) || calls != outageAfter {
			t.Errorf("after %d pages in a row: %v, %d calls, want ErrOutage without a call", outageAfter, err, calls)
		}
	}
}

// What the vendor answers steers the budget: refusals pause it, silence opens the breaker, an answer closes it.
func TestAnswersSteerTheBudget(t *testing.T) {
	status, calls := 429, 0
	now := time.Now()
	c := client(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(status)
	}, func(o *Options) {
		o.Budget = NewBudget(Plan{
			Windows: []Window{{1000, time.Second}}, Patience: time.Second, Now: func() time.Time { return now },
		})
	})
	do := func() error {
		_, err := c.Do(t.Context(), Request{Op: "fetch", Method: "GET", Path: "/"})
		return err
	}
	if err := do(); connectors.KindOf(err) != connectors.RateLimited || connectors.AfterOf(err) < 30*time.Second {
		t.Fatalf("%v after %s", err, connectors.AfterOf(err))
	}
	if err := do(); connectors.KindOf(err) != connectors.RateLimited || connectors.AfterOf(err) < 20*time.Second ||
		calls != 1 {
		t.Errorf("within the pause: %v, %d calls", err, calls)
	}
	now, status = now.Add(time.Minute), 503
	for range outageAfter {
		_ = do()
	}
	if err := do(); connectors.KindOf(err) != connectors.Unavailable || !errors.Is(err, ErrOutage) ||
		!connectors.IsUnasked(err) || calls != 1+outageAfter {
		t.Errorf("with the breaker open: %v, %d calls", err, calls)
	}
	now, status = now.Add(time.Hour), 200
	for range 3 {
		if err := do(); err != nil {
			t.Errorf("after the outage: %v", err)
		}
	}
	// A caller that goes away says nothing about the vendor.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 * outageAfter {
		_, _ = c.Do(ctx, Request{Op: "fetch", Method: "GET", Path: "/"})
	}
	if err := do(); err != nil {
		t.Errorf("after callers went away: %v", err)
	}
}

// A short pause on a lane is the lane's: other requests go on.
func TestLanes(t *testing.T) {
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/search" {
			w.WriteHeader(429)
		}
	}, func(o *Options) {
		o.Explain = func(*Response) *connectors.Error {
			return &connectors.Error{Kind: connectors.RateLimited, After: time.Second, Err: errors.New("slow down")}
		}
	})
	lane := oneWindow(4, time.Second, 0)
	search := Request{Op: "poll", Class: Poll, Lane: lane, Method: "GET", Path: "/search"}
	if _, err := c.Do(t.Context(), search); connectors.KindOf(err) != connectors.RateLimited {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), search); !errors.Is(err, ErrPaused) {
		t.Errorf("the lane goes on: %v", err)
	}
	if _, err := c.Do(t.Context(), Request{Op: "write", Class: Write, Method: "GET", Path: "/write"}); err != nil {
		t.Errorf("a write waits for the lane of searches: %v", err)
	}
}

// credentials is an Auth made of two functions.
type credentials struct {
	credential func() (Credential, error)
	refused    func(Credential) bool
}

func (c credentials) Credential(context.Context) (Credential, error) { return c.credential() }
func (c credentials) Refused(cred Credential) bool                   { return c.refused(cred) }

func TestRefusedTokensAreTold(t *testing.T) {
	token := Credential{Header: "X-Api-Token", Value: "t0ken"}
	for i, another := range []bool{false, true, false, true} {
		told, sent, status := 0, 0, 401
		if i > 1 {
			status = 403 // which Stale knows
		}
		c := client(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Api-Token") == "t0ken" {
				sent++
			}
			w.WriteHeader(status)
		}, func(o *Options) {
			o.Stale = func(r *Response) bool { return r.Status == 403 }
			o.Auth = credentials{
				credential: func() (Credential, error) { return token, nil },
				refused:    func(c Credential) bool { told++; return another && c == token },
			}
		})
		_, err := c.Do(t.Context(), Request{Op: "fetch", Method: "GET", Path: "/"})
		if connectors.KindOf(err) != connectors.Unauthenticated || told != 1 || (sent == 2) != another || sent > 2 {
			t.Errorf("another token %t: %v, told %d times, sent %d times", another, err, told, sent)
		}
	}
	want := &connectors.Error{
		Vendor: "acme", Op: "token", Kind: connectors.Unavailable, Err: errors.New("no token to be had"),
	}
	c := client(t, func(http.ResponseWriter, *http.Request) { t.Error("called without a token") }, func(o *Options) {
		o.Auth = credentials{credential: func() (Credential, error) { return Credential{}, want }}
	})
	if _, err := c.Do(t.Context(), Request{Op: "fetch", Method: "GET", Path: "/"}); !errors.Is(err, want) {
		t.Error(err)
	}
}

// Where a token is good is said by whoever gave it.
func TestTheCredentialNamesTheAPI(t *testing.T) {
	reached := ""
	home := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		reached = r.URL.String() + " " + r.Header.Get("Sforce-Call-Options")
	}))
	defer home.Close()
	c := client(t, func(http.ResponseWriter, *http.Request) {
		t.Error("the client's own address was called")
	}, func(o *Options) {
		o.Auth = Static{Header: "Authorization", Value: "x", BaseURL: home.URL + "/"}
	})
	_, err := c.Do(t.Context(), Request{
		Op: "fetch", Method: "GET", Path: "/a", Query: url.Values{"q": {"1"}}, Header: http.Header{
			"Sforce-Call-Options": {"client=winnow"},
		},
	})
	if err != nil || reached != "/a?q=1 client=winnow" {
		t.Errorf("%q, %v", reached, err)
	}
}

func TestXML(t *testing.T) {
	type note struct {
		XMLName struct{} `xml:"note"`
		To      string   `xml:"to"`
	}
	var sent string
	answer := "<note><to>them</to></note>"
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		sent = r.Header.Get("Content-Type") + " " + string(b)
		_, _ = io.WriteString(w, answer)
	}, nil)
	var got note
	ask := Request{Op: "fetch", Method: "POST", Path: "/", Format: XML, Body: note{To: "a&b"}, Into: &got}
	if _, err := c.Do(t.Context(), ask); err != nil || got.To != "them" {
		t.Errorf("%+v, %v", got, err)
	}
	if sent != "application/xml <note><to>a&amp;b</to></note>" {
		t.Error(sent)
	}
	answer = "{}"
	if _, err := c.Do(t.Context(), ask); connectors.KindOf(err) != connectors.Garbled {
		t.Errorf("JSON where XML was asked for: %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	for given, want := range map[string]time.Duration{
		"": 0, "3": 3 * time.Second, "0.5": 500 * time.Millisecond, "-1": 0, "soon": 0, "NaN": 0,
		"1e300": MaxRetryAfter, "86400": MaxRetryAfter,
		now.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second,
		now.Add(-time.Hour).Format(http.TimeFormat):       0,
	} {
		if got := RetryAfter(http.Header{"Retry-After": {given}}, now); got != want {
			t.Errorf("Retry-After %q: %s, want %s", given, got, want)
		}
	}
}

// A pause beyond the bound is said.
func TestLongPausesAreSaid(t *testing.T) {
	c := client(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "86400")
		w.WriteHeader(http.StatusTooManyRequests)
	}, nil)
	_, err := c.Do(t.Context(), Request{Op: "fetch", Method: "GET", Path: "/"})
	if err == nil || !strings.Contains(err.Error(), "asks for a pause of 24h0m0s, and is asked again after 1h0m0s") ||
		connectors.AfterOf(err) > 2*MaxRetryAfter {
		t.Errorf("%v, after %s", err, connectors.AfterOf(err))
	}
}

// A proxy that wants a password is said, whether it answers in the CRM's place or does not let a connection through.
func TestProxiesThatWantAPassword(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	defer proxy.Close()
	at, _ := url.Parse(proxy.URL)
	for _, api := range []string{"http://crm.example.com", "https://crm.example.com"} {
		c := client(t, nil, func(o *Options) {
			o.BaseURL, o.Transport = api, &http.Transport{Proxy: http.ProxyURL(at)}
		})
		_, err := c.Do(t.Context(), Request{Op: "fetch", Method: "GET", Path: "/"})
		if connectors.KindOf(err) != connectors.Misconfigured || !strings.Contains(err.Error(), "HTTPS_PROXY") {
			t.Errorf("%s: %v", api, err)
		}
	}
}

// What a vendor sends is read although it is not quite JSON.
func TestUnmarshalIsLenient(t *testing.T) {
	var into struct {
		N string `json:"n"`
	}
	if err := Unmarshal([]byte("{\"n\":\"1\",\"n\":\"2\xff\",\"else\":{\"n\":[3]}}"), &into); err != nil ||
		into.N != "2\ufffd" {
		t.Errorf("%q, %v", into.N, err)
	}
}
