package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/clock"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/exchange"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/intake"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/rating"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/tracing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
	"github.com/winnow-crm/winnow/rules/words"
)

// Role is one part of the flow that a process takes on.
type Role string

// The roles. Receive is the handler; the others are run by Run.
const (
	RoleReceive Role = "receive"
	RoleRead    Role = "read"
	RoleFetch   Role = "fetch"
	RoleRate    Role = "rate"
	RoleWrite   Role = "write"
	RolePoll    Role = "poll"
)

// Roles are all of them, in the order of the flow.
var Roles = []Role{RoleReceive, RoleRead, RoleFetch, RoleRate, RoleWrite, RolePoll}

// Metrics are what the pipeline counts. Labels are sources, stages, kinds and letters: finite sets, and nobody's data.
type Metrics struct {
	intake    *intake.Metrics
	watermark *watermark.Metrics
	exchange  *exchange.Metrics
	rating    *rating.Metrics
	calls     *watermark.Calls
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	return &Metrics{
		intake.NewMetrics(r), watermark.NewMetrics(r), exchange.NewMetrics(r), rating.NewMetrics(r),
		watermark.NewCalls(r),
	}
}

// Options are all that a Pipeline needs.
type Options struct {
	Queue        *queue.Queue
	Sources      []watermark.Source
	Rules        *rules.Settings
	Words        *words.Catalogue // what is said of a rating to people; nil: as it comes, in English
	Mode         watermark.Mode   // of sources that have none of their own, as the two below
	Roles        []Role           // nil: all; empty: none, for who only asks
	MaxBody      int64
	Proxies      []netip.Prefix // before us, whose X-Forwarded-For is believed
	Grace        time.Duration
	PollInterval time.Duration // 0: no polling
	LeaseTTL     time.Duration // 0: 10 s
	Tick         time.Duration // how often the clock is looked at; 0: 250 ms
	Breaker      stored.BreakerLimits
	CacheBytes   int64         // records kept decoded; 0: 256 MiB
	Refetch      time.Duration // how long a record is not fetched again that did not change; 0: a minute where Now is nil, else at once
	RateLate     time.Duration // how long facts may wait to be rated before Late is an error; 0: half an hour
	Quiet        time.Duration // how long a CRM may go without a call; 0: 3 min
	FirstWrite   time.Duration // how long a first write waits for what is on its way about the contact; 0: 10 s
	Now          func() time.Time
	Clock        *clock.Clock // nil: one by Now
	Log          *zap.Logger
	Metrics      *Metrics
	Traces       trace.TracerProvider // nil: none
}

// OrDefaults fills what is not set.
func (o Options) orDefaults() Options {
	if o.Roles == nil {
		o.Roles = Roles
	}
	if o.Now == nil {
		o.Refetch = cmp.Or(o.Refetch, timing.Refetch)
	}
	o.Words = cmp.Or(o.Words, words.Default())
	if o.Clock == nil {
		o.Clock = clock.New(clock.Options{Now: o.Now})
	}
	o.Now = o.Clock.Now
	o.Mode = cmp.Or(o.Mode, watermark.Advise)
	o.LeaseTTL = cmp.Or(o.LeaseTTL, timing.LeaseTTL)
	o.Tick = cmp.Or(o.Tick, timing.Tick)
	o.Grace = cmp.Or(o.Grace, timing.Grace)
	o.FirstWrite = cmp.Or(o.FirstWrite, timing.FirstWrite)
	o.RateLate = cmp.Or(o.RateLate, timing.RateLate)
	o.Quiet = cmp.Or(o.Quiet, timing.QuietMost)
	o.CacheBytes = cmp.Or(o.CacheBytes, 256<<20)
	o.MaxBody = cmp.Or(o.MaxBody, 1<<20)
	o.Breaker = o.Breaker.OrDefaults()
	return o
}

// Pipeline is the flow from webhook to rating. See doc.go.
type Pipeline struct {
	*operate.Operate
	People    *operate.People
	q         *queue.Queue
	sources   map[string]watermark.Source
	roles     []Role
	clock     *clock.Clock
	leaseTTL  time.Duration
	watermark *watermark.Watermark
	receiver  *intake.Receiver
	readers   map[string]*intake.Reader
	exchanges map[string]*exchange.Exchange
	rating    *rating.Rating
	keeper    *operate.Keeper
	mender    *operate.Mender
}

