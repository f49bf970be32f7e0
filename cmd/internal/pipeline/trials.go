package pipeline

import (
	"sync"
	"time"

	"github.com/winnow-crm/winnow/connectors"
)

const (
	trialFirst = 2 * time.Second // wait after a record's first failure of its own; HubSpot asks for this much after a 423
	trialMost  = 5 * time.Minute
	conflicts  = 10 // tries, over a quarter of an hour, before a record that is busy is a dead letter
	garbles    = 6  // tries before a record whose answer is never one is a dead letter
)

// trials counts, for one source, how often each record failed by itself, which no count of deliveries tells: an outage puts messages off
// too. It is in memory only; after a start the records have all their tries again.
type trials struct {
	mu       sync.Mutex
	by       map[string]trial
	answered int // calls that the CRM answered as it should
}

type trial struct {
	times    int
	next     time.Time // a failure before then is the same one: of a part of the batch, say
	answered int       // when it failed last
}

// failed counts a failure of the record and returns how many that makes. An answer that is none is held against a record only where the CRM
// has answered another call since the last time: else nobody is well.
func (t *trials) failed(record string, kind connectors.Kind) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, now := t.by[record], time.Now()
	if v.times > 0 && (now.Before(v.next) || kind == connectors.Garbled && v.answered == t.answered) {
		return v.times
	}
	v.times++
	v.next, v.answered = now.Add(backoff(v.times, trialFirst, trialMost)/2), t.answered
	t.by[record] = v
	return v.times
}

// over forgets a record's failures: it is done with.
func (t *trials) over(record string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.by, record)
}

// works notes that the CRM answers.
func (t *trials) works() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answered++
}

// disposal is disposalOf for records that failed together, each of which has its own history.
func (t *trials) disposal(err error, deliveries int, records ...string) disposal {
	kind := connectors.KindOf(err)
	if kind != connectors.Conflict && kind != connectors.Garbled {
		return disposalOf(err, deliveries)
	}
	times := 1
	for _, r := range records {
		times = max(times, t.failed(r, kind))
	}
	return disposalOf(err, times)
}
