package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// TestTrials follows records that fail by themselves until they are dead letters.
func TestTrials(t *testing.T) {
	fail := func(k connectors.Kind) error {
		return &connectors.Error{Vendor: "fake", Op: "fetch", Kind: k, Err: errors.New("x")}
	}
	const manyDeliveries = 500 // an outage put the message off so often, which is not the record's fault
	for _, c := range []struct {
		name        string
		kind        connectors.Kind
		works       string // what the CRM does in between
		least, most time.Duration
	}{
		{name: "a conflict", kind: connectors.Conflict, least: 5 * time.Minute, most: 30 * time.Minute},
		{name: "no answer for one record", kind: connectors.Garbled, works: "poll", least: 30 * time.Second, most: 30 * time.Minute},
		{name: "no answer for anybody", kind: connectors.Garbled, least: 24 * time.Hour, most: 24 * time.Hour},
		{name: "a failure at one record", kind: connectors.Unavailable, works: "fetch emails", least: 50 * time.Minute, most: 2 * time.Hour},
		{name: "a failure at all of a type", kind: connectors.Unavailable, works: "fetch deals", least: 24 * time.Hour, most: 24 * time.Hour},
		{name: "a failure at everything", kind: connectors.Unavailable, least: 24 * time.Hour, most: 24 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTrials()
				begun, last := time.Now(), time.Duration(0)
				for time.Since(begun) < 24*time.Hour {
					d := tr.disposal(fail(c.kind), "fetch emails", manyDeliveries, "emails/1", "emails/2")
					if again := tr.disposal(fail(c.kind), "fetch emails", manyDeliveries, "emails/1"); (again.again == 0) != (d.again == 0) {
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
				if took := time.Since(begun); took < c.least || took > c.most+time.Minute {
					t.Errorf("given up after %s, want %s to %s", took, c.least, c.most)
				}
				tr.over("emails/1")
				if d := tr.disposal(fail(c.kind), "fetch emails", 1, "emails/1"); d.again == 0 || d.split {
					t.Errorf("a record that was done with has no new tries: %+v", d)
				}
			})
		})
	}
}

// TestOneFails: one record that is locked, or at which the CRM fails, costs its neighbours a wait or two, and stops nobody.
func TestOneFails(t *testing.T) {
	for kind, status := range map[connectors.Kind]string{connectors.Conflict: "HTTP 423", connectors.Unavailable: "HTTP 500"} {
		t.Run(kind.String(), func(t *testing.T) {
			oneFails(t, &connectors.Error{Vendor: "fake", Op: "fetch", Kind: kind, Whole: true, Err: errors.New(status)})
		})
	}
}

func oneFails(t *testing.T, failure error) {
	var fetches, writes atomic.Int32
	f := &fake{
		fetch: func(refs []crm.Ref) ([]crm.Notice, error) {
			var ns []crm.Notice
			for _, ref := range refs {
				if ref.Type == "emails" && ref.ID == "3" {
					fetches.Add(1)
					return nil, failure
				}
				if ref.Type == "emails" {
					ns = append(ns, mail(ref.ID, "1", start))
				}
			}
			if refs[0].Type != "emails" {
				return profiles(refs), nil
			}
			return ns, nil
		},
		write: func(chs []crm.Change) []error {
			errs := make([]error, len(chs))
			for _, c := range chs {
				if c.Contact == "5" {
					writes.Add(1)
					for i := range errs {
						errs[i] = failure
					}
				}
			}
			return errs
		},
	}
	r := newRig(t, t.TempDir(), nil, f)
	var ns []crm.Notice
	for i := range 9 {
		ns = append(ns, crm.Notice{Ref: &crm.Ref{Type: "emails", ID: fmt.Sprint(i)}})
	}
	r.send("fake", ns...)
	for i := range 9 {
		if i == 3 || i == 5 {
			continue
		}
		for end := time.Now().Add(time.Minute); f.of(fmt.Sprint(i)) == nil; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("contact %d waits for records that fail", i)
			}
		}
	}
	for end := time.Now().Add(time.Minute); fetches.Load() < 3 || writes.Load() < 3; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d fetches and %d writes of what fails: it is not tried again", fetches.Load(), writes.Load())
		}
	}
	if letters, err := r.q.DeadLetters(t.Context(), 0, 10, "", ""); err != nil || len(letters) > 0 {
		t.Errorf("dead letters after seconds: %+v, %v", letters, err)
	}
}

