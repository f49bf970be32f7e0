package history

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/record"
)

// items takes meetings, quotes, tasks and deals: as events, as time in which clocks stand still, as commitments, as
// stage.
func (h *gatherer) items() {
	for i := range h.R.Items {
		f := &h.R.Items[i]
		if f.At > h.Limit {
			continue
		}
		switch {
		case f.Gone:
			h.wasThere(f, false)
		case f.Meeting != nil:
			h.meeting(f, false)
		case f.Quote != nil:
			h.quote(f)
		case f.Task != nil:
			h.task(f)
		case f.Deal != nil:
			h.deal(f)
		}
	}
	for i := range h.R.Peers {
		switch f := &h.R.Peers[i]; {
		case f.Meeting == nil || f.At > h.Limit:
		case f.Gone:
			h.wasThere(f, true)
		default:
			h.meeting(f, true)
		}
	}
	// What a full record has forgotten is still known by its first instant.
	if len(h.R.Items) >= record.MaxItems {
		h.Met = h.Met || h.R.Lasting.Met != 0 && h.R.Lasting.Met <= h.Ref()
		h.Quoted = h.Quoted || h.R.Lasting.Quoted != 0 && h.R.Lasting.Quoted <= h.Ref()
	}
}

// meeting: while one is booked, clocks stand still; one that was held is a talk. Of one whose end has passed and of
// which nothing else is said we assume that it was held, but not that it answered what they had asked.
func (h *gatherer) meeting(f *crm.Fact, peer bool) {
	m := f.Meeting
	start, end := m.Start, m.End
	if start == 0 {
		start = f.At
	}
	if end <= start {
		end = start + calendar.HourMS
	}
	booked := f.At
	if booked == 0 || booked > start {
		booked = start
	}
	alive := m.State == crm.Scheduled || m.State == crm.Held || m.State == crm.Rescheduled && start > h.Ref()
	until := start
	if m.State == crm.Cancelled {
		until = min(start, max(crm.Millis(f.Version), booked))
	}
	if until > booked {
		h.Stops = append(h.Stops, calendar.Span{From: booked, Until: until, Why: "a meeting is booked", Fact: f.ID})
	}
	h.Due.At(start)
	if alive && start > h.Ref() {
		h.Ahead = true
	}
	held := m.State == crm.Held
	passed := m.State == crm.Scheduled && end <= h.Ref()
	if m.State == crm.Scheduled {
		h.Due.At(end)
	}
	if start <= h.Ref() && m.State != crm.Cancelled {
		h.Acts = append(h.Acts, start)
		if m.State != crm.NoShow {
			h.Reached = append(h.Reached, start)
		}
	}
	// Who agreed to a time answered, also where it was we who gave it up afterwards, or nobody knows who did.
	givenUp := (m.State == crm.Cancelled || m.State == crm.Rescheduled) && m.By != crm.In
	switch {
	case booked >= start:
	case alive || givenUp:
		h.Events = append(h.Events, Event{At: booked, ID: f.ID, Kind: Clearing, Peer: peer, F: f})
	case !peer:
		h.Events = append(h.Events, Event{At: booked, ID: f.ID, Kind: Settled, F: f})
	}
	switch {
	case held && !peer:
		h.Events = append(h.Events, Event{At: start, ID: f.ID, Kind: Talked, F: f})
	case held || passed:
		h.Events = append(h.Events, Event{At: start, ID: f.ID, Kind: Clearing, Peer: peer, F: f})
	}
	if peer {
		return
	}
	h.Booked = h.Booked || booked <= h.Ref()
	switch {
	case held || passed:
		h.Met = true
		h.Commits = append(h.Commits, Commitment{Mark{start, f.ID}, 1, true, Met})
	case alive:
		h.Commits = append(h.Commits, Commitment{Mark{booked, f.ID}, 0.5, false, Booked})
	}
}

// acceptance is what a quote accepted weighs, beside a meeting held.
const acceptance = 1.5

func (h *gatherer) quote(f *crm.Fact) {
	q := f.Quote
	if len(q.Sent) > 0 {
		h.Quoted = h.Quoted || q.Sent[0] <= h.Ref()
	}
	for _, sent := range q.Sent {
		if sent > h.Ref() {
			h.Due.At(sent)
			break
		}
		h.Events = append(h.Events, Event{At: sent, ID: f.ID, Kind: Published, F: f})
	}
	if q.Accepted != 0 && q.Accepted <= h.Limit {
		h.Events = append(h.Events, Event{At: q.Accepted, ID: f.ID, Kind: Clearing, F: f})
		h.Commits = append(h.Commits, Commitment{Mark{q.Accepted, f.ID}, acceptance, false, Accepted})
	}
}

