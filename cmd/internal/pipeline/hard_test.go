package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// no is a message of theirs that ends the talk.
func no(contact string, at time.Time) crm.Notice {
	n := mail(contact, "no", at)
	n.Fact.Message.Text = crm.Text{Units: 6, Intents: crm.NotInterested}
	return n
}

// merged is what a connector makes of one merge.
func merged(loser, winner string, at time.Time) []crm.Notice {
	v := at.UnixMilli()
	return []crm.Notice{
		{
			Fact: &crm.Fact{
				Contact: loser, ID: "merge", Version: v, At: crm.Millis(v), Kind: crm.KindMerge,
				Merge: &crm.Merge{Into: winner},
			},
		},
		{
			Fact: &crm.Fact{
				Contact: winner, ID: "merge/" + loser, Version: v, At: crm.Millis(v), Kind: crm.KindMerge,
				Merge: &crm.Merge{From: []string{loser}},
			},
		},
	}
}

func (r *rig) idleBut(stages ...string) {
	r.t.Helper()
	if err := r.p.Idle(r.t.Context(), stages...); err != nil {
		r.t.Fatal(err)
	}
}

// TestBreakerCountsWhatIsShown: what the CRM refuses again and again was not announced, and must not trip the breaker.
func TestBreakerCountsWhatIsShown(t *testing.T) {
	refused := map[string]int{} // by contact; the fake makes one call at a time
	f := &fake{write: func(chs []crm.Change) []error {
		errs := make([]error, len(chs))
		for i, c := range chs {
			if c.Values[crm.FieldStatus] == string(crm.Pending) && refused[c.Contact] < 3 {
				refused[c.Contact]++
				errs[i] = &connectors.Error{
					Vendor: "fake", Op: "write", Kind: connectors.Conflict, Err: errors.New("changed"),
				}
			}
		}
		return errs
	}}
	r := newRig(t, t.TempDir(), nil, f)
	r.pass(90 * 24 * time.Hour)
	for i := range 10 {
		r.send("fake", no(fmt.Sprint(i), r.clock().Add(-5*24*time.Hour))) // a no counts after a business day
	}
	r.idle()
	r.pass(10 * time.Minute) // things have settled
	r.idle()
	for i := range 10 {
		if got := f.of(fmt.Sprint(i))[crm.FieldStatus]; got != string(crm.Pending) {
			t.Fatalf("contact %d is %q, want pending", i, got)
		}
	}
	b, err := r.p.Breaker(t.Context(), "fake")
	if err != nil {
		t.Fatal(err)
	}
	if b.Open || b.Announced != 10 {
		t.Errorf("breaker open %t with %d announcements of %d contacts refused three times each, want it closed with 10", b.Open, b.Announced, len(refused))
	}
}

// TestMergedAreNotWritten has ratings wait for a CRM that is away while their contacts are merged: the CRM would
// write them onto the winners. Only what is in a call just then can still be written, and the winner is written after
// it.
func TestMergedAreNotWritten(t *testing.T) {
	var down atomic.Bool
	down.Store(true)
	last := map[string]int{} // by contact, the call in which it was written last
	f := &fake{}
	f.write = func(chs []crm.Change) []error {
		errs := make([]error, len(chs))
		for i, c := range chs {
			if down.Load() {
				errs[i] = &connectors.Error{
					Vendor: "fake", Op: "write", Kind: connectors.Unavailable, Err: errors.New("down"),
				}
				continue
			}
			last[c.Contact] = f.calls
		}
		return errs
	}
	r := newRig(t, t.TempDir(), nil, f)
	const n = 100
	for i := range n {
		r.send("fake", mail(fmt.Sprint(i), "1", start))
	}
	r.idleBut(watermark.StageWrite)
	time.Sleep(100 * time.Millisecond) // the writer has more in hand than its calls take
	for i := range n {
		r.send("fake", merged(fmt.Sprint(i), fmt.Sprint(1000+i), start)...)
	}
	r.idleBut(watermark.StageWrite)
	down.Store(false)
	r.idle()
	stale := 0
	for i := range n {
		if at := last[fmt.Sprint(i)]; at != 0 {
			if stale++; last[fmt.Sprint(1000+i)] <= at {
				t.Errorf("contact %d was written in call %d, after it had been merged, and its winner in call %d", i,
					at, last[fmt.Sprint(1000+i)])
			}
		}
		if got := f.of(fmt.Sprint(1000 + i))[crm.FieldBall]; got != "us" {
			t.Fatalf("winner %d has the ball %q, want us: its loser had asked something", 1000+i, got)
		}
	}
	if stale > f.WriteLimits().Calls*f.WriteLimits().Batch {
		t.Errorf("%d losers were written, more than can have been in calls", stale)
	}
}

