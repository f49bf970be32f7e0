package rating

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/tracing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// stepDue is RateDue, or less where the server takes smaller batches.
func stepDue(q *queue.Queue) int { return min(timing.RateDue, q.Contacts.MaxBatch()/16) }

// errFenced ends an owner whose partition has been taken over: its next commit was refused.
var errFenced = errors.New("the partition has another owner")

// owner rates the contacts of one partition. It alone writes their records while it holds the lease; should it be
// wrong about that, the checkpoint's expected sequence refuses its commit.
type owner struct {
	p         *Rating
	part      int
	valid     func() bool // the lease, by our own clock
	facts     *queue.Log
	at        queue.Checkpoint
	cache     *cache
	room      stored.Room // for the history of the contact in hand
	dues      *dues
	sight     *watermark.Sight
	again     map[queue.Key]bool     // held back, to be rated again when nothing holds them any more; true: decided upon, when something does
	turn      map[queue.Key]struct{} // held back by nothing any more but facts that are left for a later step
	newcomers map[queue.Key]newcomer // whose first write waits
	unasked   map[queue.Key]struct{} // of them those whose profile this owner has not asked for itself
	stale     []queue.Key            // rated under other settings, put out under another mapping, or decided upon too early
	tally     stored.Tally
	pending   []*queue.Msg           // pulled, for a later step
	marked    bool                   // it is known how far the facts went at some instant after the look
	behind    bool                   // facts may have come by the last look that are left for a later step
	rested    time.Time              // when the last step that had something to do ended
	latest    time.Time              // the latest instant for which contacts were rated
	doubted   map[queue.Key]struct{} // decided upon in the future, by a clock that was wrong: now or then
	done      atomic.Pointer[progress]
}

// progress is how far an owner is, for those who wait for it.
type progress struct {
	facts  uint64
	looked time.Time // the instant for which dues were looked at, and how far the sources had been read by then
	more   bool      // something is due, or waits for its turn
}

// rated reports whether nothing is left to rate as of a look at the sources.
func (g *progress) rated(look time.Time) bool { return g != nil && !g.more && !g.looked.Before(look) }

// own takes partition part over and rates it until ctx ends or the ownership is lost.
func (p *Rating) own(ctx context.Context, part int, valid func() bool) error {
	at, err := p.Queue.Contacts.Checkpoint(ctx, part)
	if err != nil {
		return timing.IgnoreDone(ctx, err)
	}
	o := &owner{
		p: p, part: part, valid: valid, at: at, cache: newCache(p.CacheBytes / int64(p.Queue.Partitions())), dues: newDues(),
		sight: &watermark.Sight{}, again: map[queue.Key]bool{}, turn: map[queue.Key]struct{}{},
		newcomers: map[queue.Key]newcomer{}, unasked: map[queue.Key]struct{}{}, doubted: map[queue.Key]struct{}{},
		tally: stored.NewTally(),
	}
	if err := o.scan(ctx); err != nil {
		return timing.IgnoreDone(ctx, err)
	}
	if o.facts, err = p.Queue.Facts.Open(ctx, part, at.Facts); err != nil {
		return timing.IgnoreDone(ctx, fmt.Errorf("facts of partition %d: %w", part, err))
	}
	defer o.facts.Close()
	p.owners.add(o)
	defer p.owners.remove(o)
	for ctx.Err() == nil {
		if err := o.step(ctx); err != nil {
			return timing.IgnoreDone(ctx, err)
		}
	}
	return nil
}

