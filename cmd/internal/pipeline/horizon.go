package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// horizons knows, for each source, how far it has been read and what holds decisions back. It is refreshed every tick, because
// what it is asked for is asked for each contact.
type horizons struct {
	p     *Pipeline
	began time.Time // when this process began: what webhooks missed before, only a poll can tell
	waits map[string]*queue.Backlog

	seen atomic.Pointer[sight]
	mu   sync.Mutex
	last time.Time // when the last look began
	n    uint64    // looks begun
}

// sight is what the last look at each source found. It never changes: the next look makes another one. So who works by one sees no
// source as it was only later.
type sight struct {
	by map[string]horizon
}

// What holds announcements back: the first two a whole source, the third one contact, dead letters either; the last two are the rules'
// own words.
const (
	holdBackfill = "backfill"
	holdBreaker  = "breaker"
	holdMerge    = "merge"
	holdLetter   = "dead_letter"
	holdLag      = "lag"
	holdSettle   = "settle"
)

// horizon is the state of one source that matters to every rating of its contacts.
type horizon struct {
	n       uint64    // of the look that found this out
	now     time.Time // when this was found out
	read    time.Time // silence counts only until then
	hold    string    // holdBackfill, holdBreaker: nothing is announced
	polled  bool      // not overdue: see look
	filled  bool      // no backfill stands still
	lags    bool      // so far behind that nothing is announced
	account string    // the vendor's id of the account
	blind   *blind    // what dead letters leave unread
}

func (h *horizons) init(p *Pipeline) {
	h.p, h.began = p, p.now()
	h.seen.Store(&sight{by: map[string]horizon{}})
	h.waits = map[string]*queue.Backlog{}
	for name := range p.sources {
		h.waits[name] = p.q.Backlog(name, noticed)
	}
}

