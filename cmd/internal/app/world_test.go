package app

import (
	"bytes"
	"context"
	"flag"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/lab/cast"
	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// world is a sandbox HubSpot and a Winnow beside it, on a clock that stands until a test moves it.
type world struct {
	t     *testing.T
	box   *hubspot.Sandbox
	app   *App
	hooks string // where webhooks go
	dir   string
	env   []string
	most  int // connections of the webhooks; 0: as serve has it
	log   *syncBuffer
	now   atomic.Int64
	ahead atomic.Int64 // how far the clock of Winnow's machine is ahead of it
	quit  func() error

	rateLate time.Duration // see Options
	before   func(*App)    // nil: nothing is done before it runs

	traces  trace.TracerProvider
	silence time.Duration // how long the CRM may go without a call; 0: as serve has it
}

// monday is when worlds begin: a working day.
var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// newWorld starts both. env is added to the settings.
func newWorld(t *testing.T, opt hubspot.Options, env ...string) *world {
	t.Helper()
	w := newAccount(t, opt, env...)
	w.start()
	return w
}

// newAccount starts the sandbox alone, so that it has a past when Winnow comes.
func newAccount(t *testing.T, opt hubspot.Options, env ...string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), log: &syncBuffer{}}
	w.now.Store(monday.UnixNano())
	opt.Now = w.clock
	opt.Winnow = true
	if opt.RateLimit == 0 {
		opt.RateLimit, opt.SearchPerSecond = -1, -1
	}
	box, err := hubspot.Start(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	w.box = box
	w.env = append([]string{
		"WINNOW_LISTEN=127.0.0.1:0", "WINNOW_ADMIN_LISTEN=127.0.0.1:0", "WINNOW_DATA_DIR=" + w.dir, "WINNOW_PARTITIONS=4", "WINNOW_POLL_INTERVAL=240h",
		"WINNOW_HUBSPOT_CLIENT_SECRET=sandbox-secret", "WINNOW_HUBSPOT_TOKEN=sandbox-token", "WINNOW_HUBSPOT_API_URL=" + box.URL(),
		"WINNOW_QUEUE_MIN_FREE=1MiB", "WINNOW_QUEUE_MAX_STORE=1GiB", "WINNOW_REASON_ROWS=true",
		"WINNOW_HUBSPOT_RATE_LIMIT=1000000", // the budget goes by the clock, which stands
	}, env...)
	t.Cleanup(func() {
		if err := w.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		if t.Failed() {
			t.Logf("log, without what is of level debug:\n%s", tail(w.warnings(), 6000))
		}
	})
	return w
}

func (w *world) clock() time.Time { return time.Unix(0, w.now.Load()).UTC() }

// machine is the clock of Winnow's machine.
func (w *world) machine() time.Time { return w.clock().Add(time.Duration(w.ahead.Load())) }

// start starts Winnow over the store that is there.
func (w *world) start() {
	w.t.Helper()
	cfg, err := config.Load(w.env)
	if err != nil {
		w.t.Fatal(err)
	}
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(w.log), zapcore.DebugLevel))
	ctx, cancel := context.WithCancel(context.Background())
	a, err := New(ctx, cfg, log, Options{
		Now: w.machine, Tick: 5 * time.Millisecond, Connections: w.most, Traces: w.traces, RateLate: w.rateLate,
		Silence: w.silence,
	})
	if err != nil {
		cancel()
		w.t.Fatal(err)
	}
	if w.before != nil {
		w.before(a)
	}
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	w.app = a
	hooks, _ := a.Addresses()
	w.hooks = "http://" + hooks + "/hooks/hubspot"
	w.box.SetWebhookURL(w.hooks)
	w.quit = func() error {
		cancel()
		err := <-done
		if e := a.Close(); err == nil {
			err = e
		}
		return err
	}
}

func (w *world) stop() error {
	if w.quit == nil {
		return nil
	}
	quit := w.quit
	w.quit = nil
	return quit()
}

