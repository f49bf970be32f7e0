package watermark

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/clock"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// Deps is what a Watermark is made of.
type Deps struct {
	Queue    *queue.Queue
	Sources  map[string]Source
	Settle   time.Duration // how far a source may lag before nothing is announced
	Tick     time.Duration
	Clock    *clock.Clock
	Log      *zap.Logger
	Troubles *Troubles
	Metrics  *Metrics
}

// Watermark knows, for each source, how far it has been read and what holds decisions back. It is refreshed every
// tick, because what it is asked for is asked for each contact.
type Watermark struct {
	Deps
	began  time.Time // when this process began: what webhooks missed before, only a poll can tell
	waits  map[string]*queue.Backlog
	unread map[string]*unread

	wrong atomic.Bool // the clock, as last said
	seen  atomic.Pointer[Sight]
	mu    sync.Mutex
	last  time.Time // when the last look began
	n     uint64    // looks begun
}

// Sight is what the last look at each source found. It never changes, because the next look makes a new one; so whoever
// works with one Sight sees every source as of the same moment.
type Sight struct {
	settle time.Duration
	by     map[string]Horizon
	sure   bool          // the clock is known to be right
	bound  time.Duration // how far it may be off
}

// What holds announcements back: HoldClock all of them, HoldBackfill and HoldBreaker those of a source, holdMerge one
// contact, HoldLetter one contact or a source. The last two are the rules' own words.
const (
	HoldClock    = "clock"
	HoldBackfill = "backfill"
	HoldBreaker  = "breaker"
	holdMerge    = "merge"
	HoldLetter   = "dead_letter"
	HoldLag      = "lag"
	HoldSettle   = "settle"
)

// Horizon is the state of one source that matters to every rating of its contacts.
type Horizon struct {
	N       uint64    // of the look that found this out
	Now     time.Time // when this was found out
	Read    time.Time // silence counts only until then
	Hold    string    // holdBackfill, holdBreaker: nothing is announced
	Polled  bool      // not overdue: see look
	Filled  bool      // no backfill stands still
	Lags    bool      // so far behind that nothing is announced
	Account string    // the vendor's id of the account
	Blind   *Blind    // what dead letters leave unread
	// Let are the contacts whom a person lets through although the breaker is open; nil: none.
	Let map[string]bool
}

// New returns a Watermark that has not looked yet.
func New(d Deps) *Watermark {
	h := &Watermark{Deps: d, began: d.Clock.Now(), waits: map[string]*queue.Backlog{}, unread: map[string]*unread{}}
	h.seen.Store(&Sight{settle: d.Settle, by: map[string]Horizon{}, bound: d.Clock.Bound()})
	for name := range d.Sources {
		h.waits[name] = d.Queue.Fetches.Backlog(name, noticed)
		h.unread[name] = newUnread(d, name)
	}
	return h
}

