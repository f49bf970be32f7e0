package hubspot_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is simulated time.
type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }
func newClock() *clock {
	c := &clock{}
	c.ms.Store(time.Date(2026, 1, 12, 9, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

// start starts a sandbox without a limit on requests, unless opt says otherwise.
func start(t *testing.T, opt hubspot.Options) *hubspot.Sandbox {
	t.Helper()
	if opt.RateLimit == 0 {
		opt.RateLimit = -1
	}
	if opt.SearchPerSecond == 0 {
		opt.SearchPerSecond = -1
	}
	if opt.Now == nil {
		opt.Now = newClock().now
	}
	s, err := hubspot.Start(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// reply is an answer of the API, decoded.
type reply struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

// at walks the body: at("results", 0, "id").
func (r reply) at(path ...any) any {
	var v any = r.body
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func (r reply) len(path ...any) int {
	l, _ := r.at(path...).([]any)
	return len(l)
}

func do(t *testing.T, s *hubspot.Sandbox, method, path, token string, body any) (reply, error) {
	t.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	default:
		encoded, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		in = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, in)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, err
	}
	r := reply{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &r.body); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, raw)
		}
	}
	return r, nil
}

// call makes a request with the right token and wants a status.
func call(t *testing.T, s *hubspot.Sandbox, method, path string, body any, status int) reply {
	t.Helper()
	r, err := do(t, s, method, path, "sandbox-token", body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if r.status != status {
		t.Fatalf("%s %s: status %d, want %d: %s", method, path, r.status, status, r.raw)
	}
	return r
}

// want compares what is at a path of the answer.
func want(t *testing.T, r reply, value any, path ...any) {
	t.Helper()
	if got := fmt.Sprint(r.at(path...)); got != fmt.Sprint(value) {
		t.Errorf("at %v: %s, want %v in %s", path, got, value, r.raw)
	}
}

const objects = "/crm/objects/2026-09"

type obj = map[string]any

func inputs(ids ...string) []obj {
	list := []obj{}
	for _, id := range ids {
		list = append(list, obj{"id": id})
	}
	return list
}

func updates(n int, first int, props obj) obj {
	list := []obj{}
	for i := range n {
		list = append(list, obj{"id": fmt.Sprint(first + i), "properties": props})
	}
	return obj{"inputs": list}
}