// scan fills the heap from the records, and finds those to be rated again, those who wait for what held them back to
// be over, and those whose decision waits to be written.
func (o *owner) scan(ctx context.Context) error {
	select {
	case o.p.scans <- struct{}{}:
		defer func() { <-o.p.scans }()
	case <-ctx.Done():
		return ctx.Err()
	}
	ahead := crm.At(o.p.Sights.Sight().Ahead())
	var tombs []queue.Put
	err := o.p.Queue.Contacts.Scan(ctx, o.part, func(r queue.Record) error {
		if stored.IsTomb(r.Key) {
			tombs = append(tombs, queue.Put{Key: r.Key, Data: r.Data})
			return nil
		}
		g, err := stored.Decode[stored.Glance](r.Data)
		if err != nil {
			return fmt.Errorf("record of partition %d at %d: %w", o.part, r.Seq, err)
		}
		o.dues.set(r.Key, g.Due)
		if decided := stored.Against(g.Rating.Decide); decided || waits(g.Rating.Held) {
			o.again[r.Key] = decided
		}
		if g.Awaits == stored.Profile { // who asked for it may have died before it reached the queue
			o.unasked[r.Key] = struct{}{}
			o.dues.set(r.Key, 1)
		}
		if g.Awaits != stored.Nothing {
			o.newcomers[r.Key] = newcomer{since: time.Now(), profiled: g.Awaits == stored.History}
		}
		o.tally.Await(r.Key.Source, g.Awaits, 1)
		o.tally.Count(r.Key.Source, g.Rating, 1)
		switch {
		case g.Forgotten:
			o.dues.set(r.Key, 1) // erased on paper: the erasure is finished first of all
		case g.Rated > ahead: // by a clock that was wrong
			o.stale = append(o.stale, r.Key)
		case g.Redirect == "" && g.Rating.Model != "" && (g.Rating.Model != o.p.Rules.Version() || g.Offer != o.p.offers[r.Key.Source]):
			o.stale = append(o.stale, r.Key)
		}
		return ctx.Err()
	})
	return errors.Join(err, o.p.Queue.Contacts.Keep(o.part, tombs...))
}

// job is one contact in hand during a step.
type job struct {
	key      queue.Key
	c        *stored.Contact
	facts    []crm.Fact
	before   crm.Rating    // what it was rated
	due      bool          // it is to be rated, whether there are facts or not
	put      bool          // its rating goes out
	profiled bool          // its profile has been read
	known    bool          // and its decision has been announced before
	doubted  bool          // something was decided upon it in the future
	void     *crm.Decision // the last that was, and is void
	effects  effects
	trail    tracing.Trail // of its facts
	came     crm.Millis    // as stored.Outgoing has it
	step     *tracing.Step
}

// over ends what is traced of the job once it is stored. A step that is not stored is begun again, and its span is
// never sent.
func (j *job) over() { j.step.End("ok", attribute.Bool("winnow.rating.changed", j.put)) }

// waits reports whether what holds a contact back ends without a fact about it: its source knows when.
func waits(held string) bool {
	return held == watermark.HoldClock || held == watermark.HoldBackfill || held == watermark.HoldBreaker || held == watermark.HoldLetter || held == watermark.HoldLag
}

