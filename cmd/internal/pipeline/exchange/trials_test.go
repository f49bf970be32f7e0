package exchange

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/clock"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// TestTrials follows records that fail by themselves until they are dead letters.
func TestTrials(t *testing.T) {
	const manyDeliveries = 500 // an outage put the message off so often, which is not the record's fault
	for _, c := range []struct {
		name        string
		kind        connectors.Kind
		works       string // what the CRM does in between
		unasked     bool
		least, most time.Duration
	}{
		{name: "a conflict", kind: connectors.Conflict, least: 5 * time.Minute, most: 30 * time.Minute},
		{
			name: "no answer for one record", kind: connectors.Garbled, works: "poll", least: 30 * time.Second,
			most: 30 * time.Minute,
		},
		{name: "no answer for anybody", kind: connectors.Garbled, least: 24 * time.Hour, most: 24 * time.Hour},
		{
			name: "a failure at one record", kind: connectors.Unavailable, works: "fetch emails",
			least: 50 * time.Minute, most: 2 * time.Hour,
		},
		{
			name: "a failure at all of a type", kind: connectors.Unavailable, works: "fetch deals",
			least: 24 * time.Hour, most: 24 * time.Hour,
		},
		{
			name: "not asked, while another call was answered", kind: connectors.Unavailable, works: "fetch emails",
			unasked: true, least: 24 * time.Hour, most: 24 * time.Hour,
		},
		{name: "a failure at everything", kind: connectors.Unavailable, least: 24 * time.Hour, most: 24 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTrials()
				fail := &connectors.Error{
					Vendor: "fake", Op: "fetch", Kind: c.kind, Unasked: c.unasked, Err: errors.New("x"),
				}
				begun, last := time.Now(), time.Duration(0)
				for time.Since(begun) < 24*time.Hour {
					d := tr.disposal(fail, "fetch emails", manyDeliveries, "emails/1", "emails/2")
					if again := tr.disposal(fail, "fetch emails", manyDeliveries,
						"emails/1"); (again.again == 0) != (d.again == 0) {
						t.Fatal("a part of the batch that fails at once counts as another failure")
					}
					if d.again == 0 {
						break
					}
					if c.kind == connectors.Conflict && d.again < last/2 {
						t.Errorf("waits %s after %s: less and less", d.again, last)
					}
					last = d.again
					time.Sleep(d.again)
					if c.works != "" {
						tr.works(c.works)
					}
				}
				// the last wait is one of these, and a quarter more
				if took := time.Since(begun); took < c.least || took > c.most+2*timing.BackoffMost {
					t.Errorf("given up after %s, want %s to %s", took, c.least, c.most)
				}
				tr.over("emails/1")
				if d := tr.disposal(fail, "fetch emails", 1, "emails/1"); d.again == 0 || d.split {
					t.Errorf("a record that was done with has no new tries: %+v", d)
				}
			})
		})
	}
}

