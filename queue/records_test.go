package queue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

func TestCommitIsAllOrNothing(t *testing.T) {
	q := open(t)
	first := commit(t, q, 2, Checkpoint{Facts: 1}, map[string]string{"a": "1", "b": "1"}, map[string]string{"a": "A"})
	// A batch that follows another checkpoint than the latest.
	_, err := q.Contacts.Commit(t.Context(), 2, Batch{
		Contacts:   []Put{{Key: Key{src, "a"}, Data: []byte("2")}, {Key: Key{src, "c"}, Data: []byte("2")}},
		Ratings:    []Put{{Key: Key{src, "a"}, Data: []byte("B")}},
		Checkpoint: Checkpoint{Facts: 9, Seq: first.Seq - 1},
	})
	if !errors.Is(err, ErrFenced) {
		t.Fatalf("Commit: %v, want ErrFenced", err)
	}
	keys := []Key{{src, "a"}, {src, "b"}, {src, "c"}}
	if got := must1[map[Key]Record](t)(q.Contacts.Load(t.Context(), 2, keys)); len(got) != 2 ||
		string(got[keys[0]].Data) != "1" {
		t.Errorf("records after a refused batch: %v", got)
	}
	if got := must1[map[Key]Record](t)(q.Ratings.Load(t.Context(), 2, keys)); len(got) != 1 ||
		string(got[keys[0]].Data) != "A" {
		t.Errorf("ratings after a refused batch: %v", got)
	}
	if got := must1[Checkpoint](t)(q.Contacts.Checkpoint(t.Context(), 2)); got.Seq != first.Seq {
		t.Errorf("checkpoint after a refused batch: %+v, want %+v", got, first)
	}
	commit(t, q, 2, first, nil, nil) // an empty batch moves the checkpoint alone
}

// Two owners believe in the same partition: whoever commits second on the same checkpoint is refused, for as long as it
// does not look.
func TestCommitFencesTheFormerOwner(t *testing.T) {
	q := open(t)
	at := commit(t, q, 0, Checkpoint{Facts: 1}, map[string]string{"c": "0"}, nil)
	former, latter := at, must1[Checkpoint](t)(q.Contacts.Checkpoint(t.Context(), 0))
	if former.Seq != latter.Seq {
		t.Fatalf("two readers, two checkpoints: %d and %d", former.Seq, latter.Seq)
	}
	latter = commit(t, q, 0, latter, map[string]string{"c": "latter"}, nil)
	for range 3 {
		if _, err := q.Contacts.Commit(t.Context(), 0, Batch{
			Contacts: []Put{{Key: Key{src, "c"}, Data: []byte("former")}}, Checkpoint: former,
		}); !errors.Is(err, ErrFenced) {
			t.Fatalf("the former owner's commit: %v, want ErrFenced", err)
		}
	}
	// Somebody who thinks that there is no checkpoint yet is as late.
	if _, err := q.Contacts.Commit(t.Context(), 0, Batch{}); !errors.Is(err, ErrFenced) {
		t.Fatalf("a commit as if it were the first: %v, want ErrFenced", err)
	}
	commit(t, q, 0, latter, map[string]string{"d": "latter"}, nil)
	got := must1[map[Key]Record](t)(q.Contacts.Load(t.Context(), 0, []Key{{src, "c"}, {src, "d"}}))
	if string(got[Key{src, "c"}].Data) != "latter" || string(got[Key{src, "d"}].Data) != "latter" {
		t.Errorf("records: %v", got)
	}
	if _, err := q.Contacts.Commit(t.Context(), 99, Batch{}); err == nil {
		t.Error("a commit to a partition that is not there was taken")
	}
}

func TestCommitOutcomeUnknown(t *testing.T) {
	q := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := q.Contacts.Commit(ctx, 0, Batch{
		Contacts: []Put{{Key: Key{src, "c"}, Data: []byte("x")}},
	}); !errors.Is(err, ErrUnknown) {
		t.Errorf("a commit without an answer: %v, want ErrUnknown", err)
	}
	// Whatever became of it, the checkpoint tells, and the next commit on it is taken.
	commit(t, q, 0, must1[Checkpoint](t)(q.Contacts.Checkpoint(t.Context(), 0)), map[string]string{"c": "y"}, nil)
}

