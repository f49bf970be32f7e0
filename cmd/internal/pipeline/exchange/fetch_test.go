package exchange

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// crowded is a CRM that gives mails one by one, three at once, and calls two by two, one at once. Each answer takes
// its time.
type crowded struct {
	mu    sync.Mutex
	now   map[string]int
	most  map[string]int // calls at once
	size  map[string]int // references in a call
	done  int
	three chan struct{} // closed when three give mails: until then each waits
	once  sync.Once
}

func (f *crowded) FetchLimits(typ string) connectors.Limits {
	if typ == "emails" {
		return connectors.Limits{Batch: 1, Calls: 3}
	}
	return connectors.Limits{Batch: 2, Calls: 1}
}

func (f *crowded) Fetch(_ context.Context, refs []crm.Ref) []connectors.Result {
	typ := refs[0].Type
	f.count(typ, 1, len(refs))
	select {
	case <-f.three:
	case <-time.After(waittest.Hang):
	}
	time.Sleep(30 * time.Millisecond)
	f.count(typ, -1, 0)
	return make([]connectors.Result, len(refs))
}

func (f *crowded) count(typ string, n, refs int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now[typ] += n
	f.most[typ] = max(f.most[typ], f.now[typ])
	f.size[typ] = max(f.size[typ], refs)
	f.done += refs
	if f.now["emails"] == 3 {
		f.once.Do(func() { close(f.three) })
	}
}

// fetches has x fetch until the end of the test, or until stop, which says whether that went well.
func fetches(t *testing.T, x *Exchange) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- x.fetch(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// TestCallsAtOnce: the calls of each type are as large, and as many at once, as the vendor says of that type.
func TestCallsAtOnce(t *testing.T) {
	f := &crowded{
		now: map[string]int{}, most: map[string]int{}, size: map[string]int{}, three: make(chan struct{}),
	}
	x := exchangeWith(t, connectors.Vendor{Fetch: f})
	out := x.Publisher.Output("fake")
	for i := range 12 {
		for _, typ := range []string{"emails", "calls"} {
			out.Add(crm.Notice{Ref: &crm.Ref{Type: typ, ID: fmt.Sprint(i)}})
		}
	}
	if err := out.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop := fetches(t, x)
	for {
		f.mu.Lock()
		done := f.done
		f.mu.Unlock()
		if done >= 24 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	stop()
	if got, want := fmt.Sprint(f.most, f.size), "map[calls:1 emails:3] map[calls:2 emails:1]"; got != want {
		t.Errorf("calls at once and their sizes: %s, want %s", got, want)
	}
}

// TestLongWait: of what waits for its call the queue is told that it is in hand, so that nobody else is given it.
func TestLongWait(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a third of the time that a message may be in hand")
	}
	ns, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
		MaxPayload: 8 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	go ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	if !ns.ReadyForConnections(time.Minute) {
		t.Fatal("the NATS server did not start")
	}
	said := make(chan string, 10)
	nc, err := nats.Connect(ns.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if _, err := nc.Subscribe("$JS.ACK.>", func(m *nats.Msg) { said <- string(m.Data) }); err != nil {
		t.Fatal(err)
	}
	answer := make(chan struct{})
	x := exchangeOver(t, queue.Config{URL: ns.ClientURL()}, connectors.Vendor{
		Fetch: fetching(func([]crm.Ref) ([]crm.Notice, error) { <-answer; return nil, nil }),
	})
	out := x.Publisher.Output("fake")
	out.Add(crm.Notice{Ref: &crm.Ref{Type: "emails", ID: "1"}})
	if err := out.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop := fetches(t, x)
	for _, want := range []string{"+WPI", "+ACK"} {
		select {
		case got := <-said:
			if got != want {
				t.Errorf("the queue is told %s, want %s", got, want)
			}
		case <-time.After(5 * time.Minute):
			t.Fatalf("the queue is never told %s", want)
		}
		if want == "+WPI" {
			close(answer)
		}
	}
	stop()
}

// many is a CRM that gives a hundred records a call, eight calls at once, and answers when as many are under way.
type many struct {
	mu    sync.Mutex
	calls int
	full  chan struct{} // closed when eight are under way
	over  chan struct{} // closed when the test is
}

func (*many) FetchLimits(string) connectors.Limits { return connectors.Limits{Batch: 100, Calls: 8} }

func (f *many) Fetch(_ context.Context, refs []crm.Ref) []connectors.Result {
	f.mu.Lock()
	if f.calls++; f.calls == 8 {
		close(f.full)
	}
	f.mu.Unlock()
	<-f.over
	return make([]connectors.Result, len(refs))
}

// TestCallsOfManyRecords: what is in a call does not count as waiting for one, however many records it names.
func TestCallsOfManyRecords(t *testing.T) {
	f := &many{full: make(chan struct{}), over: make(chan struct{})}
	x := exchangeWith(t, connectors.Vendor{Fetch: f})
	out := x.Publisher.Output("fake")
	for i := range 1600 {
		out.Add(crm.Notice{Ref: &crm.Ref{Type: "emails", ID: fmt.Sprint(i)}})
	}
	if err := out.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop := fetches(t, x)
	select {
	case <-f.full:
	case <-time.After(5 * time.Minute):
		t.Error("eight calls are never under way")
	}
	close(f.over)
	stop()
}

// scarce is a CRM whose first call waits for its budget until told that it may go.
type scarce struct {
	mu     sync.Mutex
	calls  [][]crm.Ref
	queued bool
	may    chan struct{}
}

func (*scarce) FetchLimits(string) connectors.Limits { return connectors.Limits{Batch: 100, Calls: 8} }

func (f *scarce) Fetch(_ context.Context, refs []crm.Ref) []connectors.Result {
	f.mu.Lock()
	f.calls = append(f.calls, refs)
	first := len(f.calls) == 1
	f.queued = f.queued || first
	f.mu.Unlock()
	if first {
		<-f.may
		f.mu.Lock()
		f.queued = false
		f.mu.Unlock()
	}
	return make([]connectors.Result, len(refs))
}

func (*scarce) Budget() (interval, day int) { return 0, -1 }

func (f *scarce) Queued() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.queued
}

func (f *scarce) seen() (sizes []int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, refs := range f.calls {
		sizes = append(sizes, len(refs))
	}
	return sizes
}

// TestTheBudgetGathers: while calls wait for the budget, what comes one by one gathers and is asked for at once.
func TestTheBudgetGathers(t *testing.T) {
	f := &scarce{may: make(chan struct{})}
	x := exchangeWith(t, connectors.Vendor{Fetch: f, Budget: f})
	comes := func(i int) {
		out := x.Publisher.Output("fake")
		out.Add(crm.Notice{Ref: &crm.Ref{Type: "emails", ID: fmt.Sprint(i)}})
		if err := out.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	stop := fetches(t, x)
	comes(0)
	waittest.Until(t, "the first call", func() bool { return len(f.seen()) == 1 })
	// What Gather has taken by then may still come by itself, once.
	for i := 1; i <= 20; i++ {
		comes(i)
		time.Sleep(2 * timing.Patience) // so that they do not gather by themselves
	}
	close(f.may)
	waittest.Until(t, "all records", func() bool {
		n := 0
		for _, size := range f.seen() {
			n += size
		}
		return n == 21
	})
	stop()
	if sizes := f.seen(); len(sizes) > 3 {
		t.Errorf("calls of %v records, want what came while the budget was used up in one", sizes)
	}
}
