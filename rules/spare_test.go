package rules

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestRateAfterOthers shows that the lists that a rating has from others before it, longer and shorter ones, rated at
// the same time or not, make no difference to it.
func TestRateAfterOthers(t *testing.T) {
	s, at := Defaults(), calm(Start.Add(400*24*time.Hour))
	lengths := []int{300, 5, 0, 100, 20}
	first := map[int]any{}
	for _, n := range lengths {
		first[n] = Rate(s, recordOf(exchange(n)...), at)
	}
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for round := range 10 {
				n := lengths[(i+round)%len(lengths)]
				if diff := cmp.Diff(first[n], any(Rate(s, recordOf(exchange(n)...), at))); diff != "" {
					t.Errorf("%d mails, rated again after others (-first +again):\n%s", n, diff)
				}
			}
		})
	}
	all.Wait()
}
