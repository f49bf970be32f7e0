package operate

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
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

// TestDamagedLetter: another one stands for it, and it is there no more.
func TestDamagedLetter(t *testing.T) {
	cfg := queue.Config{Dir: t.TempDir(), Partitions: 1, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30}
	reopen := func() *queue.Queue {
		q, err := queue.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = q.Close() })
		return q
	}
	q := reopen()
	for _, reason := range []string{"unmistakable", "another"} {
		d := queue.DeadLetter{Stage: watermark.StageWrite, Source: "fake", Reason: reason}
		if _, err := q.DeadLetters.Bury(t.Context(), d, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(cfg.Dir, "jetstream", "$G", "streams", "DEADLETTERS", "msgs", "*.blk"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	block, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	block = bytes.Replace(block, []byte("unmistakable"), []byte("unmistakably"), 1)
	if err := os.WriteFile(files[0], block, 0o600); err != nil {
		t.Fatal(err)
	}
	q = reopen()
	metrics := watermark.NewMetrics(prometheus.NewRegistry())
	m := &Mender{
		Queue: q, Now: time.Now, Log: zap.NewNop(), Metrics: metrics,
		Letters: watermark.NewLetters(q, stored.NewTombs(q), metrics, zap.NewNop()),
		Sources: map[string]watermark.Source{"fake": {Source: crm.Source{Name: "fake"}}},
	}
	if err := m.Mend(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := q.DeadLetters.List(t.Context(), 0, 10, "", "")
	if err != nil || len(left) != 2 || left[0].Reason != "another" || left[1].Kind != watermark.KindDamaged {
		t.Errorf("the letters are %+v: %v", left, err)
	}
	numbers, err := q.DeadLetters.Numbers(t.Context(), "", "")
	if err != nil || len(numbers) != 2 || len(q.Damaged()) != 0 {
		t.Errorf("the letters are %v, and damage is %v: %v", numbers, q.Damaged(), err)
	}
}
