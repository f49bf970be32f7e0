package tracing

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Observe puts a duration into a histogram, with the trace of a step as its exemplar: from a slow bucket one gets to
// what was slow.
func Observe(h prometheus.Observer, d time.Duration, s *Step) {
	if id := s.ID(); id != "" {
		if e, ok := h.(prometheus.ExemplarObserver); ok {
			e.ObserveWithExemplar(d.Seconds(), prometheus.Labels{"trace_id": id})
			return
		}
	}
	h.Observe(d.Seconds())
}
