package population

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// seller is one of our people, with habits.
type seller struct {
	id       string
	home     *place
	shown    bool    // the CRM knows the seller's zone
	quick    float64 // median business hours until an answer
	tasks    float64 // share of the follow-ups that are put into the CRM as tasks
	steps    float64 // share of the deals on which the next step is noted
	logs     float64 // share of the meetings of which the outcome is noted
	gap      [2]int  // business days between two attempts
	attempts [2]int  // attempts in a silence before giving up
	phones   float64 // share of the reminders that are calls
	careless float64 // factor on our slips
}

func newSellers(rnd *rand.Rand, w *world, careless float64) []*seller {
	var list []*seller
	for i := range 6 {
		s := &seller{
			id: fmt.Sprint(501 + i), home: w.places[[...]int{0, 0, 1, 2, 2, 4}[i]], shown: i != 3,
			quick: 2 + 4*rnd.Float64(), tasks: 0.15 + 0.6*rnd.Float64(),
			steps: 0.2 + 0.5*rnd.Float64(), logs: 0.3 + 0.6*rnd.Float64(), phones: 0.1 + 0.3*rnd.Float64(),
			careless: careless * (0.6 + 0.8*rnd.Float64()),
		}
		low := between(rnd, 3, 5)
		s.gap = [2]int{low, low + 3}
		s.attempts = [2]int{3, between(rnd, 4, 6)}
		list = append(list, s)
	}
	return list
}

// hours draws a business time around a median: most within half and double, few much longer.
func hours(rnd *rand.Rand, median float64) time.Duration {
	factor := 1.0
	for range 3 {
		factor *= 0.55 + 1.1*rnd.Float64()
	}
	return time.Duration(median * factor * float64(time.Hour))
}
