package pipeline

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestOneFails: one record that is locked, or at which the CRM fails, costs its neighbours a wait or two, and stops
// nobody.
func TestOneFails(t *testing.T) {
	for kind, status := range map[connectors.Kind]string{
		connectors.Conflict: "HTTP 423", connectors.Unavailable: "HTTP 500",
	} {
		t.Run(kind.String(), func(t *testing.T) {
			oneFails(t, &connectors.Error{
				Vendor: "fake", Op: "fetch", Kind: kind, Whole: true, Err: errors.New(status),
			})
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
	r := newRig(t, t.TempDir(), func(o *Options) { o.FirstWrite = 100 * time.Millisecond }, f)
	var ns []crm.Notice
	for i := range 9 {
		ns = append(ns, crm.Notice{Ref: &crm.Ref{Type: "emails", ID: fmt.Sprint(i)}})
	}
	r.send("fake", ns...)
	for i := range 9 {
		if i == 3 || i == 5 {
			continue
		}
		waittest.Until(t, fmt.Sprintf("contact %d is written beside records that fail", i), func() bool {
			return f.of(fmt.Sprint(i)) != nil
		})
	}
	waittest.Until(t, "what fails is tried again", func() bool { return fetches.Load() >= 3 && writes.Load() >= 3 })
	if letters, err := r.q.DeadLetters.List(t.Context(), 0, 10, "", ""); err != nil || len(letters) > 0 {
		t.Errorf("dead letters after seconds: %+v, %v", letters, err)
	}
}
