package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

const (
	fillPages = 5
	fillPage  = 10 // contacts, each of whom has declined long ago
)

// filled is a fake whose history is read back, page after page. The page at stuck is never answered.
type filled struct {
	*fake
	stuck   string
	refuse  error         // what that page is refused with, where it is answered
	reached chan struct{} // closed when that page is asked for
	once    sync.Once

	mu    sync.Mutex
	asked []string       // cursors, the first of them empty
	times map[string]int // how often each contact was fetched
}

func newFilled(stuck string) *filled {
	f := &filled{fake: &fake{}, stuck: stuck, reached: make(chan struct{}), times: map[string]int{}}
	f.fetch = func(refs []crm.Ref) ([]crm.Notice, error) {
		ns := profiles(refs)
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, r := range refs {
			ns = append(ns, no(r.ID, start.Add(-90*24*time.Hour)))
			f.times[r.ID]++
		}
		return ns, nil
	}
	return f
}

func (f *filled) Backfill(ctx context.Context, cursor string, _, _ time.Time) (connectors.BackfillPage, error) {
	f.mu.Lock()
	f.asked = append(f.asked, cursor)
	f.mu.Unlock()
	if cursor == f.stuck && f.stuck != "" {
		f.once.Do(func() { close(f.reached) })
		if f.refuse != nil {
			return connectors.BackfillPage{}, f.refuse
		}
		<-ctx.Done()
		return connectors.BackfillPage{}, &connectors.Error{
			Vendor: "fake", Op: "backfill", Kind: connectors.Unavailable, Err: ctx.Err(),
		}
	}
	n, _ := strconv.Atoi(cursor)
	page := connectors.BackfillPage{Read: (n + 1) * fillPage}
	for i := range fillPage {
		page.Notices = append(page.Notices, crm.Notice{Ref: &crm.Ref{Type: "contacts", ID: fmt.Sprint(n*fillPage + i)}})
	}
	if n+1 < fillPages {
		page.Next = strconv.Itoa(n + 1)
	}
	return page, nil
}

// rig is a rig that reads f's history from a clock that is ahead by later, and what it warns of.
func (f *filled) rig(t *testing.T, dir string, later time.Duration) (*rig, *observer.ObservedLogs) {
	core, logs := observer.New(zap.WarnLevel)
	r := newRig(t, dir, func(o *Options) {
		o.Sources[0].CRM.Backfill, o.Log, o.Breaker.Count = f, zap.New(core), 1000
		now := o.Now
		o.Now = func() time.Time { return now().Add(later) }
	}, f.fake)
	return r, logs
}

// pendings counts the contacts who were announced.
func (f *filled) pendings() (n int) {
	for i := range fillPages * fillPage {
		if f.of(fmt.Sprint(i))[crm.FieldStatus] == string(crm.Pending) {
			n++
		}
	}
	return n
}

