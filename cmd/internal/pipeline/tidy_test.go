package pipeline

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/queue"
)

// TestEmptiedStreamTakesMore: what was read makes room when the stream has reached its level, not when its minute has
// come.
func TestEmptiedStreamTakesMore(t *testing.T) {
	q, err := queue.Open(t.Context(), queue.Config{
		Dir: t.TempDir(), Partitions: 1, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30, MaxPayload: 1 << 20,
		DeliveriesBytes: 4 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	r := newRig(t, t.TempDir(), func(o *Options) { o.Queue = q }, &fake{})
	body := []byte("[" + strings.Repeat(" ", 100_000) + "]")
	var waited time.Duration // for room; how long it takes to store them is another matter
	for i := range 100 {     // more than twice what there is room for
		var refused time.Time
		for r.post("fake", "right", body) != http.StatusNoContent {
			if refused.IsZero() {
				refused = time.Now()
			}
			if waited+time.Since(refused) > timing.TrimEvery-10*time.Second {
				t.Fatalf("%d of 100 deliveries taken in: no room, although all were read", i)
			}
			time.Sleep(20 * time.Millisecond)
		}
		if !refused.IsZero() {
			waited += time.Since(refused)
		}
	}
}
