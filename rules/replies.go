package rules

import (
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/signals"
	"github.com/winnow-crm/winnow/rules/status"
)

// ReplyTimes are the business times that the contact took to answer questions of ours, oldest first, as reply_latency
// (A05) counts them: without its absences, and without what it answered in a word or two. There are none of a contact
// whose zone is not known.
func ReplyTimes(s *Settings, r *Record, now time.Time) []time.Duration {
	if r.Unrated() != "" {
		return nil
	}
	var h status.Judge
	h.Due.Now = calendar.Never // nobody waits for what this finds
	h.Look(&s.of(r.Property(crm.PropSegment)).Settings, r, crm.At(now), crm.At(now), calendar.Never)
	return signals.ReplyTimes(&h.View)
}
