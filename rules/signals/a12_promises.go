package signals

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/words"
)

var brokenPromisesRow = Signal{
	ID: "A12", Name: "broken_promises", Sub: crm.Engagement, Points: -6,
	Cap: 12, HalfLife: 180 * calendar.Days, Window: 730 * calendar.Days, Early: 100, On: true,
	Why:    "promised later business and did not keep it",
	Source: S3,
}

var futurePromisesRow = Signal{
	ID: "A12", Name: "future_promises", Sub: crm.Worth, Points: 1,
	Cap: 1, Window: 365 * calendar.Days, Early: 100, On: true,
	Why:    "promises later business: worth next to nothing until it is kept",
	Source: S3,
}

// A promise of later business without a date is expected within promiseHorizon; it is broken when its date has passed
// by promiseGrace without a deal won or a quote accepted since it was made.
const (
	promiseHorizon = 180 * calendar.DayMS
	promiseGrace   = 30 * calendar.DayMS
)

// futureBusiness is A12: the ledger of what they promised for later.
func futureBusiness(h *View, sh *Sheet) {
	broken, open := Weigh(h, RowBrokenPromises), Weigh(h, RowFuturePromises)
	var promised []history.Mark
	var last crm.Millis // the oldest that is open
	for i := range h.Events {
		e := &h.Events[i]
		if e.Kind != history.Received || e.F.Message == nil || !e.F.Message.Text.Intents.Any(crm.FutureBusiness) {
			continue
		}
		due := e.F.Message.Text.Horizon
		if due <= e.At {
			due = e.At + promiseHorizon
		}
		due = min(due, e.At+10*365*calendar.DayMS)
		if bought(h, e.At) {
			continue
		}
		end := calendar.Ends(h.Fair, due, promiseGrace)
		if h.Seen < end {
			h.Due.Read(end)
			if open.sum == 0 && open.counts(e.At) {
				open.hit(e.At, e.ID, 1)
				last = e.At
			}
			continue
		}
		if broken.counts(e.At) {
			broken.hit(end, e.ID, 1)
			promised = append(promised, history.Mark{At: e.At, ID: e.ID})
		}
	}
	if len(promised) > 0 && broken.sig.On {
		sh.add(&broken, RowBrokenPromises, words.Say("reason.broken_promises", h.Days("on", promised)))
	}
	if open.sum > 0 && open.sig.On {
		sh.add(&open, RowFuturePromises, words.Say("reason.future_promises", h.Day("on", last)))
	}
}

// bought reports whether a deal was won or a quote accepted after an instant.
func bought(h *View, since crm.Millis) bool {
	for i := range h.R.Items {
		f := &h.R.Items[i]
		var at crm.Millis
		switch {
		case f.Deal != nil:
			at = f.Deal.Won
		case f.Quote != nil:
			at = f.Quote.Accepted
		}
		if at > since && at <= h.Ref() {
			return true
		}
		h.Due.At(at)
	}
	return false
}
