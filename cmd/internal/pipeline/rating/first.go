package rating

import (
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/tracing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// newcomer is a contact of whom nothing has been written yet. The first write waits for the profile, because of some
// nothing may be written at all, and for what is known to be on its way, so that a new contact's history costs one
// write.
type newcomer struct {
	look     time.Time // the last look at the source before the newest facts were folded
	since    time.Time // in machine time: when this owner began to wait for the history
	profiled bool
	trail    tracing.Trail // what the write follows from that waits
	came     crm.Millis    // as stored.Outgoing has it
}

// awaits is what the first write of a contact waits for. An owner without newcomers has nobody wait.
func (o *owner) awaits(j *job) stored.Awaited {
	if j.c.Values != nil || o.newcomers == nil {
		return stored.Nothing
	}
	w := o.newcomer(j)
	switch {
	case !w.profiled:
		return stored.Profile
	case (o.behind || !w.complete(o.sight, j.key)) && !o.overdue(w):
		return stored.History
	}
	return stored.Nothing
}

// newcomer is what is known of a contact whose first write waits.
func (o *owner) newcomer(j *job) newcomer {
	w, ok := o.newcomers[j.key]
	if !ok || len(j.facts) > 0 {
		w.look = o.sight.Of(j.key.Source).Now
	}
	if !w.profiled {
		w.since = time.Now()
	}
	w.profiled = j.profiled
	return w
}

// complete reports whether a look that began after the newest facts found nothing older unread. What lies among the
// dead letters is not on its way.
func (w newcomer) complete(s *watermark.Sight, key queue.Key) bool {
	return s.Of(key.Source).Read.After(w.look)
}

// overdue reports whether what is on its way has been waited for long enough.
func (o *owner) overdue(w newcomer) bool { return time.Since(w.since) >= o.p.FirstWrite }

// welcome gives the newcomers a turn whose history is there by a look at the sources.
func (o *owner) welcome(s *watermark.Sight) {
	for key, w := range o.newcomers {
		if w.profiled && (w.complete(s, key) || o.overdue(w)) {
			o.turn[key] = struct{}{}
		}
	}
}
