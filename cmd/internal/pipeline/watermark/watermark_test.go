package watermark

import (
	"errors"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/clock"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// openQueue opens an empty store for the source fake.
func openQueue(t *testing.T) *queue.Queue {
	t.Helper()
	q, err := queue.Open(t.Context(), queue.Config{Dir: t.TempDir(), Partitions: 4, Sources: []string{"fake", "other"}, MinFree: 1, MaxStore: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return q
}

// TestLastLook: a look that began before another one and ended after it says nothing new.
func TestLastLook(t *testing.T) {
	h := New(Deps{Clock: clock.New(clock.Options{})})
	h.put("fake", Horizon{N: 2, Hold: HoldBackfill}, true)
	if old, known := h.put("fake", Horizon{N: 1}, true); !known || old.N != 2 || h.Of("fake").Hold != HoldBackfill {
		t.Errorf("known %t, before %+v, now %+v", known, old, h.Of("fake"))
	}
}

// TestTroublesOfStages: each stage's trouble stands by itself. That one is over takes no other one back, and what is
// said names the stage.
func TestTroublesOfStages(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	q := openQueue(t)
	s, troubles := Source{Source: crm.Source{Name: "fake", Vendor: "fake"}}, NewTroubles(q, zap.New(core))
	refused := func(what string) {
		err := &connectors.Error{Vendor: "fake", Op: "call", Kind: connectors.Unauthenticated, Err: errors.New("no scope for " + what)}
		troubles.Ails(t.Context(), s, what, "put off", err)
	}
	tells := func(want string) {
		t.Helper()
		if got, _, err := stored.PutOffState("fake").Get(t.Context(), q); err != nil || got != want {
			t.Errorf("it is told %q, %v, want %q", got, err, want)
		}
	}
	refused(StageWrite)
	refused(StageFetch + " emails")
	tells("fetch emails: fake: call: no scope for fetch emails; write: fake: call: no scope for write")
	troubles.Well(t.Context(), s, StageFetch+" emails")
	tells("write: fake: call: no scope for write")
	troubles.Well(t.Context(), s, StageWrite)
	tells("")
	for _, what := range []string{StageWrite, StageFetch + " emails"} {
		if n := logs.FilterField(zap.String("for", what)).Len(); n != 2 {
			t.Errorf("%d lines are for %s, want when it began and when it was over", n, what)
		}
	}
}