func TestLargeBatchLoadAndScan(t *testing.T) {
	const n = 4500 // several multi_last requests
	q := open(t)
	b := Batch{Checkpoint: Checkpoint{Facts: 1}}
	keys := []Key{{src, "absent"}}
	for i := range n {
		k := Key{src, fmt.Sprint(i)}
		keys = append(keys, k)
		b.Contacts = append(b.Contacts, Put{Key: k, Data: bytes.Repeat([]byte(k.Contact+" "), 100)})
	}
	at := must1[Checkpoint](t)(q.Contacts.Commit(t.Context(), 3, b))
	commit(t, q, 1, Checkpoint{}, map[string]string{"other": "partition"}, nil)
	got := must1[map[Key]Record](t)(q.Contacts.Load(t.Context(), 3, keys))
	if len(got) != n {
		t.Fatalf("Load: %d records, want %d", len(got), n)
	}
	for k, r := range got {
		if r.Key != k || !bytes.Equal(r.Data, bytes.Repeat([]byte(k.Contact+" "), 100)) || r.Seq == 0 ||
			r.Time.IsZero() {
			t.Fatalf("record of %v is %+v", k, r)
		}
	}
	commit(t, q, 3, at, map[string]string{"0": "newer"}, nil)
	seen := map[Key]bool{}
	must(t, q.Contacts.Scan(t.Context(), 3, func(r Record) error {
		if seen[r.Key] {
			t.Errorf("%v comes twice", r.Key)
		}
		if r.Key.Contact == "0" && string(r.Data) != "newer" {
			t.Errorf("scan returns a replaced record: %q", r.Data)
		}
		seen[r.Key] = true
		return nil
	}))
	if len(seen) != n || seen[Key{src, "other"}] {
		t.Errorf("Scan: %d records, want %d of this partition only", len(seen), n)
	}
	stop := errors.New("stop")
	if err := q.Contacts.Scan(t.Context(), 3, func(Record) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Scan: %v, want the error of fn", err)
	}
	must(t, q.Contacts.Scan(t.Context(), 0, func(Record) error { return stop })) // an empty partition

	b.Contacts = make([]Put, q.Contacts.MaxBatch()+1)
	if _, err := q.Contacts.Commit(t.Context(), 3, b); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a batch of MaxBatch+1: %v, want ErrTooLarge", err)
	}
}

// Records larger than one answer's bound of bytes must come all the same.
func TestLoadOfLargeRecords(t *testing.T) {
	q := open(t)
	at := Checkpoint{}
	var keys []Key
	for i := range 12 {
		id := fmt.Sprint(i)
		keys = append(keys, Key{src, id})
		at = commit(t, q, 0, at, map[string]string{id: string(bytes.Repeat([]byte{'a' + byte(i)}, 5<<20))}, nil)
	}
	got := must1[map[Key]Record](t)(q.Contacts.Load(t.Context(), 0, keys))
	for i, k := range keys {
		if r := got[k].Data; len(r) != 5<<20 || r[0] != 'a'+byte(i) {
			t.Errorf("record %d has %d bytes", i, len(r))
		}
	}
}

// After a loss of facts their sequences are used again, and what they stand for then must be rated.
func TestCheckpointIsClamped(t *testing.T) {
	q := open(t)
	must(t, q.Facts.Publish(t.Context(), []Bundle{{0, []byte("x"), nil}, {0, []byte("y"), nil}}))
	commit(t, q, 0, Checkpoint{Facts: 500, Data: []byte("own")}, nil, nil)
	if at := must1[Checkpoint](t)(q.Contacts.Checkpoint(t.Context(), 0)); at.Facts != 2 || string(at.Data) != "own" {
		t.Errorf("checkpoint %+v, want Facts 2, the last there is", at)
	}
	if at := must1[Checkpoint](t)(q.Contacts.Checkpoint(t.Context(), 1)); at.Seq != 0 || at.Facts != 0 ||
		at.Data != nil {
		t.Errorf("checkpoint of a new partition: %+v", at)
	}
}

func TestState(t *testing.T) {
	q := open(t)
	if data, seq, err := q.States.Get(t.Context(), "a.b"); data != nil || seq != 0 || err != nil {
		t.Errorf("a state that is not there: %q %d %v", data, seq, err)
	}
	seq := must1[uint64](t)(q.States.Put(t.Context(), "a.b", []byte("1"), 0))
	if _, err := q.States.Put(t.Context(), "a.b", []byte("2"), 0); !errors.Is(err, ErrConflict) {
		t.Errorf("a second first one: %v, want ErrConflict", err)
	}
	next := must1[uint64](t)(q.States.Put(t.Context(), "a.b", []byte("2"), seq))
	if _, err := q.States.Put(t.Context(), "a.b", []byte("3"), seq); !errors.Is(err, ErrConflict) {
		t.Errorf("on a former sequence: %v, want ErrConflict", err)
	}
	if data, at, err := q.States.Get(t.Context(), "a.b"); string(data) != "2" || at != next || err != nil {
		t.Errorf("state %q %d %v", data, at, err)
	}
	must1[uint64](t)(q.States.Put(t.Context(), "a.b", []byte("4"), AnyState))
}

// A copy of the stream that lags behind is asked again. What other requests of the same load have found stays: without
// it those contacts would be taken for new, and their records replaced.
func TestLaggingCopyTakesNothingAway(t *testing.T) {
	q := open(t)
	at := commit(t, q, 0, Checkpoint{}, map[string]string{"b": "1"}, nil)
	q.Contacts.parts[0].saw(at.Seq + 1) // as if the copy that answers had not heard of the next commit yet
	next := make(chan Checkpoint)
	go func() {
		time.Sleep(50 * time.Millisecond)
		at.Facts++
		now, _ := q.Contacts.Commit(context.WithoutCancel(t.Context()), 0, Batch{Checkpoint: at})
		next <- now
	}()
	a, b := Key{src, "a"}, Key{src, "b"}
	out := map[Key]Record{a: {Key: a}}
	subjects, err := []string{layout.CheckpointSubject(0), b.subject(layout.KindContact, 0)}, jet.ErrStale
	for errors.Is(err, jet.ErrStale) { // until the commit is there
		err = q.Contacts.loadChunk(t.Context(), 0, subjects, out)
	}
	must(t, err)
	if _, ok := out[a]; !ok || string(out[b].Data) != "1" {
		t.Errorf("a load has found %v, want what was found before too", out)
	}
	if now := <-next; now.Seq <= at.Seq {
		t.Errorf("the commit is %+v", now)
	}
}
