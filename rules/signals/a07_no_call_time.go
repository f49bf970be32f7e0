package signals

import (
	"cmp"
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/words"
)

var noCallTimeRow = Signal{
	ID: "A07", Name: "no_call_time", Sub: crm.Engagement, Points: -12,
	Cap: 12, HalfLife: 90 * calendar.Days, Window: 270 * calendar.Days, Early: 100, On: true,
	Why:    "declines times to talk, moves, cancels or misses meetings, set against meetings held",
	Source: S3,
}

// noCallTime is A07: times that they declined, and meetings that they moved, cancelled or missed, beyond those held.
// What is not known to be theirs is held against nobody.
func noCallTime(h *View, sh *Sheet) {
	w := Weigh(h, RowNoCallTime)
	lost := lostMeetings(h, &w)
	for i := range h.Turns {
		if declined(h, i) && w.counts(h.Turns[i+1].First.At) {
			lost[refused] = append(lost[refused], h.Turns[i+1].First)
		}
	}
	held := 0
	for _, c := range h.Commits {
		if c.Held && w.counts(c.At) {
			held++
		}
	}
	marks := slices.Concat(lost[:]...)
	if len(marks) < h.S.CallTimes || len(marks) <= held {
		return
	}
	slices.SortFunc(marks, func(a, b history.Mark) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID))
	})
	each := float64(len(marks)-held) / float64(len(marks)) / float64(h.S.CallTimes+1)
	for _, m := range marks {
		w.hit(m.At, m.ID, each)
	}
	var says []crm.Phrase
	for how, marks := range lost {
		if len(marks) > 0 {
			says = append(says, words.Say(losses[how], h.Days("on", marks))...)
		}
	}
	if held > 0 {
		says = append(says, words.Say("reason.no_call_time.kept", words.Number("n", held))...)
	}
	sh.add(&w, RowNoCallTime, says)
}

// The ways in which a time for a talk is lost.
const (
	refused = iota
	missed
	cancelled
	moved
	ways
)

// losses say each of them.
var losses = [ways]string{
	refused: "reason.no_call_time.declined", missed: "reason.no_call_time.missed",
	cancelled: "reason.no_call_time.cancelled", moved: "reason.no_call_time.moved",
}

// lostMeetings are the meetings that they missed, cancelled and moved.
func lostMeetings(h *View, w *weight) (lost [ways][]history.Mark) {
	for i := range h.R.Items {
		f := &h.R.Items[i]
		m := f.Meeting
		if m == nil || f.Gone || f.At > h.Limit {
			continue
		}
		start := max(m.Start, f.At)
		switch {
		case m.State == crm.NoShow:
			lost[missed] = w.keep(lost[missed], history.Mark{At: start, ID: f.ID})
		case m.State == crm.Cancelled && m.By == crm.In:
			at := min(start, max(crm.Millis(f.Version), f.At))
			lost[cancelled] = w.keep(lost[cancelled], history.Mark{At: at, ID: f.ID})
		case m.By == crm.In && len(m.Moved) == 0 && m.State == crm.Rescheduled:
			lost[moved] = w.keep(lost[moved], history.Mark{At: f.At, ID: f.ID})
		}
		if m.By == crm.In {
			for _, at := range m.Moved {
				lost[moved] = w.keep(lost[moved], history.Mark{At: at, ID: f.ID})
			}
		}
	}
	return lost
}

// NeverThere is since when they have lost one appointment more than it takes to count, and kept none since the first of
// these; 0 where they have not.
func NeverThere(h *View) crm.Millis {
	w := Weigh(h, RowNoCallTime)
	lost := lostMeetings(h, &w)
	marks := slices.Concat(lost[:]...)
	kept := crm.Millis(0)
	for _, c := range h.Commits {
		if c.Held {
			kept = max(kept, c.At)
		}
	}
	marks = slices.DeleteFunc(marks, func(m history.Mark) bool { return m.At <= kept })
	if len(marks) <= h.S.CallTimes {
		return 0
	}
	slices.SortFunc(marks, func(a, b history.Mark) int { return cmp.Compare(a.At, b.At) })
	return marks[h.S.CallTimes].At
}

// declined reports whether in turn i we proposed a time, they answered, and neither a yes, a time of theirs, a booking
// nor a talk followed. Not every appointment is put into the CRM.
func declined(h *View, i int) bool {
	if !h.Answered(i) || h.Turns[i].Unsure || h.Turns[i].Proposed.ID == "" || h.Turns[i+1].Dir != crm.In {
		return false
	}
	reply := &h.Turns[i+1]
	if reply.Unread || reply.Spoken || reply.Intents.Any(crm.AcceptsTime|crm.ProposesTime|crm.Accepts) {
		return false
	}
	no := reply.Intents.Any(crm.RefusesTime | crm.DefersTime)
	if reply.Intents.Any(crm.ClearYes) && !no {
		return false
	}
	until := h.Theirs.After(reply.First.At, h.S.BookWithin)
	for j := range h.Events {
		if e := &h.Events[j]; e.Kind == history.Talked && e.At >= reply.First.At && e.At <= until {
			return false
		}
	}
	for j := range h.R.Items {
		f := &h.R.Items[j]
		lost := f.Meeting != nil && !f.Gone && (f.Meeting.State == crm.NoShow || f.Meeting.State == crm.Cancelled && f.Meeting.By == crm.In)
		if f.Meeting != nil && !lost && f.At >= h.Turns[i].Proposed.At && f.At <= min(until, h.Limit) {
			return false
		}
	}
	if no {
		return true
	}
	if h.Seen < until {
		h.Due.Read(until)
		return false
	}
	return true
}
