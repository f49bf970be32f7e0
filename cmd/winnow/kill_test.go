package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/cmd/internal/lab/crowdtest"
	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
	"github.com/winnow-crm/winnow/cmd/internal/lab/porttest"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
)

// senders deliver bodies to a process that may be away, each until it is accepted. What was accepted is not sent again.
type senders struct {
	work     chan []byte
	accepted atomic.Int64
	refused  atomic.Int64
	done     sync.WaitGroup
}

func send(ctx context.Context, box *hubspot.Sandbox) *senders {
	s := &senders{work: make(chan []byte)}
	for range 6 {
		s.done.Go(func() {
			for body := range s.work {
				for {
					status, err := box.Send(ctx, box.Sign(body))
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

// lane is a portal and the winnow that serves it.
type lane struct {
	t      *testing.T
	box    *hubspot.Sandbox
	env    []string
	admin  string
	bodies [][]byte // the deliveries that tell of what happened in the portal
}

// lived is a lane in whose portal a crowd has lived for 60 days from begin on; winnow's data is in dir.
func lived(t *testing.T, dir string, begin time.Time, people, things int) *lane {
	t.Helper()
	var back atomic.Int64 // by which the portal's clock is behind, while its history is made up
	box, err := hubspot.Start(hubspot.Options{Winnow: true, RateLimit: -1, SearchPerSecond: -1, Now: func() time.Time {
		return time.Now().Add(-time.Duration(back.Load())).UTC()
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	set := func(at time.Time) { back.Store(int64(time.Since(at))) }
	set(begin)
	crowdtest.New(box, set, 5, people).Live(begin.Add(time.Minute), begin.AddDate(0, 0, 59), things)
	back.Store(0)
	listen := porttest.Free(t)
	box.SetWebhookURL("http://" + listen + "/hooks/hubspot")
	l := &lane{t: t, box: box, admin: porttest.Free(t)}
	l.env = (&town{t: t, box: box}).env(dir, listen, l.admin, "WINNOW_PARTITIONS=4", "WINNOW_GRACE=5s")
	rnd := rand.New(rand.NewPCG(3, 4))
	for rest := box.Events(); len(rest) > 0; {
		n := min(1+rnd.IntN(6), len(rest))
		l.bodies = append(l.bodies, box.Pack(rest[:n]).Body)
		rest = rest[n:]
	}
	return l
}

func sixtyDaysAgo() time.Time { return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -60) }

func (l *lane) get(path string) (int, string) {
	resp, err := http.Get("http://" + l.admin + path)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(b)
}

var lag = regexp.MustCompile(`(?m)^winnow_stage_lag_messages\{[^}]*\} (\S+)$`)

// settled waits until nothing waits at any stage.
func (l *lane) settled() {
	l.t.Helper()
	waittest.Until(l.t, "nothing waits at any stage", func() bool {
		_, text := l.get("/metrics")
		waiting := 0.0
		stages := lag.FindAllStringSubmatch(text, -1)
		for _, s := range stages {
			n, _ := strconv.ParseFloat(s[1], 64) // a metric is a number
			waiting += n
		}
		return len(stages) == 3 && waiting == 0
	})
}

// facts is how many facts of each kind are known of a contact.
func (l *lane) facts(contact string) string {
	status, body := l.get("/api/explain?source=hubspot&contact=" + contact)
	var e struct {
		Facts map[string]int `json:"facts"`
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil || status != http.StatusOK {
		return fmt.Sprintf("status %d: %v", status, err)
	}
	return fmt.Sprint(e.Facts)
}

// ratings are what stands in the portal of Winnow's fields, but for rated_at.
func (l *lane) ratings() map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, id := range l.box.Contacts() {
		r, _ := l.box.Contact(id)
		all[id] = map[string]string{}
		for name, value := range r.Properties {
			if strings.HasPrefix(name, "winnow_") && name != "winnow_rated_at" && value != "" {
				all[id][name] = value
			}
		}
	}
	return all
}

// TestKilledInACrowd kills the process 20 times at random moments while the history of a crowd arrives.
func TestKilledInACrowd(t *testing.T) {
	if testing.Short() {
		t.Skip("kills a process 20 times")
	}
	survives(t, t.TempDir(), 20, (*process).kill)
}

// survives ends the process so many times by crash while the history of a crowd arrives. Whatever was acknowledged must
// be there in the end: the records know the same facts and the CRM shows the same ratings as after a run in peace.
func survives(t *testing.T, dir string, crashes int, crash func(*process)) {
	const people, things = 150, 1500
	begin := sixtyDaysAgo() // for both: midnight may come between them
	crashed := lived(t, dir, begin, people, things)
	s := send(t.Context(), crashed.box)
	// So that deliveries arrive for as long as there are crashes, each start lets its share of them go.
	shares := make(chan [][]byte, crashes+1)
	go func() {
		defer s.end()
		for share := range shares {
			for i, body := range share {
				s.work <- body
				time.Sleep(time.Duration(i%7) * 3 * time.Millisecond)
			}
		}
	}()
	share := len(crashed.bodies) / (crashes + 1)
	rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for i := range crashes {
		p := start(t, crashed.env, "serve")
		shares <- crashed.bodies[i*share : (i+1)*share]
		time.Sleep(time.Duration(rnd.IntN(600)) * time.Millisecond)
		crash(p)
		_ = p.cmd.Wait() // killed: its error is no news
	}
	shares <- crashed.bodies[crashes*share:]
	close(shares)
	p := start(t, crashed.env, "serve")
	s.done.Wait()
	crashed.settled()
	t.Logf("%d deliveries accepted, %d attempts refused or cut", s.accepted.Load(), s.refused.Load())

	peace := lived(t, t.TempDir(), begin, people, things)
	start(t, peace.env, "serve")
	quiet := send(t.Context(), peace.box)
	for _, body := range peace.bodies {
		quiet.work <- body
	}
	quiet.end()
	peace.settled()
	var diff string
	for end := time.Now().Add(waittest.Hang); ; time.Sleep(time.Second) { // a contact may just fall due
		if diff = cmp.Diff(peace.ratings(), crashed.ratings()); diff == "" || time.Now().After(end) {
			break
		}
	}
	if diff != "" {
		t.Fatalf("the CRM differs from that of a run in peace (-peace +crashed):\n%s", diff[:min(len(diff), 4000)])
	}
	letters := map[string]int{}
	for _, props := range crashed.ratings() {
		letters[props["winnow_rating"]]++
	}
	if len(letters) < 3 {
		t.Errorf("ratings %v are too much alike to show anything", letters)
	}
	for _, id := range crashed.box.Contacts() {
		if want, got := peace.facts(id), crashed.facts(id); want != got {
			t.Errorf("contact %s: %s known in peace, %s after the crashes", id, want, got)
		}
	}
	if p.kill(); strings.Contains(p.log.String(), `"level":"error"`) {
		t.Errorf("errors in the log of the last process:\n%s", last(p.log, 3000))
	}
}

// TestTerminateUnderLoad: SIGTERM ends it although more keeps coming, and nothing is lost.
func TestTerminateUnderLoad(t *testing.T) {
	l := lived(t, t.TempDir(), sixtyDaysAgo(), 40, 300)
	p := start(t, l.env, "serve")
	s := send(t.Context(), l.box)
	half := len(l.bodies) / 2
	for _, body := range l.bodies[:half] {
		s.work <- body
	}
	go func() {
		defer s.end()
		for _, body := range l.bodies[half:] {
			s.work <- body
		}
	}()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.logged:
	case <-time.After(waittest.Hang):
		t.Fatal("it did not end")
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("ended with %v, want code 0", err)
	}
	if !strings.Contains(p.log.String(), "winnow stopped") {
		t.Error("the log does not say that it stopped")
	}
	start(t, l.env, "serve")
	s.done.Wait()
	l.settled()
	missing := slices.DeleteFunc(l.box.Contacts(), func(id string) bool {
		r, _ := l.box.Contact(id)
		return r.Properties["winnow_rating"] != "" || r.Properties["hs_email_optout"] == "true"
	})
	if len(missing) > 0 {
		t.Errorf("contacts %v have no rating", missing)
	}
}
