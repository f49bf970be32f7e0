package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/clock"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// openStore opens an empty store for the source fake.
func openStore(t *testing.T) *queue.Queue {
	t.Helper()
	q, err := queue.Open(t.Context(), queue.Config{
		Dir: t.TempDir(), Partitions: 1, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return q
}

// refusing verifies nothing.
type refusing struct{ connectors.Receiver }

func (refusing) Verify(connectors.Delivery, time.Time) error { return errors.New("wrong secret") }

// TestBodiesAreBounded: what unverified senders make the process hold is bounded over all of them, and what one held
// is free when it is answered.
func TestBodiesAreBounded(t *testing.T) {
	r := NewReceiver(Deps{
		Queue: openStore(t), Sources: map[string]watermark.Source{
			"fake": {Source: crm.Source{Name: "fake"}, MaxBody: 1000, CRM: connectors.Vendor{Receive: refusing{}}},
		},
		Now: time.Now, Clock: clock.New(clock.Options{}), Troubles: watermark.NewTroubles(nil, zap.NewNop()),
		Metrics: NewMetrics(prometheus.NewRegistry()),
	})
	r.bodies.most = 1500
	post := func(body io.Reader) int {
		req := httptest.NewRequest(http.MethodPost, "/hooks/fake", body)
		req.RemoteAddr = "127.0.0.1:1" // of which nobody knows who stands behind it
		req.SetPathValue("source", "fake")
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, req)
		return rec.Code
	}
	slow, send := io.Pipe()
	answered := make(chan int)
	go func() { answered <- post(slow) }()
	if _, err := send.Write(make([]byte, 900)); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "900 bytes are held", func() bool { return r.bodies.held() == 900 })
	r.bodies.age(-time.Hour) // however long the machine takes, it is not old enough to give way
	if status := post(bytes.NewReader(make([]byte, 900))); status != http.StatusServiceUnavailable {
		t.Errorf("beside a body of 900 bytes one more is answered with %d, want 503", status)
	}
	if err := send.Close(); err != nil {
		t.Fatal(err)
	}
	if status := <-answered; status != http.StatusUnauthorized {
		t.Errorf("the first one is answered with %d, want 401: its bytes were within the bound", status)
	}
	if status := post(bytes.NewReader(make([]byte, 900))); status != http.StatusUnauthorized || r.bodies.held() != 0 {
		t.Errorf("afterwards one is answered with %d, want 401, and %d bytes are in hand", status, r.bodies.held())
	}
}

// TestStrayRequests: what leads to no source is counted, and the log says at its pace where deliveries are taken in,
// and nothing of the request.
func TestStrayRequests(t *testing.T) {
	core, logged := observer.New(zap.DebugLevel)
	registry := prometheus.NewRegistry()
	r := NewReceiver(Deps{
		Queue: openStore(t), Sources: map[string]watermark.Source{
			"fake":   {Source: crm.Source{Name: "fake"}, CRM: connectors.Vendor{Receive: refusing{}}},
			"polled": {Source: crm.Source{Name: "polled"}},
		},
		Now: time.Now, Clock: clock.New(clock.Options{}),
		Troubles: watermark.NewTroubles(nil, zap.New(core)), Metrics: NewMetrics(registry),
	})
	for range 3 {
		for _, source := range []string{"fakee-s3cret", "polled", ""} {
			req := httptest.NewRequest(http.MethodPost, "/hooks/x", nil)
			req.SetPathValue("source", source)
			rec := httptest.NewRecorder()
			if r.ServeHTTP(rec, req); rec.Code != http.StatusNotFound {
				t.Errorf("%q: %d", source, rec.Code)
			}
		}
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if n := f.GetMetric()[0].GetCounter().GetValue(); f.GetName() == "winnow_deliveries_stray_total" && n != 9 {
			t.Errorf("%v counted", n)
		}
	}
	if logged.Len() != 1 {
		t.Fatalf("%d lines are logged", logged.Len())
	}
	line := fmt.Sprint(logged.All()[0].Message, logged.All()[0].ContextMap())
	if !strings.Contains(line, "/hooks/fake:") || strings.Contains(line, "polled") || strings.Contains(line, "s3cret") {
		t.Error(line)
	}
}

// age makes the bodies that are being read older.
func (b *bodies) age(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for o := range b.in {
		o.began = o.began.Add(-d)
	}
}

func (b *bodies) held() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes
}
