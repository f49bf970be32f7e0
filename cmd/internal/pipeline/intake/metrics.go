package intake

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/tracing"
)

// Metrics are what is counted of deliveries.
type Metrics struct {
	deliveries *prometheus.CounterVec // source, result
	read       *prometheus.CounterVec // source
	passed     *prometheus.CounterVec // source, type
	foreign    *prometheus.CounterVec // source
	stray      prometheus.Counter
	seconds    *prometheus.HistogramVec // source
}

// NewMetrics registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	return &Metrics{
		deliveries: f.NewCounterVec(prometheus.CounterOpts{
			Name: "winnow_deliveries_total", Help: "Webhook requests by what became of them.",
		}, []string{"source", "result"}),
		read: f.NewCounterVec(prometheus.CounterOpts{
			Name: "winnow_deliveries_read_total", Help: "Messages of the delivery queue that were decoded.",
		}, []string{"source"}),
		foreign: f.NewCounterVec(prometheus.CounterOpts{
			Name: "winnow_events_foreign_total", Help: "Events of another account of the CRM than the source's; they are dropped.",
		}, []string{"source"}),
		stray: f.NewCounter(prometheus.CounterOpts{
			Name: "winnow_deliveries_stray_total", Help: "Webhook requests to a path that leads to no source.",
		}),
		seconds: f.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "winnow_delivery_seconds",
			Help:    "From the arrival of a verified webhook until it was stored, or could not be.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"source"}),
		passed: f.NewCounterVec(prometheus.CounterOpts{
			Name: "winnow_events_passed_over_total", Help: "Events of kinds of records that are not read, by type.",
		}, []string{"source", "type"}),
	}
}

// begin makes the series of a source that alerts look for, at 0: the rise of a series that is not there before its
// first event is never seen.
func (m *Metrics) begin(source string) {
	for _, result := range []string{"stored", "no_room", "too_large", "not_read", "not_verified", stale, "not_stored"} {
		m.deliveries.WithLabelValues(source, result)
	}
	m.seconds.WithLabelValues(source)
}

// took notes how long a verified delivery took, with the trace that it is followed in.
func (m *Metrics) took(source string, d time.Duration, step *tracing.Step) {
	tracing.Observe(m.seconds.WithLabelValues(source), d, step)
}
