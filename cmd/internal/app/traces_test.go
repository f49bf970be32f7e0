package app

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

// collects is an OTLP collector: it keeps the spans that it gets over HTTP.
type collects struct {
	mu    sync.Mutex
	spans map[string]*tracev1.Span // by id
	said  string                   // everything that came, as text
}

func (c *collects) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	var got collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &got)
	}
	if err != nil || req.URL.Path != "/v1/traces" {
		http.Error(w, fmt.Sprint(req.URL.Path, err), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said += got.String()
	for _, r := range got.ResourceSpans {
		for _, s := range r.ScopeSpans {
			for _, span := range s.Spans {
				c.spans[hex.EncodeToString(span.SpanId)] = span
			}
		}
	}
}

// path is the names of a span and of those before it, the root first.
func (c *collects) path(span *tracev1.Span) string {
	var names []string
	for ; span != nil; span = c.spans[hex.EncodeToString(span.ParentSpanId)] {
		names = append(names, span.Name)
	}
	slices.Reverse(names)
	return strings.Join(names, " ")
}

// TestOneTrace follows a mail from its webhook to the CRM's answer to the rating that it led to.
func TestOneTrace(t *testing.T) {
	got := &collects{spans: map[string]*tracev1.Span{}}
	srv := httptest.NewServer(got)
	t.Cleanup(srv.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", srv.URL)
	t.Setenv("OTEL_SERVICE_NAME", "winnow-of-the-test")
	t.Setenv("OTEL_TRACES_SAMPLER", "always_on")
	traces, err := NewTraces(t.Context(), func(err error) { t.Errorf("the collector: %v", err) })
	if err != nil || traces.TracerProvider == nil {
		t.Fatalf("traces are off: %v", err)
	}
	w := newWorld(t, hubspot.Options{})
	w.traces = traces
	w.restart()
	w.settle() // else the poll at the start may find the contact first, and no webhook leads to its rating
	id := w.box.CreateContact(map[string]string{"email": "ann@traces.example", "firstname": "Annabel"})
	w.box.Email([]string{id}, hubspot.Email{Incoming: true, Subject: "a question", Text: "What does it cost?"})
	w.settle()

	req := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/metrics", nil)
	req.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	metrics := httptest.NewRecorder()
	w.app.Admin.ServeHTTP(metrics, req)
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	if err := traces.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}

	paths := map[string]bool{}
	for _, span := range got.spans {
		paths[got.path(span)] = true
		if !strings.Contains(metrics.Body.String(), "trace_id=") {
			t.Error("no exemplar leads from a histogram to a trace")
		}
	}
	whole := slices.ContainsFunc(slices.Collect(keys(paths)), func(p string) bool {
		return strings.HasPrefix(p, "receive read fetch ") && strings.HasSuffix(p, " rate write")
	})
	if !whole {
		t.Errorf("no trace goes from a webhook over a fetch to the CRM's answer: %v", paths)
	}
	for path := range paths {
		if !strings.HasPrefix(path, "receive") {
			t.Errorf("%q does not begin with a webhook", path)
		}
	}
	if !strings.Contains(got.said, "winnow-of-the-test") {
		t.Error("the service is not named as OTEL_SERVICE_NAME says")
	}
	for _, personal := range []string{
		"traces.example", "Annabel", "question", "cost", "sandbox-token", "sandbox-secret", `"` + id + `"`,
	} {
		if strings.Contains(got.said, personal) {
			t.Errorf("the collector was told %q", personal)
		}
	}
}

func keys(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// TestTracesAreOff where no endpoint is named, and what cannot be is said.
func TestTracesAreOff(t *testing.T) {
	const (
		endpoint, nowhere = "OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"
		protocol          = "OTEL_EXPORTER_OTLP_PROTOCOL"
	)
	for name, c := range map[string]struct {
		env     map[string]string
		on, bad bool
	}{
		"nothing":     {},
		"an endpoint": {env: map[string]string{endpoint: nowhere}, on: true},
		"of traces":   {env: map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": nowhere}, on: true},
		"grpc":        {env: map[string]string{endpoint: nowhere, protocol: "grpc"}, on: true},
		"disabled":    {env: map[string]string{endpoint: nowhere, "OTEL_SDK_DISABLED": "true"}},
		"none":        {env: map[string]string{endpoint: nowhere, "OTEL_TRACES_EXPORTER": "none"}},
		"console":     {env: map[string]string{endpoint: nowhere, "OTEL_TRACES_EXPORTER": "console"}, bad: true},
		"http/json":   {env: map[string]string{endpoint: nowhere, protocol: "http/json"}, bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			traces, err := NewTraces(t.Context(), func(error) {})
			if (traces.TracerProvider != nil) != c.on || (err != nil) != c.bad {
				t.Errorf("on: %t, %v", traces.TracerProvider != nil, err)
			}
			if err := traces.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
