package operate

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// past is a CRM whose history can be read.
type past struct{}

func (past) Backfill(context.Context, string, time.Time, time.Time) (connectors.BackfillPage, error) {
	return connectors.BackfillPage{}, nil
}

// TestLettersOfWhatWasLost: they go once a backfill has read all that they stand for. One that was to begin later
// lets none of them go, and what it has left out is read after it.
func TestLettersOfWhatWasLost(t *testing.T) {
	now := time.Now().Add(time.Minute) // the store dates the letters
	year, day := crm.At(now.Add(-timing.HistoryAgain)), crm.At(now.Add(-24*time.Hour))
	ref := crm.Ref{Type: "person", ID: "1", Noticed: crm.At(now)}
	contact := queue.DeadLetter{Contacts: []string{"1"}, Payload: stored.Encode(ref)}
	hole := queue.DeadLetter{Payload: stored.Encode(crm.Ref{Noticed: day})}
	older := queue.DeadLetter{Payload: stored.Encode(crm.Ref{Noticed: year / 2})}
	for _, c := range []struct {
		name   string
		letter queue.DeadLetter
		since  crm.Millis
		again  crm.Millis // since when it is read again; 0: the letter goes
	}{
		{"a contact, all was read", contact, year, 0},
		{"a contact, a day was read", contact, day, year},
		{"a hole, all was read", hole, day, 0},
		{"a hole, more was read", hole, year, 0},
		{"a hole, less was read", hole, day + 1, day},
		{"an old hole, as far as is read", older, year, 0},
		{"many, a day was read", queue.DeadLetter{Count: 3}, day, year},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := queue.Open(t.Context(), queue.Config{
				Dir: t.TempDir(), Partitions: 1, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30,
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = q.Close() })
			d := c.letter
			d.Stage, d.Source, d.Kind = watermark.StageFetch, "fake", watermark.KindDamaged
			if _, err := q.DeadLetters.Bury(t.Context(), d, ""); err != nil {
				t.Fatal(err)
			}
			read := stored.Filling{Since: c.since, Until: crm.At(now), Done: true}
			if err := stored.BackfillState("fake").Put(t.Context(), q, read, stored.AnyRevision); err != nil {
				t.Fatal(err)
			}
			fake := watermark.Source{Source: crm.Source{Name: "fake"}, CRM: connectors.Vendor{Backfill: past{}}}
			m := &Mender{
				Queue: q, Now: func() time.Time { return now }, Log: zap.NewNop(),
				Metrics: watermark.NewMetrics(prometheus.NewRegistry()),
				Sources: map[string]watermark.Source{"fake": fake},
			}
			if err := m.release(t.Context(), "fake"); err != nil {
				t.Fatal(err)
			}
			f, _, err := stored.BackfillState("fake").Get(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			left, err := q.DeadLetters.Numbers(t.Context(), "", "fake")
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case c.again == 0 && (!f.Done || len(left) != 0):
				t.Errorf("%d letters are left, and the backfill is %+v", len(left), f)
			case c.again != 0 && (f.Done || f.Since != c.again || len(left) != 1):
				t.Errorf("%d letters are left, and the backfill is %+v, want it since %d", len(left), f, c.again)
			}
		})
	}
}
