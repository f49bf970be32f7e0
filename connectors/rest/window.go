package rest

import "time"

// slots is how many steps a window slides in.
const slots = 20

// Window is one limit of the vendor's: so many units in so much time.
type Window struct {
	Limit    int
	Interval time.Duration
}

// window is a Window with what was spent in it. It slides in steps of a twentieth of its interval.
type window struct {
	Window
	counts [slots + 1]int // one more than the window's steps, so that nothing leaves it early
	head   int
	headAt time.Time // start of the slot at head
	sum    int
}

// slide moves the window on to now and forgets what has left it.
func (w *window) slide(now time.Time) {
	step := w.Interval / slots
	if w.headAt.IsZero() || now.Sub(w.headAt) >= w.Interval+step {
		w.counts, w.sum, w.headAt = [slots + 1]int{}, 0, now
		return
	}
	for now.Sub(w.headAt) >= step {
		w.head = (w.head + 1) % len(w.counts)
		w.sum -= w.counts[w.head]
		w.counts[w.head] = 0
		w.headAt = w.headAt.Add(step)
	}
}

// spend counts cost units as used now.
func (w *window) spend(cost int) {
	w.counts[w.head] += cost
	w.sum += cost
}

// holds reports whether cost units more stay within room units. A cost above the room goes alone, or it would never go.
func (w *window) holds(cost, room int) bool { return w.sum == 0 || w.sum+cost <= room }

// untilFree is when the oldest units leave the window.
func (w *window) untilFree(now time.Time) time.Duration {
	step := w.Interval / slots
	for i := 1; i <= slots; i++ {
		if w.counts[(w.head+i)%len(w.counts)] > 0 {
			return max(w.headAt.Add(time.Duration(i)*step).Sub(now), time.Millisecond)
		}
	}
	return step
}

// learn takes over what an answer says of this window. Others may call the same account with the same credential: what
// they used is used.
func (w *window) learn(l Limits, now time.Time) {
	if l.Interval != w.Interval {
		w.Interval, w.counts, w.headAt = l.Interval, [slots + 1]int{}, now
		w.counts[w.head] = w.sum
	}
	w.Limit = l.Max
	w.slide(now)
	if used := l.Max - l.Remaining; used > w.sum {
		w.spend(used - w.sum)
	}
}
