package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

const (
	// pollLate is after how many intervals without a finished poll the source counts as read only up to that poll.
	pollLate = 3
	// backfillIdle is how long a backfill may stand still, nobody knows why, before it no longer holds decisions back.
	backfillIdle = 10 * time.Minute
)

// polled is how far a source has been polled.
type polled struct {
	Cursor  string     `cbor:"1,keyasint,omitempty"`
	Through crm.Millis `cbor:"2,keyasint,omitempty"` // everything that changed before this has been seen
}

// filling is the state of a source's backfill.
type filling struct {
	Since  crm.Millis `cbor:"1,keyasint,omitempty"`
	Until  crm.Millis `cbor:"2,keyasint,omitempty"`
	Cursor string     `cbor:"3,keyasint,omitempty"`
	Read   int        `cbor:"4,keyasint,omitempty"`
	Total  int        `cbor:"5,keyasint,omitempty"`
	Stage  string     `cbor:"6,keyasint,omitempty"`
	Moved  crm.Millis `cbor:"7,keyasint,omitempty"`
	Done   bool       `cbor:"8,keyasint,omitempty"`
	Error  string     `cbor:"9,keyasint,omitempty"` // why it stands still
}

// moving reports whether a backfill runs: while it does, nothing is announced against the source's contacts. One that the CRM refuses
// to go on has read a part alone, in which the answers may be missing, however long that lasts. While no process ran, none could move.
func (f filling) moving(now, began time.Time) bool {
	return f.Since != 0 && !f.Done && (f.Error != "" || now.Sub(f.Moved.Time()) < backfillIdle || now.Sub(began) < backfillIdle)
}

// schedule is when a source is polled next, for the one who polls and for those who wait for it.
type schedule struct{ at atomic.Int64 } // crm.Millis by the pipeline's clock; 0: at once

func (s *schedule) set(at crm.Millis) { s.at.Store(int64(at)) }

func (s *schedule) due(now time.Time) bool { return int64(crm.At(now)) >= s.at.Load() }

// poll looks for what webhooks missed or never send, and steps the backfill. It runs only where the source's lease is held.
func (p *Pipeline) poll(ctx context.Context, s Source) error {
	poller, filler := s.CRM.Poll, s.CRM.Backfill
	if poller == nil && filler == nil {
		return nil
	}
	next := p.polls[s.Name]
	if next != nil {
		next.set(0) // at once, for what came while nobody polled
	}
	for attempt := 1; ctx.Err() == nil; {
		pause := p.tick
		if next != nil && next.due(p.now()) {
			// The next poll goes by when this one began: what changes while it runs is seen by that one only, and the source has
			// been read no further than that.
			begun := p.now()
			err := p.pollOnce(ctx, s, poller, begun)
			if attempt++; err == nil {
				attempt = 1
				p.trials[s.Name].works("poll")
				p.well(ctx, s, "poll")
				next.set(crm.At(begun.Add(p.pollEvery)))
			} else if ctx.Err() == nil {
				p.ails(ctx, s, "poll", "poll not finished", err)
				next.set(crm.At(p.now().Add(min(p.pollEvery, jitter(max(disposalOf(err, attempt).again, backoff(attempt, time.Second, time.Minute)))))))
			}
		}
		if filler != nil {
			moved, err := p.fillOnce(ctx, s, filler)
			if err != nil && ctx.Err() == nil {
				p.ails(ctx, s, "backfill", "backfill stands still", err)
				pause = jitter(max(disposalOf(err, 3).again, 2*time.Second))
			} else if moved {
				p.well(ctx, s, "backfill")
				pause = 0
			}
		}
		sleep(ctx, pause)
	}
	return nil
}