// TestGivenUp: what the CRM has failed at for long enough, while it answered for others, is a dead letter that holds those it concerns; of
// them all, where the CRM fails at saying whom, too.
func TestGivenUp(t *testing.T) {
	down := &connectors.Error{Vendor: "fake", Op: "fetch", Kind: connectors.Unavailable, Err: errors.New("HTTP 500")}
	f := &fake{
		fetch: func(refs []crm.Ref) ([]crm.Notice, error) {
			for _, ref := range refs {
				if ref.Type == "emails" && ref.ID != "well" {
					return nil, down
				}
			}
			return profiles(refs), nil
		},
		write: func(chs []crm.Change) []error {
			errs := make([]error, len(chs))
			for i, c := range chs {
				if c.Contact == "5" {
					errs[i] = down
				}
			}
			return errs
		},
		who: func(ref crm.Ref) ([]string, error) {
			if ref.ID == "whose" {
				return nil, down
			}
			return []string{"7"}, nil
		},
	}
	r := newRig(t, t.TempDir(), nil, f)
	r.send("fake", crm.Notice{Ref: &crm.Ref{Type: "emails", ID: "well"}}, mail("6", "1", start))
	r.idle()
	trials := r.p.trials["fake"]
	trials.mu.Lock()
	for record, what := range map[string]string{ // nobody was answered since
		"emails/ill": stageFetch + " emails", "emails/whose": stageFetch + " emails", whom + "emails/whose": stageFetch + " emails", "rating/5": stageWrite,
	} {
		trials.by[record] = trial{times: outages - 1, alike: trials.alike[what]}
	}
	trials.mu.Unlock()
	for _, id := range []string{"ill", "whose"} {
		r.send("fake", crm.Notice{Ref: &crm.Ref{Type: "emails", ID: id}})
	}
	r.send("fake", mail("5", "1", start), mail("8", "1", start))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := r.p.Idle(ctx); err != nil {
		t.Fatal(err)
	}
	letters, err := r.q.DeadLetters(t.Context(), 0, 10, "", "")
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
	trials.mu.Lock()
	defer trials.mu.Unlock()
	if len(trials.by) > 0 {
		t.Errorf("remembered: %v", trials.by)
	}
}

// TestPartsByTurns: in the search for the one that is at fault no three calls in a row fail, as where the CRM is away.
func TestPartsByTurns(t *testing.T) {
	var calls []bool
	f := &fake{fetch: func(refs []crm.Ref) ([]crm.Notice, error) {
		if calls = append(calls, refs[0].ID != "0"); refs[0].ID != "0" {
			return nil, nil
		}
		return nil, &connectors.Error{Vendor: "fake", Op: "fetch", Kind: connectors.Rejected, Err: errors.New("HTTP 400")}
	}}
	r := newRig(t, t.TempDir(), func(o *Options) { o.Roles = []Role{} }, f)
	var batch []wanted
	for i := range 8 {
		batch = append(batch, wanted{crm.Ref{Type: "emails", ID: fmt.Sprint(i)}, &queue.Msg{}})
	}
	r.p.fetchBatch(t.Context(), r.p.sources["fake"], batch)
	if want := []bool{false, false, true, false, true, false, true}; !slices.Equal(calls, want) {
		t.Errorf("answered: %v, want %v", calls, want)
	}
}

// TestNoRoomForWhatCame: where what the CRM gave cannot be stored, no record is at fault.
func TestNoRoomForWhatCame(t *testing.T) {
	f := &fake{fetch: func(refs []crm.Ref) ([]crm.Notice, error) {
		return []crm.Notice{{Removed: &crm.Removal{ID: refs[0].ID, Version: 1}}}, nil
	}}
	r := newRig(t, t.TempDir(), func(o *Options) { o.Roles = []Role{} }, f)
	if err := r.p.changeRemovals(t.Context(), "fake", func([]removal) []removal { return make([]removal, maxRemovals) }); err != nil {
		t.Fatal(err)
	}
	r.p.trials["fake"].by["emails/1"] = trial{times: outages}
	if wait := r.p.fetchBatch(t.Context(), r.p.sources["fake"], []wanted{{crm.Ref{Type: "emails", ID: "1"}, &queue.Msg{}}}); wait == 0 {
		t.Error("it is tried again at once")
	}
	if letters, err := r.q.DeadLetters(t.Context(), 0, 10, "", ""); err != nil || len(letters) > 0 {
		t.Errorf("dead letters %+v, %v", letters, err)
	}
}

// TestWhatIsAskedInDoubt: what the CRM gives when it is asked for another record is kept: a connector that remembers what it read does not
// ask for that again.
func TestWhatIsAskedInDoubt(t *testing.T) {
	f := &fake{fetch: func(refs []crm.Ref) ([]crm.Notice, error) {
		if refs[0].ID == "ill" {
			return nil, &connectors.Error{Vendor: "fake", Op: "fetch", Kind: connectors.Unavailable, Err: errors.New("HTTP 500")}
		}
		return []crm.Notice{mail("6", refs[0].ID, start)}, nil
	}}
	r := newRig(t, t.TempDir(), func(o *Options) { o.Roles = []Role{} }, f)
	r.p.trials["fake"].gave(crm.Ref{Type: "emails", ID: "well"})
	r.p.fetchBatch(t.Context(), r.p.sources["fake"], []wanted{{crm.Ref{Type: "emails", ID: "ill"}, &queue.Msg{Deliveries: doubtful + 1}}})
	if last, err := r.q.LastFact(t.Context(), r.q.PartitionOf("fake", "6")); err != nil || last == 0 {
		t.Errorf("what was read of another record is lost: %d, %v", last, err)
	}
}
