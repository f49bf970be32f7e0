package rules

import (
	"github.com/winnow-crm/winnow/connectors/crm"
)

// items takes meetings, quotes, tasks and deals: as events, as time in which clocks stand still, as commitments, as stage.
func (h *view) items() {
	for i := range h.r.Items {
		f := &h.r.Items[i]
		if f.At > h.limit {
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
	for i := range h.r.Peers {
		switch f := &h.r.Peers[i]; {
		case f.Meeting == nil || f.At > h.limit:
		case f.Gone:
			h.wasThere(f, true)
		default:
			h.meeting(f, true)
		}
	}
	// What a full record has forgotten is still known by its first instant.
	if len(h.r.Items) >= maxItems {
		h.met = h.met || h.r.Lasting.Met != 0 && h.r.Lasting.Met <= h.ref()
		h.quoted = h.quoted || h.r.Lasting.Quoted != 0 && h.r.Lasting.Quoted <= h.ref()
	}
}

// meeting: while one is booked, clocks stand still; one that was held is a talk. Of one whose end has passed and of which
// nothing else is said we assume that it was held, but not that it answered what they had asked.
func (h *view) meeting(f *crm.Fact, peer bool) {
	m := f.Meeting
	start, end := m.Start, m.End
	if start == 0 {
		start = f.At
	}
	if end <= start {
		end = start + hourMS
	}
	booked := f.At
	if booked == 0 || booked > start {
		booked = start
	}
	alive := m.State == crm.Scheduled || m.State == crm.Held || m.State == crm.Rescheduled && start > h.ref()
	until := start
	if m.State == crm.Cancelled {
		until = min(start, max(crm.Millis(f.Version), booked))
	}
	if until > booked {
		h.stops = append(h.stops, span{from: booked, until: until, why: "a meeting is booked", fact: f.ID})
	}
	h.due.at(start, "the meeting begins")
	if alive && start > h.ref() {
		h.ahead = true
	}
	held := m.State == crm.Held
	passed := m.State == crm.Scheduled && end <= h.ref()
	if m.State == crm.Scheduled {
		h.due.at(end, "the meeting is over")
	}
	if start <= h.ref() && m.State != crm.Cancelled {
		h.acts = append(h.acts, start)
	}
	// Who agreed to a time answered, also where it was we who gave it up afterwards, or nobody knows who did.
	givenUp := (m.State == crm.Cancelled || m.State == crm.Rescheduled) && m.By != crm.In
	if (alive || givenUp) && booked < start {
		h.events = append(h.events, event{at: booked, id: f.ID, kind: eClear, peer: peer, f: f})
	}
	switch {
	case held && !peer:
		h.events = append(h.events, event{at: start, id: f.ID, kind: eTalk, f: f})
	case held || passed:
		h.events = append(h.events, event{at: start, id: f.ID, kind: eClear, peer: peer, f: f})
	}
	if peer {
		return
	}
	switch {
	case held || passed:
		h.met = true
		h.commits = append(h.commits, commitment{mark{start, f.ID}, 1, true})
	case alive:
		h.commits = append(h.commits, commitment{mark{booked, f.ID}, 0.5, false})
	}
}

// acceptance is what a quote accepted weighs, beside a meeting held.
const acceptance = 1.5

func (h *view) quote(f *crm.Fact) {
	q := f.Quote
	if len(q.Sent) > 0 {
		h.quoted = h.quoted || q.Sent[0] <= h.ref()
	}
	for _, sent := range q.Sent {
		if sent > h.ref() {
			h.due.at(sent, "a quote is sent")
			break
		}
		h.events = append(h.events, event{at: sent, id: f.ID, kind: eQuote, f: f})
	}
	if q.Accepted != 0 && q.Accepted <= h.limit {
		h.events = append(h.events, event{at: q.Accepted, id: f.ID, kind: eClear, f: f})
		h.commits = append(h.commits, commitment{mark{q.Accepted, f.ID}, acceptance, false})
	}
}

// task: from its making until it is done clocks stand still, first because a date is agreed, then because we are late.
func (h *view) task(f *crm.Fact) {
	t := f.Task
	done := t.Done
	if done > h.limit {
		done = 0
	}
	switch {
	case done != 0:
		h.stops = append(h.stops, span{from: f.At, until: done, why: "a task of ours was open", fact: f.ID, ours: t.Due != 0 && t.Due < done, planned: t.Due})
		h.acts = append(h.acts, done)
		if t.Due != 0 {
			h.kept = append(h.kept, mark{done, f.ID})
		}
	case t.Due == 0: // no date: it says nothing of when
	case t.Due > h.ref():
		h.ahead = true
		h.due.at(t.Due, "our task falls due")
		h.stops = append(h.stops, span{from: f.At, until: never, why: "a task of ours is open", fact: f.ID, planned: t.Due})
	default:
		h.stops = append(h.stops, span{from: f.At, until: never, why: "a task of ours is overdue", fact: f.ID, ours: true, planned: t.Due})
		h.debts = append(h.debts, debt{mark{t.Due, f.ID}, "a task of ours is overdue"})
	}
}

// wasThere: a task or a booked meeting that was deleted stopped clocks until then, and who agreed to the meeting answered. Otherwise
// whoever deletes one would turn the time in which the next move was ours, or agreed, into silence of theirs after the fact (G3).
func (h *view) wasThere(f *crm.Fact, peer bool) {
	sp := span{from: f.At, until: min(crm.Millis(f.Version), h.ref()), fact: f.ID}
	switch {
	case f.Task != nil:
		sp.why, sp.planned = "a task of ours was open", f.Task.Due
		if f.Task.Done != 0 {
			sp.until = min(sp.until, f.Task.Done)
		}
		sp.ours = f.Task.Due != 0 && f.Task.Due < sp.until
	case f.Meeting != nil:
		sp.why, sp.until = "a meeting was booked", min(sp.until, f.Meeting.Start)
		if f.At < f.Meeting.Start {
			h.events = append(h.events, event{at: f.At, id: f.ID, kind: eClear, peer: peer, f: f})
		}
	}
	if sp.why != "" && sp.until > sp.from {
		h.stops = append(h.stops, sp)
	}
}

func (h *view) deal(f *crm.Fact) {
	d := f.Deal
	open := d.Won == 0 && d.Lost == 0
	best, last := 0, 0
	for _, m := range d.Moves {
		if m.At > h.ref() {
			h.due.at(m.At, "the deal moves")
			break
		}
		if m.Probability > best && best > 0 {
			h.commits = append(h.commits, commitment{mark{m.At, f.ID}, 0.5, false})
		}
		best = max(best, m.Probability)
		last = m.Probability
	}
	if open && last >= h.s.late {
		h.late = true
	}
	h.due.at(d.Won, "the deal is won")
	if d.Won != 0 && d.Won <= h.ref() {
		h.commits = append(h.commits, commitment{mark{d.Won, f.ID}, 1, false})
	}
}

// decisionEvents takes what our own decisions mean for the history: a contact opened at its recheck date starts anew, and the
// conduct of one who came back counts from then on.
func (h *view) decisionEvents() {
	for i := range h.r.Decisions {
		f := &h.r.Decisions[i]
		if f.Decision == nil || f.At > h.limit {
			continue
		}
		switch {
		case f.Decision.Status == crm.Requalified:
			h.from = f.At
			for j := range h.r.Conduct {
				if h.r.Conduct[j].ID == f.Decision.Hangs {
					h.from = min(h.from, h.r.Conduct[j].At)
				}
			}
		case f.Decision.Status == crm.Open && f.Decision.Ground != "":
			h.events = append(h.events, event{at: f.At, id: f.ID, kind: eAnew, f: f})
		}
	}
}
