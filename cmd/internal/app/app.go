// Package app puts the parts together and runs them: it alone knows every one of them.
package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/cmd/internal/admin"
	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/clock"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/cmd/internal/seen"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/queue"
)

// Options change what the settings say, for commands that are not serve.
type Options struct {
	Now      func() time.Time // nil: time.Now
	Tick     time.Duration    // how often the clock is looked at; 0: the pipeline's default
	Quiet    bool             // bind no ports: the caller speaks to API and Hooks itself
	Roles    []pipeline.Role  // instead of WINNOW_ROLES; nil: as it says
	RateLate time.Duration    // see pipeline.Options
	// Connections is how many the webhooks may have at once; 0: as many as the process's files allow.
	Connections int
	Silence     time.Duration        // how long a CRM may go without a call; 0: the pipeline's default
	Traces      trace.TracerProvider // where spans go; nil: nowhere
}

// App is one running Winnow.
type App struct {
	Pipeline *pipeline.Pipeline
	Hooks    http.Handler // /hooks/{source}
	Admin    http.Handler // everything of the admin port
	Queue    *queue.Queue

	log     *zap.Logger
	metrics *prometheus.Registry
	now     func() time.Time
	grace   time.Duration
	list    *seen.Model // nil: it could not be made
	answers *admin.Answers
	proxies []netip.Prefix
	most    int          // connections of the webhooks
	hookLn  net.Listener // nil: this process does not receive
	adminLn net.Listener
	hookTLS *certificates // nil: plain HTTP, as the next
	ownTLS  *certificates // of the admin port
	running atomic.Bool
	// what page, probe, metric and log say of whether deliveries can be taken in
	readiness *admin.Probe
}

// New opens the store, makes the connectors and binds the ports, so that whatever is wrong with the settings shows
// here.
func New(ctx context.Context, cfg *config.Config, log *zap.Logger, o Options) (a *App, err error) {
	qc := cfg.QueueConfig()
	qc.Log = queueLog(log.Named("queue"))
	q, err := queue.Open(ctx, qc)
	if err != nil {
		return nil, err
	}
	a = &App{Queue: q, log: log, now: o.Now, grace: cfg.Grace, proxies: cfg.TrustedProxies, most: o.Connections}
	if a.most == 0 {
		a.most = min(openFiles()/2, mostConnections)
	}
	if a.now == nil {
		a.now = time.Now
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
			a = nil
		}
	}()
	roles := o.Roles
	if roles == nil {
		for _, r := range cfg.Roles {
			roles = append(roles, pipeline.Role(r))
		}
	}
	clk := clock.New(clock.Options{Now: o.Now, Bound: cfg.ClockSkew, Roles: pipeline.Names(roles)})
	sources, err := makeSources(cfg, q, clk, o.Now)
	if err != nil {
		return a, err
	}
	for _, s := range sources {
		if lacks := s.CRM.Lacks(); len(lacks) > 0 {
			log.Info("what a source cannot do", zap.String("source", s.Name), zap.Strings("lacks", lacks))
		}
	}
	registry := prometheus.NewRegistry()
	a.metrics = registry
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), buildInfo(cfg.Rules.Version()))
	a.Pipeline = pipeline.New(pipeline.Options{
		Queue: q, Sources: sources, Rules: cfg.Rules, Words: cfg.Words(),
		Mode: watermark.Mode(cfg.Mode), Roles: roles, MaxBody: int64(cfg.MaxBody), Proxies: cfg.TrustedProxies,
		Grace: cfg.Grace, PollInterval: cfg.PollInterval, Tick: o.Tick, Quiet: o.Silence, Now: o.Now, Clock: clk, Log: log.Named("pipeline"),
		RateLate: o.RateLate,
		Metrics:  pipeline.NewMetrics(registry),
		Traces:   o.Traces,
		Breaker:  stored.BreakerLimits{Count: cfg.Breaker.Count, Share: float64(cfg.Breaker.Share), Window: cfg.Breaker.Window},
	})
	a.readiness = admin.NewProbe("ready", a.ready)
	registry.MustRegister(operate.NewCollector(a.Pipeline.Operate), clk, readyGauge(a.readiness))
	a.Hooks = hooks(withCertificate(cfg.TLS.ClientSources, a.Pipeline.Receiver()), cfg.PublicURL)
	a.list = a.listOf(cfg, o.Quiet)
	if a.Admin, err = a.admin(cfg, registry, o.Quiet); err != nil {
		return a, err
	}
	if o.Quiet {
		return a, nil
	}
	return a, a.bind(cfg)
}

// bind takes the ports, and reads what they are served with.
func (a *App) bind(cfg *config.Config) (err error) {
	if a.hookTLS, err = hookTLS(cfg, a.log); err != nil {
		return err
	}
	if a.ownTLS, err = adminTLS(cfg, a.log); err != nil {
		return err
	}
	if a.adminLn, err = listen("WINNOW_ADMIN_LISTEN", cfg.AdminListen); err != nil {
		return err
	}
	if a.Pipeline.Has(pipeline.RoleReceive) {
		a.hookLn, err = listen("WINNOW_LISTEN", cfg.Listen)
	}
	return err
}

func listen(name, addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; choose another address or stop what listens there", name, err)
	}
	return ln, nil
}

