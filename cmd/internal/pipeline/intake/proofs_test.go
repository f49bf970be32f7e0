package intake

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/tracing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// proving says in a header how good its proof is.
type proving struct {
	signed
	unique bool
}

func (p proving) Proof(d connectors.Delivery) connectors.Proof {
	switch d.Header.Get("Proof") {
	case "new":
		return connectors.Proof{Name: "new", Rank: 2, Unique: p.unique}
	case "old, but allowed":
		return connectors.Proof{Name: "old", Weak: "make more", Unique: p.unique}
	}
	return connectors.Proof{Name: "old", Rank: 1, Weak: "make more", Back: "WINNOW_FAKE_OLD=on", Unique: p.unique}
}

// proven is a receiver whose vendor proves itself in two ways. What is published is counted.
func proven(q *queue.Queue, unique bool) (r *Receiver, logged *observer.ObservedLogs, published *atomic.Int64) {
	core, logged := observer.New(zap.DebugLevel)
	v := proving{signed{screened: &atomic.Int64{}}, unique}
	r = NewReceiver(Deps{
		Queue: q, Now: time.Now, Troubles: watermark.NewTroubles(nil, zap.New(core)),
		Metrics: NewMetrics(prometheus.NewRegistry()),
		Sources: map[string]watermark.Source{
			"fake": {Source: crm.Source{Name: "fake"}, MaxBody: 1 << 20, CRM: connectors.Vendor{
				Receive: v, Screen: v, Prove: v,
			}},
		},
	})
	published = &atomic.Int64{}
	r.groups["fake"].publish = func(_ context.Context, ds []stored.Delivery, _ tracing.Trail) error {
		published.Add(int64(len(ds)))
		return nil
	}
	return r, logged, published
}

func post(r *Receiver, proof, signature, body string) int {
	req := httptest.NewRequest(http.MethodPost, "/hooks/fake", strings.NewReader(body))
	req.Header.Set("Signature", signature)
	req.Header.Set("Proof", proof)
	req.SetPathValue("source", "fake")
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, req)
	return rec.Code
}

// TestOlderProofs: once a source has proved itself in the better way the weaker one is refused, after a start too and
// by another process, unless the settings take it. Nobody who does not know the secret brings that about. Where only
// the weaker one comes, it is taken, and said once a day.
func TestOlderProofs(t *testing.T) {
	q := openStore(t)
	r, logged, _ := proven(q, true)
	for i, step := range []struct {
		proof, signature string
		want             int
	}{
		{"old", "genuine", http.StatusNoContent},
		{"old", "genuine", http.StatusNoContent},
		{"new", "guessed", http.StatusUnauthorized},
		{"old", "genuine", http.StatusNoContent},
		{"new", "genuine", http.StatusNoContent},
		{"old", "genuine", http.StatusUnauthorized},
		{"old", "guessed", http.StatusUnauthorized},
		{"old, but allowed", "genuine", http.StatusNoContent},
		{"new", "genuine", http.StatusNoContent},
	} {
		if got := post(r, step.proof, step.signature, "[]"); got != step.want {
			t.Errorf("step %d: %s, %s: answered with %d, want %d", i, step.proof, step.signature, got, step.want)
		}
	}
	daily := logged.FilterMessage("deliveries carry no better proof than an old one")
	if daily.Len() != 1 || !strings.Contains(daily.All()[0].ContextMap()["error"].(string), "anyone who has seen one "+
		"can make more") {
		t.Errorf("said of the weaker proof: %v", daily.All())
	}
	if n := logged.FilterLevelExact(zap.ErrorLevel).Len(); n > 0 {
		t.Errorf("%d errors are logged", n)
	}
	next, logged, _ := proven(q, true)
	if got := post(next, "old", "genuine", "[]"); got != http.StatusUnauthorized {
		t.Errorf("after a start the weaker proof is answered with %d", got)
	}
	said := logged.FilterMessage("delivery not verified")
	if said.Len() != 1 || !strings.Contains(said.All()[0].ContextMap()["error"].(string), "set WINNOW_FAKE_OLD=on") {
		t.Errorf("the refusal says: %v", said.All())
	}
}

// TestProofsWhileTheStoreIsSlow: who has looked at the store once goes by that while one delivery looks again.
func TestProofsWhileTheStoreIsSlow(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	p := newProofs(nil, "fake")
	p.look = func(context.Context) (stored.Proven, error) {
		close(asked)
		<-answer
		return stored.Proven{Rank: 2, Name: "new"}, nil
	}
	p.read = time.Now().Add(-timing.ProofAgain)
	done := make(chan error)
	go func() { done <- p.weaker(t.Context(), connectors.Proof{Name: "old", Rank: 1}) }()
	<-asked
	if err := p.weaker(t.Context(), connectors.Proof{Name: "old", Rank: 1}); err != nil {
		t.Errorf("while the store is asked: %v", err)
	}
	close(answer)
	if err := <-done; err == nil {
		t.Error("the store says that the source has proved itself better, and the old proof is taken")
	}
}

// TestProofsNotKnown: while the store does not say how a source has proved itself, nothing is believed or refused for
// good.
func TestProofsNotKnown(t *testing.T) {
	q := openStore(t)
	r, _, published := proven(q, true)
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.screen(t.Context(), r.Sources["fake"], connectors.Delivery{Header: http.Header{"Signature": {"x"}}},
		connectors.Proof{Rank: 1}); !errors.Is(err, errNotKnown) {
		t.Errorf("without a store: %v", err)
	}
	if published.Load() != 0 {
		t.Error("something was stored")
	}
}

// TestSameDelivery: the same bytes twice are stored once, where the vendor says that they are the same events, and only
// if they were stored the first time.
func TestSameDelivery(t *testing.T) {
	q := openStore(t)
	for name, c := range map[string]struct {
		unique bool
		want   int64
	}{"of events with ids": {true, 2}, "of what may be news": {false, 4}} {
		t.Run(name, func(t *testing.T) {
			r, _, published := proven(q, c.unique)
			keep := r.groups["fake"].publish
			r.groups["fake"].publish = func(context.Context, []stored.Delivery, tracing.Trail) error {
				return errors.New("no room")
			}
			if got := post(r, "new", "genuine", "[1]"); got != http.StatusServiceUnavailable {
				t.Errorf("without room answered with %d", got)
			}
			r.groups["fake"].publish = keep
			for range 3 {
				if got := post(r, "new", "genuine", "[1]"); got != http.StatusNoContent {
					t.Errorf("answered with %d", got)
				}
			}
			if got := post(r, "new", "guessed", "[1]"); got != http.StatusUnauthorized {
				t.Errorf("the same bytes without a proof are answered with %d", got)
			}
			post(r, "new", "genuine", "[2]")
			if n := published.Load(); n != c.want {
				t.Errorf("%d deliveries are stored, want %d", n, c.want)
			}
		})
	}
}
