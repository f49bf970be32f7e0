package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/nats-io/nats.go"
)

// fakeStream counts atomic batches, numbers messages, and refuses a batch that holds a message named fenced.
type fakeStream struct {
	mu      sync.Mutex
	batches int
	seq     uint64
	at      map[string]uint64 // sequence of each message stored
	gate    chan struct{}     // each batch waits for it
}

func (s *fakeStream) send(ctx context.Context, msgs []*nats.Msg) (uint64, error) {
	select {
	case <-s.gate:
	case <-ctx.Done():
		return 0, ErrUnknown
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches++
	for _, m := range msgs {
		if m.Subject == "fenced" {
			return 0, ErrFenced
		}
	}
	for _, m := range msgs {
		s.seq++
		s.at[m.Subject] = s.seq
	}
	return s.seq, nil
}

func TestCommitsGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeStream{at: map[string]uint64{}, gate: make(chan struct{})}
		var running sync.WaitGroup
		c := &committer{
			send: s.send, most: 7, run: running.Go, closing: make(chan struct{}), more: make(chan struct{}, 1),
		}
		var owners sync.WaitGroup
		var mu sync.Mutex
		got := map[string]error{}
		owner := func(ctx context.Context, names ...string) {
			owners.Go(func() {
				var msgs []*nats.Msg
				for _, name := range names {
					msgs = append(msgs, &nats.Msg{Subject: name})
				}
				seq, err := c.commit(ctx, msgs)
				last := names[len(names)-1]
				s.mu.Lock()
				at := s.at[last]
				s.mu.Unlock()
				mu.Lock()
				defer mu.Unlock()
				if got[last] = err; err == nil && seq != at {
					t.Errorf("%s is said to be at %d, and is at %d", last, seq, at)
				}
			})
			synctest.Wait()
		}
		impatient, giveUp := context.WithCancel(t.Context())
		owner(t.Context(), "first") // on its way; the others come meanwhile
		owner(t.Context(), "a1", "a2")
		owner(t.Context(), "b1", "b2", "b3")
		owner(impatient, "late")
		owner(t.Context(), "fenced")
		owner(t.Context(), "c1", "c2", "c3", "c4", "c5", "c6", "c7") // one too many for the group
		giveUp()
		synctest.Wait()
		close(s.gate)
		owners.Wait()
		running.Wait()
		for name, want := range map[string]error{
			"first": nil, "a2": nil, "b3": nil, "late": ErrUnknown, "fenced": ErrFenced, "c7": nil,
		} {
			if !errors.Is(got[name], want) {
				t.Errorf("%s: %v, want %v", name, got[name], want)
			}
		}
		if s.at["late"] != 0 {
			t.Error("what nobody waited for any more was sent")
		}
		// The first; the group, refused; its three by themselves; the large one.
		if s.batches != 6 {
			t.Errorf("%d atomic batches, want 6", s.batches)
		}
	})
}

// Of several owners one has lost its partition. The others' batches are stored, and their checkpoints go on.
func TestCommitsTogetherWithOneFenced(t *testing.T) {
	q := open(t, func(c *Config) { c.Partitions, c.Streams = 8, 1 })
	at := make([]Checkpoint, 8)
	for round := range 5 {
		var wg sync.WaitGroup
		for p := range at {
			wg.Go(func() {
				b := Batch{
					Checkpoint: at[p], Contacts: []Put{{Key: Key{src, fmt.Sprint(p)}, Data: []byte(fmt.Sprint(round))}},
				}
				if p == 3 && round == 3 {
					b.Checkpoint.Seq--
				}
				next, err := q.Contacts.Commit(t.Context(), p, b)
				if p == 3 && round == 3 {
					if !errors.Is(err, ErrFenced) {
						t.Errorf("a commit on a former checkpoint: %v", err)
					}
					return
				}
				if err != nil {
					t.Errorf("partition %d: %v", p, err)
				}
				at[p] = next
			})
		}
		wg.Wait()
	}
	for p := range at {
		if got := must1[Checkpoint](t)(q.Contacts.Checkpoint(t.Context(), p)); got.Seq != at[p].Seq {
			t.Errorf("partition %d: checkpoint at %d, the owner was told %d", p, got.Seq, at[p].Seq)
		}
		key := Key{src, fmt.Sprint(p)}
		if got := must1[map[Key]Record](t)(q.Contacts.Load(t.Context(), p, []Key{key})); string(got[key].Data) != "4" {
			t.Errorf("partition %d: %s", p, got[key].Data)
		}
	}
}
