package rating

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Metrics are what is counted of rating.
type Metrics struct {
	facts      prometheus.Counter
	commits    prometheus.Counter
	partitions prometheus.Gauge
	answers    *prometheus.HistogramVec // source
	void       prometheus.Counter
}

const day = 24 * 3600 // seconds

// NewMetrics registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	return &Metrics{
		facts:   f.NewCounter(prometheus.CounterOpts{Name: "winnow_facts_total", Help: "Facts folded into records."}),
		commits: f.NewCounter(prometheus.CounterOpts{Name: "winnow_rate_commits_total", Help: "Batches of records committed."}),
		void: f.NewCounter(prometheus.CounterOpts{
			Name: "winnow_contacts_corrected_total", Help: "Contacts whose decisions were void because a clock was ahead that had made them.",
		}),
		partitions: f.NewGauge(prometheus.GaugeOpts{Name: "winnow_partitions_owned", Help: "Partitions that this process rates."}),
		answers: f.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "winnow_our_answer_seconds",
			Help:    "How long contacts waited for our answer, by the CRM's times of their message and of ours.",
			Buckets: []float64{300, 900, 3600, 4 * 3600, 8 * 3600, day, 2 * day, 3 * day, 7 * day, 14 * day},
		}, []string{"source"}),
	}
}

// answered notes how long a contact waited for us, where a step has seen the wait end. A history that is read at once
// has no waits to see.
func (m *Metrics) answered(j *job) {
	since := j.before.OwedSince
	if since == 0 || j.c.Rating.OwedSince != 0 {
		return
	}
	var at crm.Millis
	for _, f := range j.facts {
		if m, c := f.Message, f.Call; m != nil && m.Direction == crm.Out || c != nil && c.Direction == crm.Out {
			at = max(at, f.At)
		}
	}
	if at > since {
		m.answers.WithLabelValues(j.key.Source).Observe(at.Time().Sub(since.Time()).Seconds())
	}
}
