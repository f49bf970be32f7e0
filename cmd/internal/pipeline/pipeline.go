package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// Mode is what may be written.
type Mode string

// The modes.
const (
	Shadow  Mode = "shadow"  // nothing is written; decisions are kept as if they had been announced
	Advise  Mode = "advise"  // our own fields
	Enforce Mode = "enforce" // and the CRM's native lead status
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

// Source is one CRM account and the connector that speaks to it.
type Source struct {
	crm.Source
	CRM connectors.Vendor
	// Mapping stands for the field mapping: when it changes, every rating is offered to the CRM again.
	Mapping string
}

// Options are all that a Pipeline needs.
type Options struct {
	Queue        *queue.Queue
	Sources      []Source
	Rules        *rules.Settings
	Mode         Mode
	Roles        []Role // nil: all; empty: none, for who only asks
	MaxBody      int64
	Grace        time.Duration
	PollInterval time.Duration // 0: no polling
	LeaseTTL     time.Duration // 0: 10 s
	Tick         time.Duration // how often the clock is looked at; 0: 250 ms
	Breaker      BreakerLimits
	CacheBytes   int64 // records kept decoded; 0: 256 MiB
	Now          func() time.Time
	Log          *zap.Logger
	Metrics      *Metrics
}

// Pipeline is the flow from webhook to rating. See doc.go.
type Pipeline struct {
	q         *queue.Queue
	sources   map[string]Source
	rules     *rules.Settings
	mode      Mode
	roles     []Role
	maxBody   int64
	grace     time.Duration
	pollEvery time.Duration
	leaseTTL  time.Duration
	tick      time.Duration
	cache     int64
	now       func() time.Time
	log       *zap.Logger
	metrics   *Metrics
	limits    BreakerLimits
	horizon   horizons
	unread    map[string]*unread // by source
	trials    map[string]*trials // by source
	pace      pace
	troubles  troubles
	offers    map[string]string    // by source, what ratings are put out under: when it changes they go to the CRM again
	polls     map[string]*schedule // of the sources that this process polls
	owners    owners
	scans     chan struct{} // one for each scan under way
	receiver  *Receiver
}

// New returns a pipeline that is ready to run; it does no I/O.
func New(o Options) *Pipeline {
	p := &Pipeline{
		q: o.Queue, sources: map[string]Source{}, offers: map[string]string{}, polls: map[string]*schedule{}, unread: map[string]*unread{}, trials: map[string]*trials{}, rules: o.Rules, mode: o.Mode, roles: o.Roles, maxBody: o.MaxBody,
		grace: o.Grace, pollEvery: o.PollInterval, leaseTTL: o.LeaseTTL, tick: o.Tick, cache: o.CacheBytes, limits: o.Breaker, now: o.Now, log: o.Log, metrics: o.Metrics,
	}
	if p.roles == nil {
		p.roles = Roles
	}
	p.leaseTTL = orDefault(p.leaseTTL, 10*time.Second)
	p.tick = orDefault(p.tick, 250*time.Millisecond)
	p.grace = orDefault(p.grace, 20*time.Second)
	p.cache = orDefault(p.cache, 256<<20)
	p.maxBody = orDefault(p.maxBody, 1<<20)
	p.limits.Count = orDefault(p.limits.Count, 20)
	p.limits.Share = orDefault(p.limits.Share, 0.05)
	p.limits.Window = orDefault(p.limits.Window, 24*time.Hour)
	if p.now == nil {
		p.now = time.Now
	}
	if p.mode == "" {
		p.mode = Advise
	}
	for _, s := range o.Sources {
		p.sources[s.Name] = s
		p.unread[s.Name] = newUnread(p, s.Name)
		p.trials[s.Name] = newTrials()
		p.offers[s.Name] = string(p.mode) + " " + s.Mapping
		if s.CRM.Poll != nil && p.pollEvery > 0 && p.Has(RolePoll) {
			p.polls[s.Name] = &schedule{}
		}
		p.metrics.begin(s.Name)
	}
	p.scans = make(chan struct{}, scansAtOnce)
	p.horizon.init(p)
	p.receiver = newReceiver(p)
	return p
}

func orDefault[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

// Receiver is the handler of /hooks/{source}.
func (p *Pipeline) Receiver() http.Handler { return p.receiver }

// Has reports whether this process takes on role.
func (p *Pipeline) Has(role Role) bool { return slices.Contains(p.roles, role) }

// Run runs the roles of this process until ctx ends or one of them fails. Work in hand is finished within the grace.
func (p *Pipeline) Run(ctx context.Context) error {
	if err := p.horizon.first(ctx); err != nil {
		return ignoreDone(ctx, err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.horizon.run(ctx) })
	if p.Has(RoleRead) {
		for _, s := range p.sources {
			g.Go(func() error { return p.read(ctx, s) })
		}
	}
	if p.Has(RoleRate) {
		g.Go(func() error { return p.ratePartitions(ctx) })
	}
	for _, s := range p.sources {
		g.Go(func() error { return p.speak(ctx, s) })
	}
	g.Go(func() error { return p.tidy(ctx) })
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

// finish returns a context for work in hand: it outlives ctx by the grace.
func (p *Pipeline) finish(ctx context.Context) (context.Context, context.CancelFunc) {
	hold, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(p.grace, cancel)
		context.AfterFunc(hold, func() { t.Stop() })
	})
	return hold, func() { stop(); cancel() }
}

// Room says whether deliveries can be taken in.
func (p *Pipeline) Room() error { return p.q.Room(queue.Deliveries, receiveShare) }

// CanRate says whether ratings, and erasures with them, find room to be stored.
func (p *Pipeline) CanRate() error { return p.q.Room(queue.Contacts, 1) }

// roomFor waits a moment and reports false where one of the streams is nearly full.
func (p *Pipeline) roomFor(ctx context.Context, streams ...string) bool {
	for _, name := range streams {
		if err := p.q.Room(name, emptyShare); err != nil {
			p.warns("room "+name, "waiting for room", err, zap.String("stream", name))
			sleep(ctx, time.Second)
			return false
		}
	}
	return true
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// ignoreDone is err, unless it only says that ctx ended.
func ignoreDone(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return nil
	}
	return err
}