// TestGivenUp: what the CRM has failed at for long enough, while it answered for others, is a dead letter that holds
// those it concerns; of them all, where the CRM fails at saying whom, too.
func TestGivenUp(t *testing.T) {
	down := &connectors.Error{Vendor: "fake", Op: "fetch", Kind: connectors.Unavailable, Err: errors.New("HTTP 500")}
	f := &failing{down}
	x := exchangeWith(t, connectors.Vendor{Fetch: f, Write: f, Relate: f})
	x.trials.gave(crm.Ref{Type: "emails", ID: "well"})
	for record, what := range map[string]string{ // nobody was answered since
		"emails/ill": watermark.StageFetch + " emails", "emails/whose": watermark.StageFetch + " emails",
		whom + "emails/whose": watermark.StageFetch + " emails", "rating/5": watermark.StageWrite,
	} {
		x.trials.by[record] = trial{times: timing.Outages - 1, alike: x.trials.alike[what]}
	}
	for i, id := range []string{"ill", "whose"} {
		m := &queue.Msg{Stream: "FETCHES", Seq: uint64(i), Deliveries: timing.Doubtful + 1}
		x.fetchBatch(t.Context(), []wanted{{ref: crm.Ref{Type: "emails", ID: id}, msg: m}})
	}
	var batch []*parcel
	for i, contact := range []string{"5", "8"} {
		m := &queue.Msg{Stream: "CONTACTS", Seq: uint64(i), Deliveries: 1}
		batch = append(batch, &parcel{msg: m, key: queue.Key{Source: "fake", Contact: contact}})
	}
	w := &writer{Exchange: x, valid: func() bool { return true }}
	_ = w.send(t.Context(), batch) // of messages that no queue knows none can be acknowledged
	letters, err := x.Queue.DeadLetters.List(t.Context(), 0, 10, "", "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range letters {
		if d.Kind != connectors.Unavailable.String() || d.Fix == "" || d.Nobody {
			t.Errorf("letter %+v", d)
		}
		got = append(got, fmt.Sprint(d.Stage, " of ", d.Contacts))
	}
	slices.Sort(got)
	if want := []string{"fetch of [7]", "fetch of []", "write of [5]"}; !slices.Equal(got, want) {
		t.Errorf("letters: %v, want %v", got, want)
	}
	if len(x.trials.by) > 0 {
		t.Errorf("remembered: %v", x.trials.by)
	}
}

// failing fails at all mails but one, at one contact, and at saying whom one mail concerns.
type failing struct{ err error }

func (f *failing) FetchLimits(string) connectors.Limits {
	return connectors.Limits{Batch: 10, Calls: 1}
}

func (f *failing) WriteLimits() connectors.Limits        { return connectors.Limits{Batch: 10, Calls: 1} }
func (f *failing) Split(chs []crm.Change) [][]crm.Change { return connectors.InBatches(chs, 10) }

func (f *failing) Fetch(_ context.Context, refs []crm.Ref) []connectors.Result {
	if refs[0].ID != "well" {
		return connectors.Together(len(refs), nil, f.err)
	}
	return connectors.Together(len(refs), nil, nil)
}

func (f *failing) Write(_ context.Context, chs []crm.Change) []error {
	errs := make([]error, len(chs))
	for i, c := range chs {
		if c.Contact == "5" {
			errs[i] = f.err
		}
	}
	return errs
}

func (f *failing) Concerned(_ context.Context, ref crm.Ref) ([]string, error) {
	if ref.ID == "whose" {
		return nil, f.err
	}
	return []string{"7"}, nil
}

// fetching is a CRM that does nothing but fetch.
type fetching func([]crm.Ref) ([]crm.Notice, error)

func (f fetching) FetchLimits(string) connectors.Limits {
	return connectors.Limits{Batch: 10, Calls: 1}
}

func (f fetching) Fetch(_ context.Context, refs []crm.Ref) []connectors.Result {
	ns, err := f(refs)
	return connectors.Together(len(refs), ns, err)
}

// exchangeWith returns the exchange with a CRM over an empty store.
func exchangeWith(t *testing.T, v connectors.Vendor) *Exchange {
	t.Helper()
	return exchangeOver(t, queue.Config{Dir: t.TempDir(), MinFree: 1, MaxStore: 1 << 30}, v)
}

func exchangeOver(t *testing.T, c queue.Config, v connectors.Vendor) *Exchange {
	t.Helper()
	c.Partitions, c.Sources = 4, []string{"fake"}
	q, err := queue.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	s := watermark.Source{Source: crm.Source{Name: "fake", Vendor: "fake"}, CRM: v}
	tombs, log := stored.NewTombs(q), zap.NewNop()
	return New(Deps{
		Queue: q, Limits: stored.BreakerLimits{}.OrDefaults(), Now: time.Now, Clock: clock.New(clock.Options{}), Log: log,
		Publisher: stored.NewPublisher(q, time.Now), Tombs: tombs,
		Letters:  watermark.NewLetters(q, tombs, watermark.NewMetrics(prometheus.NewRegistry()), log),
		Troubles: watermark.NewTroubles(q, log),
		Metrics:  NewMetrics(prometheus.NewRegistry()), Calls: watermark.NewCalls(prometheus.NewRegistry()),
	}, s)
}

