package history

import (
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
)

// ledger finds what we owe, and where our own silence stopped their clocks.
type ledger struct{ *History }

// owe finds what we owe beside an answer: promises of ours, agreed dates that we let pass. A debt gives us the ball,
// and while it lasts every clock that runs against them stands still.
func (h *ledger) owe() {
	slices.Sort(h.Acts)
	slices.Sort(h.Reached)
	h.promises()
	for i := range h.Follow {
		if f := &h.Follow[i]; !f.theirs && (!f.assumed || h.Own.At <= f.set) {
			h.followed(f)
		}
	}
	for i := range h.done {
		h.keeps(h.done[i].From, h.done[i].Until, h.done[i].Fact)
	}
	for i := range h.Debts {
		d := &h.Debts[i]
		if h.Ball != crm.Us || !h.Owes && d.At < h.Since {
			h.Ball, h.Since, h.By = crm.Us, d.At, d.ID
		}
	}
}

// promises of ours are kept by whatever we do next that reaches them, and overdue once their date has passed without
// it.
func (h *ledger) promises() {
	for i := range h.Events {
		e := &h.Events[i]
		if e.Kind != Sent || e.F == nil || e.F.Message == nil || !e.F.Message.Text.Intents.Any(crm.Promises) {
			continue
		}
		due := e.F.Message.Text.Horizon
		if due <= e.At {
			due = h.Ours.After(e.At, h.S.PromiseDue)
		}
		until := h.keptBy(e)
		switch {
		case until < calendar.Never:
			h.Stops = append(h.Stops, calendar.Span{From: e.At, Until: until, Why: "we had promised something", Fact: e.ID, Ours: until > due})
		case due > h.Ref():
			h.Due.At(due)
			h.Stops = append(h.Stops, calendar.Span{From: e.At, Until: calendar.Never, Why: "we have promised something", Fact: e.ID})
		default:
			h.Stops = append(h.Stops, calendar.Span{From: e.At, Until: calendar.Never, Why: "a promise of ours is overdue", Fact: e.ID, Ours: true})
			h.Debts = append(h.Debts, Debt{Mark{due, e.ID}, Promise, due})
		}
	}
}

// keptBy is when we next did something that reached them after a promise, or never.
func (h *ledger) keptBy(promise *Event) crm.Millis {
	for i := range h.Events {
		e := &h.Events[i]
		after := e.At > promise.At || e.At == promise.At && e.ID > promise.ID
		if after && !e.Peer && (e.Kind == Sent || e.Kind == Talked || e.Kind == Tried || e.Kind == Published) {
			return e.At
		}
	}
	return calendar.Never
}

// keeps notes a follow-up that we kept: something of ours reached them from the day of an instant on, at the latest on
// that of another.
func (h *ledger) keeps(from, until crm.Millis, fact string) {
	i, _ := slices.BinarySearch(h.Reached, h.Ours.DayStart(min(from, until)))
	if i < len(h.Reached) && h.Reached[i] < h.Ours.NextDay(max(from, until)) && h.Reached[i] <= h.Ref() {
		h.Kept = append(h.Kept, Mark{h.Reached[i], fact})
	}
}

// followed looks at an agreed date: before it clocks stand still; after it they do until we have come back to them. The
// date is missed at the end of our day.
func (h *ledger) followed(f *FollowUp) {
	if f.again {
		h.keeps(f.set, f.Due, f.Fact)
		return
	}
	if f.Due > h.Ref() {
		h.Ahead = true
		h.Due.At(f.Due)
		h.Stops = append(h.Stops, calendar.Span{From: f.set, Until: calendar.Never, Why: "a date is agreed", Fact: f.Fact})
		return
	}
	from, late := h.Ours.DayStart(f.Due), h.Ours.NextDay(f.Due)
	i, _ := slices.BinarySearch(h.Acts, from)
	if i < len(h.Acts) && h.Acts[i] <= h.Ref() {
		h.Stops = append(h.Stops, calendar.Span{From: f.set, Until: max(h.Acts[i], f.Due), Why: "a date was agreed", Fact: f.Fact, Ours: h.Acts[i] > late})
		h.keeps(f.Due, h.Acts[i], f.Fact)
		return
	}
	if i < len(h.Acts) {
		h.Due.At(h.Acts[i])
	}
	h.Stops = append(h.Stops, calendar.Span{From: f.set, Until: calendar.Never, Why: "we let an agreed date pass", Fact: f.Fact, Ours: late <= h.Ref()})
	if late <= h.Ref() {
		h.Debts = append(h.Debts, Debt{Mark{late, f.Fact}, AgreedDate, f.Due})
		return
	}
	h.Today = Mark{f.Due, f.Fact}
	h.Due.At(late)
}
