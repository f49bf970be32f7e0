package pipeline

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// leave puts records into a store that is not open, as a process leaves them that dies between a commit and what
// follows from it.
func leave(t *testing.T, dir string, records map[string]stored.Contact) {
	t.Helper()
	q, err := queue.Open(t.Context(), queue.Config{
		Dir: dir, Partitions: 4, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, c := range records {
		part := q.PartitionOf("fake", id)
		at, err := q.Contacts.Checkpoint(t.Context(), part)
		if err != nil {
			t.Fatal(err)
		}
		b, key := queue.Batch{Checkpoint: at}, queue.Key{Source: "fake", Contact: id}
		data, base := c.Parts()
		b.Contacts = []queue.Put{{Key: key, Data: data}}
		if base != nil {
			b.Bases = []queue.Put{{Key: key, Data: base}}
		}
		if _, err := q.Contacts.Commit(t.Context(), part, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDiedInBetween: what had to follow from a commit is done by whoever takes over.
func TestDiedInBetween(t *testing.T) {
	dir := t.TempDir()
	f := mail("1", "1", start).Fact
	var left rules.Record
	left.Fold(*f)
	leave(t, dir, map[string]stored.Contact{
		// merged, its facts not sent on
		"1": {Redirect: "2", Record: left, Due: crm.At(start.Add(-time.Minute))},
		// to be erased
		"3": {Forgotten: true},
		// its profile never came
		"4": {Record: left, Asked: crm.At(start.Add(-2 * time.Hour)), Due: crm.At(start.Add(-time.Hour))},
		// its profile asked for, and that not sent
		"5": {
			Record: left, Awaits: stored.Profile, Asked: crm.At(start.Add(-time.Second)),
			Due: crm.At(start.Add(time.Hour)),
		},
	})
	fk := &fake{}
	r := newRig(t, dir, nil, fk)
	r.idle()
	if c := r.contact("fake", "2"); len(c.Record.Conduct) != 1 {
		t.Errorf("the winner has %d messages, want that of the loser", len(c.Record.Conduct))
	}
	if gone, err := r.p.Forgotten(t.Context(), crm.ContactRef{Source: "fake", Contact: "3"}); err != nil || !gone {
		t.Errorf("forgotten %t, %v", gone, err)
	}
	for _, id := range []string{"4", "5"} {
		if c := r.contact("fake", id); c.Record.Property(crm.PropProfiled) == "" || c.Asked != 0 {
			t.Errorf("the profile of %s that had not come was not asked for again: %+v", id, c)
		}
	}
}

// TestForgottenLeavesNoLetter: a rating that was on its way when its contact was forgotten finds nobody, and says
// nothing about it.
func TestForgottenLeavesNoLetter(t *testing.T) {
	var down atomic.Bool
	down.Store(true)
	f := &fake{write: func(chs []crm.Change) []error {
		errs := make([]error, len(chs))
		for i := range chs {
			switch {
			case down.Load():
				errs[i] = &connectors.Error{
					Vendor: "fake", Op: "write", Kind: connectors.Unavailable, Err: errors.New("down"),
				}
			case chs[i].Contact != "0":
				errs[i] = &connectors.Error{
					Vendor: "fake", Op: "write", Kind: connectors.NotFound, Err: errors.New("gone"),
				}
			}
		}
		return errs
	}}
	r := newRig(t, t.TempDir(), nil, f)
	var ids []string
	for i := range 60 {
		id := strconv.Itoa(i)
		ids = append(ids, id)
		r.send("fake", mail(id, "1", start))
	}
	r.idleBut(watermark.StageWrite)
	time.Sleep(100 * time.Millisecond) // the writer has more in hand than its calls take
	for _, id := range ids[1:] {
		if err := r.p.Forget(t.Context(), crm.ContactRef{Source: "fake", Contact: id}); err != nil {
			t.Fatal(err)
		}
	}
	r.idleBut(watermark.StageWrite)
	down.Store(false)
	r.idle()
	letters, err := r.q.DeadLetters.List(t.Context(), 0, 100, "", "")
	if err != nil || len(letters) > 0 {
		t.Errorf("%d dead letters about people who were forgotten, %v", len(letters), err)
	}
	if f.of("0") == nil {
		t.Error("the one who was not forgotten is not written")
	}
}

// clumsy is a connector with faults of its own.
type clumsy struct{ *fake }

func (c clumsy) Decode(d connectors.Delivery) ([]crm.Notice, error) {
	if bytes.Contains(d.Body, []byte("trip")) {
		panic("decoder: " + string(d.Body))
	}
	return c.fake.Decode(d)
}

func (c clumsy) Fetch(ctx context.Context, refs []crm.Ref) []connectors.Result {
	for _, r := range refs {
		if r.ID == "13" {
			panic("fetcher: " + r.ID)
		}
	}
	return c.fake.Fetch(ctx, refs)
}

func (c clumsy) Write(ctx context.Context, chs []crm.Change) []error {
	for _, ch := range chs {
		if ch.Contact == "14" {
			panic("writer: " + ch.Contact)
		}
	}
	return c.fake.Write(ctx, chs)
}

// TestPanicsStopNobodyElse: a fault of a connector costs the one thing that it cannot handle.
func TestPanicsStopNobodyElse(t *testing.T) {
	f := &fake{}
	r := newRig(t, t.TempDir(), func(o *Options) {
		v := &o.Sources[0].CRM
		v.Receive, v.Fetch, v.Write = clumsy{f}, clumsy{f}, clumsy{f}
	}, f)
	if status := r.post("fake", "right", []byte(`["trip over the secret word"]`)); status != http.StatusNoContent {
		t.Fatalf("answered %d", status)
	}
	for _, id := range strings.Fields("10 11 12 13 14 15 16 17") {
		r.send("fake", mail(id, "1", start))
	}
	r.idle()
	for _, id := range strings.Fields("10 11 12 15 16 17") {
		if f.of(id) == nil {
			t.Errorf("contact %s is not written", id)
		}
	}
	if f.of("13") != nil {
		t.Error("contact 13 is written, whose profile could not be read")
	}
	letters, err := r.q.DeadLetters.List(t.Context(), 0, 100, "", "")
	if err != nil {
		t.Fatal(err)
	}
	stages := map[string]int{}
	for _, l := range letters {
		stages[l.Stage]++
		if strings.Contains(l.Reason, "secret") || !strings.Contains(l.Reason, "panic") || l.Fix == "" {
			t.Errorf("letter %q, fix %q: want a reason without the payload, and what to do", l.Reason, l.Fix)
		}
	}
	if stages[watermark.StageRead] != 1 || stages[watermark.StageFetch] != 1 || stages[watermark.StageWrite] != 1 ||
		len(letters) != 3 {
		t.Errorf("dead letters by stage %v, want one each of read, fetch and write", stages)
	}
}

// TestEndsWhileFetching: a process that is told to end begins no further call, though it has taken more in hand.
func TestEndsWhileFetching(t *testing.T) {
	dir := t.TempDir()
	begun, end := make(chan struct{}), make(chan struct{})
	var calls, records atomic.Int32
	t.Run("ended", func(t *testing.T) {
		f := &fake{fetch: func(refs []crm.Ref) ([]crm.Notice, error) {
			records.Add(int32(len(refs)))
			if calls.Add(1) == 1 {
				close(begun)
				<-end
			}
			return nil, nil
		}}
		r := newRig(t, dir, nil, f)
		var ns []crm.Notice
		for i := range 30 { // of one kind, of which the fake takes ten a call and one call at a time
			ns = append(ns, crm.Notice{Ref: &crm.Ref{Type: "emails", ID: strconv.Itoa(i)}})
		}
		r.send("fake", ns...)
		<-begun
		r.end()
		close(end)
	})
	if n := calls.Load(); n != 1 {
		t.Errorf("%d calls, of which %d began after the end", n, n-1)
	}
	first := records.Load()
	f := &fake{fetch: func(refs []crm.Ref) ([]crm.Notice, error) { records.Add(int32(len(refs))); return nil, nil }}
	r := newRig(t, dir, nil, f)
	r.idle()
	if n := records.Load(); n < 30 || n > 30+first { // what was acknowledged last may come again
		t.Errorf("%d records in all, want each of 30", n)
	}
}

// TestForgottenWaitsForNothing: while the CRM is away all that waits to be fetched of a forgotten contact goes too,
// whatever its name stands in, and what others wait for stays. Before that the contact does not count as forgotten.
func TestForgottenWaitsForNothing(t *testing.T) {
	down := atomic.Bool{}
	down.Store(true)
	f := &fake{}
	f.fetch = func(refs []crm.Ref) ([]crm.Notice, error) {
		if down.Load() {
			return nil, &connectors.Error{
				Vendor: "fake", Op: "fetch", Kind: connectors.RateLimited, After: 50 * time.Millisecond,
				Err: errors.New("HTTP 429"),
			}
		}
		return profiles(refs), nil
	}
	r := newRig(t, t.TempDir(), nil, f)
	ref := func(id string, contacts ...string) crm.Notice {
		return crm.Notice{Ref: &crm.Ref{Type: "emails", ID: id, Contacts: contacts}}
	}
	r.send("fake", mail("7", "1", start), mail("8", "1", start))
	r.send("fake", ref("only", "7"), ref("both", "7", "8"), ref("other", "8"))
	r.send("fake", crm.Notice{Ref: &crm.Ref{Type: "contacts", ID: "7", AsOf: start.UnixMilli()}})
	r.send("fake", crm.Notice{Ref: &crm.Ref{Type: "deals", ID: "left", Left: []string{"7"}}})
	r.idleBut(watermark.StageFetch)
	person := crm.ContactRef{Source: "fake", Contact: "7"}
	if err := r.p.Forget(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	forgotten := func() bool {
		gone, err := r.p.Forgotten(t.Context(), person)
		return err == nil && gone
	}
	waittest.Until(t, "the contact is forgotten", forgotten)
	r.send("fake", ref("late", "7"), ref("late both", "7", "8")) // was on its way
	r.idleBut(watermark.StageFetch)
	waittest.Until(t, "what came late has gone too", forgotten)
	var waits []string
	err := r.q.Fetches.Each(t.Context(), "fake", func(m queue.FetchMsg, _ bool) error {
		ref, err := stored.Decode[crm.Ref](m.Data)
		waits = append(waits, ref.Type+"/"+ref.ID+" for "+strings.Join(ref.Contacts, ","))
		return err
	})
	slices.Sort(waits)
	if want := []string{
		"contacts/8 for ", "emails/both for 8", "emails/late both for 8", "emails/other for 8",
	}; err != nil || !slices.Equal(waits, want) {
		t.Errorf("waiting: %q, %v, want %q", waits, err, want)
	}
	down.Store(false)
	r.idle()
}
