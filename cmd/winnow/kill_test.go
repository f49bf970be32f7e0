package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/cmd/internal/crowdtest"
	"github.com/winnow-crm/winnow/cmd/internal/sandbox"
)

// senders deliver bodies to a process that may be away, each until it is accepted. What was accepted is not sent again.
type senders struct {
	work     chan []byte
	accepted atomic.Int64
	refused  atomic.Int64
	done     sync.WaitGroup
}

func send(ctx context.Context, box *sandbox.Sandbox, urls func() string) *senders {
	s := &senders{work: make(chan []byte)}
	for range 6 {
		s.done.Go(func() {
			for body := range s.work {
				for {
					d := box.Sign(body)
					d.URL = urls()
					status, err := box.Send(ctx, d)
					if err == nil && status/100 == 2 {
						s.accepted.Add(1)
						break
					}
					if ctx.Err() != nil {
						return
					}
					s.refused.Add(1)
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
	return s
}

func (s *senders) end() {
	close(s.work)
	s.done.Wait()
}

// lived is a portal in which a crowd has lived for the last 60 days, and the deliveries that tell of it.
func lived(t *testing.T, people, things int) (*sandbox.Sandbox, [][]byte) {
	t.Helper()
	box, c := portal(t)
	begin := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -60)
	c.set(begin)
	crowd := crowdtest.New(box, c.set, 5, people)
	crowd.Live(begin.Add(time.Minute), begin.AddDate(0, 0, 59), things)
	c.real()
	var bodies [][]byte
	rnd := rand.New(rand.NewPCG(3, 4))
	for rest := box.Events(); len(rest) > 0; {
		n := min(1+rnd.IntN(6), len(rest))
		bodies = append(bodies, box.Pack(rest[:n]).Body)
		rest = rest[n:]
	}
	return box, bodies
}

// TestKill kills the process 20 times at random moments while deliveries arrive. Whatever was acknowledged must be there in the end: the
// records know the same facts and the CRM shows the same ratings as after a run in peace.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("kills a process 20 times")
	}
	const people, things, kills = 150, 1500, 20
	box, bodies := lived(t, people, things)
	p := newProcess(t, box, t.TempDir(), "WINNOW_PARTITIONS=4")
	box.SetWebhookURL(p.hooks)
	s := send(t.Context(), box, func() string { return p.hooks })
	pace := make(chan struct{})
	go func() { // so that deliveries arrive for as long as there are kills
		defer s.end()
		for i, body := range bodies {
			s.work <- body
			select {
			case <-pace:
			case <-time.After(time.Duration(i%7) * 3 * time.Millisecond):
			}
		}
	}()
	rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for range kills {
		p.start()
		eventually(t, 30*time.Second, "it is ready after a kill", p.ready)
		time.Sleep(time.Duration(rnd.IntN(600)) * time.Millisecond)
		p.kill()
	}
	if n := int(s.accepted.Load()); n == len(bodies) {
		t.Fatalf("all %d deliveries were accepted before the last kill: they came too fast to show anything", n)
	}
	close(pace)
	p.start()
	s.done.Wait()
	eventually(t, 60*time.Second, "everything is read, fetched, rated and written", p.quiet)
	t.Logf("%d deliveries accepted, %d attempts refused or cut", s.accepted.Load(), s.refused.Load())

	calm, same := lived(t, people, things)
	q := newProcess(t, calm, t.TempDir(), "WINNOW_PARTITIONS=4")
	calm.SetWebhookURL(q.hooks)
	q.start()
	eventually(t, 30*time.Second, "it is ready", q.ready)
	quiet := send(t.Context(), calm, func() string { return q.hooks })
	for _, body := range same {
		quiet.work <- body
	}
	quiet.end()
	eventually(t, 60*time.Second, "everything is read, fetched, rated and written", q.quiet)

	diff := ""
	eventually(t, 30*time.Second, "both CRMs show the same", func() bool {
		diff = cmp.Diff(ratings(calm), ratings(box))
		if diff != "" {
			t.Logf("(-calm +killed)\n%s", last(diff, 1500))
			time.Sleep(2 * time.Second)
		}
		return diff == ""
	})
	letters := map[string]int{}
	for _, props := range ratings(box) {
		letters[props["winnow_rating"]]++
	}
	if len(letters) < 3 {
		t.Errorf("ratings %v are too much alike to show anything", letters)
	}
	for _, id := range box.Contacts() {
		if want, got := q.facts(id), p.facts(id); want != got {
			t.Errorf("contact %s: %s known in peace, %s after the kills", id, want, got)
		}
	}
	if strings.Contains(p.logged(), `"level":"error"`) {
		t.Error("errors in the log of the killed process")
	}
}

// TestTerminate: SIGTERM ends it within the grace, with what was in hand done and nothing lost.
func TestTerminate(t *testing.T) {
	box, bodies := lived(t, 40, 300)
	p := newProcess(t, box, t.TempDir(), "WINNOW_PARTITIONS=4")
	box.SetWebhookURL(p.hooks)
	p.start()
	eventually(t, 30*time.Second, "it is ready", p.ready)
	s := send(t.Context(), box, func() string { return p.hooks })
	half := len(bodies) / 2
	for _, body := range bodies[:half] {
		s.work <- body
	}
	go func() {
		defer s.end()
		for _, body := range bodies[half:] {
			s.work <- body
		}
	}()
	took, err := p.terminate()
	if err != nil || took > 6*time.Second {
		t.Errorf("ended after %s with %v, want within the grace of 5 s and code 0", took, err)
	}
	if !strings.Contains(p.logged(), "winnow stopped") {
		t.Error("the log does not say that it stopped")
	}
	p.start()
	s.done.Wait()
	eventually(t, 60*time.Second, "everything is read, fetched, rated and written", p.quiet)
	missing := slices.DeleteFunc(box.Contacts(), func(id string) bool {
		r, _ := box.Contact(id)
		return r.Properties["winnow_rating"] != "" || r.Properties["hs_email_optout"] == "true"
	})
	if len(missing) > 0 {
		t.Errorf("contacts %v have no rating", missing)
	}
}
