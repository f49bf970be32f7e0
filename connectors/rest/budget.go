package rest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Class is how urgent a request is. Ratings that wait to be written come before records to be read, and these before polls.
type Class uint8

// The classes, most urgent first.
const (
	Write Class = iota
	Fetch
	Poll
)

// shares is the part of the window that each class may fill. What is left above it stays free for the more urgent ones.
var shares = [...]float64{Write: 1, Fetch: 0.85, Poll: 0.6}

// dayReserve is the part of the day's calls that a class leaves to the more urgent ones.
var dayReserve = [...]float64{Write: 0, Fetch: 0.02, Poll: 0.1}

const (
	slots       = 20   // the window slides in steps of a twentieth
	headroom    = 0.95 // of the vendor's limit, because its clock and ours do not tick together
	minFactor   = 0.1  // the budget is never cut below this share of the limit
	creep       = 0.05 // share that comes back after each whole interval without a refusal
	dayStale    = 15 * time.Minute
	outageAfter = 5 // failures in a row that open the breaker
	outageFirst = 2 * time.Second
	outageMost  = time.Minute
)

// ErrPaused and ErrOutage are why Acquire refuses without asking the vendor.
var (
	ErrPaused = errors.New("the vendor asked for a pause")
	ErrOutage = errors.New("the last calls brought no answer that can be used; it is not asked for a while")
	ErrBusy   = errors.New("the budget is used up by other requests")
	ErrDay    = errors.New("the day's calls are nearly used up")
)

// Refused is Acquire's error: no request may go before After has passed.
type Refused struct {
	After time.Duration
	Err   error
}

func (r *Refused) Error() string {
	return fmt.Sprintf("%v: next try in %s", r.Err, r.After.Round(100*time.Millisecond))
}
func (r *Refused) Unwrap() error { return r.Err }

// Limits is what an answer says about the vendor's limits. Zero Max or DayMax: it says nothing.
type Limits struct {
	Max, Remaining       int // calls per interval
	Interval             time.Duration
	DayMax, DayRemaining int
}

// Budget is how many requests may go to one account. It keeps a sliding window of what was sent, follows the limits that the
// vendor's answers tell, halves its share when the vendor refuses and lets it creep back, and stops asking a vendor that
// does not answer, but for one probe at a time. It is safe for concurrent use.
type Budget struct {
	now      func() time.Time
	patience time.Duration

	mu       sync.Mutex
	interval time.Duration
	max      int     // the vendor's limit per interval
	factor   float64 // share of max in use
	moved    time.Time
	counts   [slots + 1]int // one more than the window's steps, so that nothing leaves it early
	head     int
	headAt   time.Time // start of the slot at head
	sum      int

	paused time.Time // nothing goes before

	dayMax, dayLeft int
	dayAt           time.Time

	failures int
	closed   time.Time // breaker: nothing goes before
	probing  bool
}

// NewBudget returns a budget of limit calls per interval, until an answer tells another limit. patience is how long Acquire
// waits before it refuses. A nil now is time.Now.
func NewBudget(limit int, interval, patience time.Duration, now func() time.Time) *Budget {
	if now == nil {
		now = time.Now
	}
	return &Budget{now: now, patience: patience, interval: interval, max: limit, factor: 1, dayLeft: -1}
}

// Acquire waits until a request of class c may go and counts it. It returns a *Refused where that is further off than the
// budget's patience, and ctx's error when it ends first.
func (b *Budget) Acquire(ctx context.Context, c Class) error {
	start := b.now()
	for waited := time.Duration(0); ; {
		wait, err := b.take(c, waited)
		if err != nil || wait == 0 {
			return err
		}
		if waited+wait > b.patience {
			return &Refused{After: wait, Err: ErrBusy}
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		waited += wait
		if b.now().Equal(start) {
			// A simulated clock that stands still must not stop us: we did wait.
			b.count()
			return nil
		}
	}
}

// take counts a request and returns 0, or returns how long to wait before asking again.
func (b *Budget) take(c Class, waited time.Duration) (time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.slide(now)
	if d := b.paused.Sub(now); d > 0 {
		return 0, &Refused{After: d, Err: ErrPaused}
	}
	if b.failures >= outageAfter {
		if d := b.closed.Sub(now); d > 0 {
			return 0, &Refused{After: d, Err: ErrOutage}
		}
		if b.probing {
			return 0, &Refused{After: outageFirst, Err: ErrOutage}
		}
	}
	if b.dayMax > 0 && float64(b.dayLeft) < dayReserve[c]*float64(b.dayMax) && now.Sub(b.dayAt) < dayStale {
		return 0, &Refused{After: dayStale - now.Sub(b.dayAt), Err: ErrDay}
	}
	// Who has waited for a whole interval may fill the window like a write, so that a steady flow of urgent requests delays
	// the others but does not starve them.
	share := shares[c]
	if waited >= b.interval {
		share = 1
	}
	if b.sum < max(1, int(float64(b.limit())*share)) {
		b.counts[b.head]++
		b.sum++
		b.probing = b.failures >= outageAfter
		return 0, nil
	}
	return b.untilFree(now), nil
}

func (b *Budget) count() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts[b.head]++
	b.sum++
}

