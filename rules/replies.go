package rules

import (
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// ReplyTimes are the business times that the contact took to answer questions of ours, oldest first, as reply_latency (A05) counts
// them: without its absences, and without what it answered in a word or two. There are none of a contact whose zone is not known.
func ReplyTimes(s *Settings, r *Record, now time.Time) []time.Duration {
	if r.unrated() != "" {
		return nil
	}
	var h view
	h.due.now = never // nobody waits for what this finds
	h.build(s, r, crm.At(now), crm.At(now), never)
	if !h.theirs.known {
		return nil
	}
	var list []time.Duration
	for i := range h.turns {
		if t := &h.turns[i]; h.answered(i) && !t.unsure && h.turns[i+1].dir == crm.In && !h.isShort(&h.turns[i+1], t) {
			if d, ok := h.latency(t.ask.at, h.turns[i+1].first.at); ok {
				list = append(list, time.Duration(d)*time.Millisecond)
			}
		}
	}
	return list
}
