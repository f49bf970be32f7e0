package exchange

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// Metrics are what is counted of the traffic with the CRMs.
type Metrics struct {
	fetched *prometheus.CounterVec   // source, type, result
	polled  *prometheus.CounterVec   // source
	writes  *prometheus.CounterVec   // source, result
	decided *prometheus.CounterVec   // source, status, ground
	through *prometheus.HistogramVec // source
}

// NewMetrics registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	return &Metrics{
		fetched: f.NewCounterVec(prometheus.CounterOpts{
			Name: "winnow_fetched_total", Help: "Records fetched from the CRM, by type and result.",
		}, []string{"source", "type", "result"}),
		polled: f.NewCounterVec(prometheus.CounterOpts{
			Name: "winnow_polled_total", Help: "Notices found by polling.",
		}, []string{"source"}),
		writes: f.NewCounterVec(prometheus.CounterOpts{
			Name: "winnow_writes_total", Help: "Ratings brought to the CRM, by result.",
		}, []string{"source", "result"}),
		decided: f.NewCounterVec(prometheus.CounterOpts{
			Name: "winnow_decisions_total", Help: "Decisions that the CRM shows, by status and ground.",
		}, []string{"source", "status", "ground"}),
		through: f.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "winnow_webhook_to_write_seconds",
			Help:    "From the arrival of a webhook until the CRM had taken the rating that follows from it.",
			Buckets: []float64{.25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 6 * 3600, 24 * 3600},
		}, []string{"source"}),
	}
}

// begin makes the series of a source that alerts look for, at 0.
func (m *Metrics) begin(source string) {
	m.writes.WithLabelValues(source, "ok")
	m.through.WithLabelValues(source)
	for _, kind := range []connectors.Kind{connectors.Unauthenticated, connectors.Misconfigured} {
		m.writes.WithLabelValues(source, kind.String())
	}
	for _, status := range []crm.Status{crm.Pending, crm.Disqualified, crm.Open, crm.Requalified} {
		m.decided.WithLabelValues(source, string(status), "")
	}
}

// fetch counts records fetched. What alerts look for begins at 0 with the first record of its type.
func (m *Metrics) fetch(source, kind string, err error, n int) {
	m.fetched.WithLabelValues(source, kind, connectors.Unauthenticated.String())
	m.fetched.WithLabelValues(source, kind, watermark.ResultOf(err)).Add(float64(n))
}

// decide counts a decision that the CRM shows now.
func (m *Metrics) decide(source string, d *crm.Decision) {
	m.decided.WithLabelValues(source, string(d.Status), string(d.Ground)).Inc()
}

// wrote counts a rating that was brought to the CRM, or could not be, and how long ago the webhook came that it follows
// from; 0: it follows from none.
func (m *Metrics) wrote(source string, came crm.Millis, now time.Time, err error) {
	m.writes.WithLabelValues(source, watermark.ResultOf(err)).Inc()
	if err == nil && came != 0 {
		m.through.WithLabelValues(source).Observe(now.Sub(came.Time()).Seconds())
	}
}
