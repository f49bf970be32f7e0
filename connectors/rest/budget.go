package rest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Class is how urgent a request is. Ratings that wait to be written come before records to be read, and these before
// polls.
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
	Max, Remaining       int // units per interval
	Interval             time.Duration
	DayMax, DayRemaining int
}

// Plan is what a vendor allows one account, until its answers tell other figures.
type Plan struct {
	Windows  []Window         // all of them hold at once
	AtOnce   int              // requests under way at the same time; 0: no bound
	Patience time.Duration    // how long Acquire waits before it refuses
	Now      func() time.Time // nil: time.Now
}

// Budget is how many requests may go to one account. It keeps sliding windows of what was sent, follows the limits that
// the vendor's answers tell, halves its share when the vendor refuses and lets it creep back, and stops asking a vendor
// that does not answer, but for one probe at a time. It is safe for concurrent use.
type Budget struct {
	now      func() time.Time
	patience time.Duration
	atOnce   int

	mu      sync.Mutex
	windows []*window
	factor  float64 // share of the limits in use
	moved   time.Time
	queued  int           // requests to read or write that wait
	flying  int           // requests under way
	landed  chan struct{} // closed when one of them ends

	paused time.Time // nothing goes before

	dayMax, dayLeft int
	dayAt           time.Time

	failures int
	closed   time.Time // breaker: nothing goes before
	probing  bool
}

// NewBudget returns a budget by a vendor's plan.
func NewBudget(p Plan) *Budget {
	b := &Budget{
		now: p.Now, patience: p.Patience, atOnce: p.AtOnce, factor: 1, dayLeft: -1, landed: make(chan struct{}),
	}
	if b.now == nil {
		b.now = time.Now
	}
	for _, w := range p.Windows {
		b.windows = append(b.windows, &window{Window: w})
	}
	return b
}

// Acquire waits until a request of class c may go and counts its cost, in the vendor's units. Call done when the
// request has ended. The error is a *Refused where that is further off than the budget's patience, and ctx's when it
// ends first.
func (b *Budget) Acquire(ctx context.Context, c Class, cost int) (done func(), err error) {
	start, cost := b.now(), max(1, cost)
	for waited := time.Duration(0); ; {
		wait, landed, err := b.take(c, cost, waited)
		if err != nil {
			return nil, err
		}
		if wait == 0 {
			return sync.OnceFunc(b.land), nil
		}
		if waited >= b.patience || landed == nil && waited+wait > b.patience {
			return nil, &Refused{After: wait, Err: ErrBusy}
		}
		took, err := b.wait(ctx, c, min(wait, b.patience-waited), landed)
		if err != nil {
			return nil, err
		}
		waited += took
		if landed == nil && b.now().Equal(start) {
			// A simulated clock that stands still must not stop us: we did wait.
			b.launch(cost)
			return sync.OnceFunc(b.land), nil
		}
	}
}

// wait returns after d, or as soon as landed is closed, and says how long that took. Meanwhile the request counts as
// queued.
func (b *Budget) wait(ctx context.Context, c Class, d time.Duration, landed <-chan struct{}) (time.Duration, error) {
	if c <= Fetch {
		b.queue(1)
		defer b.queue(-1)
	}
	began := time.Now()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-timer.C:
	case <-landed:
	}
	return time.Since(began), nil
}

func (b *Budget) queue(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queued += n
}

// Queued says whether requests to read or write wait now.
func (b *Budget) Queued() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.queued > 0
}

