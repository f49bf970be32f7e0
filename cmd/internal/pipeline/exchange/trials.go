package exchange

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// trials counts, for one source, how often each record failed on its own. The count of deliveries cannot tell, because
// an outage postpones messages too. It is kept in memory only: after a restart each record has all its tries again.
type trials struct {
	mu       sync.Mutex
	by       map[string]trial
	answered int                // calls that the CRM answered as it should
	alike    map[string]int     // and of these, by what they were for
	good     map[string]crm.Ref // the last record that it gave, by type
}

func newTrials() *trials {
	return &trials{by: map[string]trial{}, alike: map[string]int{}, good: map[string]crm.Ref{}}
}

// whom marks failures to learn whom a record concerns, which count apart from failures to fetch it.
const whom = "whom/"

type trial struct {
	times    int
	next     time.Time // a failure before then is the same one: of a part of the batch, say
	answered int       // when it failed last
	alike    int
}

// failed counts a failure of the record in a call for what, and returns how many it has now. A garbled answer counts
// against the record only where the CRM has answered another call since the record's last failure; else everything is
// failing. A server error counts only where that other call was for the same what, because one part of a CRM may be
// down for hours while the others work; else it counts as the first.
func (t *trials) failed(record, what string, kind connectors.Kind) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, now := t.by[record], time.Now()
	switch {
	case v.times == 0:
	case now.Before(v.next), kind == connectors.Garbled && v.answered == t.answered:
		return v.times
	case kind == connectors.Unavailable && v.alike == t.alike[what]:
		return 1
	}
	v.times++
	v.next, v.answered, v.alike = now.Add(timing.Backoff(v.times, timing.TrialFirst, timing.TrialMost)/2), t.answered,
		t.alike[what]
	t.by[record] = v
	return v.times
}

// over forgets a record's failures, because the record is settled.
func (t *trials) over(record string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.by) > 0 {
		delete(t.by, record)
		delete(t.by, whom+record)
	}
}

// works notes that the CRM answers calls for what.
func (t *trials) works(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answered++
	t.alike[what]++
}

// answers is how many calls for what the CRM has answered.
func (t *trials) answers(what string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.alike[what]
}

// gave notes a record that the CRM gave.
func (t *trials) gave(ref crm.Ref) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.good[ref.Type] = crm.Ref{Type: ref.Type, ID: ref.ID}
}

// another returns a record of the same type as refs to ask the CRM for: the last that it gave, or any of refs where
// that is none or one of them.
func (t *trials) another(refs []crm.Ref) crm.Ref {
	t.mu.Lock()
	defer t.mu.Unlock()
	good, ok := t.good[refs[0].Type]
	if !ok || slices.ContainsFunc(refs, func(r crm.Ref) bool { return r.ID == good.ID }) {
		return refs[rand.IntN(len(refs))]
	}
	return good
}

// disposal is disposalOf for records that failed together in a call for what, each of which has its own history.
func (t *trials) disposal(err error, what string, deliveries int, records ...string) disposal {
	kind := connectors.KindOf(err)
	mayBeTheirs := kind == connectors.Conflict || kind == connectors.Garbled || kind == connectors.Unavailable
	if !mayBeTheirs || connectors.IsUnasked(err) {
		return disposalOf(err, deliveries)
	}
	times := 1
	for _, r := range records {
		times = max(times, t.failed(r, what, kind))
	}
	switch {
	case kind != connectors.Unavailable:
		return disposalOf(err, times)
	case times > 1:
		return disposalOfOne(err, times)
	}
	d := disposalOf(err, deliveries)
	d.doubt = deliveries > timing.Doubtful
	return d
}
