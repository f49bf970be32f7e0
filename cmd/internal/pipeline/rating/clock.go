package rating

import (
	"errors"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// errTurnedBack ends an owner when time went back while it ran: it computed its due times by a wrong clock. The next
// owner of the partition scans all contacts.
var errTurnedBack = errors.New("the clock was turned back")

// instant is that of the last look at the sources, zero before there was one.
func (o *owner) instant() (time.Time, error) {
	if s := o.p.Sights.Sight(); s != o.sight {
		o.look(s)
	}
	now := o.sight.Looked()
	if now.Before(o.latest.Add(-o.p.Clock.Bound())) {
		return now, errTurnedBack
	}
	if now.After(o.latest) {
		o.latest = now
	}
	return now, nil
}

// correct takes out of a contact what is dated in the future by a clock that was wrong. What was decided then is
// void; where nobody knows yet whether our clock is the right one, such decisions stay in doubt.
func (o *owner) correct(j *job, now time.Time) {
	c, at, limit := j.c, crm.At(now), crm.At(o.sight.Ahead())
	if c.Arrived > limit {
		c.Arrived = at
	}
	if c.Asked > limit {
		c.Asked = at
	}
	c.Rated = at
	ahead := slices.IndexFunc(c.Record.Decisions, func(f crm.Fact) bool { return f.At > limit })
	if ahead < 0 {
		return
	}
	last := c.Record.Decisions[len(c.Record.Decisions)-1]
	if !o.sight.Sure() {
		c.Rated, j.doubted = last.At, true // so that the next owner finds it out too
		return
	}
	j.void = last.Decision
	c.Record.Decisions = slices.Clone(c.Record.Decisions[:ahead])
	o.p.Metrics.void.Inc()
	o.p.Troubles.Warns("void", "what was decided by a clock that was ahead is void", errTurnedBack,
		zap.Int("partition", o.part))
}

// takeBack takes back in the CRM what it was told by a clock that was wrong, unless something was decided before, or is
// now.
func (j *job) takeBack() {
	if r := &j.c.Rating; j.void != nil && r.Decide == nil && r.Status != crm.Pending && r.Status != crm.Disqualified {
		r.Decide = &crm.Decision{Status: crm.Open}
	}
}