// TestCallForLoserUnderWay: a call that began before the merge and ends after the winner was written may have landed
// on the winner.
func TestCallForLoserUnderWay(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	var once, ended atomic.Bool
	var after atomic.Int32
	f := &fake{}
	f.write = func(chs []crm.Change) []error {
		for _, c := range chs {
			if c.Contact == "7" && once.CompareAndSwap(false, true) {
				f.mu.Unlock() // the fake holds it around write
				close(begun)
				<-end
				f.mu.Lock()
				ended.Store(true)
			}
			if c.Contact == "9" && ended.Load() {
				after.Add(1)
			}
		}
		return make([]error, len(chs))
	}
	r := newRig(t, t.TempDir(), nil, f)
	r.send("fake", mail("7", "1", start))
	<-begun
	r.send("fake", merged("7", "9", start)...)
	waittest.Until(t, "the winner is written while a call for the loser is under way", func() bool {
		return f.of("9") != nil
	})
	close(end)
	r.idle()
	if after.Load() == 0 {
		t.Error("the winner was not written again after a stale call for the loser had ended")
	}
}

// TestLateFactsOfMerged: what comes late for a loser reaches the winner.
func TestLateFactsOfMerged(t *testing.T) {
	f := &fake{}
	r := newRig(t, t.TempDir(), nil, f)
	r.send("fake", mail("9", "1", start.Add(-48*time.Hour)))
	r.send("fake", merged("7", "9", start)...)
	r.idle()
	r.send("fake", mail("7", "2", start.Add(-time.Hour)))
	r.idle()
	e, err := r.p.Explain(t.Context(), crm.ContactRef{Source: "fake", Contact: "9"})
	if err != nil {
		t.Fatal(err)
	}
	c := r.contact("fake", "9")
	if !slices.ContainsFunc(c.Record.Conduct, func(f crm.Fact) bool { return f.ID == "emails/2" }) {
		t.Errorf("a late fact of the loser did not reach the winner: %+v", e.Written)
	}
}

// Contact is what the store holds.
func (r *rig) contact(source, id string) stored.Contact {
	r.t.Helper()
	key := queue.Key{Source: source, Contact: id}
	found, _, err := stored.Contacts(r.t.Context(), r.q, r.q.PartitionOf(source, id), []queue.Key{key})
	if err != nil {
		r.t.Fatal(err)
	}
	c := found[key]
	if c == nil {
		return stored.Contact{}
	}
	if err := c.Whole(); err != nil {
		r.t.Fatal(err)
	}
	return *c
}

// TestMergeIntoNew has two losers become a third contact: their histories count together, once, and nothing is
// decided before both have come.
func TestMergeIntoNew(t *testing.T) {
	f := &fake{}
	r := newRig(t, t.TempDir(), nil, f)
	r.send("fake", mail("1", "a", start.Add(-72*time.Hour)), mail("1", "shared", start.Add(-50*time.Hour)))
	r.send("fake", mail("2", "b", start.Add(-24*time.Hour)), mail("2", "shared", start.Add(-50*time.Hour)))
	r.idle()
	both := append(merged("1", "3", start), merged("2", "3", start)...)
	r.send("fake", both[1], both[2], both[3]) // the winner, and one of the losers
	r.idle()
	if c := r.contact("fake", "3"); !slices.Equal(c.Record.Missing(), []string{"1"}) {
		t.Errorf("missing are %v, want 1", c.Record.Missing())
	}
	r.send("fake", both[0])
	r.idle()
	r.send("fake", both...) // once more
	r.idle()
	c := r.contact("fake", "3")
	var ids []string
	for _, f := range c.Record.Conduct {
		ids = append(ids, f.ID)
	}
	if want := []string{"emails/a", "emails/shared", "emails/b"}; !slices.Equal(ids, want) ||
		len(c.Record.Missing()) != 0 {
		t.Errorf("the winner has %v and misses %v, want %v", ids, c.Record.Missing(), want)
	}
	for _, loser := range []string{"1", "2"} {
		if c := r.contact("fake", loser); c.Redirect != "3" || c.Values != nil {
			t.Errorf("loser %s: redirect %q, values %v", loser, c.Redirect, c.Values)
		}
		e, err := r.p.Explain(t.Context(), crm.ContactRef{Source: "fake", Contact: loser})
		if err != nil || e.MergedTo != "3" {
			t.Errorf("explain %s: merged to %q, %v", loser, e.MergedTo, err)
		}
	}
}