// take counts a request and returns 0, or returns how long to wait before asking again. landed, where it is not nil, is
// closed when it is worth asking earlier.
func (b *Budget) take(c Class, cost int, waited time.Duration) (wait time.Duration, landed <-chan struct{}, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if err := b.refuses(c, now); err != nil {
		return 0, nil, err
	}
	share := shares[c]
	if b.atOnce > 0 && b.flying >= max(1, int(float64(b.atOnce)*share)) {
		return max(b.patience, time.Millisecond), b.landed, nil
	}
	for _, w := range b.windows {
		w.slide(now)
		// Who has waited for a whole interval may fill the window like a write, so that a steady flow of urgent
		// requests delays the others but does not starve them.
		part := share
		if waited >= w.Interval {
			part = 1
		}
		if !w.holds(cost, int(float64(b.limit(w))*part)) {
			wait = max(wait, w.untilFree(now))
		}
	}
	if wait > 0 {
		return wait, nil, nil
	}
	b.probing = b.failures >= outageAfter
	b.spend(cost)
	return 0, nil, nil
}

// refuses says why no request of class c may go now, however long it waits within its patience.
func (b *Budget) refuses(c Class, now time.Time) error {
	if d := b.paused.Sub(now); d > 0 {
		return &Refused{After: d, Err: ErrPaused}
	}
	if b.failures >= outageAfter {
		if d := b.closed.Sub(now); d > 0 {
			return &Refused{After: d, Err: ErrOutage}
		}
		if b.probing {
			return &Refused{After: outageFirst, Err: ErrOutage}
		}
	}
	if b.dayMax > 0 && float64(b.dayLeft) < dayReserve[c]*float64(b.dayMax) && now.Sub(b.dayAt) < dayStale {
		return &Refused{After: dayStale - now.Sub(b.dayAt), Err: ErrDay}
	}
	return nil
}

func (b *Budget) launch(cost int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spend(cost)
}

func (b *Budget) spend(cost int) {
	b.flying++
	for _, w := range b.windows {
		w.spend(cost)
	}
}

func (b *Budget) land() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flying--
	close(b.landed)
	b.landed = make(chan struct{})
}

func (b *Budget) limit(w *window) int { return max(1, int(float64(w.Limit)*b.factor*headroom)) }

// interval is the shortest of the windows', the pace at which the budget changes its mind.
func (b *Budget) interval() time.Duration {
	var shortest time.Duration
	for _, w := range b.windows {
		if shortest == 0 || w.Interval < shortest {
			shortest = w.Interval
		}
	}
	return cmp.Or(shortest, time.Second)
}

// Answered reports that the vendor answered, and what it says about its limits.
func (b *Budget) Answered(l Limits) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.failures, b.probing = 0, false
	if b.factor < 1 && now.Sub(b.moved) >= b.interval() {
		b.factor, b.moved = min(1, b.factor+creep), now
	}
	b.learn(l, now)
}

func (b *Budget) learn(l Limits, now time.Time) {
	if l.Max > 0 && l.Interval > 0 && len(b.windows) > 0 {
		i := slices.IndexFunc(b.windows, func(w *window) bool { return w.Interval == l.Interval })
		b.windows[max(i, 0)].learn(l, now)
	}
	if l.DayMax > 0 {
		b.dayMax, b.dayLeft, b.dayAt = l.DayMax, l.DayRemaining, now
	}
}

// Limited reports that the vendor refused because of its limits and wants after to pass; 0: it named no time. The share
// in use is halved, once per interval, and nothing goes until the pause is over.
func (b *Budget) Limited(l Limits, after time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.failures, b.probing = 0, false
	b.learn(l, now)
	if b.moved.IsZero() || now.Sub(b.moved) >= b.interval() || b.factor == 1 {
		b.factor, b.moved = max(minFactor, b.factor/2), now
	}
	if after <= 0 {
		after = b.interval() / 4
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

// Left returns the units left in the window that is nearest to its end, and in the day; -1 where it is not known.
func (b *Budget) Left() (interval, day int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	interval = -1
	for _, w := range b.windows {
		w.slide(b.now())
		if left := max(0, b.limit(w)-w.sum); interval < 0 || left < interval {
			interval = left
		}
	}
	return interval, b.dayLeft
}

// jitter lengthens d by up to a fifth, so that those who were refused together do not come back together.
func jitter(d time.Duration) time.Duration {
	return d + time.Duration(rand.Int64N(int64(d)/5+1))
}
