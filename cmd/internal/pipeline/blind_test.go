package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// TestUnratedFacts: their answer has been received and read, and waits behind more facts than one step takes when the
// grace ends.
func TestUnratedFacts(t *testing.T) {
	dir := t.TempDir()
	t.Run("pending", func(t *testing.T) {
		f := &fake{}
		r := newRig(t, dir, nil, f)
		r.send("fake", no("7", start.Add(-90*24*time.Hour)))
		r.idle()
		r.pass(time.Hour)
		r.idle()
		if got := f.of("7")[crm.FieldStatus]; got != string(crm.Pending) {
			t.Fatalf("the contact is %q, want pending", got)
		}
	})
	later := start.Add(30 * 24 * time.Hour)
	q, err := queue.Open(t.Context(), queue.Config{
		Dir: dir, Partitions: 4, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	part := q.PartitionOf("fake", "7")
	neighbour := "8"
	for n := 8; q.PartitionOf("fake", neighbour) != part; n++ {
		neighbour = fmt.Sprint(n)
	}
	publish := func(facts []crm.Fact) {
		if err := q.Facts.Publish(t.Context(), []queue.Bundle{
			{Partition: part, Data: stored.Encode(stored.Bundle{Source: "fake", Facts: facts})},
		}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		var facts []crm.Fact
		for n := range timing.RateFacts {
			facts = append(facts, *mail(neighbour, fmt.Sprint(i, "-", n), start.Add(time.Duration(n)*time.Second)).Fact)
		}
		publish(facts)
	}
	publish([]crm.Fact{*mail("7", "answer", start.Add(24*time.Hour)).Fact})
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	var statuses []string // by one call at a time
	f := &fake{write: func(chs []crm.Change) []error {
		for _, c := range chs {
			if c.Contact == "7" {
				statuses = append(statuses, c.Values[crm.FieldStatus])
			}
		}
		return make([]error, len(chs))
	}}
	r := newRig(t, dir, func(o *Options) { o.Now = func() time.Time { return later } }, f)
	r.idle()
	if slices.Contains(statuses, string(crm.Disqualified)) || !slices.Contains(statuses, string(crm.Requalified)) {
		t.Errorf("statuses written: %v, want requalified at once: the answer was there", statuses)
	}
}

// TestUnfetchedSince: what a delivery names counts as unread from when the delivery came, and so does what has to be
// fetched because of it, however late each of them is looked at.
func TestUnfetchedSince(t *testing.T) {
	dir := t.TempDir()
	t.Run("receive", func(t *testing.T) {
		r := newRig(t, dir, func(o *Options) { o.Roles = []Role{RoleReceive} }, &fake{})
		r.send("fake", crm.Notice{Ref: &crm.Ref{Type: "emails", ID: "1"}})
	})
	later := start.Add(time.Hour)
	f := &fake{fetch: func(refs []crm.Ref) ([]crm.Notice, error) {
		if refs[0].Type == "emails" {
			return []crm.Notice{{Ref: &crm.Ref{Type: "contacts", ID: "7"}}}, nil
		}
		return nil, &connectors.Error{
			Vendor: "fake", Op: "fetch", Kind: connectors.Unavailable, Err: errors.New("down"),
		}
	}}
	r := newRig(t, dir, func(o *Options) { o.Now = func() time.Time { return later } }, f)
	r.idleBut(watermark.StageFetch)
	data, _, err := r.q.Fetches.Oldest(t.Context(), "fake")
	if err != nil {
		t.Fatal(err)
	}
	for ref, err := stored.Decode[crm.Ref](data); err != nil || ref.Type != "contacts"; ref, err = stored.Decode[crm.Ref](data) {
		time.Sleep(5 * time.Millisecond) // the mail is being fetched
		if data, _, err = r.q.Fetches.Oldest(t.Context(), "fake"); err != nil {
			t.Fatal(err)
		}
	}
	if v := r.state("fake"); !v.ReadUpTo.Equal(start) {
		t.Errorf("read up to %s, want %s: the delivery of then is not followed to its end", v.ReadUpTo, start)
	}
}

// TestAfterAStop: what webhooks missed while nobody ran only the next poll can tell. Nothing is announced before it
// is over, however short the stop was.
func TestAfterAStop(t *testing.T) {
	dir := t.TempDir()
	var end time.Time // of the grace
	t.Run("pending", func(t *testing.T) {
		f := &fake{}
		r := newRig(t, dir, polling(f, func(time.Time) []crm.Notice { return nil }), f)
		r.send("fake", no("7", start.Add(-90*24*time.Hour)))
		r.idle()
		r.pass(time.Hour)
		r.idle()
		e, err := r.p.Explain(t.Context(), crm.ContactRef{Source: "fake", Contact: "7"})
		if err != nil || e.Rating.Status != crm.Pending || e.Rating.Due == 0 {
			t.Fatalf("%+v, %v", e.Rating, err)
		}
		end = e.Rating.Due.Time()
		r.now.Store(end.Add(-5 * time.Minute).UnixNano()) // the last poll
		r.idle()
	})
	var statuses []string // by one call at a time
	f := &fake{write: func(chs []crm.Change) []error {
		for _, c := range chs {
			statuses = append(statuses, c.Values[crm.FieldStatus])
		}
		return make([]error, len(chs))
	}}
	answer := mail("7", "answer", end.Add(-2*time.Minute))
	r := newRig(t, dir, func(o *Options) {
		polling(f, func(time.Time) []crm.Notice {
			time.Sleep(500 * time.Millisecond) // longer than it takes to rate and write one contact
			return []crm.Notice{answer}
		})(o)
		o.Now = func() time.Time { return end.Add(5 * time.Minute) }
	}, f)
	r.idle()
	if slices.Contains(statuses, string(crm.Disqualified)) || !slices.Contains(statuses, string(crm.Requalified)) {
		t.Errorf("statuses written: %v, want requalified at once", statuses)
	}
}

// TestNoticedAgain: a record that the CRM does not give is unread since it was first noticed, however often a poll
// lists it again and whatever else waits by then, also for a process that has just begun.
func TestNoticedAgain(t *testing.T) {
	dir := t.TempDir()
	mails := func(ids ...string) (ns []crm.Notice) {
		for _, id := range ids {
			ns = append(ns, crm.Notice{Ref: &crm.Ref{Type: "emails", ID: id}})
		}
		return ns
	}
	refusing := func(t *testing.T) *rig {
		f := &fake{fetch: func([]crm.Ref) ([]crm.Notice, error) {
			return nil, &connectors.Error{
				Vendor: "fake", Op: "fetch", Kind: connectors.Unauthenticated, Err: errors.New("HTTP 403"),
			}
		}}
		return newRig(t, dir, func(o *Options) {
			polling(f, func(time.Time) []crm.Notice { return mails("1", "2") })(o)
		}, f)
	}
	unread := func(t *testing.T, r *rig) {
		t.Helper()
		waittest.Until(t, "a poll", func() bool { return !r.p.exchanges["fake"].PollDue(r.clock()) })
		r.idleBut(watermark.StageFetch)
		if v := r.state("fake"); !v.ReadUpTo.Equal(start) {
			t.Errorf("read up to %s, want %s", v.ReadUpTo, start)
		}
	}
	t.Run("first", func(t *testing.T) {
		r := refusing(t)
		unread(t, r)
		for range 3 {
			r.pass(10 * time.Minute)
			r.send("fake", mails(fmt.Sprint("new-", r.clock().Unix()))...)
			unread(t, r)
		}
	})
	t.Run("second", func(t *testing.T) {
		r := refusing(t)
		r.pass(2 * time.Hour)
		unread(t, r)
	})
}

// TestNoticedWhileFetched: what changes while it is being fetched is fetched once more.
func TestNoticedWhileFetched(t *testing.T) {
	subject := make(chan string, 10)
	begun, done := make(chan bool), make(chan bool)
	f := &fake{}
	f.fetch = func(refs []crm.Ref) ([]crm.Notice, error) {
		if refs[0].Type != "emails" {
			return profiles(refs), nil
		}
		begun <- true
		<-done
		subject <- refs[0].ID
		return nil, nil
	}
	r := newRig(t, t.TempDir(), nil, f)
	changed := crm.Notice{Ref: &crm.Ref{Type: "emails", ID: "1"}}
	r.send("fake", changed)
	<-begun
	r.send("fake", changed)
	waittest.Until(t, "the delivery is read", func() bool {
		n, err := r.q.Deliveries.Waiting(t.Context(), "fake")
		if err != nil {
			t.Fatal(err)
		}
		return n == 0
	})
	done <- true
	<-begun
	done <- true
	r.idle()
	if n := len(subject); n != 2 {
		t.Errorf("fetched %d times, want twice", n)
	}
}
