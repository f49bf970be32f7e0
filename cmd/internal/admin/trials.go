package admin

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/backtesting"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/rules"
)

const (
	// trialDays is how far back a draft is tried where nobody says, as winnow backtest does, and mostTrialDays how far
	// at most.
	trialDays     = 180
	mostTrialDays = 3650
	// trialsKept is how many drafts a process remembers, and trialChanges of how many contacts what each would change:
	// half a megabyte in all.
	trialsKept   = 8
	trialChanges = 200
	// trialTurn is how long a trial works before it rests as long, so that it takes half a processor from the flow.
	trialTurn = 20 * time.Millisecond
)

// trials tries drafts on what is known of all contacts: one at a time, the latest that somebody asked for.
type trials struct {
	*Answers
	begun chan *trial // the next one
	seed  maphash.Seed

	mu    sync.Mutex
	known *lru.Cache[string, *trial]
	last  *trial
}

func newTrials(a *Answers) *trials {
	t := &trials{Answers: a, begun: make(chan *trial, 1), seed: maphash.MakeSeed()}
	t.known, _ = lru.New[string, *trial](trialsKept) // which refuses a size of 0 alone
	return t
}

// trial is one draft as it is being tried.
type trial struct {
	test  *backtesting.Backtest
	began time.Time
	stop  chan struct{} // closed: it is not wanted any more

	mu    sync.Mutex
	of    int
	state string
	err   error
}

// errUnwanted ends a trial that is not wanted any more.
var errUnwanted = errors.New("stopped")

// unwanted has a trial end as soon as it can, if it has not yet.
func (t *trial) unwanted() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state == api.TrialRunning {
		t.state = api.TrialStopped
		close(t.stop)
	}
}

// end notes how a trial that was still wanted ended.
func (t *trial) end(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.state != api.TrialRunning:
	case err != nil:
		t.state, t.err = api.TrialFailed, err
	default:
		t.state = api.TrialDone
	}
}

// shown is how far it is.
func (t *trial) shown() *api.Trial {
	report := t.test.SoFar()
	t.mu.Lock()
	defer t.mu.Unlock()
	out := &api.Trial{State: t.state, Rated: report.Contacts, Of: max(t.of, report.Contacts), Report: report}
	switch {
	case t.err != nil:
		out.Error = t.err.Error()
	case t.state == api.TrialDone:
		out.Of = out.Rated
	case t.state == api.TrialRunning && out.Rated > 0:
		left := time.Since(t.began) / time.Duration(out.Rated) * time.Duration(out.Of-out.Rated)
		out.Left = int(left.Seconds())
	}
	return out
}

// nameOf names what is tried: the same draft over the same time is the same trial.
func nameOf(s *rules.Settings, days int) string { return fmt.Sprint(s.Version(), " ", days) }

// of is how far a draft is.
func (ts *trials) of(s *rules.Settings, days int) *api.Trial {
	ts.mu.Lock()
	t, ok := ts.known.Get(nameOf(s, days))
	ts.mu.Unlock()
	if !ok {
		return &api.Trial{State: api.TrialNone}
	}
	return t.shown()
}

// begin has a draft tried, unless it is or was, and leaves the one before it unfinished.
func (ts *trials) begin(s *rules.Settings, d backtesting.Draft, days int) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	name := nameOf(s, days)
	if t, ok := ts.known.Get(name); ok {
		if state := t.shown().State; state == api.TrialRunning || state == api.TrialDone {
			return
		}
	}
	if ts.last != nil {
		ts.last.unwanted()
	}
	now := ts.Operate.Now().UTC().Truncate(time.Second)
	today := ts.Operate.Rules
	plan := backtesting.Plan{
		Today: today, Draft: s, Alone: d.Alone(today), Since: now.AddDate(0, 0, -days), Now: now, Most: trialChanges,
	}
	t := &trial{
		stop: make(chan struct{}), state: api.TrialRunning, began: time.Now(), test: backtesting.New(plan),
	}
	ts.last = t
	ts.known.Add(name, t)
	select {
	case <-ts.begun: // one that has not even begun
	default:
	}
	ts.begun <- t // only begin sends, and holds the lock
}

// stop leaves a trial unfinished.
func (ts *trials) stop(s *rules.Settings, days int) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t, ok := ts.known.Get(nameOf(s, days)); ok {
		t.unwanted()
	}
}

// run tries what begins until ctx ends.
func (ts *trials) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-ts.begun:
			t.end(ts.try(ctx, t))
		}
	}
}

// try rates every contact of every source.
func (ts *trials) try(ctx context.Context, t *trial) error {
	sum, err := stored.Totals(ctx, ts.Queue)
	if err != nil {
		return err
	}
	of := 0
	for source := range sum.Rated {
		of += sum.All(source)
	}
	t.mu.Lock()
	t.of = of
	t.mu.Unlock()
	turn := time.Now()
	for _, source := range ts.Operate.Names() {
		rated := map[uint64]bool{} // one that is rated meanwhile comes again
		err := ts.Operate.Records(ctx, source, func(contact string, r *rules.Record) error {
			name := maphash.String(ts.seed, contact)
			if rated[name] {
				return nil
			}
			rated[name] = true
			select {
			case <-t.stop:
				return errUnwanted
			default:
			}
			t.test.Add(source, contact, r)
			if worked := time.Since(turn); worked >= trialTurn {
				timing.Sleep(ctx, worked)
				turn = time.Now()
			}
			return ctx.Err()
		})
		if err != nil {
			return err
		}
	}
	return nil
}
