package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/winnow-crm/winnow/cmd/internal/app"
	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/queue"
)

// The kinds of workers.
const (
	winnow = "winnow" // what serve runs
	bare   = "bare"   // the least that can take deliveries in durably
	fill   = "fill"   // puts contacts into a new store and ends
)

// source is the one source of the workers.
const source = "hubspot"

// addresses are what a worker says of itself on its first line of output.
type addresses struct {
	Hooks   string // takes deliveries
	Control string // everything of the admin port, and /bench/...
}

// Work is the child process: a worker of the given kind under the settings in environ. It says where it listens on out
// and ends with in: when the process that started it is gone, so is that.
func Work(ctx context.Context, kind string, environ []string, in io.Reader, out io.Writer) error {
	cfg, err := config.Load(environ)
	if err != nil {
		return err
	}
	if kind == fill {
		return workFill(ctx, cfg, in)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, in) // ends when the other side closes, or is gone
		stop()
	}()
	switch kind {
	case winnow:
		return workWinnow(ctx, cfg, out)
	case bare:
		return workBare(ctx, cfg, out)
	}
	return fmt.Errorf("there is no worker of kind %q", kind)
}

// workWinnow is serve, with a door for the benchmark beside the admin port.
func workWinnow(ctx context.Context, cfg *config.Config, out io.Writer) (err error) {
	enc := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	log := zap.New(zapcore.NewCore(enc, zapcore.Lock(os.Stderr), zapcore.WarnLevel))
	defer app.UseMemory(log)()
	a, err := app.New(ctx, cfg, log, app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	hooks, _ := a.Addresses()
	closeControl, err := control(a.Admin, a.Pipeline.Drained, hooks, out)
	if err != nil {
		return err
	}
	defer closeControl()
	return a.Run(ctx)
}

// workBare verifies each delivery and publishes it as a message of its own.
func workBare(ctx context.Context, cfg *config.Config, out io.Writer) (err error) {
	v, err := app.Vendor(cfg, source)
	if err != nil {
		return err
	}
	q, err := queue.Open(ctx, cfg.QueueConfig())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	ln, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	admin := http.NewServeMux()
	admin.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	admin.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	closeControl, err := control(admin, func(context.Context) error { return nil }, ln.Addr().String(), out)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer closeControl()
	srv := &http.Server{Handler: bareHandler(v.Receive, q, int64(cfg.MaxBody)), ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func bareHandler(c connectors.Receiver, q *queue.Queue, maxBody int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "not read", http.StatusServiceUnavailable)
			return
		}
		u := *r.URL
		u.Scheme, u.Host = "http", r.Host
		if err := c.Verify(connectors.Delivery{
			Method: r.Method, URL: &u, Header: r.Header, Body: body,
		}, time.Now()); err != nil {
			http.Error(w, "not verified", http.StatusUnauthorized)
			return
		}
		if err := q.Deliveries.Publish(r.Context(), source, body, nil); err != nil {
			http.Error(w, "not stored", http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// control serves admin and the benchmark's own paths on a loopback port, and says where on out.
func control(admin http.Handler, drained func(context.Context) error, hooks string,
	out io.Writer,
) (closeIt func(), err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", admin)
	answer := func(fn func(r *http.Request) error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if err := fn(r); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		}
	}
	var p profile
	mux.Handle("POST /bench/drained", answer(func(r *http.Request) error { return drained(r.Context()) }))
	mux.Handle("POST /bench/profile", answer(func(r *http.Request) error { return p.start(r.FormValue("file")) }))
	mux.Handle("DELETE /bench/profile", answer(func(*http.Request) error { return p.stop() }))
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(ln) }() // ends when it is closed
	line, err := json.Marshal(addresses{Hooks: hooks, Control: ln.Addr().String()})
	if err == nil {
		_, err = out.Write(append(line, '\n'))
	}
	closeIt = func() { _ = srv.Close(); <-done }
	if err != nil {
		closeIt()
		return nil, err
	}
	return closeIt, nil
}

// profile is a CPU profile under way.
type profile struct {
	mu   sync.Mutex
	file string
	cpu  bytes.Buffer
}

func (p *profile) start(file string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.file = file
	p.cpu.Reset()
	return pprof.StartCPUProfile(&p.cpu)
}

// stop ends it and writes it, with the heap as it is now beside it.
func (p *profile) stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	pprof.StopCPUProfile()
	var heap bytes.Buffer
	if err := pprof.Lookup("allocs").WriteTo(&heap, 0); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(p.file+".cpu.pprof", p.cpu.Bytes(), 0o644),
		os.WriteFile(p.file+".mem.pprof", heap.Bytes(), 0o644))
}
