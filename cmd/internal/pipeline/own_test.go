package pipeline

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestOwnSettings: a source has a mode, a body limit and a poll interval of its own, and what it leaves out is that
// of all.
func TestOwnSettings(t *testing.T) {
	f, g := &fake{}, &fake{}
	var polls, others atomic.Int32
	r := newRig(t, t.TempDir(), func(o *Options) {
		o.MaxBody, o.Mode, o.PollInterval = 10_000, watermark.Advise, 10*time.Minute
		o.Sources[0].CRM.Poll = polledFake{f, func(time.Time) []crm.Notice { polls.Add(1); return nil }}
		o.Sources[1].CRM.Poll = polledFake{g, func(time.Time) []crm.Notice { others.Add(1); return nil }}
		never := time.Duration(0)
		o.Sources[1].Mode, o.Sources[1].MaxBody, o.Sources[1].PollEvery = watermark.Shadow, 1000, &never
	}, f, g)
	body := "[" + strings.Repeat(" ", 2000) + "]"
	if status := r.post("fake", "right", []byte(body)); status != 204 {
		t.Errorf("a delivery within the limit of all is answered %d", status)
	}
	if status := r.post("other", "right", []byte(body)); status != 413 {
		t.Errorf("a delivery beyond the source's own limit is answered %d", status)
	}
	r.send("fake", mail("7", "1", start))
	r.send("other", mail("7", "1", start))
	r.idle()
	if f.of("7") == nil || g.of("7") != nil {
		t.Errorf("written %v and %v, want nothing by the source in the shadow", f.of("7"), g.of("7"))
	}
	r.pass(time.Hour)
	r.idle()
	if polls.Load() < 2 || others.Load() != 0 {
		t.Errorf("polled %d and %d times, want only the source that is polled", polls.Load(), others.Load())
	}
}