// First looks until it has seen every source once: before that nobody can be rated.
func (h *Watermark) First(ctx context.Context) error {
	for {
		err := h.Refresh(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		h.Troubles.Warns("horizon", "cannot tell how far the sources have been read", err)
		timing.Sleep(ctx, timing.StoreAgain)
	}
}

// Run looks at every source each tick until ctx ends.
func (h *Watermark) Run(ctx context.Context) error {
	defer func() {
		for _, b := range h.waits {
			b.Close()
		}
	}()
	for ctx.Err() == nil {
		if err := h.Refresh(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			// What is known grows old, so the sources come to lag and nothing is announced: blind, but not wrong.
			h.Troubles.Warns("horizon", "cannot tell how far the sources have been read", err)
		}
		timing.Sleep(ctx, h.Tick)
	}
	return nil
}

// Refresh looks at every source. One that cannot be looked at holds up no other.
func (h *Watermark) Refresh(ctx context.Context) error {
	var errs []error
	believed := h.believe()
	for name := range h.Sources {
		v, err := h.look(ctx, name)
		if err != nil {
			errs = append(errs, fmt.Errorf("source %s: %w", name, err))
			continue
		}
		if believed.Holds() {
			v.Hold = HoldClock
		}
		old, known := h.put(name, v, believed.Sure())
		if !v.Polled && (old.Polled || !known) {
			h.Log.Warn("no poll has finished for long: silence counts up to the last one only, and nothing is "+
				"announced; "+
				"see that a process has the role poll, or set WINNOW_POLL_INTERVAL=0 where webhooks are enough",
				zap.String("source", name), zap.Time("polled", v.Read))
		}
		if !v.Filled && (old.Filled || !known) {
			h.Log.Warn("a backfill has not moved for long and holds announcements back no more; see that a process "+
				"has the role poll",
				zap.String("source", name), zap.Duration("waited", timing.BackfillIdle))
		}
		h.unread[name].report(v.Blind)
		h.Metrics.readUpTo.WithLabelValues(name).Set(seconds(v.Of("").Read))
	}
	return errors.Join(errs...)
}

// put makes v the last look at a source, and returns the one before.
func (h *Watermark) put(name string, v Horizon, sure bool) (old Horizon, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.Sight()
	old, known = s.by[name]
	if v.N > old.N { // else another look that began later has ended before this one
		by := maps.Clone(s.by)
		by[name] = v
		h.seen.Store(&Sight{settle: h.Settle, by: by, sure: sure, bound: h.Clock.Bound()})
	}
	return old, known
}

// begin begins a look, which so far has found nothing unread. Waiters tell looks apart by their instants, so no two
// looks have the same one, even where the clock stands still.
func (h *Watermark) begin() Horizon {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.Clock.Now()
	if !now.After(h.last) && h.last.Sub(now) < time.Millisecond { // a clock that was set back is believed
		now = h.last.Add(time.Nanosecond)
	}
	h.last = now
	h.n++
	return Horizon{N: h.n, Now: now, Read: now}
}

// look finds the instant up to which name has been read: the oldest of its unread deliveries and unfetched records,
// and where the last poll is older than it should be, that poll.
func (h *Watermark) look(ctx context.Context, name string) (Horizon, error) {
	v := h.begin()
	now := v.Now
	// A letter is sent again before it is taken off the list, and put there before its record counts as fetched. So the
	// letters are looked at both before and after everything else.
	before, err := h.unread[name].look(ctx)
	if err != nil {
		return v, err
	}
	// What a poll finds is put to be fetched before the poll counts as finished, and what a delivery says before the
	// delivery counts as read. So the poll is looked at first and the deliveries before the fetches: nothing slips
	// through between two looks.
	polled, _, err := stored.PollState(name).Get(ctx, h.Queue)
	if err != nil {
		return v, err
	}
	// Where no process ever polled there is no such instant, and webhooks alone are gone by. Once one has, only the
	// settings can say that webhooks are enough: a poller that was switched off cannot be told from one that is away.
	v.Polled = true
	if every := h.every(name); every > 0 && polled.Through != 0 {
		h.sawPoll(&v, name, polled.Through, every)
	}
	data, since, err := h.Queue.Deliveries.Oldest(ctx, name)
	if err != nil {
		return v, err
	}
	unread := received(data, since)
	unfetched, err := h.waits[name].Oldest(ctx)
	if err != nil {
		return v, err
	}
	for stage, t := range map[string]time.Time{StageRead: unread, StageFetch: unfetched} {
		if !t.IsZero() && t.Before(v.Read) {
			v.Read = t
		}
		h.Metrics.oldest(stage, name, now, t)
	}
	filling, _, err := stored.BackfillState(name).Get(ctx, h.Queue)
	if err != nil {
		return v, err
	}
	v.Filled = filling.Since == 0 || filling.Done || filling.Moving(now, h.began)
	switch broken, _, err := stored.BreakerState(name).Get(ctx, h.Queue); {
	case err != nil:
		return v, err
	// what it found is history too
	case filling.Moving(now, h.began), filling.Done && !unfetched.IsZero() && !unfetched.After(filling.Moved.Time()):
		v.Hold = HoldBackfill
	case broken.Open():
		v.Hold = HoldBreaker
		v.Let = let(broken)
	}
	after, err := h.unread[name].look(ctx)
	if err != nil {
		return v, err
	}
	v.Blind = before.with(after)
	v.Lags = now.Sub(v.Read) > h.Settle
	v.Account, _, err = stored.AccountState(name).Get(ctx, h.Queue)
	return v, err
}

// sawPoll takes in how far a source was seen by the last poll.
func (h *Watermark) sawPoll(v *Horizon, name string, to crm.Millis, every time.Duration) {
	through := to.Time()
	h.Metrics.polledUpTo.WithLabelValues(name).Set(seconds(through))
	ahead := through.After(v.Now.Add(h.Clock.Bound()))
	if ahead { // by a clock that was wrong: that says nothing of what was seen
		through = h.began
	}
	v.Polled = !through.Before(v.Now.Add(-timing.PollLate * every))
	if ahead || !v.Polled || to < crm.At(h.began) {
		v.Read = through
	}
}

// believe looks at the clock, and says what is wrong with it, and when it is right again.
func (h *Watermark) believe() clock.State {
	s := h.Clock.State()
	err := s.Err()
	if err != nil {
		h.Troubles.Alarms("clock", "the clock is wrong", err)
	}
	if was := h.wrong.Swap(err != nil); was && err == nil {
		h.Log.Info("the clock is right again")
	}
	return s
}

// let are the contacts whom a person lets through although a breaker is open.
func let(b stored.Breaker) map[string]bool {
	if len(b.Let) == 0 {
		return nil
	}
	through := make(map[string]bool, len(b.Let))
	for _, contact := range b.Let {
		through[contact] = true
	}
	return through
}

// received is when deliveries came, by the pipeline's clock; when they were stored, where they do not say.
func received(data []byte, since time.Time) time.Time {
	if ds, err := stored.Decode[[]stored.Delivery](data); err == nil && len(ds) > 0 {
		return ds[0].Received.Time()
	}
	return since
}

// noticed is when we heard of a record, by the pipeline's clock; when its message was stored, where that does not say.
func noticed(data []byte, since time.Time) time.Time {
	if ref, err := stored.Decode[crm.Ref](data); err == nil && ref.Noticed != 0 {
		return ref.Noticed.Time()
	}
	return since
}

// NewSight is what is known of sources that may lag by settle.
func NewSight(settle time.Duration, by map[string]Horizon) *Sight {
	return &Sight{settle: settle, by: by, bound: timing.ClockBound}
}

// Ahead is the instant from which times count as written by a wrong clock, because they are still to come whichever
// clock is right. Before the first look there is none.
func (s *Sight) Ahead() time.Time {
	if now := s.Looked(); !now.IsZero() {
		return now.Add(s.bound)
	}
	return time.UnixMilli(1<<53 - 1)
}

// Believed is s of a clock that is known to be right.
func (s *Sight) Believed() *Sight {
	b := *s
	b.sure = true
	return &b
}

// Sure reports whether the clock was known to be right.
func (s *Sight) Sure() bool { return s.sure }

// Sight returns what the last look at each source found.
func (h *Watermark) Sight() *Sight { return h.seen.Load() }

// Of returns the horizon of a source, as it was at the last look, for contacts whom no dead letter names.
func (h *Watermark) Of(source string) Horizon { return h.Sight().Of(source).Of("") }

func (s *Sight) Of(source string) Horizon {
	v, ok := s.by[source]
	if !ok { // the source is no longer configured: nothing is read of it, and nothing announced
		return Horizon{Hold: "source"}
	}
	return v
}

// Looked is the instant of the least recent look at a source, zero while one has not been looked at.
func (s *Sight) Looked() time.Time {
	var t time.Time
	for _, v := range s.by {
		if v.Now.IsZero() {
			return v.Now
		}
		if t.IsZero() || v.Now.Before(t) {
			t = v.Now
		}
	}
	return t
}

// Holds is what holds announcements against a contact back, "" where nothing does.
func (s *Sight) Holds(key queue.Key) string {
	v := s.Of(key.Source).Of(key.Contact)
	if v.Hold == "" && v.Lags {
		return HoldLag
	}
	return v.Hold
}

// HoldsLike reports whether s and another Sight hold back the same contacts for the same reasons.
func (s *Sight) HoldsLike(o *Sight) bool {
	return maps.EqualFunc(s.by, o.by, func(a, b Horizon) bool {
		return a.Hold == b.Hold && a.Lags == b.Lags && a.Blind == b.Blind && maps.Equal(a.Let, b.Let)
	})
}

// Instant is when and how well informed a contact is rated.
func (s *Sight) Instant(key queue.Key, now time.Time, c *stored.Contact) rules.Instant {
	v := s.Of(key.Source).Of(key.Contact)
	if v.Hold == "" && len(c.Record.Missing()) > 0 {
		v.Hold = holdMerge
	}
	return rules.Instant{
		Now: now, Read: minTime(now, v.Read), Arrived: c.Arrived.Time(), Hold: v.Hold,
		Lagging:  now.Sub(v.Read) > s.settle,
		Profiled: c.Record.Property(crm.PropProfiled) != "",
	}
}

// Account is the vendor's id of the account to which a source's credential belongs; empty where it is not known.
func (h *Watermark) Account(source string) string { return h.Of(source).Account }

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// every is the pause between two polls of a source, 0 where nobody polls.
func (h *Watermark) every(name string) time.Duration {
	if every := h.Sources[name].PollEvery; every != nil {
		return *every
	}
	return 0
}