// step takes the facts that are there and the contacts that are due, rates them and commits everything as one batch.
func (o *owner) step(ctx context.Context) error {
	// Contacts are rated as of the last look at how far the sources have been read: of any later instant it is not
	// known. Without a look nothing falls due.
	now, err := o.instant()
	if err != nil {
		return err
	}
	if now.IsZero() {
		timing.Sleep(ctx, o.p.Tick)
		return nil
	}
	// Only who is due, or whose turn it is, can be announced, so only for them it has to be known that nothing lies
	// unrated from before the look. If that cannot be found out, the next look is another chance.
	if next := o.dues.next(); !o.marked && (next != 0 && next <= crm.At(now) || len(o.turn) > 0) {
		o.marked = true
		if err := o.facts.Mark(ctx); err != nil && ctx.Err() == nil {
			o.p.Log.Warn("nothing is announced while it is not known what facts there are", zap.Int("partition", o.part), zap.Error(err))
		}
	}
	jobs, through, err := o.gather(ctx, now)
	if err != nil {
		return err
	}
	o.behind = !o.marked || len(o.pending) > 0 || !o.facts.Reached()
	o.addDue(jobs, crm.At(now))
	if len(jobs) == 0 && through == o.at.Facts {
		o.done.Store(&progress{facts: through, looked: now})
		return nil
	}
	o.done.Store(&progress{facts: o.at.Facts, more: true})
	hold, cancel := timing.Finish(ctx, o.p.Grace)
	defer cancel()
	if err := o.load(hold, jobs); err != nil {
		return fmt.Errorf("load contacts of partition %d: %w", o.part, err)
	}
	keys := slices.SortedFunc(maps.Keys(jobs), compareKeys)
	var batch queue.Batch
	size := 0
	for _, key := range keys {
		if o.full(&batch, size) {
			// Until the last batch says that the facts are done with they count as unread, and folding them again
			// changes nothing.
			if err := o.commit(hold, batch, o.at.Facts); err != nil {
				return err
			}
			batch, size = queue.Batch{}, 0
		}
		j := jobs[key]
		j.c.ReadIn(&o.room)
		j.before = j.c.Rating
		j.step = o.p.Tracer.Step(j.trail.With(o.newcomers[key].trail), "rate", key.Source)
		j.came = stored.Earlier(j.came, o.newcomers[key].came)
		awaited := j.c.Awaits
		o.review(j, now)
		if j.effects.entomb {
			batch.Contacts = append(batch.Contacts, o.p.Tombs.Put(key))
		}
		data, written := put(&batch, j)
		size += written
		o.cache.put(key, j.c, data)
		if j.put {
			out := stored.Outgoing{
				Values: j.c.Values, Decide: j.c.Rating.Decide, Into: j.c.Redirect, Known: j.known, Came: j.came,
			}
			batch.Ratings = append(batch.Ratings, queue.Put{Key: key, Data: stored.Encode(out), Header: j.step.Trail().In(nil)})
		}
		o.tally.Count(key.Source, stored.StandingOf(j.before), -1)
		o.tally.Count(key.Source, stored.StandingOf(j.c.Rating), 1)
		o.tally.Await(key.Source, awaited, -1)
		o.tally.Await(key.Source, j.c.Awaits, 1)
	}
	if err := o.commit(hold, batch, through); err != nil {
		return err
	}
	for _, key := range keys {
		jobs[key].over()
		o.p.Metrics.answered(jobs[key])
		o.settle(hold, jobs[key], now)
	}
	o.ask(hold, jobs, now)
	o.rested = time.Now()
	return nil
}

// full reports whether a batch of so many bytes may have no room for another contact: its record, its base, its rating
// and its tombstone.
func (o *owner) full(batch *queue.Batch, size int) bool {
	return size > timing.RateBytes || batch.Len()+4 > o.p.Queue.Contacts.MaxBatch()
}

// put adds the record of a contact to a batch, and its base where it is another one. It returns the bytes of the
// record, and of both.
func put(batch *queue.Batch, j *job) (data, all int) {
	record, base := j.c.Parts()
	batch.Contacts = append(batch.Contacts, queue.Put{Key: j.key, Data: record})
	if base != nil {
		batch.Bases = append(batch.Bases, queue.Put{Key: j.key, Data: base})
	}
	return len(record), len(record) + len(base)
}

// look takes in another look at the sources.
func (o *owner) look(s *watermark.Sight) {
	same := s.HoldsLike(o.sight)
	if s.Sure() {
		o.stale = slices.AppendSeq(o.stale, maps.Keys(o.doubted))
		clear(o.doubted)
	}
	o.sight, o.marked = s, false
	o.welcome(s)
	if same {
		return
	}
	var early []queue.Key
	for key, decided := range o.again {
		switch hold := s.Holds(key); {
		case decided && hold != "" && hold != watermark.HoldLag: // the decision must not be announced any more
			early = append(early, key)
		case !decided && hold == "":
			o.turn[key] = struct{}{}
		default:
			continue
		}
		delete(o.again, key)
	}
	o.stale = append(early, o.stale...)
}

