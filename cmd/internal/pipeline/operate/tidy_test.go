package operate

import (
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// TestShareOfFlagged: nobody flagged among a hundred lies outside the expected band, and of fewer contacts nothing is
// said.
func TestShareOfFlagged(t *testing.T) {
	for _, rated := range []int{timing.ReviewLeast - 1, timing.ReviewLeast} {
		core, logs := observer.New(zapcore.WarnLevel)
		q, err := queue.Open(t.Context(), queue.Config{
			Dir: t.TempDir(), Partitions: 1, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = q.Close() })
		sum := stored.NewTally()
		sum.Count("fake", stored.Standing{Letter: "C"}, rated)
		if _, err := q.Contacts.Commit(t.Context(), 0, queue.Batch{
			Checkpoint: queue.Checkpoint{Data: stored.Encode(sum)},
		}); err != nil {
			t.Fatal(err)
		}
		k := &Keeper{Queue: q, Rules: rules.Defaults(), Log: zap.New(core)}
		if err := k.reviewShares(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := logs.FilterField(zap.Int("flagged", 0)).Len(); n != rated/timing.ReviewLeast {
			t.Errorf("%d warnings about %d contacts of whom none is flagged", n, rated)
		}
	}
}
