package watermark

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics are what is counted of sources and dead letters.
type Metrics struct {
	dead          *prometheus.CounterVec // stage, source, kind
	damage        *prometheus.CounterVec // stream
	readUpTo      *prometheus.GaugeVec   // source
	polledUpTo    *prometheus.GaugeVec   // source
	age           *prometheus.GaugeVec   // stage, source
	blindAll      *prometheus.GaugeVec   // source
	blindContacts *prometheus.GaugeVec   // source
}

// NewMetrics registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	m := &Metrics{
		dead: f.NewCounterVec(prometheus.CounterOpts{
			Name: "winnow_dead_letters_total", Help: "Things put among the dead letters, by kind of reason.",
		}, []string{"stage", "source", "kind"}),
		damage: f.NewCounterVec(prometheus.CounterOpts{
			Name: "winnow_store_damage_total", Help: "Times that a stream of the store had lost messages, which were " +
				"read again.",
		}, []string{"stream"}),
		readUpTo: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "winnow_source_read_up_to_timestamp_seconds",
			Help: "Unix time up to which a source has been read; silence counts only until then.",
		}, []string{"source"}),
		polledUpTo: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "winnow_source_polled_up_to_timestamp_seconds",
			Help: "Unix time at which the last finished poll of a source began.",
		}, []string{"source"}),
		age: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "winnow_stage_oldest_seconds", Help: "Age of the oldest thing that waits at a stage.",
		}, []string{"stage", "source"}),
		blindAll: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "winnow_source_held_by_dead_letters",
			Help: "1 while a dead letter that may concern any contact of a source holds its decisions back.",
		}, []string{"source"}),
		blindContacts: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "winnow_contacts_held_by_dead_letters",
			Help: "Contacts of a source whose decisions are held back by dead letters that name them.",
		}, []string{"source"}),
	}
	// a series that appears only with its first event never shows that event as an increase
	m.damage.WithLabelValues("CONTACTS_0")
	return m
}

// seconds is an instant as metrics have it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// oldest notes how old the oldest waiting message of a stage is.
func (m *Metrics) oldest(stage, source string, now, oldest time.Time) {
	age := 0.0
	if !oldest.IsZero() {
		age = max(0, now.Sub(oldest).Seconds())
	}
	m.age.WithLabelValues(stage, source).Set(age)
}

// Damage counts that a stream of the store has lost messages.
func (m *Metrics) Damage(stream string) { m.damage.WithLabelValues(stream).Inc() }
