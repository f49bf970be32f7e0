package hubspot

import (
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// meetings are appointments. At is when one was logged or booked; its start may move and is the vendor's to tell.
// Source: HubSpot docs, "Meetings".
var meetings = kind{
	properties: []string{"hs_timestamp", "hs_meeting_start_time", "hs_meeting_end_time", "hs_meeting_outcome"},
	histories:  []string{"hs_meeting_start_time", "hs_meeting_outcome"},
	facts: each(func(c *Connector, o *object) *crm.Fact {
		m := crm.Meeting{Start: o.at("hs_meeting_start_time"), End: o.at("hs_meeting_end_time")}
		if m.Start == 0 {
			m.Start = o.at("hs_timestamp")
		}
		m.State = c.meetingState(o.get("hs_meeting_outcome"))
		var last history
		for i, h := range o.changes("hs_meeting_start_time") {
			if i > 0 && h.value() != last.value() && h.value() != "" {
				m.Moved = append(m.Moved, h.at())
				m.By = mover(h)
			}
			last = h
		}
		if m.State == crm.Cancelled || m.State == crm.Rescheduled {
			m.By = 0
			if hs := o.changes("hs_meeting_outcome"); len(hs) > 0 {
				m.By = mover(hs[len(hs)-1])
			}
		}
		return &crm.Fact{Version: o.changed(), Kind: crm.KindMeeting, At: o.created(), Meeting: &m}
	}),
}

// mover is who made a change. Only a booking page tells: a contact uses it. One of our own who moves a meeting in the
// CRM mostly does so because they asked for it, and what is not known is held against nobody.
func mover(h history) crm.Direction {
	if h.SourceType == "MEETINGS" {
		return crm.In
	}
	return 0
}

// outcomes are HubSpot's own outcomes of meetings. Source: HubSpot docs, "Meetings".
var outcomes = map[string]crm.MeetingState{
	"": crm.Scheduled, "SCHEDULED": crm.Scheduled, "COMPLETED": crm.Held, "RESCHEDULED": crm.Rescheduled,
	"NO_SHOW":  crm.NoShow,
	"CANCELED": crm.Cancelled, "CANCELLED": crm.Cancelled,
}

// meetingState is what became of a meeting. An outcome that the account made itself means what the settings say. One of
// which they say nothing is taken for a meeting that was moved by nobody knows whom: booked until its start, and after
// it neither held nor missed.
func (c *Connector) meetingState(outcome string) crm.MeetingState {
	if state, ok := c.meetings[strings.ToLower(outcome)]; ok {
		return state
	}
	if state, ok := outcomes[strings.ToUpper(outcome)]; ok {
		return state
	}
	return crm.Rescheduled
}
