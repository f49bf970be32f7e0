package rating

import (
	"cmp"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// newcomer is a contact of whom nothing has been written yet. The first write waits for the profile, because of some nothing may be
// written at all, and for what is known to be on its way, so that a new contact's history costs one write.
type newcomer struct {
	look     time.Time  // the last look at the source before the newest facts were folded
	since    crm.Millis // when the first write began to wait
	profiled bool
}

// awaits reports whether the first write of a contact waits, which it may have done since then, and notes it. An owner without newcomers
// has nobody wait.
func (o *owner) awaits(j *job, since crm.Millis, now time.Time) bool {
	if j.c.Values != nil || o.newcomers == nil {
		return false
	}
	j.c.Unshown = cmp.Or(since, crm.At(now))
	w := o.newcomer(j)
	if !w.profiled || (o.behind || !w.complete(o.sight, j.key)) && !w.overdue(now) {
		return true
	}
	j.c.Unshown = 0
	return false
}

// newcomer is what is known of a contact whose first write waits.
func (o *owner) newcomer(j *job) newcomer {
	w, ok := o.newcomers[j.key]
	if !ok || len(j.facts) > 0 {
		w.look = o.sight.Of(j.key.Source).Now
	}
	w.since = j.c.Unshown
	w.profiled = j.profiled
	return w
}

// complete reports whether a look that began after the newest facts found nothing older unread. What lies among the dead letters is not on
// its way.
func (w newcomer) complete(s *watermark.Sight, key queue.Key) bool {
	return s.Of(key.Source).Read.After(w.look)
}

// overdue reports whether what is on its way has been waited for long enough.
func (w newcomer) overdue(now time.Time) bool { return now.Sub(w.since.Time()) >= timing.FirstWrite }

// welcome gives the newcomers a turn whose history is there by a look at the sources.
func (o *owner) welcome(s *watermark.Sight) {
	now := s.Looked()
	for key, w := range o.newcomers {
		if w.profiled && (w.complete(s, key) || w.overdue(now)) {
			o.turn[key] = struct{}{}
		}
	}
}