// gather pulls bundles and sorts their facts by contact. With little at hand it waits for more, where the last
// step was only a moment ago.
func (o *owner) gather(ctx context.Context, now time.Time) (jobs map[queue.Key]*job, through uint64, err error) {
	jobs, through = map[queue.Key]*job{}, o.at.Facts
	count := 0
	until := time.Time{}
	for count < stored.StepFacts(o.p.Queue) {
		if len(o.pending) == 0 {
			wait := o.wait(now)
			if count > 0 || !until.IsZero() {
				if wait = time.Until(until); wait <= 0 || count >= timing.RateEnough {
					break
				}
			}
			if o.pending, err = o.facts.Next(ctx, timing.RateMessages, wait); err != nil {
				return nil, 0, fmt.Errorf("facts of partition %d: %w", o.part, err)
			}
			if len(o.pending) == 0 {
				break
			}
			if until.IsZero() {
				until = o.rested.Add(timing.Patience)
			}
		}
		m := o.pending[0]
		b, err := stored.Decode[stored.Bundle](m.Data)
		if err != nil {
			// Only our own encoding is ever put here. It is kept, and the partition goes on.
			if err := o.p.Letters.Bury(ctx, watermark.Source{Source: crm.Source{Name: "unknown"}}, fmt.Sprintf("%s.%d", m.Stream, m.Seq), queue.DeadLetter{Stage: watermark.StageRate, Payload: m.Data}, err); err != nil {
				return nil, 0, err
			}
		}
		if count > 0 && count+len(b.Facts) > stored.StepFacts(o.p.Queue) {
			break
		}
		o.pending = o.pending[1:]
		through = m.Seq
		count += len(b.Facts)
		trail := tracing.Of(m.Header)
		for _, f := range b.Facts {
			key := queue.Key{Source: b.Source, Contact: f.Contact}
			j := jobs[key]
			if j == nil {
				j = &job{key: key}
				jobs[key] = j
			}
			j.trail, j.came = j.trail.With(trail), stored.Earlier(j.came, b.Came)
			f.Contact = "" // the record belongs to one contact
			j.facts = append(j.facts, f)
		}
	}
	o.p.Metrics.facts.Add(float64(count))
	return jobs, through, nil
}

// wait is how long to wait for facts: until the next contact is due, but never longer than a tick.
func (o *owner) wait(now time.Time) time.Duration {
	if len(o.stale) > 0 {
		return time.Millisecond
	}
	wait := o.p.Tick
	if next := o.dues.next(); next != 0 {
		wait = min(wait, next.Time().Sub(now))
	}
	return max(wait, time.Millisecond)
}

// addDue adds the contacts whose time has come.
func (o *owner) addDue(jobs map[queue.Key]*job, now crm.Millis) {
	add := func(key queue.Key) {
		if jobs[key] == nil {
			jobs[key] = &job{key: key}
		}
		jobs[key].due = true
	}
	for _, key := range o.dues.take(now, stepDue(o.p.Queue)) {
		add(key)
	}
	n := min(timing.RatePaced, stepDue(o.p.Queue)/4, len(o.stale))
	for _, key := range o.stale[:n] {
		add(key)
	}
	o.stale = o.stale[n:]
	if o.behind {
		return
	}
	n = stepDue(o.p.Queue) / 4
	for key := range o.turn {
		if n--; n < 0 {
			break
		}
		delete(o.turn, key)
		add(key)
	}
}

