package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// Each source has its share of the dead letters' bytes. Letters beyond it are not kept one by one: a single letter for
// each stage, source and kind of reason counts them, with the latest reason and a hash of the content. So one source's
// garbage takes no room from others, and no lane stops because the dead letters are full.
const (
	sharesAge    = 30 * time.Second // how old the count of bytes may be
	sumEvery     = time.Second      // how often a sum is stored that only grows
	mostNamed    = 1000             // contacts that a sum names; beyond them it may concern anybody
	letterRoom   = 200              // bytes that a message takes beside its body
	lettersShare = 0.9              // of the bytes for the sources' shares; the sums have the rest
)

// sums knows the letters that count others, and how much room each source has taken.
type sums struct {
	mu    sync.Mutex
	at    time.Time        // when used was counted
	used  map[string]int64 // bytes, by the source's token
	by    map[string]DeadLetter
	wrote map[string]time.Time
}

func newSums() *sums {
	return &sums{used: map[string]int64{}, by: map[string]DeadLetter{}, wrote: map[string]time.Time{}}
}

// fits reports whether a letter of n bytes is within its source's share, and counts it.
func (l *DeadLetters) fits(ctx context.Context, source string, n int) bool {
	s := l.sums
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.at) > sharesAge {
		used := map[string]int64{}
		w := jet.Walk{Stream: layout.DeadLetters, Filter: layout.KindDead + ".>", Bare: true}
		err := l.srv.Walk(ctx, w, func(m *nats.Msg, _ *Msg) error {
			size, _ := strconv.ParseInt(m.Header.Get("Nats-Msg-Size"), 10, 64) // the server's own figure
			used[m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]] += size + letterRoom
			return nil
		})
		if err != nil {
			return true // the publish tells
		}
		s.used, s.at = used, time.Now()
	}
	most := int64(lettersShare * float64(l.layout.LetterBytes()) / float64(max(len(l.layout.Sources), 1)))
	token := layout.Token(source)
	if s.used[token]+int64(n)+letterRoom > most {
		return false
	}
	s.used[token] += int64(n) + letterRoom
	return true
}

// sum counts a letter in the one that stands for those of its stage, source and kind, and returns the number of that.
func (l *DeadLetters) sum(ctx context.Context, d DeadLetter) (uint64, error) {
	s := l.sums
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.Join([]string{d.Stage, d.Source, d.Kind}, "\x00")
	was, known := s.by[key]
	next := was.with(d)
	if was.Seq != 0 && was.concerns(next) && time.Since(s.wrote[key]) < sumEvery {
		s.by[key] = next
		return was.Seq, nil
	}
	if known { // it may have been discarded by another process, or put anew without whoever was forgotten
		_, err := l.Get(ctx, was.Seq)
		known = !errors.Is(err, ErrNotFound)
	}
	if !known {
		was = DeadLetter{}
		err := l.each(ctx, 0, 0, d.Stage, d.Source, func(o DeadLetter) error {
			if o.Count > 0 && o.Kind == d.Kind {
				was = o
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
		next = was.with(d)
	}
	seq, err := l.put(ctx, next, "")
	if err != nil {
		s.by[key] = was
		return 0, err
	}
	next.Seq = seq
	s.by[key], s.wrote[key] = next, time.Now()
	if was.Seq != 0 {
		// a person may have discarded it; else it only counts twice
		_ = l.srv.EraseMsg(ctx, layout.DeadLetters, was.Seq)
	}
	return seq, nil
}

// discarded forgets a sum, so that the next one goes on from what is stored then: nothing, or the same without whoever
// was forgotten.
func (s *sums) discarded(seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, d := range s.by {
		if d.Seq == seq {
			delete(s.by, key)
		}
	}
}

// concerns reports whether a sum concerns whom the next one does, for as long: else that has to be stored at once.
func (d DeadLetter) concerns(next DeadLetter) bool {
	return slices.Equal(d.Contacts, next.Contacts) && d.Nobody == next.Nobody && d.Keep == next.Keep
}

// with is the letter that stands for one more.
func (d DeadLetter) with(o DeadLetter) DeadLetter {
	sum := sha256.Sum256(o.Payload)
	next := DeadLetter{
		Seq: d.Seq, Stage: o.Stage, Source: o.Source, Kind: o.Kind, Reason: o.Reason, Fix: o.Fix, Count: d.Count + 1,
		Hash: hex.EncodeToString(sum[:]), Contacts: d.Contacts, Nobody: o.Nobody && (d.Count == 0 || d.Nobody),
		Keep: d.Keep || o.Keep,
	}
	named := d.Count == 0 || len(d.Contacts) > 0 || d.Nobody // else it may concern anybody already
	if len(o.Contacts) == 0 && !o.Nobody {
		named = false
	}
	for _, c := range o.Contacts {
		if named && !slices.Contains(next.Contacts, c) {
			next.Contacts = append(slices.Clip(next.Contacts), c)
		}
	}
	if !named || len(next.Contacts) > mostNamed {
		next.Contacts, next.Nobody = nil, false
	}
	return next
}
