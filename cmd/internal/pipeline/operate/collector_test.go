package operate

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/clock"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// TestSlowLookHidesNothing: a look that does not end leaves its own series out of a scrape, and no others.
func TestSlowLookHidesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a real time-out")
	}
	t.Parallel()
	q, err := queue.Open(t.Context(), queue.Config{
		Dir: t.TempDir(), Partitions: 1, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	sources := map[string]watermark.Source{"fake": {Source: crm.Source{Name: "fake"}}}
	metrics := watermark.NewMetrics(prometheus.NewRegistry())
	troubles := watermark.NewTroubles(q, zap.NewNop())
	sight := watermark.New(watermark.Deps{
		Queue: q, Sources: sources, Clock: clock.New(clock.Options{}), Metrics: metrics, Log: zap.NewNop(),
		Troubles: troubles,
	})
	p := New(Deps{Queue: q, Sources: sources, Now: time.Now, Troubles: troubles, Watermark: sight})
	p.unratedNow = timing.NewShared(time.Hour, func(ctx context.Context) ([]Unrated, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	registry := prometheus.NewRegistry()
	registry.MustRegister(NewCollector(p))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, f := range families {
		got[f.GetName()] = len(f.GetMetric())
	}
	for name, want := range map[string]int{
		"winnow_breaker_open": 1, "winnow_stage_lag_messages": 3, "winnow_owed_reply_overdue": 1,
		"winnow_announcements_held": len(heldBy), "winnow_rate_oldest_seconds": 0,
	} {
		if got[name] != want {
			t.Errorf("%d series of %s are there, want %d", got[name], name, want)
		}
	}
}