// TestPartsByTurns: in the search for the one that is at fault no three calls in a row fail, as where the CRM is away.
func TestPartsByTurns(t *testing.T) {
	var calls []bool
	f := fetching(func(refs []crm.Ref) ([]crm.Notice, error) {
		if calls = append(calls, refs[0].ID != "0"); refs[0].ID != "0" {
			return nil, nil
		}
		return nil, &connectors.Error{
			Vendor: "fake", Op: "fetch", Kind: connectors.Rejected, Err: errors.New("HTTP 400"),
		}
	})
	x := exchangeWith(t, connectors.Vendor{Fetch: f})
	var batch []wanted
	for i := range 8 {
		batch = append(batch, wanted{ref: crm.Ref{Type: "emails", ID: fmt.Sprint(i)}, msg: &queue.Msg{}})
	}
	x.fetchBatch(t.Context(), batch)
	if want := []bool{false, false, true, false, true, false, true}; !slices.Equal(calls, want) {
		t.Errorf("answered: %v, want %v", calls, want)
	}
}

// TestNoRoomForWhatCame: where what the CRM gave cannot be stored, no record is at fault.
func TestNoRoomForWhatCame(t *testing.T) {
	f := fetching(func(refs []crm.Ref) ([]crm.Notice, error) {
		return []crm.Notice{{Removed: &crm.Removal{ID: refs[0].ID, Version: 1}}}, nil
	})
	x := exchangeWith(t, connectors.Vendor{Fetch: f})
	if err := stored.ChangeRemovals(t.Context(), x.Queue, "fake", func([]stored.Removal) []stored.Removal {
		return make([]stored.Removal, timing.MaxRemovals)
	}); err != nil {
		t.Fatal(err)
	}
	x.trials.by["emails/1"] = trial{times: timing.Outages}
	one := wanted{ref: crm.Ref{Type: "emails", ID: "1"}, msg: &queue.Msg{}}
	if wait := x.fetchBatch(t.Context(), []wanted{one}); wait == 0 {
		t.Error("it is tried again at once")
	}
	if letters, err := x.Queue.DeadLetters.List(t.Context(), 0, 10, "", ""); err != nil || len(letters) > 0 {
		t.Errorf("dead letters %+v, %v", letters, err)
	}
}

// TestWhatIsAskedInDoubt: what the CRM gives when it is asked for another record is kept: a connector that remembers
// what it read does not ask for that again.
func TestWhatIsAskedInDoubt(t *testing.T) {
	f := fetching(func(refs []crm.Ref) ([]crm.Notice, error) {
		if refs[0].ID == "ill" {
			return nil, &connectors.Error{
				Vendor: "fake", Op: "fetch", Kind: connectors.Unavailable, Err: errors.New("HTTP 500"),
			}
		}
		return []crm.Notice{
			{Fact: &crm.Fact{Contact: "6", ID: "emails/" + refs[0].ID, Kind: crm.KindMessage, Message: &crm.Message{}}},
		}, nil
	})
	x := exchangeWith(t, connectors.Vendor{Fetch: f})
	x.trials.gave(crm.Ref{Type: "emails", ID: "well"})
	x.fetchBatch(t.Context(), []wanted{
		{ref: crm.Ref{Type: "emails", ID: "ill"}, msg: &queue.Msg{Deliveries: timing.Doubtful + 1}},
	})
	if last, err := x.Queue.Facts.Last(t.Context(), x.Queue.PartitionOf("fake", "6")); err != nil || last == 0 {
		t.Errorf("what was read of another record is lost: %d, %v", last, err)
	}
}
