package clock

import (
	"slices"
	"time"
)

const (
	// keptSamples is how many of a witness's newest samples count: three that agree outvote the older ones.
	keptSamples = 5
	// leastSamples is how many samples a witness needs before it counts.
	leastSamples = 3
)

// witness is what one source of the time has said lately. A sample is what its clock showed when our monotonic clock
// stood at zero, so it does not age, and a step of the machine's clock shows at once.
type witness struct {
	zeros []time.Time // in the order in which they came, the newest last
	zero  time.Time   // what they come to; zero: too few
	// late marks a witness whose samples may be old but never ahead: a delivery can be delayed or replayed.
	late bool
}

func (w *witness) add(zero time.Time) {
	if w.zeros = append(w.zeros, zero); len(w.zeros) > keptSamples {
		w.zeros = slices.Delete(w.zeros, 0, 1)
	}
	if len(w.zeros) < leastSamples {
		return
	}
	sorted := slices.SortedFunc(slices.Values(w.zeros), time.Time.Compare)
	w.zero = sorted[len(sorted)/2]
	if w.late { // the freshest but one: not one odd sample decides, nor do many that are old
		w.zero = sorted[len(sorted)-2]
	}
}

// verdict is how far ahead our clock is: the median of what the witnesses say, and of two middle ones the one nearer to
// our clock. So two witnesses must both find it wrong, and a single odd one decides nothing.
func verdict(skews []time.Duration) (skew time.Duration, known bool) {
	n := len(skews)
	if n == 0 {
		return 0, false
	}
	slices.Sort(skews)
	low, high := skews[(n-1)/2], skews[n/2]
	if low.Abs() <= high.Abs() {
		return low, true
	}
	return high, true
}
