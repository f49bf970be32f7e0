package cast

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// TestServe runs the standalone sandbox with the cast at full speed: deliveries come in stamped with the real time, and
// the output can be pasted into a shell.
func TestServe(t *testing.T) {
	var deliveries, stale atomic.Int64
	hooks := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		deliveries.Add(1)
		ms, _ := strconv.ParseInt(r.Header.Get("X-HubSpot-Request-Timestamp"), 10, 64)
		if age := time.Since(time.UnixMilli(ms)); age > time.Minute || age < -time.Minute {
			stale.Add(1)
		}
	}))
	defer hooks.Close()
	ctx, stop := context.WithCancel(t.Context())
	out := &buffer{}
	done := make(chan error)
	go func() {
		done <- Serve(ctx, ServeOptions{
			Start: hubspot.StartFace, Cast: true, Speed: 2000, Out: out,
			Sandbox: world.Options{WebhookURL: hooks.URL + "/hooks/hubspot", Token: "tok", Fields: true, People: 3},
		})
	}()
	waittest.Until(t, "the cast has played", func() bool {
		return strings.Contains(out.String(), "the cast has played")
	})
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if deliveries.Load() == 0 || stale.Load() != 0 {
		t.Errorf("%d deliveries, %d of them stale", deliveries.Load(), stale.Load())
	}
	for _, line := range []string{
		"export WINNOW_HUBSPOT_TOKEN=tok\n", "export WINNOW_PUBLIC_URL=" + hooks.URL + "\n", "# 3 contacts",
		"winnow serve\n",
	} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("%q is missing in %s", line, out)
		}
	}
}

// TestServeSaysWhatDoesNotArrive: each change of what becomes of the deliveries is a line, a repetition is none.
func TestServeSaysWhatDoesNotArrive(t *testing.T) {
	var status atomic.Int64
	hooks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(status.Load()))
	}))
	defer hooks.Close()
	out := &buffer{}
	client := http.Client{Transport: &arrivals{next: http.DefaultTransport, out: &lines{w: out}}}
	for _, s := range []int64{204, 401, 401, 404, 503, 204, 204} {
		status.Store(s)
		resp, err := client.Get(hooks.URL)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	hooks.Close()
	if _, err := client.Get(hooks.URL); err == nil {
		t.Fatal("nobody listens, and there is no error")
	}
	said := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, want := range []string{"401", "404", "503", "arrive again", "refused"} {
		if len(said) != 5 || !strings.Contains(said[i], want) {
			t.Fatalf("want five lines, of them %d with %q: %q", i, want, said)
		}
	}
}
