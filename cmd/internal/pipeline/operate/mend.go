package operate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// Mender has read again from the CRM what the store has lost. Until that is done a dead letter holds decisions back:
// against the one contact whose record it was, or against all of the source, and silence counts only up to when the
// hole began.
type Mender struct {
	Queue   *queue.Queue
	Sources map[string]watermark.Source
	Now     func() time.Time
	Log     *zap.Logger
	Letters *watermark.Letters
	Metrics *watermark.Metrics
}

// Run mends until ctx ends.
func (m *Mender) Run(ctx context.Context) error {
	for released := time.Now(); ctx.Err() == nil; timing.Sleep(ctx, timing.MendEvery) {
		if err := m.Mend(ctx); err != nil && ctx.Err() == nil {
			m.Log.Warn("what the store has lost is not read again yet", zap.Error(err))
		}
		if time.Since(released) < timing.ReleaseEvery {
			continue
		}
		released = time.Now()
		for name := range m.Sources {
			if err := m.release(ctx, name); err != nil && ctx.Err() == nil {
				m.Log.Warn("the letters of what was lost stay", zap.String("source", name), zap.Error(err))
			}
		}
	}
	return nil
}

// Mend deals with what the store has lost and nobody has dealt with yet.
func (m *Mender) Mend(ctx context.Context) error {
	for _, d := range m.Queue.Damaged() {
		err := m.mend(ctx, d)
		if err == nil {
			err = m.Queue.Remove(ctx, d) // another letter stands for it
		}
		if err != nil {
			return fmt.Errorf("%s: %w", d, err)
		}
		m.Metrics.Damage(d.Stream)
		m.Log.Error("the store has lost messages; what they held is read again from the CRM",
			zap.String("stream", d.Stream),
			zap.Uint64("first", d.First), zap.Uint64("last", d.Last), zap.String("source", d.Source),
			zap.Time("since", d.Since))
		m.Queue.Settled(d)
	}
	return nil
}

func (m *Mender) mend(ctx context.Context, d queue.Damage) error {
	if d.Spare {
		return nil
	}
	if key, ok := d.Key(); ok {
		s, known := m.Sources[key.Source]
		if !known || stored.IsTomb(key) { // of a tombstone it counts that it stands there
			return nil
		}
		return m.contact(ctx, s, key, d)
	}
	if _, err := m.Queue.Contacts.Restore(ctx); err != nil { // or what is read again would bring back who was forgotten
		return err
	}
	sources := []string{d.Source}
	if _, known := m.Sources[d.Source]; !known {
		sources = slices.Sorted(maps.Keys(m.Sources))
	}
	since := d.Since
	if since.IsZero() {
		since = m.Now().Add(-timing.HistoryAgain)
	}
	for _, name := range sources {
		letter := queue.DeadLetter{Stage: watermark.StageFetch, Payload: stored.Encode(crm.Ref{Noticed: crm.At(since)})}
		if err := m.Letters.Lost(ctx, m.Sources[name], d, letter); err != nil {
			return err
		}
		if err := m.fillAgain(ctx, name, since); err != nil {
			return err
		}
	}
	return nil
}

// contact has one contact read again: a rating that was lost is made from the record, a record from the CRM.
func (m *Mender) contact(ctx context.Context, s watermark.Source, key queue.Key, d queue.Damage) error {
	if d.Rating {
		part := m.Queue.PartitionOf(key.Source, key.Contact)
		found, err := m.Queue.Contacts.Load(ctx, part, []queue.Key{key})
		if err != nil {
			return err
		}
		if c, err := stored.Decode[stored.Contact](found[key].Data); err == nil {
			return m.Queue.Ratings.Replace(ctx, part, key, stored.Encode(c.Outgoing()), d.First)
		}
	}
	ref, ok := s.CRM.ProfileRef(key.Contact)
	if !ok { // nobody of that kind is rated any more
		return nil
	}
	if s.CRM.Past != nil {
		ref = s.CRM.Past.Past(key.Contact)
	}
	ref.Contacts, ref.Noticed = []string{key.Contact}, crm.At(m.Now())
	letter := queue.DeadLetter{Stage: watermark.StageFetch, Contacts: ref.Contacts, Payload: stored.Encode(ref)}
	if err := m.Letters.Lost(ctx, s, d, letter); err != nil {
		return err
	}
	if err := m.Queue.Fetches.Publish(ctx, []queue.FetchMsg{
		stored.ToFetch(key.Source, ref),
	}, stored.SinceEarlier); err != nil || s.CRM.Past != nil {
		return err
	}
	return m.fillAgain(ctx, key.Source, m.Now().Add(-timing.HistoryAgain))
}

