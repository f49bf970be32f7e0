package rating

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/clock"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/tracing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
	"github.com/winnow-crm/winnow/rules/words"
)

// Deps is what a Rating is made of.
type Deps struct {
	Queue      *queue.Queue
	Sources    map[string]watermark.Source
	Rules      *rules.Settings
	Words      *words.Catalogue // what is said of a rating to people
	LeaseTTL   time.Duration
	Grace      time.Duration
	Tick       time.Duration
	CacheBytes int64
	FirstWrite time.Duration // how long a first write waits at most for what is on its way
	Now        func() time.Time
	Clock      *clock.Clock
	Log        *zap.Logger
	Sights     sights
	Eraser     eraser
	Publisher  *stored.Publisher
	Tombs      *stored.Tombs
	Letters    *watermark.Letters
	Troubles   *watermark.Troubles
	Metrics    *Metrics
	Tracer     *tracing.Tracer
}

// sights tells how far the sources have been read.
type sights interface{ Sight() *watermark.Sight }

// eraser takes a forgotten contact out of the store, whose tombstone stands already.
type eraser interface {
	Erase(ctx context.Context, part int, key queue.Key) error
}

// Rating rates the contacts of the partitions that this process owns.
type Rating struct {
	Deps
	offers map[string]string // by source, what ratings are put out under: when it changes they go to the CRM again
	owners owners
	scans  chan struct{} // one for each scan in flight
}

// New returns a Rating that owns no partition yet.
func New(d Deps) *Rating {
	p := &Rating{Deps: d, offers: map[string]string{}, scans: make(chan struct{}, timing.ScansAtOnce)}
	p.owners.rated = d.Metrics.partitions
	for name, s := range d.Sources {
		p.offers[name] = string(s.Mode) + " " + s.Mapping + " " + d.Words.Version()
		d.Metrics.answers.WithLabelValues(name)
	}
	return p
}

// mode is what may be written of a contact.
func (p *Rating) mode(key queue.Key) watermark.Mode { return p.Sources[key.Source].Mode }

// Done reports how many facts of a partition have been rated here, and whether nothing was left to rate as of a look
// at the sources. Of a partition that another process owns it is not known.
func (p *Rating) Done(part int, look time.Time) (facts uint64, all bool) {
	o := p.owners.of(part)
	if o == nil {
		return 0, false
	}
	g := o.done.Load()
	if !g.rated(look) {
		return 0, false
	}
	return g.facts, true
}
