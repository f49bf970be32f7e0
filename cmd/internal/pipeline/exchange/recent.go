package exchange

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// recent are the records that were fetched lately, so that whoever can make deliveries, or send one again, does not
// have the CRM asked for the same record all the time. It forgets when the process ends.
type recent struct {
	every time.Duration // 0: a record is fetched as often as it is named
	by    *lru.Cache[string, fetched]
}

type fetched struct {
	began   time.Time // in machine time
	changed int64     // what the reference said
}

func newRecent(every time.Duration) *recent {
	by, _ := lru.New[string, fetched](timing.RefetchMost) // it refuses a size below 1 alone
	return &recent{every, by}
}

// wait is how long a record has to wait because it was fetched a moment ago, and nothing says that it has changed
// since. Only what deliveries name waits: what else leads to a record is bounded by itself.
func (r *recent) wait(ref crm.Ref, now time.Time) time.Duration {
	last, ok := r.by.Get(ref.Type + "/" + ref.ID)
	if !ok || !ref.Heard || ref.Changed > last.changed {
		return 0
	}
	return max(0, r.every-now.Sub(last.began))
}

// note remembers that a record was fetched.
func (r *recent) note(ref crm.Ref, began time.Time) {
	if r.every > 0 {
		r.by.Add(ref.Type+"/"+ref.ID, fetched{began, ref.Changed})
	}
}