// TestBackfillGoesOn: the backfill of a process that ends goes on in the next one with the page that was not
// finished. Nobody is announced before all of it has been read and fetched.
func TestBackfillGoesOn(t *testing.T) {
	dir := t.TempDir()
	const waited = 9 * time.Minute // things have settled, and the backfill is not given up yet
	first := newFilled("3")
	t.Run("interrupted", func(t *testing.T) {
		r, _ := first.rig(t, dir, 0)
		if err := r.p.StartBackfill(t.Context(), "fake", start.Add(-365*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		<-first.reached
		r.idle()
		r.pass(waited)
		r.idle()
		if n := first.pendings(); n != 0 {
			t.Errorf("%d announced while the backfill was under way", n)
		}
		if first.of("0") == nil {
			t.Error("the contacts that were read are not rated")
		}
	})
	then := newFilled("")
	var away sync.Mutex // held while the CRM fetches nothing
	away.Lock()
	fetch := then.fetch
	then.fetch = func(refs []crm.Ref) ([]crm.Notice, error) {
		if !away.TryLock() {
			return nil, &connectors.Error{
				Vendor: "fake", Op: "fetch", Kind: connectors.RateLimited, Err: errors.New("later"),
			}
		}
		defer away.Unlock()
		return fetch(refs)
	}
	r, _ := then.rig(t, dir, waited)
	for s, err := r.p.Backfill(t.Context(), "fake"); !s.Done; s, err = r.p.Backfill(t.Context(), "fake") {
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	r.idleBut(watermark.StageFetch)
	r.pass(4 * time.Minute)
	r.idleBut(watermark.StageFetch)
	if n := then.pendings(); n != 0 || r.state("fake").Held != watermark.HoldBackfill {
		t.Errorf("%d announced before what the backfill found was fetched; held back by %q", n, r.state("fake").Held)
	}
	away.Unlock()
	r.idle()
	r.pass(10 * time.Minute)
	r.idle()
	if want := []string{"3", "4"}; !slices.Equal(then.asked, want) {
		t.Errorf("after the restart the pages %q were read, want %q", then.asked, want)
	}
	for i := range fillPages * fillPage {
		if id := fmt.Sprint(i); first.times[id]+then.times[id] != 1 {
			t.Errorf("contact %s was fetched %d times", id, first.times[id]+then.times[id])
		}
	}
	if n := then.pendings(); n != fillPages*fillPage {
		t.Errorf("%d of %d announced in the end", n, fillPages*fillPage)
	}
	s, err := r.p.Backfill(t.Context(), "fake")
	if err != nil || s.Read != fillPages*fillPage {
		t.Errorf("state %+v, %v", s, err)
	}
}

// TestBackfillIsRefused: half a history holds announcements back for as long as the CRM refuses the rest.
func TestBackfillIsRefused(t *testing.T) {
	f := newFilled("1")
	f.refuse = &connectors.Error{
		Vendor: "fake", Op: "backfill", Kind: connectors.RateLimited, Err: errors.New("no calls are left today"),
	}
	r, _ := f.rig(t, t.TempDir(), 0)
	if err := r.p.StartBackfill(t.Context(), "fake", start.Add(-365*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	<-f.reached
	for range 30 {
		r.pass(time.Minute)
		r.idle()
	}
	if n := f.pendings(); n != 0 {
		t.Errorf("%d announced from half a history", n)
	}
}

// TestBackfillAfterAStop: a backfill that was under way when everything stopped holds announcements back until the
// next process has had its time to go on with it.
func TestBackfillAfterAStop(t *testing.T) {
	dir := t.TempDir()
	t.Run("stopped", func(t *testing.T) {
		f := newFilled("1")
		r, _ := f.rig(t, dir, 0)
		if err := r.p.StartBackfill(t.Context(), "fake", start.Add(-365*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		<-f.reached
		r.idle()
	})
	f := newFilled("1")
	r, _ := f.rig(t, dir, 2*time.Hour)
	<-f.reached
	r.idle()
	if n := f.pendings(); n != 0 {
		t.Errorf("%d announced from half a history", n)
	}
}

// TestBackfillStandsStill: one that has not moved for ten minutes warns once and holds nothing back any more.
func TestBackfillStandsStill(t *testing.T) {
	f := newFilled("1")
	r, logs := f.rig(t, t.TempDir(), 0)
	if err := r.p.StartBackfill(t.Context(), "fake", start.Add(-365*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	<-f.reached
	r.idle()
	warned := func() int {
		return logs.FilterMessageSnippet("a backfill has not moved").Len()
	}
	for range 9 {
		r.pass(time.Minute)
		r.idle()
	}
	if f.pendings() != 0 || warned() != 0 {
		t.Errorf("after nine minutes %d are announced, and %d warnings", f.pendings(), warned())
	}
	for range 20 {
		r.pass(time.Minute)
		r.idle()
	}
	if f.pendings() != fillPage || warned() != 1 {
		t.Errorf("after half an hour %d of %d are announced, with %d warnings, want one", f.pendings(), fillPage,
			warned())
	}
}
