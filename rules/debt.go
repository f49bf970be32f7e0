package rules

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/status"
	"github.com/winnow-crm/winnow/rules/words"
)

// Debt is what we owe somebody, and how long they have waited by our own working hours.
type Debt struct {
	What   crm.Owed   `json:"owed"`
	Since  crm.Millis `json:"since"`
	Due    crm.Millis `json:"due"`            // by the service level
	Waited string     `json:"waited"`         // business time
	Over   string     `json:"over,omitempty"` // the part of it that lies over the service level
}

// DebtOf is what we owe a contact at an instant; false where that is nothing.
func DebtOf(s *Settings, r *Record, at Instant) (Debt, bool) {
	if r.Unrated() != "" {
		return Debt{}, false
	}
	now := crm.At(at.Now)
	s = s.of(r.Property(crm.PropSegment))
	var h status.Judge
	h.Due.Now = now
	h.Look(&s.Settings, r, now, now, calendar.Never)
	if h.OptOut || h.Ball != crm.Us {
		return Debt{}, false
	}
	day := h.Ours.Shut - h.Ours.Open
	d := Debt{
		What:   kindOfDebt(&h),
		Since:  h.Since,
		Due:    h.Ours.After(h.Since, h.S.SLA),
		Waited: words.BusinessTime(h.Ours.Hours(h.Since, now), day),
	}
	if now > d.Due {
		d.Over = words.BusinessTime(h.Ours.Hours(d.Due, now), day)
	}
	return d, true
}
