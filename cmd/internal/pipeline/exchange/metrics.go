package exchange

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/tracing"
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
	seconds *prometheus.HistogramVec // source, op
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
		seconds: f.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "winnow_crm_call_seconds",
			Help:    "How long calls to the CRM take, the wait for the budget included, by fetch and write.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"source", "op"}),
	}
}

// begin makes the series of a source that alerts look for, at 0.
func (m *Metrics) begin(source string) {
	m.writes.WithLabelValues(source, "ok")
	for _, kind := range []connectors.Kind{connectors.Unauthenticated, connectors.Misconfigured} {
		m.writes.WithLabelValues(source, kind.String())
	}
	for _, status := range []crm.Status{crm.Pending, crm.Disqualified, crm.Open, crm.Requalified} {
		m.decided.WithLabelValues(source, string(status), "")
	}
	for _, op := range []string{watermark.StageFetch, watermark.StageWrite} {
		m.seconds.WithLabelValues(source, op)
	}
}

// fetch counts records fetched. What alerts look for begins at 0 with the first record of its type.
func (m *Metrics) fetch(source, kind string, err error, n int) {
	m.fetched.WithLabelValues(source, kind, connectors.Unauthenticated.String())
	m.fetched.WithLabelValues(source, kind, resultOf(err)).Add(float64(n))
}

func resultOf(err error) string {
	if err == nil {
		return "ok"
	}
	return connectors.KindOf(err).String()
}

// call notes how long a call took, with the trace of one of those it was made for.
func (m *Metrics) call(source, op string, d time.Duration, step *tracing.Step) {
	tracing.Observe(m.seconds.WithLabelValues(source, op), d, step)
}

// decide counts a decision that the CRM shows now.
func (m *Metrics) decide(source string, d *crm.Decision) {
	m.decided.WithLabelValues(source, string(d.Status), string(d.Ground)).Inc()
}
