package exchange

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// crowded is a CRM that gives mails one by one, three at once, and calls two by two, one at once. Each answer takes
// its time.
type crowded struct {
	mu   sync.Mutex
	now  map[string]int
	most map[string]int // calls at once
	size map[string]int // references in a call
	done int
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
}

// TestCallsAtOnce: the calls of each type are as large, and as many at once, as the vendor says of that type.
func TestCallsAtOnce(t *testing.T) {
	f := &crowded{now: map[string]int{}, most: map[string]int{}, size: map[string]int{}}
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
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- x.fetch(ctx) }()
	for {
		f.mu.Lock()
		done := f.done
		f.mu.Unlock()
		if done >= 24 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got, want := fmt.Sprint(f.most, f.size), "map[calls:1 emails:3] map[calls:2 emails:1]"; got != want {
		t.Errorf("calls at once and their sizes: %s, want %s", got, want)
	}
}
