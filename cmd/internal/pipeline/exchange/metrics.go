package exchange

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/winnow-crm/winnow/connectors"
)

// Metrics are what is counted of the traffic with the CRMs.
type Metrics struct {
	fetched *prometheus.CounterVec // source, type, result
	polled  *prometheus.CounterVec // source
	writes  *prometheus.CounterVec // source, result
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
	}
}

// begin makes the series of a source that alerts look for, at 0.
func (m *Metrics) begin(source string) {
	m.writes.WithLabelValues(source, "ok")
	for _, kind := range []connectors.Kind{connectors.Unauthenticated, connectors.Misconfigured} {
		m.writes.WithLabelValues(source, kind.String())
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