// makeSources builds the connector of each source. Without a queue they remember nothing, and no text is read; without
// a clk nobody hears what time it is by their answers.
func makeSources(
	cfg *config.Config, q *queue.Queue, clk *clock.Clock, now func() time.Time,
) (sources []watermark.Source, err error) {
	for _, s := range cfg.Sources {
		opt := connectors.Options{
			Source: s.Source, PublicURL: cfg.PublicURL, Salt: make([]byte, 32), Now: now, UserAgent: "winnow/" + Version(),
			Phrases: cfg.Phrases, Labels: cfg.Words().Fields(), Properties: cfg.Rules.Properties(), State: connectors.NewMemory(), Enforce: s.Own.Mode == config.Enforce,
		}
		if clk != nil {
			clk.Await(s.Name)
			opt.Heard = func(date time.Time, took time.Duration) { clk.Heard(s.Name, date, took) }
		}
		if q != nil {
			kept, err := newSealed(q, s.Name, cfg.Queue.Key.Reveal())
			if err != nil {
				return nil, err
			}
			opt.Salt, opt.State, opt.Wrote = q.Salt(), kept, stored.Wrote(q, s.Name)
		}
		c, err := s.Definition.New(s.Config, opt)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", s.Name, err)
		}
		sources = append(sources, watermark.Source{
			Source: s.Source, CRM: c, Mapping: s.Config.Mapping(), Mode: watermark.Mode(s.Own.Mode), MaxBody: int64(s.Own.MaxBody),
			PollEvery: s.Own.PollInterval,
		})
	}
	return sources, nil
}

// queueLog passes on what the embedded server and the connection say.
func queueLog(log *zap.Logger) func(level, message string) {
	return func(level, message string) {
		switch level {
		case "error":
			log.Error("queue", zap.String("says", message))
		case "warn":
			log.Warn("queue", zap.String("says", message))
		default:
			log.Debug("queue", zap.String("says", message))
		}
	}
}

// hooks leads requests to the receiver. The path that a gateway puts before /hooks, which is that of the public
// address, may still be there or be taken away. What leads nowhere is the receiver's to count.
func hooks(receiver http.Handler, publicURL string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/hooks/{source}", receiver)
	mux.Handle("/hooks/{source}/{path...}", receiver)
	mux.Handle("/", receiver)
	if u, err := url.Parse(publicURL); err == nil && strings.Trim(u.Path, "/") != "" {
		prefix := strings.TrimRight(u.Path, "/")
		mux.Handle(prefix+"/hooks/", http.StripPrefix(prefix, hooks(receiver, "")))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.Contains(req.URL.Path, "//") { // the mux would redirect it, which no CRM follows and nothing counts
			receiver.ServeHTTP(w, req)
			return
		}
		mux.ServeHTTP(w, req)
	})
}

// Addresses are where the ports are bound, empty where they are not.
func (a *App) Addresses() (hooks, admin string) {
	if a.hookLn != nil {
		hooks = a.hookLn.Addr().String()
	}
	if a.adminLn != nil {
		admin = a.adminLn.Addr().String()
	}
	return hooks, admin
}

// Run serves until ctx ends or a part fails. What the parts share stays open until every one has returned.
func (a *App) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	if a.hookLn != nil {
		g.Go(func() error {
			ln := bound(a.hookLn, a.most)
			ln.share, ln.proxies = ln.most/connectionShare, a.proxies
			return serve(ctx, ln.serve(hookServer(a.Hooks, a.log)), secured(ln, a.hookTLS), a.grace)
		})
	}
	if a.adminLn != nil {
		g.Go(func() error {
			ln := bound(a.adminLn, min(openFiles()/8, mostAsking))
			srv := admin.Server(a.Admin)
			srv.ErrorLog = serverLog(a.log, "the server of the admin port complains of a connection")
			return serve(ctx, ln.serve(srv), secured(ln, a.ownTLS), a.grace)
		})
	}
	g.Go(func() error { return a.Pipeline.Run(ctx) })
	if a.list != nil {
		g.Go(func() error { return a.list.Run(ctx) })
	}
	g.Go(func() error { a.sayReady(ctx); return nil })
	g.Go(func() error { a.answers.Run(ctx); return nil })
	a.running.Store(true)
	defer a.running.Store(false)
	return g.Wait()
}

// The connections that the webhooks and the admin port may have at once, where the process may open so many files.
// What is left belongs to the store, the CRM, and the other of the two.
const (
	mostConnections = 4096
	mostAsking      = 256
)

// hookServer is the server of the webhooks, with bounds on what anybody may take.
func hookServer(h http.Handler, log *zap.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: serverLog(log, "the server of the webhooks complains of a connection"),
	}
}

// serve answers until ctx ends, then lets the requests in hand finish within grace.
func serve(ctx context.Context, srv *http.Server, ln net.Listener, grace time.Duration) error {
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		stopped <- srv.Shutdown(bounded)
	})
	err := srv.Serve(ln)
	if stop() { // it ended by itself
		return err
	}
	if err := <-stopped; err != nil {
		return fmt.Errorf("requests were still in hand after %s: %w", grace, err)
	}
	return nil
}

// Close releases the ports and the store, newest first.
func (a *App) Close() error {
	for _, ln := range []net.Listener{a.hookLn, a.adminLn} {
		if ln != nil {
			_ = ln.Close() // a server that ran has closed it already
		}
	}
	var err error
	if a.list != nil {
		err = a.list.Close()
	}
	return errors.Join(err, a.Queue.Close())
}

// live says whether the process can still do its work; if not it must be started anew.
func (a *App) live(context.Context) error {
	if !a.running.Load() {
		return errors.New("the pipeline has ended")
	}
	return nil
}

// Vendor makes the connector of one source alone, for commands that need no store.
func Vendor(cfg *config.Config, name string) (connectors.Vendor, error) {
	sources, err := makeSources(cfg, nil, nil, nil)
	if err != nil {
		return connectors.Vendor{}, err
	}
	for _, s := range sources {
		if s.Name == name {
			return s.CRM, nil
		}
	}
	return connectors.Vendor{}, cfg.Sources.Unknown(name)
}
