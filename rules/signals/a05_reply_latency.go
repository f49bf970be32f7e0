package signals

import (
	"slices"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/words"
)

var replyLatencyRow = Signal{
	ID: "A05", Name: "reply_latency", Sub: crm.Engagement, Points: -8,
	Cap: 8, Window: 180 * calendar.Days, Early: 30, On: true,
	Why:    "median time to answer in its business hours, against the usual and its own",
	Source: S2 + "; " + S3,
}

// ReplyTimes is what ReplyTimes returns.
func ReplyTimes(h *View) []time.Duration {
	if !h.Theirs.Known {
		return nil
	}
	var list []time.Duration
	for i := range h.Turns {
		if t := &h.Turns[i]; h.Answered(i) && !t.Unsure && h.Turns[i+1].Dir == crm.In && !h.IsShort(&h.Turns[i+1], t) {
			if d, ok := latency(h, t.Ask.At, h.Turns[i+1].First.At); ok {
				list = append(list, time.Duration(d)*time.Millisecond)
			}
		}
	}
	return list
}

// replyLatency is A05: the median business time to an answer, against what is usual and against their own earlier
// answers. A message that cannot be read may have been a shrug, which is no answer: it can show that they are quick,
// and not that they are slow.
func replyLatency(h *View, sh *Sheet) {
	w, all := latencies(h, true)
	if w.sum > 0 {
		w, all = latencies(h, false)
	}
	switch {
	case w.sum > 0 && h.Theirs.Known: // the hours of somebody whose zone is not known prove nothing
		key := "reason.reply_latency.hours"
		n, days := words.Business(all, h.Theirs.Shut-h.Theirs.Open)
		if days {
			key = "reason.reply_latency.days"
		}
		sh.add(&w, RowReplyLatency, words.Say(key, words.Number("n", n), h.Day("last", w.newest())))
	case w.sum < 0:
		sh.add(&w, RowReplyLatency, words.Say("reason.reply_latency.quick", h.Day("last", w.newest())))
	}
}

// latencies weighs the times that answers took, those that cannot be read among them or not, and returns their median.
func latencies(h *View, unread bool) (w weight, all crm.Millis) {
	w = Weigh(h, RowReplyLatency)
	var times []crm.Millis
	for i := range h.Turns {
		if t := &h.Turns[i]; h.Answered(i) && !t.Unsure && h.Turns[i+1].Dir == crm.In &&
			(unread || !h.Turns[i+1].Unread) && !h.IsShort(&h.Turns[i+1], t) && w.counts(h.Turns[i+1].First.At) {
			reply := h.Turns[i+1].First
			if d, ok := latency(h, t.Ask.At, reply.At); ok {
				times = append(times, d)
				w.Cite(reply.At, reply.ID)
			}
		}
	}
	if len(times) < h.S.LatencyTurns {
		return w, 0
	}
	recent := median(times[max(0, len(times)-max(3, h.S.LatencyTurns)):])
	all = median(times)
	fast, typical, slow := calendar.Millis(h.S.LatencyFast), calendar.Millis(h.S.LatencyTypical),
		calendar.Millis(h.S.LatencySlow)
	switch {
	case all <= fast:
		w.sum = -1
	case all < typical:
		w.sum = -float64(typical-all) / float64(typical-fast)
	default:
		w.sum = min(float64(all-typical)/float64(slow-typical), 1)
		if earlier := times[:max(0, len(times)-3)]; len(earlier) >= 3 {
			// Somebody who has always taken that long is not losing interest.
			was := max(median(earlier), calendar.HourMS)
			w.sum = min(w.sum, min(max(float64(recent-was)/float64(2*was), 0), 1))
		}
	}
	return w, all
}

// latency is the business time between our question and their answer, without their absences. Where something else made
// clocks stand still meanwhile, a slow answer says nothing, and ok is false.
func latency(h *View, from, until crm.Millis) (total crm.Millis, ok bool) {
	total = h.Theirs.Hours(from, until)
	stopped := false
	var absences []calendar.Span
	for _, sp := range h.Stops {
		if sp.From >= until || sp.Until <= from {
			continue
		}
		if sp.Away {
			absences = append(absences, sp)
		} else {
			stopped = true
		}
	}
	for _, sp := range calendar.Union(absences) {
		total -= h.Theirs.Hours(max(sp.From, from), min(sp.Until, until))
	}
	return max(total, 0), !stopped || total <= calendar.Millis(h.S.LatencyTypical)
}

func median(times []crm.Millis) crm.Millis {
	sorted := slices.Clone(times)
	slices.Sort(sorted)
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}
