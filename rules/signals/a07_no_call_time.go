package signals

import (
	"cmp"
	"fmt"
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
	var marks []history.Mark
	held := 0
	for i := range h.Turns {
		if declined(h, i) && w.counts(h.Turns[i+1].First.At) {
			marks = append(marks, h.Turns[i+1].First)
		}
	}
	for i := range h.R.Items {
		f := &h.R.Items[i]
		m := f.Meeting
		if m == nil || f.Gone || f.At > h.Limit {
			continue
		}
		start := max(m.Start, f.At)
		switch {
		case m.State == crm.NoShow:
			marks = w.keep(marks, history.Mark{At: start, ID: f.ID})
		case m.State == crm.Cancelled && m.By == crm.In:
			marks = w.keep(marks, history.Mark{At: min(start, max(crm.Millis(f.Version), f.At)), ID: f.ID})
		case m.By == crm.In && len(m.Moved) == 0 && m.State == crm.Rescheduled:
			marks = w.keep(marks, history.Mark{At: f.At, ID: f.ID})
		}
		if m.By == crm.In {
			for _, at := range m.Moved {
				marks = w.keep(marks, history.Mark{At: at, ID: f.ID})
			}
		}
	}
	for _, c := range h.Commits {
		if c.Held && w.counts(c.At) {
			held++
		}
	}
	if len(marks) < h.S.CallTimes || len(marks) <= held {
		return
	}
	slices.SortFunc(marks, func(a, b history.Mark) int {
		if a.At != b.At {
			return cmp.Compare(a.At, b.At)
		}
		return cmp.Compare(a.ID, b.ID)
	})
	each := float64(len(marks)-held) / float64(len(marks)) / float64(h.S.CallTimes+1)
	for _, m := range marks {
		w.hit(m.At, m.ID, each)
	}
	text := fmt.Sprintf("declined, moved or missed %s", words.Count(len(marks), "appointment"))
	if held > 0 {
		text += fmt.Sprintf(" and kept %d", held)
	}
	sh.add(&w, RowNoCallTime, text)
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
	refused := reply.Intents.Any(crm.RefusesTime | crm.DefersTime)
	if reply.Intents.Any(crm.ClearYes) && !refused {
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
	if refused {
		return true
	}
	if h.Seen < until {
		h.Due.Read(until)
		return false
	}
	return true
}
