package watermark

import (
	"slices"
	"testing"

	"github.com/winnow-crm/winnow/queue"
)

// TestStrikeOneOfMany: who is erased leaves a letter that stands for many, and the others are held by it as before.
func TestStrikeOneOfMany(t *testing.T) {
	for _, stage := range []string{StageFetch, StageRead} {
		d := queue.DeadLetter{Stage: stage, Count: 7, Contacts: []string{"1", "2", "3"}}
		if !Strike(Source{}, &d, "2") || !slices.Equal(d.Contacts, []string{"1", "3"}) {
			t.Errorf("%s: left are %v", stage, d.Contacts)
		}
		if d.Contacts = []string{"2"}; Strike(Source{}, &d, "2") {
			t.Errorf("%s: a letter of nobody else is kept", stage)
		}
	}
}
