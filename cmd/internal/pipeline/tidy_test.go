package pipeline

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// TestShareOfFlagged: nobody flagged among a hundred lies outside the expected band, and of fewer contacts nothing is said.
func TestShareOfFlagged(t *testing.T) {
	core, logs := observer.New(zapcore.WarnLevel)
	r := newRig(t, t.TempDir(), func(o *Options) { o.Log = zap.New(core) }, &fake{})
	warned := func() int {
		if err := r.p.reviewShares(t.Context()); err != nil {
			t.Fatal(err)
		}
		return logs.FilterField(zap.Int("flagged", 0)).Len()
	}
	var ns []crm.Notice
	for i := range reviewLeast {
		ns = append(ns, mail(fmt.Sprint(i), "1", start))
	}
	r.send("fake", ns[1:]...)
	r.idle()
	if n := warned(); n != 0 {
		t.Errorf("%d warnings about %d contacts", n, reviewLeast-1)
	}
	r.send("fake", ns[0])
	r.idle()
	if n := warned(); n != 1 {
		t.Errorf("%d warnings about %d contacts of whom none is flagged, want 1", n, reviewLeast)
	}
}

func TestTallyCountsAndForgets(t *testing.T) {
	got := newTally()
	for _, r := range []crm.Rating{
		{Letter: "B", Overdue: true}, {Letter: "C", Status: crm.Pending}, {Letter: "D", Status: crm.Disqualified}, {Unrated: "opted_out"},
	} {
		got.count("s", standingOf(r), 1)
	}
	if got.Flagged["s"] != 2 || got.Overdue["s"] != 1 || len(got.Rated["s"]) != 3 {
		t.Errorf("counted %+v", got)
	}
	got.count("s", standingOf(crm.Rating{Letter: "D", Status: crm.Disqualified}), -1)
	if got.Flagged["s"] != 1 || got.Rated["s"]["D"] != 0 {
		t.Errorf("after one has gone: %+v", got)
	}
}

// TestEmptiedStreamTakesMore: what was read makes room when the stream has reached its level, not when its minute has come.
func TestEmptiedStreamTakesMore(t *testing.T) {
	q, err := queue.Open(t.Context(), queue.Config{
		Dir: t.TempDir(), Partitions: 1, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30, MaxPayload: 1 << 20, DeliveriesBytes: 4 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	r := newRig(t, t.TempDir(), func(o *Options) { o.Queue = q }, &fake{})
	body := []byte("[" + strings.Repeat(" ", 100_000) + "]")
	end := time.Now().Add(trimEvery - 10*time.Second)
	for i := range 100 { // more than twice what there is room for
		for r.post("fake", "right", body) != http.StatusNoContent {
			if time.Now().After(end) {
				t.Fatalf("%d of 100 deliveries taken in: no room, although all were read", i)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}
