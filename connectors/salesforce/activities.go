package salesforce

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/relate"
)

// taskFields are those of tasks and calls, eventFields those of meetings. Source: Object Reference, Task, Event.
var (
	taskFields = []string{
		"WhoId", "WhatId", "Status", "IsClosed", "ActivityDate", "TaskSubtype", "CallType", "CallDurationInSeconds",
		"CallDisposition", "CompletedDateTime",
	}
	eventFields = []string{"WhoId", "WhatId", "StartDateTime", "EndDateTime", "IsChild"}
)

// tasks are what one of us has to do, calls that were made, and mails that were logged as no more than a task.
func (c *records) tasks(_ context.Context, rs []record, _ *relate.Circle) (map[string]crm.Fact, error) {
	out := make(map[string]crm.Fact, len(rs))
	for _, r := range rs {
		switch {
		case r.text(mailOfTask) != "": // the mail is a record of its own
		case isMail(r):
			out[r.id()] = c.loggedMail(r)
		case r.text("TaskSubtype") == "Call" && r.is("IsClosed"):
			out[r.id()] = c.call(r)
		default:
			out[r.id()] = c.task(r)
		}
	}
	return out, nil
}

func isMail(r record) bool {
	subtype := r.text("TaskSubtype")
	return subtype == "Email" || subtype == "ListEmail"
}

// mailOfTask is the field under which a task read here has its mail's id, where the mail is a record of its own.
const mailOfTask = "its EmailMessage"

// withMails notes with tasks which mail each of them is of, and asks for these mails. A mail sends no outbound message
// of its own, and its task does.
func (c *records) withMails(ctx context.Context, tasks []record, refs []crm.Ref) ([]crm.Notice, error) {
	logged := map[string]record{}
	for _, r := range tasks {
		if isMail(r) {
			logged[r.id()] = r
		}
	}
	if len(logged) == 0 || !c.reads("EmailMessage") {
		return nil, nil
	}
	ids := slices.Sorted(maps.Keys(logged))
	rs, err := c.selectIn(ctx, "EmailMessage", []string{"Id", "ActivityId"}, "ActivityId", ids)
	if err != nil {
		return nil, err
	}
	for _, r := range rs {
		if task := logged[full(r.text("ActivityId"))]; task != nil {
			task[mailOfTask] = r.id()
		}
	}
	asked := relate.ByRecord(refs)
	var out []crm.Notice
	for _, id := range ids {
		if mail := logged[id].text(mailOfTask); mail != "" {
			out = append(out, crm.Notice{Ref: &crm.Ref{Type: "EmailMessage", ID: mail, Depth: asked[id].Depth + 1}})
		}
	}
	return out, nil
}

// loggedMail is a mail of which there is a task alone: that one of ours wrote is known, and not a word of it. What came
// in is logged so too, so its direction is not taken from it.
func (c *records) loggedMail(r record) crm.Fact {
	m := crm.Message{Channel: crm.Email, Mass: r.text("TaskSubtype") == "ListEmail", Text: crm.Text{Unread: true}}
	if m.Mass {
		m.Direction = crm.Out
	}
	return c.fact(r, crm.Fact{
		Kind: crm.KindMessage, At: relate.Happened(m.Direction, r.at("CompletedDateTime"), r.created()), Message: &m,
	})
}

// call is a call that was made.
func (c *records) call(r record) crm.Fact {
	call := crm.Call{Seconds: int(r.number("CallDurationInSeconds"))}
	switch r.text("CallType") {
	case "Inbound":
		call.Direction = crm.In
	case "Outbound":
		call.Direction = crm.Out
	}
	call.Outcome = c.outcomes[strings.ToLower(strings.TrimSpace(r.text("CallDisposition")))]
	if call.Outcome == 0 && call.Seconds > 0 {
		call.Outcome = crm.Connected
	}
	at := relate.Happened(call.Direction, r.at("CompletedDateTime"), r.created())
	return c.fact(r, crm.Fact{Kind: crm.KindCall, At: at, Call: &call})
}

// task is what one of us has to do. It is due by the end of its day.
func (c *records) task(r record) crm.Fact {
	t := crm.Task{}
	if due := r.at("ActivityDate"); due != 0 {
		t.Due = due + crm.Millis((24*time.Hour - time.Second).Milliseconds())
	}
	if r.is("IsClosed") {
		if t.Done = r.at("CompletedDateTime"); t.Done == 0 {
			t.Done = crm.Millis(r.changed())
		}
	}
	return c.fact(r, crm.Fact{Kind: crm.KindTask, At: r.created(), Task: &t})
}

// events are meetings. What became of one an org says in a field of its own, if at all. For each colleague who is
// invited there is another event, a child of the first. Source: Change Data Capture Developer Guide, "Event Invitees".
func (c *records) events(_ context.Context, rs []record, _ *relate.Circle) (map[string]crm.Fact, error) {
	out := make(map[string]crm.Fact, len(rs))
	for _, r := range rs {
		if r.is("IsChild") {
			continue
		}
		m := crm.Meeting{Start: r.at("StartDateTime"), End: r.at("EndDateTime")}
		if outcome := strings.ToLower(strings.TrimSpace(r.text(c.cfg.MeetingOutcome))); c.cfg.MeetingOutcome != "" &&
			outcome != "" {
			state, known := c.meetings[outcome]
			if m.State = state; !known {
				m.State = crm.Rescheduled // neither held nor missed, and by nobody knows whom
			}
		}
		out[r.id()] = c.fact(r, crm.Fact{Kind: crm.KindMeeting, At: r.created(), Meeting: &m})
	}
	return out, nil
}