// alone reports whether a letter stands for one contact whose history is read by itself.
func (m *Mender) alone(source string, d queue.DeadLetter) bool {
	if p := m.Sources[source].CRM.Past; p != nil && len(d.Contacts) == 1 && d.Count == 0 {
		ref, err := stored.Decode[crm.Ref](d.Payload)
		return err == nil && ref.Type == p.Past(d.Contacts[0]).Type
	}
	return false
}

// fillAgain has the history of a source read since an instant, and since when another backfill was to read it that is
// not done.
func (m *Mender) fillAgain(ctx context.Context, source string, since time.Time) error {
	if m.Sources[source].CRM.Backfill == nil {
		return nil // the letter says so
	}
	f, rev, err := stored.BackfillState(source).Get(ctx, m.Queue)
	if err != nil {
		return err
	}
	now, from := crm.At(m.Now()), max(crm.At(since), 1)
	if f.Since != 0 && !f.Done {
		from = min(from, f.Since)
	}
	return stored.BackfillState(source).Put(ctx, m.Queue, stored.Filling{Since: from, Until: now, Moved: now}, rev)
}

// release takes back the letters of what has been read again: by a backfill, or of one contact alone. What a backfill
// has not read because a person had it begin later is read once it is done.
func (m *Mender) release(ctx context.Context, source string) error {
	f, _, err := stored.BackfillState(source).Get(ctx, m.Queue)
	if err != nil || len(m.Queue.Damaged()) > 0 {
		return err
	}
	var done []uint64
	missed := f.Since
	err = m.Queue.DeadLetters.Each(ctx, 0, watermark.StageFetch, source, func(d queue.DeadLetter) error {
		if d.Kind != watermark.KindDamaged {
			return nil
		}
		if m.alone(source, d) {
			done = append(done, d.Seq)
			return nil
		}
		if !f.Done {
			return nil
		}
		noticed, since, err := holeOf(d, f.Until)
		if err != nil {
			return err
		}
		if noticed <= f.Until {
			done, missed = append(done, d.Seq), min(missed, since)
		}
		return nil
	})
	if err != nil || len(done) == 0 {
		return err
	}
	if missed < f.Since {
		return m.fillAgain(ctx, source, missed.Time())
	}
	if n, err := m.Queue.Fetches.Waiting(ctx, source); err != nil || n > 0 {
		return err
	}
	for _, seq := range done {
		if err := m.Queue.DeadLetters.Discard(ctx, seq); err != nil {
			return err
		}
	}
	m.Log.Info("what the store had lost has been read again", zap.String("source", source),
		zap.Int("letters", len(done)))
	return nil
}

// holeOf is when a letter was noted, and since when what it stands for is read again by a backfill up to until: one
// contact's history, and what is not known, as far back as is ever read again.
func holeOf(d queue.DeadLetter, until crm.Millis) (noticed, since crm.Millis, err error) {
	furthest := max(crm.At(until.Time().Add(-timing.HistoryAgain)), 1)
	if d.Count > 0 { // it stands for many, and nothing is kept of them
		return crm.At(d.Time), furthest, nil
	}
	ref, err := stored.Decode[crm.Ref](d.Payload)
	if len(d.Contacts) > 0 {
		return ref.Noticed, furthest, err
	}
	return ref.Noticed, max(ref.Noticed, furthest), err
}
