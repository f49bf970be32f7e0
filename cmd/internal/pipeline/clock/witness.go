package clock

import (
	"slices"
	"time"
)

const (
	// keptSamples are the newest of a witness that count: three that agree outvote what was before.
	keptSamples = 5
	// leastSamples are needed before a witness is heard at all.
	leastSamples = 3
)

// witness is what one source of the time has said lately: for each sample, what its clock showed when ours, which
// nobody sets, stood at zero. So a sample does not age, and a step of the machine's clock shows at once.
type witness struct {
	zeros []time.Time // in the order in which they came, the newest last
	zero  time.Time   // what they come to; zero: too few
	// late is of a witness whose samples may be of any age, never ahead: a delivery can be held up, or played again.
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

// verdict is how far our clock is ahead by what all witnesses say: their median, and of two middle ones the one that
// is nearer to our clock. So where there are two, both have to find it wrong, and one that is odd decides nothing.
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
