package app

import "testing"

// TestPercentFor shows that garbage takes no more than its bound, unless collecting would take the processor.
func TestPercentFor(t *testing.T) {
	for live, want := range map[uint64]int{
		0: gcPercent, 50 << 20: gcPercent, mostGarbage / 2: gcPercent, mostGarbage: 100, mostGarbage * 4 / 3: 75,
		2 * mostGarbage: gcLeast, 10 << 30: gcLeast,
	} {
		if got := percentFor(live); got != want {
			t.Errorf("beside %d bytes in use: %d %%, want %d", live, got, want)
		}
	}
}