// restart stops Winnow and starts it again with other settings on top of the old ones.
func (w *world) restart(env ...string) {
	w.t.Helper()
	if err := w.stop(); err != nil {
		w.t.Fatal(err)
	}
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		w.env = append(w.without(name), kv)
	}
	w.start()
}

// without are the settings but one.
func (w *world) without(name string) (env []string) {
	for _, kv := range w.env {
		if !strings.HasPrefix(kv, name+"=") {
			env = append(env, kv)
		}
	}
	return env
}

// settle sends the webhooks that wait and returns when Winnow has nothing left to do at this instant. Stages that
// cannot end because the CRM is away are named in but.
func (w *world) settle(but ...string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waittest.Hang)
	defer cancel()
	if err := w.box.Flush(ctx); err != nil {
		w.t.Fatalf("flush: %v", err)
	}
	if err := w.app.Pipeline.Idle(ctx, but...); err != nil {
		w.t.Fatalf("idle: %v", err)
	}
}

// weeks skips a test in a short run that walks through weeks day by day. What it walks through runs together in other
// tests too, and under the race detector, which short runs are for, it takes longer than all of them.
func weeks(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("walks through weeks day by day")
	}
}

// pass moves the clock on by d in steps of a day at most, settling after each.
func (w *world) pass(d time.Duration, but ...string) {
	w.t.Helper()
	for d > 0 {
		step := min(d, 24*time.Hour)
		w.now.Add(int64(step))
		d -= step
		w.settle(but...)
	}
}

// until lets the clock run as real time does until done reports true.
func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	last := time.Now()
	waittest.Until(w.t, what, func() bool {
		now := time.Now()
		w.now.Add(int64(now.Sub(last)))
		last = now
		return done()
	})
}

// letters are the dead letters, oldest first.
func (w *world) letters() []queue.DeadLetter {
	w.t.Helper()
	ls, err := w.app.Queue.DeadLetters.List(w.t.Context(), 0, 500, "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	return ls
}

// explain is the rating as it would be now.
func (w *world) explain(contact string) operate.Explanation {
	w.t.Helper()
	e, err := w.app.Pipeline.Explain(w.t.Context(), crm.ContactRef{Source: "hubspot", Contact: contact})
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// path is every status that was written of a contact, in order, without repetitions.
func (w *world) path(contact string) []string {
	return cast.Path(hubspot.Face{Sandbox: w.box}, contact)
}

// field is what stands in a contact's property in the sandbox.
func (w *world) field(contact, name string) string {
	w.t.Helper()
	r, ok := w.box.Contact(contact)
	if !ok {
		w.t.Fatalf("no contact %s in the sandbox", contact)
	}
	return r.Properties["winnow_"+name]
}

// want fails unless a contact's field has value.
func (w *world) want(contact, name, value string) {
	w.t.Helper()
	if got := w.field(contact, name); got != value {
		w.t.Errorf("contact %s: winnow_%s = %q, want %q; reasons:\n%s", contact, name, got, value, w.field(contact, "reasons"))
	}
}

// admin asks the admin port.
func (w *world) admin(path string) (int, string) {
	w.t.Helper()
	_, addr := w.app.Addresses()
	resp, err := http.Get("http://" + addr + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var b bytes.Buffer
	_, _ = b.ReadFrom(resp.Body)
	return resp.StatusCode, b.String()
}

// warnings are the lines of the log that are not of level debug.
func (w *world) warnings() string {
	var b strings.Builder
	for line := range strings.Lines(w.log.String()) {
		if !strings.Contains(line, `"level":"debug"`) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// syncBuffer is a log that can be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func tail(s string, n int) string {
	if len(s) > n {
		return s[len(s)-n:]
	}
	return s
}

// TestMain lets more tests run together than there are processors, because most of them wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if p := flag.Lookup("test.parallel"); p.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = p.Value.Set("4") // more of them, and looking at the sources leaves no time for the work
	}
	code := m.Run()
	endBrowser()
	os.Exit(code)
}
