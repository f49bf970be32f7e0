package exchange

import (
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/clock"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/tracing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/queue"
)

// Deps is what an Exchange is made of.
type Deps struct {
	Queue     *queue.Queue
	Roles     []string // of write, fetch and poll
	LeaseTTL  time.Duration
	Grace     time.Duration
	Tick      time.Duration
	Refetch   time.Duration // how long a record is not fetched again that a delivery names, unless it changed
	Limits    stored.BreakerLimits
	Now       func() time.Time
	Clock     *clock.Clock
	Log       *zap.Logger
	Publisher *stored.Publisher
	Tombs     *stored.Tombs
	Letters   *watermark.Letters
	Troubles  *watermark.Troubles
	Metrics   *Metrics
	Calls     *watermark.Calls
	Quiet     time.Duration // how long the CRM may go without a call before one shows whether the credential holds
	Tracer    *tracing.Tracer
}

// Exchange is all traffic with the CRM of one source.
type Exchange struct {
	Deps
	s      watermark.Source
	trials *trials
	recent *recent
	next   *schedule // nil: it is not polled by this process
}

// New returns the exchange with the CRM of a source.
func New(d Deps, s watermark.Source) *Exchange {
	x := &Exchange{Deps: d, s: s, trials: newTrials(), recent: newRecent(d.Refetch)}
	if s.CRM.Poll != nil && s.PollEvery != nil && *s.PollEvery > 0 && slices.Contains(d.Roles, rolePoll) {
		x.next = &schedule{}
	}
	d.Metrics.begin(s.Name)
	d.Calls.Begin(s.Name)
	return x
}

// PollDue reports whether this process is to poll the source at an instant.
func (x *Exchange) PollDue(at time.Time) bool { return x.next != nil && x.next.due(at) }
