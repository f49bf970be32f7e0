package watermark

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/tracing"
	"github.com/winnow-crm/winnow/connectors"
)

// What calls to a CRM are for, beside the stages fetch and write.
const (
	CallPoll     = "poll"
	CallBackfill = "backfill"
	CallAccount  = "account"  // whose the credential is
	CallTime     = "time"     // which needs no credential
	CallRelate   = "relate"   // whom a record concerns
	CallMaintain = "maintain" // what the connector keeps up
	CallNames    = "names"    // what people are called, for a page
)

// Calls are all calls to the CRMs: how long each took, what it was for and how it ended.
type Calls struct {
	seconds *prometheus.HistogramVec // source, op, result

	mu   sync.Mutex
	last map[string]time.Time // by source, of those that need a credential
}

// NewCalls registers them.
func NewCalls(r prometheus.Registerer) *Calls {
	return &Calls{
		last: map[string]time.Time{},
		seconds: promauto.With(r).NewHistogramVec(prometheus.HistogramOpts{
			Name: "winnow_crm_call_seconds",
			Help: "How long calls to the CRM take, the wait for the budget included, by what they are for and " +
				"result.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"source", "op", "result"}),
	}
}

// Begin makes the series of a source that alerts look for, at 0.
func (c *Calls) Begin(source string) {
	for _, op := range []string{StageFetch, StageWrite, CallPoll, CallAccount} {
		for _, result := range []string{ResultOf(nil), connectors.Unauthenticated.String()} {
			c.seconds.WithLabelValues(source, op, result)
		}
	}
}

// Done notes a call that began at an instant and ended by err, with the trace of one of those it was made for.
func (c *Calls) Done(source, op string, began time.Time, err error, step *tracing.Step) {
	tracing.Observe(c.seconds.WithLabelValues(source, op, ResultOf(err)), time.Since(began), step)
	if op != CallTime {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.last[source] = time.Now()
	}
}

// Quiet returns once a source's CRM has heard nothing from this process for a time, or ctx ends.
func (c *Calls) Quiet(ctx context.Context, source string, length time.Duration) {
	for ctx.Err() == nil {
		c.mu.Lock()
		left := length - time.Since(c.last[source])
		c.mu.Unlock()
		if left <= 0 {
			return
		}
		timing.Sleep(ctx, left)
	}
}

// ResultOf is how work that ended by err is counted.
func ResultOf(err error) string {
	if err == nil {
		return "ok"
	}
	return connectors.KindOf(err).String()
}
