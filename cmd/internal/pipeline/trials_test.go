package pipeline

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
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
		works       bool // for others, in between
		least, most time.Duration
	}{
		{name: "a conflict", kind: connectors.Conflict, least: 5 * time.Minute, most: 30 * time.Minute},
		{name: "no answer for one record", kind: connectors.Garbled, works: true, least: 30 * time.Second, most: 30 * time.Minute},
		{name: "no answer for anybody", kind: connectors.Garbled, least: 24 * time.Hour, most: 24 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := &trials{by: map[string]trial{}}
				begun, last := time.Now(), time.Duration(0)
				for time.Since(begun) < 24*time.Hour {
					d := tr.disposal(fail(c.kind), manyDeliveries, "emails/1", "emails/2")
					if again := tr.disposal(fail(c.kind), manyDeliveries, "emails/1"); (again.again == 0) != (d.again == 0) {
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
					if c.works {
						tr.works()
					}
				}
				if took := time.Since(begun); took < c.least || took > c.most+time.Minute {
					t.Errorf("given up after %s, want %s to %s", took, c.least, c.most)
				}
				tr.over("emails/1")
				if d := tr.disposal(fail(c.kind), 1, "emails/1"); d.again == 0 || d.split {
					t.Errorf("a record that was done with has no new tries: %+v", d)
				}
			})
		})
	}
}

// TestOneLocked: one record that is locked costs its neighbours one wait, and stops nobody.
func TestOneLocked(t *testing.T) {
	locked := &connectors.Error{Vendor: "fake", Op: "fetch", Kind: connectors.Conflict, Whole: true, Err: errors.New("HTTP 423")}
	var fetches, writes atomic.Int32
	f := &fake{
		fetch: func(refs []crm.Ref) ([]crm.Notice, error) {
			var ns []crm.Notice
			for _, ref := range refs {
				if ref.Type == "emails" && ref.ID == "3" {
					fetches.Add(1)
					return nil, locked
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
						errs[i] = locked
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
		for end := time.Now().Add(20 * time.Second); f.of(fmt.Sprint(i)) == nil; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("contact %d waits for records that are locked", i)
			}
		}
	}
	for end := time.Now().Add(20 * time.Second); fetches.Load() < 3 || writes.Load() < 3; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d fetches and %d writes of what is locked: it is not tried again", fetches.Load(), writes.Load())
		}
	}
	if letters, err := r.q.DeadLetters(t.Context(), 0, 10, "", ""); err != nil || len(letters) > 0 {
		t.Errorf("dead letters after seconds: %+v, %v", letters, err)
	}
}