func (b *Budget) limit() int { return max(1, int(float64(b.max)*b.factor*headroom)) }

// slide moves the window on to now and forgets what has left it.
func (b *Budget) slide(now time.Time) {
	step := b.interval / slots
	if b.headAt.IsZero() || now.Sub(b.headAt) >= b.interval+step {
		b.counts, b.sum, b.headAt = [slots + 1]int{}, 0, now
		return
	}
	for now.Sub(b.headAt) >= step {
		b.head = (b.head + 1) % len(b.counts)
		b.sum -= b.counts[b.head]
		b.counts[b.head] = 0
		b.headAt = b.headAt.Add(step)
	}
}

// untilFree is when the oldest requests leave the window.
func (b *Budget) untilFree(now time.Time) time.Duration {
	step := b.interval / slots
	for i := 1; i <= slots; i++ {
		if b.counts[(b.head+i)%len(b.counts)] > 0 {
			return max(b.headAt.Add(time.Duration(i)*step).Sub(now), time.Millisecond)
		}
	}
	return step
}

// Answered reports that the vendor answered, and what it says about its limits.
func (b *Budget) Answered(l Limits) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.failures, b.probing = 0, false
	if b.factor < 1 && now.Sub(b.moved) >= b.interval {
		b.factor, b.moved = min(1, b.factor+creep), now
	}
	b.learn(l, now)
}

func (b *Budget) learn(l Limits, now time.Time) {
	if l.Max > 0 && l.Interval > 0 {
		if l.Interval != b.interval {
			b.interval, b.counts, b.headAt = l.Interval, [slots + 1]int{}, now
			b.counts[b.head] = b.sum
		}
		b.max = l.Max
		b.slide(now)
		// Others may call the same account with the same credential: what they used is used.
		if used := l.Max - l.Remaining; used > b.sum {
			b.counts[b.head] += used - b.sum
			b.sum = used
		}
	}
	if l.DayMax > 0 {
		b.dayMax, b.dayLeft, b.dayAt = l.DayMax, l.DayRemaining, now
	}
}

// Limited reports that the vendor refused because of its limits and wants after to pass; 0: it named no time. The share in
// use is halved, once per interval, and nothing goes until the pause is over.
func (b *Budget) Limited(l Limits, after time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.failures, b.probing = 0, false
	b.learn(l, now)
	if b.moved.IsZero() || now.Sub(b.moved) >= b.interval || b.factor == 1 {
		b.factor, b.moved = max(minFactor, b.factor/2), now
	}
	if after <= 0 {
		after = b.interval / 4
	}
	after = jitter(after)
	if until := now.Add(after); until.After(b.paused) {
		b.paused = until
	}
	return after
}

// Failed reports that the vendor did not answer, or answered that it cannot. After several in a row nothing goes for a
// while, twice as long each time, and then one request at a time until one is answered.
func (b *Budget) Failed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures++
	b.probing = false
	if over := b.failures - outageAfter; over >= 0 {
		b.closed = b.now().Add(jitter(min(outageMost, outageFirst<<min(over, 10))))
	}
}

// Dropped reports that a request was given up on our side, which says nothing about the vendor.
func (b *Budget) Dropped() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}

// Left returns the calls left in the current interval and in the day; -1 for a day that is not known.
func (b *Budget) Left() (interval, day int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.slide(b.now())
	return max(0, b.limit()-b.sum), b.dayLeft
}

// jitter lengthens d by up to a fifth, so that those who were refused together do not come back together.
func jitter(d time.Duration) time.Duration {
	return d + time.Duration(rand.Int64N(int64(d)/5+1))
}
