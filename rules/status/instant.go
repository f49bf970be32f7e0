package status

import "time"

// Instant is when a contact is rated, and how much had been seen by then.
type Instant struct {
	Now      time.Time
	Read     time.Time // the source has been read up to here: silence counts only until then; zero: Now
	Arrived  time.Time // when the newest fact about the contact arrived here; zero: long ago
	Hold     string    // nothing may be announced against the contact, and why: backfill, breaker, merge
	Lagging  bool      // the source lags more than Settle: nothing is announced
	Profiled bool      // the contact's profile has been read
}