// pollOnce polls, from begun on, until nothing more is waiting. Its notices are durable before the cursor moves.
func (p *Pipeline) pollOnce(ctx context.Context, s Source, poller connectors.Poller, begun time.Time) error {
	name := "poll." + s.Name
	at, rev, err := getState[polled](ctx, p.q, name)
	if err != nil {
		return err
	}
	if at.Through == 0 { // the first start: what was before is the backfill's
		at.Through = crm.At(begun)
		if err := putState(ctx, p.q, name, at, rev); err != nil {
			return err
		}
	}
	for more := true; more && ctx.Err() == nil; {
		if err := p.q.Room(queue.Fetches, emptyShare); err != nil {
			return err
		}
		var notices []crm.Notice
		if notices, at.Cursor, more, err = poller.Poll(ctx, at.Cursor, at.Through.Time()); err != nil {
			return err
		}
		if err := p.note(ctx, s, notices); err != nil {
			return err
		}
		p.metrics.polled.WithLabelValues(s.Name).Add(float64(len(notices)))
		if !more {
			at.Through = crm.At(begun)
		}
		if err := putState(ctx, p.q, name, at, anyRevision); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// note publishes notices that did not come in a delivery.
func (p *Pipeline) note(ctx context.Context, s Source, notices []crm.Notice) error {
	out := p.newOutput(s)
	for _, n := range notices {
		out.add(n)
	}
	return out.publish(ctx)
}

// fillOnce reads one page of history, where a backfill was asked for, and reports whether it did.
func (p *Pipeline) fillOnce(ctx context.Context, s Source, filler connectors.Backfiller) (moved bool, err error) {
	name := "backfill." + s.Name
	f, rev, err := getState[filling](ctx, p.q, name)
	if err != nil || f.Since == 0 || f.Done {
		return false, err
	}
	if err := p.q.Room(queue.Fetches, emptyShare/2); err != nil { // history never takes the room that webhooks need
		return false, nil
	}
	page, err := filler.Backfill(ctx, f.Cursor, f.Since.Time(), f.Until.Time())
	if err != nil {
		f.Error = err.Error()
		return false, errors.Join(err, putState(ctx, p.q, name, f, rev))
	}
	if err := p.note(ctx, s, page.Notices); err != nil {
		return false, err
	}
	f.Cursor, f.Read, f.Total, f.Stage, f.Moved, f.Done, f.Error = page.Next, page.Read, page.Total, page.Stage, crm.At(p.now()), page.Next == "", ""
	if f.Done {
		p.log.Info("backfill read", zap.String("source", s.Name), zap.Int("records", f.Read))
	}
	return !f.Done, putState(ctx, p.q, name, f, rev)
}

// StartBackfill has the history since then read; a backfill of the same start that was interrupted goes on where it stood.
func (p *Pipeline) StartBackfill(ctx context.Context, source string, since time.Time) error {
	if err := p.Known(source); err != nil {
		return err
	}
	s := p.sources[source]
	if s.CRM.Backfill == nil {
		return fmt.Errorf("%s is a %s, whose history cannot be read back", source, s.Vendor)
	}
	f, rev, err := getState[filling](ctx, p.q, "backfill."+source)
	if err != nil {
		return err
	}
	now := crm.At(p.now())
	if f.Since != crm.At(since) || f.Done {
		f = filling{Since: crm.At(since), Until: now}
	}
	f.Moved = now
	return putState(ctx, p.q, "backfill."+source, f, rev)
}

// BackfillState is a backfill as people see it.
type BackfillState struct {
	Since, Until, Moved crm.Millis
	Read, Total         int
	Stage, Error        string
	Done                bool
	Unfetched           uint64 // records found that have not been fetched yet
	Unrated             bool   // facts wait to be rated, of whatever they tell
	Unwritten           uint64 // ratings that are not in the CRM yet
	PutOff              string // why records are not fetched that a person has to help with
}

// Backfill tells how far the backfill of a source is.
func (p *Pipeline) Backfill(ctx context.Context, source string) (BackfillState, error) {
	f, _, err := getState[filling](ctx, p.q, "backfill."+source)
	if err != nil {
		return BackfillState{}, err
	}
	putOff, _, err := getState[string](ctx, p.q, "putoff."+source)
	if err != nil {
		return BackfillState{}, err
	}
	b := BackfillState{Since: f.Since, Until: f.Until, Moved: f.Moved, Read: f.Read, Total: f.Total, Stage: f.Stage, Error: f.Error, Done: f.Done, PutOff: putOff}
	// In the order of the flow: what has left one stage is seen at the next.
	if b.Unfetched, err = p.q.Waiting(ctx, queue.Fetches, source); err != nil {
		return b, err
	}
	if b.Unrated, err = p.unrated(ctx); err != nil {
		return b, err
	}
	b.Unwritten, err = p.q.Waiting(ctx, queue.Contacts, source)
	return b, err
}

// unrated reports whether any facts wait to be rated, by whichever process.
func (p *Pipeline) unrated(ctx context.Context) (bool, error) {
	for part := range p.q.Partitions() {
		last, err := p.q.LastFact(ctx, part)
		if err != nil {
			return false, err
		}
		at, err := p.q.ReadCheckpoint(ctx, part)
		if err != nil || at.Facts < last {
			return true, err
		}
	}
	return false, nil
}
