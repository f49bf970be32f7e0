package exchange

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// answering is a CRM that has so many results for a call; below 0 it panics.
type answering struct {
	connectors.Writer
	n int
}

func (a answering) Write(context.Context, []crm.Change) []error { return make([]error, a.n) }

// TestWriteFaults: a connector that does not answer for each change is at fault for the whole call, and ends nothing.
func TestWriteFaults(t *testing.T) {
	for _, c := range []struct {
		n    int
		well bool
	}{{-1, false}, {0, false}, {1, false}, {2, true}, {3, false}} {
		crmOf := connectors.Vendor{Write: answering{n: c.n}}
		w := &writer{Exchange: &Exchange{s: watermark.Source{CRM: crmOf}}}
		errs := w.call(t.Context(), make([]crm.Change, 2))
		if len(errs) != 2 || whole(errs) == c.well || (errs[1] == nil) != c.well {
			t.Errorf("%d results for 2 changes: %v", c.n, errs)
		}
	}
}

// tens is a CRM that takes ten changes a call.
type tens struct{ connectors.Writer }

func (tens) WriteLimits() connectors.Limits { return connectors.Limits{Batch: 10, Calls: 4} }

// TestABatchWaitsForSomebodyOnly: what comes while nothing is written goes at once. A batch that is not full waits for
// the calls under way, though not for long, and a full one for nobody.
func TestABatchWaitsForSomebodyOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &writer{
			Exchange: &Exchange{s: watermark.Source{CRM: connectors.Vendor{Write: tens{}}}},
			valid:    func() bool { return true },
			waiting:  map[string]*parcel{}, flying: map[string]bool{}, wake: make(chan struct{}, 1),
		}
		contact, data := 0, stored.Encode(stored.Outgoing{})
		came := func(n int) {
			for range n {
				contact++
				subject := "rating.0.fake." + strconv.Itoa(contact)
				w.take(&queue.Msg{Subject: subject, Data: data, Seq: uint64(contact)})
			}
		}
		goes := func(why string, n int, within time.Duration) []*parcel {
			t.Helper()
			began := time.Now()
			for {
				batch, wait := w.next()
				if len(batch) > 0 {
					if took := time.Since(began); len(batch) != n || took > within || took < within/2 {
						t.Fatalf("%s: %d after %s, want %d after %s", why, len(batch), took, n, within)
					}
					return batch
				}
				time.Sleep(wait)
			}
		}
		time.Sleep(time.Hour)
		came(1)
		first := goes("at rest", 1, timing.Together)
		came(3)
		second := goes("beside a call that takes its time", 3, timing.WriteAgain)
		came(12)
		third := goes("a full one", 10, 0)
		for _, b := range [][]*parcel{first, second, third} {
			w.landed(b)
		}
		goes("the rest, once nothing is under way", 2, timing.WriteLinger)
	})
}

// A pause as long as a day's quota needs: nothing is written or fetched in it, a shorter one that is heard of meanwhile
// does not end it, and then everything goes again.
func TestALongPauseEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pause = 15 * time.Minute
		x := &Exchange{s: watermark.Source{CRM: connectors.Vendor{Write: tens{}}}}
		w := &writer{
			Exchange: x, valid: func() bool { return true },
			waiting: map[string]*parcel{}, flying: map[string]bool{}, wake: make(chan struct{}, 1),
		}
		f := &fetcher{Exchange: x}
		began := time.Now()
		w.rest(pause)
		f.leaveAlone(pause)
		w.rest(time.Second)
		f.leaveAlone(time.Second)
		fetched := make(chan time.Duration, 1)
		go func() {
			f.rest(t.Context())
			fetched <- time.Since(began)
		}()
		for time.Since(began) < pause {
			if batch, _ := w.next(); len(batch) > 0 || w.full(10) == 0 {
				t.Fatalf("%s into the pause it writes, or pulls what to write", time.Since(began))
			}
			time.Sleep(time.Second)
		}
		if took := <-fetched; took != pause {
			t.Errorf("it fetches again after %s, want %s", took, pause)
		}
		if wait := w.full(10); wait != 0 {
			t.Errorf("after the pause it does not pull for %s", wait)
		}
		w.take(&queue.Msg{Subject: "rating.0.fake.1", Data: stored.Encode(stored.Outgoing{}), Seq: 1})
		time.Sleep(timing.Together)
		if batch, _ := w.next(); len(batch) != 1 {
			t.Errorf("after the pause %d are written, want 1", len(batch))
		}
	})
}
