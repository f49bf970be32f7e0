package rules

import (
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/status"
)

// Answer is one that we gave, by our own working hours.
type Answer struct {
	At     crm.Millis
	Took   time.Duration // business time since the first message that awaited it
	InTime bool          // within the service level
}

// Answers are those that we have given a contact since an instant, oldest first: a message, a talk or a quote. What
// awaits an answer still has none; DebtOf tells of it.
func Answers(s *Settings, r *Record, since, now time.Time) (list []Answer) {
	if r.Unrated() != "" {
		return nil
	}
	var h status.Judge
	h.Due.Now = calendar.Never // nobody waits for what this finds
	h.Look(&s.of(r.Property(crm.PropSegment)).Settings, r, crm.At(now), crm.At(now), calendar.Never)
	for i := range max(0, len(h.Turns)-1) {
		asked, at := h.Turns[i].Awaits, h.Turns[i+1].First.At
		if asked.ID == "" || at < crm.At(since) {
			continue
		}
		list = append(list, Answer{
			At: at, Took: time.Duration(h.Ours.Hours(asked.At, at)) * time.Millisecond,
			InTime: at <= h.Ours.After(asked.At, h.S.SLA),
		})
	}
	return list
}