// TestTidyRuns: somebody trims and compacts.
func TestTidyRuns(t *testing.T) {
	r := newRig(t, t.TempDir(), nil, &fake{})
	r.idle()
	waittest.Until(t, "somebody holds the lease for trimming", func() bool {
		lease, err := r.q.Leases.Acquire(t.Context(), "lease.tidy", time.Second)
		if errors.Is(err, queue.ErrHeld) {
			return true
		}
		if err == nil {
			err = lease.Release(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		return false
	})
}

// TestForgottenStaysAway: late deliveries do not bring a forgotten contact back.
func TestForgottenStaysAway(t *testing.T) {
	f := &fake{}
	r := newRig(t, t.TempDir(), nil, f)
	r.send("fake", mail("7", "1", start), mail("8", "1", start))
	r.idle()
	if err := r.p.Forget(t.Context(), crm.ContactRef{Source: "fake", Contact: "7"}); err != nil {
		t.Fatal(err)
	}
	r.idle()
	gone, err := r.p.Forgotten(t.Context(), crm.ContactRef{Source: "fake", Contact: "7"})
	if err != nil || !gone {
		t.Fatalf("forgotten %t, %v", gone, err)
	}
	r.send("fake", mail("7", "2", start), mail("8", "2", start)) // late
	r.idle()
	if c := r.contact("fake", "7"); len(c.Record.Conduct) != 0 {
		t.Errorf("a late delivery brought a forgotten contact back: %+v", c)
	}
	if c := r.contact("fake", "8"); len(c.Record.Conduct) != 2 {
		t.Errorf("its neighbour has %d messages, want 2", len(c.Record.Conduct))
	}
}

// TestForgottenStaysAwayFromALostStore: nor does what is read again because the store has lost the files in which it
// stood that they are to be kept away.
func TestForgottenStaysAwayFromALostStore(t *testing.T) {
	dir := t.TempDir()
	t.Run("forgotten", func(t *testing.T) {
		r := newRig(t, dir, nil, &fake{})
		r.send("fake", mail("7", "1", start), mail("8", "1", start))
		r.idle()
		person := crm.ContactRef{Source: "fake", Contact: "7"}
		if err := r.p.Forget(t.Context(), person); err != nil {
			t.Fatal(err)
		}
		waittest.Until(t, "the contact is forgotten", func() bool {
			gone, err := r.p.Forgotten(t.Context(), person)
			return err == nil && gone
		})
	})
	records, err := filepath.Glob(filepath.Join(dir, "jetstream", "$G", "streams", "CONTACTS_*"))
	if err != nil || len(records) == 0 {
		t.Fatal(records, err)
	}
	facts := filepath.Join(dir, "jetstream", "$G", "streams", "FACTS") // they would tell of the order once more
	for _, stream := range append(records, facts) {
		if err := os.RemoveAll(stream); err != nil {
			t.Fatal(err)
		}
	}
	q, err := queue.Open(t.Context(), queue.Config{
		Dir: dir, Repair: true, Partitions: 4, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30,
	})
	if err == nil {
		err = q.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	h := &history{notices: []crm.Notice{mail("7", "1", start), mail("8", "1", start)}, open: make(chan struct{})}
	close(h.open)
	r := newRig(t, dir, func(o *Options) { o.Sources[0].CRM.Backfill = h }, &fake{})
	r.wait("the neighbour has been read again", func() bool { return len(r.contact("fake", "8").Record.Conduct) == 1 })
	r.idle()
	if c := r.contact("fake", "7"); len(c.Record.Conduct) != 0 {
		t.Errorf("a lost file brought a forgotten contact back: %+v", c)
	}
}
