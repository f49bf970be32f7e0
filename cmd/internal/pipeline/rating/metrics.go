package rating

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics are what is counted of rating.
type Metrics struct {
	facts      prometheus.Counter
	commits    prometheus.Counter
	partitions prometheus.Gauge
}

// NewMetrics registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	return &Metrics{
		facts:      f.NewCounter(prometheus.CounterOpts{Name: "winnow_facts_total", Help: "Facts folded into records."}),
		commits:    f.NewCounter(prometheus.CounterOpts{Name: "winnow_rate_commits_total", Help: "Batches of records committed."}),
		partitions: f.NewGauge(prometheus.GaugeOpts{Name: "winnow_partitions_owned", Help: "Partitions that this process rates."}),
	}
}
