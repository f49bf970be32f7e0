package signals

import (
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/words"
)

var effortRow = Signal{
	ID: "A17", Name: "effort", Window: 180 * calendar.Days, Early: 100, On: true,
	Why:    "hours that we have spent, against commitments",
	Source: S1 + "; " + S3,
}

// hoursOf rounds a time of ours to hours.
func hoursOf(d time.Duration) int { return int((d + 30*time.Minute) / time.Hour) }

// Effort is A17 as grounds and treatment rest on it: our time that they caused. It is caused by a question or a request
// of theirs, by a talk or a meeting that they took part in or agreed to, and not by our running after them, nor by what
// we send once more because our link was broken or our file was missing.
func Effort(h *View) time.Duration {
	return touches(h, true)
}

// Spent is all of our time that is reported: the touches, and what our own people wrote about the contact.
func Spent(h *View) time.Duration {
	total := touches(h, false)
	for i := range h.R.Notes {
		if f := &h.R.Notes[i]; !f.Gone && f.At <= h.Limit && f.At >= h.From {
			total += h.S.EffortNote
		}
	}
	return total
}

// touches is our time from the touches that are known, of those that they caused or of all.
func touches(h *View, caused bool) (total time.Duration) {
	w := Weigh(h, RowEffort)
	asked := false // something of theirs awaits our answer
	for i := range h.Events {
		e := &h.Events[i]
		if e.F == nil || e.Peer {
			continue
		}
		counts := e.At >= h.From && w.counts(e.At)
		switch {
		case e.Kind == history.Received:
			asked = asked || causes(e.F)
		case e.Kind == history.Sent && e.F.Message != nil:
			if counts && (asked || !caused) {
				total += h.S.EffortMail
			}
			asked = false
		case e.F.Call != nil && counts && (e.Kind == history.Talked ||
			!caused && (e.Kind == history.Tried || e.Kind == history.Sent)):
			total += h.S.EffortCall + time.Duration(min(e.F.Call.Seconds, 8*3600))*time.Second
		}
	}
	return total + appointments(h, &w, caused)
}

// causes reports whether a message of theirs is why we write next.
func causes(f *crm.Fact) bool { return history.NeedsAnswer(f) && !history.Amends(f) }

// appointments is our time for meetings and quotes.
func appointments(h *View, w *weight, caused bool) (total time.Duration) {
	var asked []history.Mark
	if caused {
		asked = requests(h)
	}
	for i := range h.R.Items {
		f := &h.R.Items[i]
		switch {
		case f.Gone || f.At > h.Limit || f.At < h.From || !w.counts(f.At):
		case f.Meeting != nil && f.Meeting.State != crm.Cancelled && f.Meeting.Start <= h.Ref():
			if d := time.Duration(f.Meeting.End-f.Meeting.Start) * time.Millisecond; d > 0 && d < 12*time.Hour {
				total += d
			} else {
				total += h.S.EffortMeeting
			}
		case f.Quote != nil:
			n := len(f.Quote.Sent)
			if caused {
				n = len(causedBy(asked, f.Quote.Sent))
			}
			total += time.Duration(n) * h.S.EffortQuote
		}
	}
	return total
}

// effortSpent is A17: our time, and what came of it.
func effortSpent(h *View, sh *Sheet) {
	spent := Spent(h)
	if spent < time.Hour {
		return
	}
	w := Weigh(h, RowEffort)
	says := words.Say("reason.effort.hours", words.Number("hours", hoursOf(spent)))
	if len(h.Commits) == 0 {
		says = append(says, words.Say("reason.effort.none")...)
	}
	sh.Note(&w, says)
}