// New returns a pipeline that is ready to run; it does no I/O.
func New(o Options) *Pipeline {
	o = o.orDefaults()
	p := &Pipeline{
		q: o.Queue, clock: o.Clock, leaseTTL: o.LeaseTTL, roles: o.Roles, sources: map[string]watermark.Source{},
		readers: map[string]*intake.Reader{}, exchanges: map[string]*exchange.Exchange{},
	}
	for _, s := range o.Sources {
		if s.PollEvery == nil {
			s.PollEvery = &o.PollInterval
		}
		s.Mode, s.MaxBody = cmp.Or(s.Mode, o.Mode), cmp.Or(s.MaxBody, o.MaxBody)
		p.sources[s.Name] = s
	}
	tracer := tracing.New(o.Traces)
	publisher, tombs := stored.NewPublisher(o.Queue, o.Now), stored.NewTombs(o.Queue)
	troubles := watermark.NewTroubles(o.Queue, o.Log)
	letters := watermark.NewLetters(o.Queue, tombs, o.Metrics.watermark, o.Log)
	p.watermark = watermark.New(watermark.Deps{
		Queue: o.Queue, Sources: p.sources, Settle: o.Rules.Settle(), Tick: o.Tick, Clock: o.Clock,
		Log: o.Log, Troubles: troubles, Metrics: o.Metrics.watermark,
	})
	in := intake.Deps{
		Queue: o.Queue, Sources: p.sources, Grace: o.Grace, Proxies: o.Proxies, Now: o.Now, Clock: o.Clock,
		Accounts:  p.watermark,
		Publisher: publisher, Letters: letters, Troubles: troubles, Metrics: o.Metrics.intake, Tracer: tracer,
	}
	ex := exchange.Deps{
		Queue: o.Queue, Roles: Names(o.Roles), LeaseTTL: o.LeaseTTL, Grace: o.Grace,
		Tick: o.Tick, Refetch: o.Refetch, Limits: o.Breaker, Now: o.Now, Clock: o.Clock, Log: o.Log,
		Publisher: publisher, Tombs: tombs, Letters: letters,
		Troubles: troubles, Metrics: o.Metrics.exchange, Calls: o.Metrics.calls, Quiet: o.Quiet, Tracer: tracer,
	}
	p.receiver = intake.NewReceiver(in)
	for name, s := range p.sources {
		p.readers[name] = intake.NewReader(in, s)
		p.exchanges[name] = exchange.New(ex, s)
	}
	eraser := &operate.Eraser{Queue: o.Queue, Sources: p.sources, Publisher: publisher, Tombs: tombs}
	p.rating = rating.New(rating.Deps{
		Queue: o.Queue, Sources: p.sources, Rules: o.Rules, Words: o.Words,
		LeaseTTL: o.LeaseTTL, Grace: o.Grace, Tick: o.Tick,
		CacheBytes: o.CacheBytes, FirstWrite: o.FirstWrite, Now: o.Now, Clock: o.Clock, Log: o.Log,
		Sights: p.watermark, Eraser: eraser,
		Publisher: publisher, Tombs: tombs, Letters: letters, Troubles: troubles, Metrics: o.Metrics.rating,
		Tracer: tracer,
	})
	deps := operate.Deps{
		Queue: o.Queue, Sources: p.sources, Rules: o.Rules, Words: o.Words, Limits: o.Breaker, Now: o.Now, Watermark: p.watermark,
		Rated: p.rating, RateLate: o.RateLate, Polls: func(source string, at time.Time) bool { return p.exchanges[source].PollDue(at) }, Tombs: tombs, Eraser: eraser, Troubles: troubles,
		Calls: o.Metrics.calls,
	}
	p.Operate, p.People = operate.New(deps), operate.NewPeople(deps)
	p.keeper = &operate.Keeper{Queue: o.Queue, Rules: o.Rules, LeaseTTL: o.LeaseTTL, Now: o.Now, Log: o.Log}
	p.mender = &operate.Mender{Queue: o.Queue, Sources: p.sources, Now: o.Now, Log: o.Log, Letters: letters, Metrics: o.Metrics.watermark}
	return p
}

// Names are those of roles, as settings have them.
func Names(roles []Role) (all []string) {
	for _, r := range roles {
		all = append(all, string(r))
	}
	return all
}

// Run runs the roles of this process until ctx ends or one of them fails. Work in hand is finished within the grace.
func (p *Pipeline) Run(ctx context.Context) error {
	if err := p.watermark.First(ctx); err != nil {
		return timing.IgnoreDone(ctx, err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.watermark.Run(ctx) })
	if p.Has(RoleRead) {
		for _, r := range p.readers {
			g.Go(func() error { return r.Run(ctx) })
		}
	}
	if p.Has(RoleRate) {
		g.Go(func() error { return p.rating.Run(ctx) })
	} else {
		g.Go(func() error { return p.clock.Run(ctx, p.q, p.leaseTTL) })
	}
	for _, x := range p.exchanges {
		g.Go(func() error { return x.Recall(ctx) })
		g.Go(func() error { return x.Run(ctx) })
	}
	g.Go(func() error { return p.keeper.Run(ctx) })
	g.Go(func() error { return p.mender.Run(ctx) })
	g.Go(func() error {
		select {
		case <-ctx.Done():
			return nil
		case err := <-p.q.Failed():
			return fmt.Errorf("queue: %w", err)
		}
	})
	return g.Wait()
}

// Receiver is the handler of /hooks/{source}.
func (p *Pipeline) Receiver() http.Handler { return p.receiver }

// Has reports whether this process takes on role.
func (p *Pipeline) Has(role Role) bool { return slices.Contains(p.roles, role) }

// Clock says what is wrong with the machine's clock, nil while nothing is.
func (p *Pipeline) Clock() error { return p.clock.State().Err() }

// Room says whether deliveries can be taken in.
func (p *Pipeline) Room() error { return p.receiver.Room() }

// Trim removes what has been processed: facts that were rated, and deliveries that were read longer than keep ago.
func (p *Pipeline) Trim(ctx context.Context, keep time.Duration) error {
	return p.keeper.Trim(ctx, keep)
}

// Seed puts n contacts of a source into a new store as they stand after they have been rated: see rating.Rating.Seed.
func (p *Pipeline) Seed(ctx context.Context, source string, n int, person func(i int) (id string, facts []crm.Fact)) error {
	if err := p.watermark.Refresh(ctx); err != nil {
		return err
	}
	return p.rating.Seed(ctx, source, n, person)
}
