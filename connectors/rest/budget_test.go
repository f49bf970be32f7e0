package rest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// oneWindow is a budget with a single limit.
func oneWindow(limit int, interval, patience time.Duration) *Budget {
	return NewBudget(Plan{Windows: []Window{{limit, interval}}, Patience: patience})
}

// acquire lets one request of class c through and ends it at once.
func acquire(t *testing.T, b *Budget, c Class) error {
	t.Helper()
	done, err := b.Acquire(t.Context(), c, 1)
	if err == nil {
		done()
	}
	return err
}

// spend sends requests of class c until the budget makes it wait, and returns how many went.
func spend(t *testing.T, b *Budget, c Class) int {
	t.Helper()
	for n := 0; ; n++ {
		wait, _, err := b.take(c, 1, 0)
		if err != nil {
			t.Fatalf("after %d: %v", n, err)
		}
		if wait > 0 {
			return n
		}
		if n > 10000 {
			t.Fatal("the budget has no end")
		}
	}
}

func TestTheWindowHoldsTheVendorsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := oneWindow(100, 10*time.Second, time.Minute)
		var sent []time.Time
		for range 400 {
			if err := acquire(t, b, Write); err != nil {
				t.Fatal(err)
			}
			sent = append(sent, time.Now())
			for i := len(sent) - 1; i >= 0 && time.Since(sent[i]) < 10*time.Second; i-- {
				if n := len(sent) - i; n > 100 {
					t.Fatalf("%d requests within 10 seconds, the vendor allows 100", n)
				}
			}
		}
		if took := time.Since(sent[0]); took > 50*time.Second {
			t.Errorf("400 requests took %s: much of the limit is left unused", took)
		}
	})
}

func TestUrgentRequestsGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := oneWindow(100, 10*time.Second, time.Minute)
		polls := spend(t, b, Poll)
		fetches := spend(t, b, Fetch)
		writes := spend(t, b, Write)
		if polls < 40 || polls > 60 || fetches < 15 || writes < 10 {
			t.Errorf("polls %d, then fetches %d, then writes %d: each class must leave room for the more urgent ones",
				polls, fetches, writes)
		}
		start := time.Now()
		if err := acquire(t, b, Poll); err != nil {
			t.Fatal(err)
		}
		if time.Since(start) > 15*time.Second {
			t.Errorf("a poll starved for %s", time.Since(start))
		}
	})
}

func TestItFollowsWhatAnswersSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := oneWindow(100, 10*time.Second, time.Minute)
		b.Answered(Limits{Max: 190, Remaining: 189, Interval: 10 * time.Second, DayMax: 1000, DayRemaining: 900})
		if n := spend(t, b, Write); n < 170 || n > 189 {
			t.Errorf("%d requests went where the vendor allows 190", n)
		}
		if _, day := b.Left(); day != 900 {
			t.Errorf("the day has %d left, want 900", day)
		}
		time.Sleep(11 * time.Second)
		b.Answered(Limits{Max: 190, Remaining: 20, Interval: 10 * time.Second})
		if n := spend(t, b, Write); n > 20 {
			t.Errorf("%d requests went though others had left 20", n)
		}
		time.Sleep(11 * time.Second)
		b.Answered(Limits{Max: 190, Remaining: 190, Interval: 10 * time.Second, DayMax: 1000, DayRemaining: 15})
		var r *Refused
		if err := acquire(t, b, Poll); !errors.As(err, &r) || !errors.Is(err, ErrDay) {
			t.Errorf("a poll near the end of the day's calls: %v", err)
		}
		if err := acquire(t, b, Write); err != nil {
			t.Errorf("a write near the end of the day's calls: %v", err)
		}
		time.Sleep(dayStale)
		if err := acquire(t, b, Poll); err != nil {
			t.Errorf("what the vendor said of the day is long past, but nobody asks again: %v", err)
		}
	})
}

func TestARefusalHalvesItAndItCreepsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := oneWindow(100, 10*time.Second, 0)
		after := b.Limited(Limits{}, 4*time.Second)
		if after < 4*time.Second || after > 5*time.Second {
			t.Errorf("the pause is %s, want 4 s and some jitter", after)
		}
		b.Limited(Limits{}, 0) // its sibling, a moment later: not halved again
		var r *Refused
		if err := acquire(t, b, Write); !errors.As(err, &r) || !errors.Is(err, ErrPaused) || r.After > after {
			t.Fatalf("within the pause: %v", err)
		}
		time.Sleep(after)
		if n := spend(t, b, Write); n < 45 || n > 50 {
			t.Errorf("%d requests after a cut, want about half of 95", n)
		}
		for range 12 {
			time.Sleep(11 * time.Second)
			b.Answered(Limits{})
		}
		if n := spend(t, b, Write); n != 95 {
			t.Errorf("%d requests two minutes later, want all 95 again", n)
		}
	})
}

func TestTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := oneWindow(100, 10*time.Second, 0)
		for range outageAfter - 1 {
			b.Failed()
		}
		if err := acquire(t, b, Fetch); err != nil {
			t.Fatalf("open too early: %v", err)
		}
		b.Failed()
		last := time.Duration(0)
		for range 8 {
			var r *Refused
			if err := acquire(t, b, Write); !errors.As(err, &r) || !errors.Is(err, ErrOutage) {
				t.Fatalf("open breaker: %v", err)
			}
			if r.After < last/2 || r.After > outageMost*6/5 {
				t.Fatalf("pause %s after %s", r.After, last)
			}
			last = r.After
			time.Sleep(r.After)
			if err := acquire(t, b, Write); err != nil {
				t.Fatalf("no probe after the pause: %v", err)
			}
			if err := acquire(t, b, Write); !errors.Is(err, ErrOutage) {
				t.Fatalf("a second probe beside the first: %v", err)
			}
			b.Failed()
		}
		time.Sleep(2 * outageMost)
		if err := acquire(t, b, Write); err != nil {
			t.Fatal(err)
		}
		b.Answered(Limits{})
		for range 10 {
			if err := acquire(t, b, Write); err != nil {
				t.Fatalf("closed again after an answer: %v", err)
			}
		}
	})
}

func TestAcquireGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := oneWindow(10, time.Minute, 5*time.Second)
		spend(t, b, Write)
		if err := acquire(t, b, Write); !errors.Is(err, ErrBusy) {
			t.Errorf("beyond its patience: %v", err)
		}
		b = oneWindow(10, 10*time.Second, time.Minute)
		spend(t, b, Write)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := b.Acquire(ctx, Write, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended from outside: %v", err)
		}
	})
}

// Queued speaks of reads and writes that wait, not of polls, and of none that is over or was given up.
func TestQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := oneWindow(10, 10*time.Second, time.Minute)
		spend(t, b, Write)
		for _, c := range []Class{Fetch, Write, Poll} {
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_, _ = b.Acquire(ctx, c, 1)
			}()
			synctest.Wait()
			if got, want := b.Queued(), c != Poll; got != want {
				t.Errorf("while a request of class %d waits: %t, want %t", c, got, want)
			}
			cancel()
			<-ended
			if b.Queued() {
				t.Errorf("a request of class %d that was given up counts as waiting", c)
			}
		}
		if err := acquire(t, b, Fetch); err != nil || b.Queued() {
			t.Errorf("after one that waited and went: %t, %v", b.Queued(), err)
		}
	})
}

func TestAClockThatStandsStillDoesNotStopIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fixed := time.Now()
		b := NewBudget(Plan{
			Windows: []Window{{10, 10 * time.Second}}, Patience: time.Minute, Now: func() time.Time { return fixed },
		})
		for range 30 {
			if err := acquire(t, b, Write); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Several limits hold at once, and a request may cost more than one unit of them.
func TestSeveralWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(Plan{Windows: []Window{{20, 2 * time.Second}, {60, time.Minute}}, Patience: 5 * time.Minute})
		var spent []time.Time
		for n := range 40 {
			cost := 1 + n%3
			done, err := b.Acquire(t.Context(), Write, cost)
			if err != nil {
				t.Fatal(err)
			}
			done()
			for range cost {
				spent = append(spent, time.Now())
			}
		}
		for i := range spent {
			for _, w := range []Window{{20, 2 * time.Second}, {60, time.Minute}} {
				n := 0
				for _, at := range spent[i:] {
					if at.Sub(spent[i]) < w.Interval {
						n++
					}
				}
				if n > w.Limit {
					t.Fatalf("%d units within %s, the vendor allows %d", n, w.Interval, w.Limit)
				}
			}
		}
		if took := spent[len(spent)-1].Sub(spent[0]); took > 100*time.Second {
			t.Errorf("79 units took %s: much of the limit is left unused", took)
		}
		b.Answered(Limits{Max: 30, Remaining: 0, Interval: 2 * time.Second})
		if left, _ := b.Left(); left != 0 {
			t.Errorf("%d units left where an answer says that the shorter window is used up", left)
		}
	})
}

// A request dearer than the whole limit goes alone rather than never.
func TestADearRequestGoesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := oneWindow(10, time.Second, time.Minute)
		for range 3 {
			done, err := b.Acquire(t.Context(), Fetch, 50)
			if err != nil {
				t.Fatal(err)
			}
			done()
		}
	})
}

// Where the vendor bounds the requests under way, the next one goes the moment that one ends, writes before polls.
func TestRequestsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(Plan{AtOnce: 10, Patience: time.Minute})
		var ends []func()
		for range 6 {
			done, err := b.Acquire(t.Context(), Poll, 1)
			if err != nil {
				t.Fatal(err)
			}
			ends = append(ends, done)
		}
		start := time.Now()
		polled := make(chan time.Duration, 1)
		go func() {
			if done, err := b.Acquire(t.Context(), Poll, 1); err == nil {
				done()
			}
			polled <- time.Since(start)
		}()
		for range 4 {
			if _, err := b.Acquire(t.Context(), Write, 1); err != nil {
				t.Fatalf("a write has to find the room that polls leave: %v", err)
			}
		}
		time.Sleep(3 * time.Second)
		for range 2 {
			for _, end := range ends {
				end() // the second time without effect
			}
		}
		if after := <-polled; after != 3*time.Second {
			t.Errorf("the poll went after %s, want as soon as another ended", after)
		}
		full := NewBudget(Plan{AtOnce: 1, Patience: 5 * time.Second})
		if _, err := full.Acquire(t.Context(), Write, 1); err != nil {
			t.Fatal(err)
		}
		if _, err := full.Acquire(t.Context(), Write, 1); !errors.Is(err, ErrBusy) ||
			time.Since(start) < 8*time.Second {
			t.Errorf("beyond its patience, after %s: %v", time.Since(start), err)
		}
	})
}