// first looks until it has seen every source once: before that nobody can be rated.
func (h *horizons) first(ctx context.Context) error {
	for {
		err := h.refresh(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		h.p.warns("horizon", "cannot tell how far the sources have been read", err)
		sleep(ctx, time.Second)
	}
}

func (h *horizons) run(ctx context.Context) error {
	defer func() {
		for _, b := range h.waits {
			b.Close()
		}
	}()
	for ctx.Err() == nil {
		if err := h.refresh(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			// What is known grows old, so the sources come to lag and nothing is announced: blind, but not wrong.
			h.p.warns("horizon", "cannot tell how far the sources have been read", err)
		}
		sleep(ctx, h.p.tick)
	}
	return nil
}

// refresh looks at every source. One that cannot be looked at holds up no other.
func (h *horizons) refresh(ctx context.Context) error {
	var errs []error
	for name := range h.p.sources {
		v, err := h.look(ctx, name)
		if err != nil {
			errs = append(errs, fmt.Errorf("source %s: %w", name, err))
			continue
		}
		old, known := h.put(name, v)
		if !v.polled && (old.polled || !known) {
			h.p.log.Warn("no poll has finished for long: silence counts up to the last one only, and nothing is announced; "+
				"see that a process has the role poll, or set WINNOW_POLL_INTERVAL=0 where webhooks are enough",
				zap.String("source", name), zap.Time("polled", v.read))
		}
		if !v.filled && (old.filled || !known) {
			h.p.log.Warn("a backfill has not moved for long and holds announcements back no more; see that a process has the role poll",
				zap.String("source", name), zap.Duration("waited", backfillIdle))
		}
		h.p.unread[name].report(v.blind)
		h.p.metrics.readUpTo.WithLabelValues(name).Set(seconds(v.of("").read))
	}
	return errors.Join(errs...)
}

// put makes v the last look at a source, and returns the one before.
func (h *horizons) put(name string, v horizon) (old horizon, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sight()
	old, known = s.by[name]
	if v.n > old.n { // else another look that began later has ended before this one
		by := maps.Clone(s.by)
		by[name] = v
		h.seen.Store(&sight{by})
	}
	return old, known
}

// begin begins a look, which so far has found nothing unread. Those who wait tell looks apart by their instants, so that no two have
// the same although a clock may stand.
func (h *horizons) begin() horizon {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.p.now()
	if !now.After(h.last) && h.last.Sub(now) < time.Millisecond { // a clock that was set back is believed
		now = h.last.Add(time.Nanosecond)
	}
	h.last = now
	h.n++
	return horizon{n: h.n, now: now, read: now}
}

// look finds the instant up to which name has been read: the oldest of its unread deliveries and unfetched records, and where the
// last poll is older than it should be, that poll.
func (h *horizons) look(ctx context.Context, name string) (horizon, error) {
	v := h.begin()
	now := v.now
	// A letter is sent again before it is taken off the list, and put there before its record counts as fetched. So the letters are
	// looked at on both sides of all else.
	before, err := h.p.unread[name].look(ctx)
	if err != nil {
		return v, err
	}
	// What a poll finds is put to be fetched before the poll counts as finished, and what a delivery says before the delivery counts as
	// read. So the poll is looked at first and the deliveries before the fetches: nothing slips through between two looks.
	polled, _, err := getState[polled](ctx, h.p.q, "poll."+name)
	if err != nil {
		return v, err
	}
	// Where no process ever polled there is no such instant, and webhooks alone are gone by. Once one has, only the settings can say that
	// webhooks are enough: a poller that was switched off cannot be told from one that is away.
	v.polled = true
	if through := polled.Through.Time(); h.p.pollEvery > 0 && polled.Through != 0 {
		h.p.metrics.polledUpTo.WithLabelValues(name).Set(seconds(through))
		v.polled = !through.Before(now.Add(-pollLate * h.p.pollEvery))
		if !v.polled || polled.Through < crm.At(h.began) {
			v.read = through
		}
	}
	data, stored, err := h.p.q.Oldest(ctx, queue.Deliveries, name)
	if err != nil {
		return v, err
	}
	unread := received(data, stored)
	unfetched, err := h.waits[name].Oldest(ctx)
	if err != nil {
		return v, err
	}
	for stream, t := range map[string]time.Time{queue.Deliveries: unread, queue.Fetches: unfetched} {
		if !t.IsZero() && t.Before(v.read) {
			v.read = t
		}
		h.p.metrics.oldest(stream, name, now, t)
	}
	filling, _, err := getState[filling](ctx, h.p.q, "backfill."+name)
	if err != nil {
		return v, err
	}
	v.filled = filling.Since == 0 || filling.Done || filling.moving(now, h.began)
	switch broken, _, err := getState[breaker](ctx, h.p.q, "breaker."+name); {
	case err != nil:
		return v, err
	case filling.moving(now, h.began), filling.Done && !unfetched.IsZero() && !unfetched.After(filling.Moved.Time()): // what it found is history too
		v.hold = holdBackfill
	case broken.open():
		v.hold = holdBreaker
	}
	after, err := h.p.unread[name].look(ctx)
	if err != nil {
		return v, err
	}
	v.blind = before.with(after)
	v.lags = now.Sub(v.read) > h.p.rules.Settle()
	account, _, err := h.p.q.GetState(ctx, "account."+name)
	v.account = string(account)
	return v, err
}

// received is when deliveries came, by the pipeline's clock; when they were stored, where they do not say.
func received(data []byte, stored time.Time) time.Time {
	if ds, err := decode[[]delivery](data); err == nil && len(ds) > 0 {
		return ds[0].Received.Time()
	}
	return stored
}

// noticed is when we heard of a record, by the pipeline's clock; when its message was stored, where that does not say.
func noticed(data []byte, stored time.Time) time.Time {
	if ref, err := decode[crm.Ref](data); err == nil && ref.Noticed != 0 {
		return ref.Noticed.Time()
	}
	return stored
}

func (h *horizons) sight() *sight { return h.seen.Load() }

// of returns the horizon of a source, as it was at the last look.
func (h *horizons) of(source string) horizon { return h.sight().of(source) }

func (s *sight) of(source string) horizon {
	v, ok := s.by[source]
	if !ok { // the source is no longer configured: nothing is read of it, and nothing announced
		return horizon{hold: "source"}
	}
	return v
}

// looked is the instant of the least recent look at a source, zero while one has not been looked at.
func (s *sight) looked() time.Time {
	var t time.Time
	for _, v := range s.by {
		if v.now.IsZero() {
			return v.now
		}
		if t.IsZero() || v.now.Before(t) {
			t = v.now
		}
	}
	return t
}

// holds is what holds announcements against a contact back, "" where nothing does.
func (s *sight) holds(key queue.Key) string {
	v := s.of(key.Source).of(key.Contact)
	if v.hold == "" && v.lags {
		return holdLag
	}
	return v.hold
}

// holdsLike reports whether s holds back the same contacts for the same reasons as another sight.
func (s *sight) holdsLike(o *sight) bool {
	return maps.EqualFunc(s.by, o.by, func(a, b horizon) bool { return a.hold == b.hold && a.lags == b.lags && a.blind == b.blind })
}

// instant is when and how well informed a contact is rated.
func (p *Pipeline) instant(s *sight, key queue.Key, now time.Time, c *contact) rules.Instant {
	v := s.of(key.Source).of(key.Contact)
	if v.hold == "" && len(c.Record.Missing()) > 0 {
		v.hold = holdMerge
	}
	return rules.Instant{
		Now: now, Read: minTime(now, v.read), Arrived: c.Arrived.Time(), Hold: v.hold, Lagging: now.Sub(v.read) > p.rules.Settle(),
		Profiled: c.Record.Property(crm.PropCreated) != "",
	}
}

func (p *Pipeline) account(source string) string { return p.horizon.of(source).account }

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// getState reads a small state of the store; the zero value where there is none.
func getState[T any](ctx context.Context, q *queue.Queue, name string) (v T, rev uint64, err error) {
	data, rev, err := q.GetState(ctx, stateName(name))
	if err != nil || len(data) == 0 {
		return v, rev, err
	}
	v, err = decode[T](data)
	return v, rev, err
}

// anyRevision puts a state whatever stands there.
const anyRevision = ^uint64(0)

func putState(ctx context.Context, q *queue.Queue, name string, v any, expected uint64) error {
	_, err := q.PutState(ctx, stateName(name), encode(v), expected)
	return err
}

func stateName(name string) string { return strings.ReplaceAll(name, " ", "_") }
