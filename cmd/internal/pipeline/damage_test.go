package pipeline

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// spoil flips a bit of the first text that it finds in the blocks of a store that is not open.
func spoil(t *testing.T, dir, text string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "jetstream", "$G", "streams", "*", "msgs", "*.blk"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.Index(b, []byte(text)); i >= 0 {
			b[i] ^= 1
			if err := os.WriteFile(file, b, 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("%q is not in the store", text)
}

// history is a CRM's past in one page, and since when it was asked for.
type history struct {
	notices []crm.Notice
	since   atomic.Int64
	open    chan struct{}
}

func (h *history) Backfill(ctx context.Context, _ string, since, _ time.Time) (connectors.BackfillPage, error) {
	h.since.Store(int64(crm.At(since)))
	select {
	case <-h.open:
	case <-ctx.Done():
		return connectors.BackfillPage{}, ctx.Err()
	}
	return connectors.BackfillPage{Notices: h.notices, Read: len(h.notices)}, nil
}

func (r *rig) letters(kind string) (found []queue.DeadLetter) {
	r.t.Helper()
	all, err := r.q.DeadLetters.List(r.t.Context(), 0, 100, "", "")
	if err != nil {
		r.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(d queue.DeadLetter) bool { return d.Kind != kind })
}

// wait waits for what must come; only a hang reaches its end.
func (r *rig) wait(what string, ok func() bool) {
	r.t.Helper()
	waittest.Until(r.t, what, ok)
}

// TestDamagedRecord: one byte of one record costs that contact its record until it has been read again. Its partition
// goes on, and nothing is announced against it meanwhile.
func TestDamagedRecord(t *testing.T) {
	dir := t.TempDir()
	lost, kept := mail("1", "unmistakable", start).Fact, mail("2", "another", start).Fact
	var one, two rules.Record
	one.Fold(*lost)
	two.Fold(*kept)
	leave(t, dir, map[string]stored.Contact{"1": {Record: one}, "2": {Record: two}})
	spoil(t, dir, "unmistakable")
	h := &history{notices: []crm.Notice{mail("1", "unmistakable", start)}, open: make(chan struct{})}
	core, logs := observer.New(zapcore.ErrorLevel)
	r := newRig(t, dir, func(o *Options) { o.Sources[0].CRM.Backfill, o.Log = h, zap.New(core) }, &fake{})
	r.wait("a letter names the contact", func() bool { return len(r.letters(watermark.KindDamaged)) == 1 })
	if d := r.letters(watermark.KindDamaged)[0]; !slices.Equal(d.Contacts, []string{"1"}) ||
		d.Stage != watermark.StageFetch {
		t.Errorf("the letter is %+v, want one of contact 1 that holds its decisions", d)
	}
	if c := r.contact("fake", "2"); len(c.Record.Conduct) != 1 {
		t.Errorf("the other contact has %d messages", len(c.Record.Conduct))
	}
	r.wait("an error says what was lost", func() bool {
		return logs.FilterMessageSnippet("the store has lost").Len() > 0
	})
	close(h.open)
	r.wait("the letter goes once the history was read", func() bool {
		return len(r.letters(watermark.KindDamaged)) == 0
	})
	r.idle()
	if c := r.contact("fake", "1"); len(c.Record.Conduct) != 1 {
		t.Errorf("the contact has %d messages, want the one of its history", len(c.Record.Conduct))
	}
}

// TestDamagedDelivery: nobody knows what was in it, so the source counts as read up to then only, until what has
// changed since was read.
func TestDamagedDelivery(t *testing.T) {
	dir := t.TempDir()
	q, err := queue.Open(t.Context(), queue.Config{
		Dir: dir, Partitions: 4, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"unmistakable", "[]"} {
		data := stored.Encode([]stored.Delivery{{Received: crm.At(start), Body: []byte(body)}})
		if err := q.Deliveries.Publish(t.Context(), "fake", data, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	began := time.Now().Add(-time.Minute)
	spoil(t, dir, "unmistakable")
	h := &history{open: make(chan struct{})}
	r := newRig(t, dir, func(o *Options) { o.Sources[0].CRM.Backfill = h; o.Now = time.Now }, &fake{})
	r.wait("the history since then is asked for", func() bool { return h.since.Load() != 0 })
	if since := crm.Millis(h.since.Load()).Time(); since.Before(began) || since.After(time.Now()) {
		t.Errorf("read again since %s, want when the delivery came", since)
	}
	r.wait("the source counts as read up to then, and is held", func() bool {
		s := r.state("fake")
		return s.Held != "" && !s.ReadUpTo.IsZero() && crm.At(s.ReadUpTo) == crm.Millis(h.since.Load())
	})
	close(h.open)
	r.wait("the letter goes once that was read", func() bool {
		return len(r.letters(watermark.KindDamaged)) == 0 && r.state("fake").Held == ""
	})
}
