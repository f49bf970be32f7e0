package pipeline

import (
	"time"

	"github.com/winnow-crm/winnow/connectors"
)

// disposal is what becomes of work that failed: again after a time, dropped as done, or, with neither, a dead letter.
type disposal struct {
	again time.Duration // try the same again after this
	pause time.Duration // fetch nothing for this long: what is refused for one kind of record may be granted for another
	rest  time.Duration // write nothing for this long
	drop  bool          // nothing is left to do
	split bool          // of several that failed together one may be at fault: find it
	doubt bool          // one may be at fault, or the CRM: ask it for another
}

// disposalOf is the one table from an error's Kind to what is done about it. attempt counts from 1.
func disposalOf(err error, attempt int) disposal {
	switch connectors.KindOf(err) {
	case connectors.RateLimited:
		wait := max(connectors.AfterOf(err), BackoffFirst)
		return disposal{again: Jitter(wait), pause: wait, rest: wait}
	case connectors.Unavailable:
		wait := max(connectors.AfterOf(err), Backoff(attempt, BackoffFirst, BackoffMost))
		return disposal{again: Jitter(wait), pause: min(wait, RestMost), rest: min(wait, RestMost)}
	case connectors.Unauthenticated, connectors.Misconfigured:
		wait := Jitter(FetchSlow)
		return disposal{again: wait, pause: StoreAgain, rest: wait}
	case connectors.Conflict:
		if attempt >= Conflicts {
			return disposal{split: true}
		}
		wait := max(connectors.AfterOf(err), Backoff(attempt, TrialFirst, TrialMost))
		return disposal{again: Jitter(wait), split: attempt > 1} // the first time they wait together: it may pass for all
	case connectors.Garbled:
		if attempt >= Garbles {
			return disposal{split: true}
		}
		wait := Backoff(attempt, TrialFirst, TrialMost)
		if attempt > 1 { // the CRM has answered others meanwhile
			return disposal{again: Jitter(wait), split: true}
		}
		return disposal{again: Jitter(wait), pause: wait, rest: wait}
	case connectors.NotFound:
		return disposal{drop: true, split: true}
	}
	return disposal{split: true} // Internal, Malformed, Rejected
}

// disposalOfOne is what is done about a record at which the CRM fails for the times-th time while it answers others of its kind.
func disposalOfOne(err error, times int) disposal {
	if times >= Outages {
		return disposal{split: true}
	}
	return disposal{again: Jitter(max(connectors.AfterOf(err), Backoff(times, TrialFirst, TrialMost))), split: true}
}