// load gets the records that are not in the cache. Of a contact without one a tombstone may stand: then it was
// forgotten, and what still comes about it must not bring it back.
func (o *owner) load(ctx context.Context, jobs map[queue.Key]*job) error {
	var cold []queue.Key
	for key, j := range jobs {
		if j.c = o.cache.take(key); j.c == nil {
			cold = append(cold, key)
		}
	}
	if len(cold) == 0 {
		return nil
	}
	found, lost, err := stored.Contacts(ctx, o.p.Queue, o.part, cold)
	if err != nil {
		return err
	}
	for _, r := range lost {
		o.p.Queue.Contacts.BaseLost(o.part, r)
	}
	var tombs []queue.Key
	for _, key := range cold {
		if c := found[key]; c != nil { // what was damaged is as if it were new, and is read again
			jobs[key].c = c
			continue
		}
		jobs[key].c = &stored.Contact{}
		tombs = append(tombs, o.p.Tombs.Of(key))
	}
	if len(tombs) == 0 {
		return nil
	}
	buried, err := o.p.Queue.Contacts.Load(ctx, o.part, tombs)
	if err != nil {
		return err
	}
	for key, j := range jobs {
		if _, ok := buried[o.p.Tombs.Of(key)]; ok {
			delete(jobs, key)
			_ = j
		}
	}
	return nil
}

// commit stores the batch, with a checkpoint that facts up to through are done with. A time-out says nothing of the
// outcome: the checkpoint tells.
func (o *owner) commit(ctx context.Context, b queue.Batch, through uint64) error {
	b.Checkpoint = queue.Checkpoint{Facts: through, Seq: o.at.Seq, Data: stored.Encode(o.tally)}
	for try := 1; ; try++ {
		if !o.valid() {
			return errFenced
		}
		at, err := o.p.Queue.Contacts.Commit(ctx, o.part, b)
		if err == nil {
			o.at = at
			o.p.Metrics.commits.Inc()
			return nil
		}
		if errors.Is(err, queue.ErrFenced) {
			return errFenced
		}
		if !errors.Is(err, queue.ErrUnknown) || try == 5 {
			return fmt.Errorf("commit partition %d: %w", o.part, err)
		}
		stands, err := o.p.Queue.Contacts.Checkpoint(ctx, o.part)
		if err != nil {
			return err
		}
		if stands.Seq != o.at.Seq {
			if stands.Facts != b.Checkpoint.Facts || string(stands.Data) != string(b.Checkpoint.Data) {
				return errFenced
			}
			o.at = stands
			return nil
		}
	}
}

// settle is what follows once a contact is stored: its place in the heap, and what has to be sent elsewhere.
func (o *owner) settle(ctx context.Context, j *job, now time.Time) {
	due, w := j.c.Due, o.newcomer(j)
	delete(o.again, j.key)
	delete(o.turn, j.key)
	delete(o.unasked, j.key)
	if delete(o.doubted, j.key); j.doubted {
		o.doubted[j.key] = struct{}{}
	}
	if delete(o.newcomers, j.key); j.c.Awaits != stored.Nothing {
		w.trail, w.came = j.step.Trail(), j.came
		o.newcomers[j.key] = w
	}
	switch held := j.c.Rating.Held; {
	case stored.Against(j.c.Rating.Decide):
		o.again[j.key] = true
	case held == watermark.HoldLag && o.sight.Holds(j.key) == "":
		o.turn[j.key] = struct{}{}
	case waits(held):
		o.again[j.key] = false
	}
	if due != 0 && due <= crm.At(now) {
		due = crm.At(now.Add(timing.EffectAgain))
	}
	o.dues.set(j.key, due)
	if j.effects.none() {
		return
	}
	if err := o.effect(ctx, j); err != nil {
		o.p.Log.Warn("put off for a minute", zap.String("source", j.key.Source), zap.String("contact", o.p.Tombs.Plain(j.key.Contact)), zap.Error(err))
		o.dues.set(j.key, crm.At(now.Add(timing.EffectAgain)))
	}
}

func compareKeys(a, b queue.Key) int {
	if c := strings.Compare(a.Source, b.Source); c != 0 {
		return c
	}
	return strings.Compare(a.Contact, b.Contact)
}
