package exchange

import (
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors"
)

// disposal is what becomes of work that failed: again after a time, dropped as done, or, with neither, a dead letter.
type disposal struct {
	again time.Duration // try the same again after this
	// fetch nothing for this long: what is refused for one kind of record may be granted for another
	pause time.Duration
	rest  time.Duration // write nothing for this long
	drop  bool          // nothing is left to do
	split bool          // of several that failed together one may be at fault: find it
	doubt bool          // one may be at fault, or the CRM: ask it for another
}

// disposalOf is the one table from an error's Kind to what is done about it. attempt counts from 1.
func disposalOf(err error, attempt int) disposal {
	switch connectors.KindOf(err) {
	case connectors.RateLimited:
		wait := max(connectors.AfterOf(err), timing.BackoffFirst)
		return disposal{again: timing.Jitter(wait), pause: wait, rest: wait}
	case connectors.Unavailable:
		wait := max(connectors.AfterOf(err), timing.Backoff(attempt, timing.BackoffFirst, timing.BackoffMost))
		return disposal{again: timing.Jitter(wait), pause: min(wait, timing.RestMost), rest: min(wait, timing.RestMost)}
	case connectors.Unauthenticated, connectors.Misconfigured:
		wait := timing.Jitter(timing.FetchSlow)
		return disposal{again: wait, pause: timing.StoreAgain, rest: wait}
	case connectors.Conflict:
		if attempt >= timing.Conflicts {
			return disposal{split: true}
		}
		wait := max(connectors.AfterOf(err), timing.Backoff(attempt, timing.TrialFirst, timing.TrialMost))
		// the first time they wait together: it may pass for all
		return disposal{again: timing.Jitter(wait), split: attempt > 1}
	case connectors.Garbled:
		if attempt >= timing.Garbles {
			return disposal{split: true}
		}
		wait := timing.Backoff(attempt, timing.TrialFirst, timing.TrialMost)
		if attempt > 1 { // the CRM has answered others meanwhile
			return disposal{again: timing.Jitter(wait), split: true}
		}
		return disposal{again: timing.Jitter(wait), pause: wait, rest: wait}
	case connectors.NotFound:
		return disposal{drop: true, split: true}
	}
	return disposal{split: true} // Internal, Malformed, Rejected
}

// disposalOfOne is what is done about a record at which the CRM fails for the times-th time while it answers others
// of its kind.
func disposalOfOne(err error, times int) disposal {
	if times >= timing.Outages {
		return disposal{split: true}
	}
	return disposal{
		again: timing.Jitter(max(connectors.AfterOf(err), timing.Backoff(times, timing.TrialFirst, timing.TrialMost))),
		split: true,
	}
}