// task: from its making until it is done clocks stand still, first because a date is agreed, then because we are late.
func (h *gatherer) task(f *crm.Fact) {
	t := f.Task
	done := t.Done
	if done > h.Limit {
		done = 0
	}
	switch {
	case done != 0:
		h.Stops = append(h.Stops, calendar.Span{
			From: f.At, Until: done, Why: "a task of ours was open", Fact: f.ID, Ours: t.Due != 0 && t.Due < done,
			Planned: t.Due,
		})
		if t.Due != 0 { // ticked off: kept, if something reached them
			h.done = append(h.done, calendar.Span{From: min(t.Due, done), Until: done, Fact: f.ID})
		}
	case t.Due == 0: // no date: it says nothing of when
	case t.Due > h.Ref():
		h.Ahead = true
		h.Due.At(t.Due)
		h.Stops = append(h.Stops, calendar.Span{
			From: f.At, Until: calendar.Never, Why: "a task of ours is open", Fact: f.ID, Planned: t.Due,
		})
	default:
		h.Stops = append(h.Stops, calendar.Span{
			From: f.At, Until: calendar.Never, Why: "a task of ours is overdue", Fact: f.ID, Ours: true, Planned: t.Due,
		})
		h.Debts = append(h.Debts, Debt{Mark{t.Due, f.ID}, Task, t.Due})
	}
}

// wasThere: a task or a booked meeting that was deleted stopped clocks until then, and who agreed to the meeting
// answered. Otherwise whoever deletes one would turn the time in which the next move was ours, or agreed, into silence
// of theirs after the fact (G3).
func (h *gatherer) wasThere(f *crm.Fact, peer bool) {
	sp := calendar.Span{From: f.At, Until: min(crm.Millis(f.Version), h.Ref()), Fact: f.ID}
	switch {
	case f.Task != nil:
		sp.Why, sp.Planned = "a task of ours was open", f.Task.Due
		if f.Task.Done != 0 {
			sp.Until = min(sp.Until, f.Task.Done)
		}
		sp.Ours = f.Task.Due != 0 && f.Task.Due < sp.Until
	case f.Meeting != nil:
		sp.Why, sp.Until = "a meeting was booked", min(sp.Until, f.Meeting.Start)
		h.Booked = h.Booked || !peer && f.At <= h.Ref()
		if f.At < f.Meeting.Start {
			h.Events = append(h.Events, Event{At: f.At, ID: f.ID, Kind: Clearing, Peer: peer, F: f})
		}
	}
	if sp.Why != "" && sp.Until > sp.From {
		h.Stops = append(h.Stops, sp)
	}
}

func (h *gatherer) deal(f *crm.Fact) {
	d := f.Deal
	open := d.Won == 0 && d.Lost == 0
	best, last := 0, 0
	for _, m := range d.Moves {
		if m.At > h.Ref() {
			h.Due.At(m.At)
			break
		}
		if m.Probability > best && best > 0 {
			h.Commits = append(h.Commits, Commitment{Mark{m.At, f.ID}, 0.5, false, Advanced})
			h.Events = append(h.Events, Event{At: m.At, ID: f.ID, Kind: Clearing, F: f})
			h.Moved = true
		}
		best = max(best, m.Probability)
		last = m.Probability
	}
	if open && last >= h.S.Late {
		h.Late = true
	}
	h.Due.At(d.Won)
	if d.Won != 0 && d.Won <= h.Ref() {
		h.Moved = true
		h.Events = append(h.Events, Event{At: d.Won, ID: f.ID, Kind: Settled, F: f})
		h.Commits = append(h.Commits, Commitment{Mark{d.Won, f.ID}, 1, false, Bought})
	}
}

// shrugs reports whether a message that brought them back says nothing: it restores no points.
func (h *gatherer) shrugs(f *crm.Fact) bool {
	if f.Message == nil || f.Message.Text.Unread || f.Message.Text.Units == 0 || f.Message.Text.Units > h.S.ShortUnits {
		return false
	}
	t := &f.Message.Text
	return t.Asks == 0 && (t.Intents.Any(crm.Vague) || !t.Intents.Any(progress|wants))
}

// decisionEvents takes what our own decisions mean for the history: a contact opened at its recheck date starts anew,
// and the conduct of one who came back counts from then on. One who comes back again soon is seen with what was before,
// too.
func (h *gatherer) decisionEvents() {
	var back crm.Millis // when they came back last
	for i := range h.R.Decisions {
		f := &h.R.Decisions[i]
		if f.Decision == nil || f.At > h.Limit {
			continue
		}
		switch {
		case f.Decision.Status == crm.Requalified:
			from, shrug := f.At, false
			for j := range h.R.Conduct {
				if c := &h.R.Conduct[j]; c.ID == f.Decision.Hangs {
					from, shrug = min(from, c.At), h.shrugs(c)
				}
			}
			if !shrug && (back == 0 || f.At-back > calendar.Millis(h.S.BackAgain)) {
				h.From = from
			}
			back = f.At
		case f.Decision.Status == crm.Open && f.Decision.Ground != "":
			h.Events = append(h.Events, Event{At: f.At, ID: f.ID, Kind: Anew, F: f})
		}
	}
}
