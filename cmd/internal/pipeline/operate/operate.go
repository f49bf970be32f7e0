package operate

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
	"github.com/winnow-crm/winnow/rules/words"
)

// Deps is what an Operate is made of.
type Deps struct {
	Queue     *queue.Queue
	Sources   map[string]watermark.Source
	Rules     *rules.Settings
	Words     *words.Catalogue
	Limits    stored.BreakerLimits
	Now       func() time.Time
	Watermark *watermark.Watermark
	Rated     ratedness
	RateLate  time.Duration                          // after this facts that are not rated are an error
	Polls     func(source string, at time.Time) bool // whether a poll of the source is due
	Tombs     *stored.Tombs
	Eraser    *Eraser
	Troubles  *watermark.Troubles
	Calls     *watermark.Calls
}

// ratedness tells how far the partitions have been rated.
type ratedness interface {
	Done(part int, look time.Time) (facts uint64, all bool)
}

// Operate is what people ask and order.
type Operate struct {
	Deps
	unratedNow *timing.Shared[[]Unrated]
}

// New returns an Operate.
func New(d Deps) *Operate {
	p := &Operate{Deps: d}
	p.unratedNow = timing.NewShared(timing.ScrapeWithin, func(ctx context.Context) ([]Unrated, error) {
		return lookUnrated(ctx, d.Queue)
	})
	return p
}

// Names are the sources, sorted.
func (p *Operate) Names() []string { return slices.Sorted(maps.Keys(p.Sources)) }
