package queue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// Fetches are the records that have to be fetched, the latest message of each.
type Fetches struct{ lane }

func newFetches(b base) *Fetches {
	return &Fetches{lane{base: b, stream: layout.Fetches, spec: layout.FetchConsumer, conn: 2, floor: 0.5}}
}

// FetchMsg is one record that has to be fetched; Data is the caller's own.
type FetchMsg struct {
	Source, Type, ID string
	Data             []byte
	Header           map[string]string
}

// FetchRef names a record of a source.
type FetchRef struct{ Type, ID string }

// Publish returns nil once all are durable. Of one record the latest counts: an earlier one that waits, or is in hand,
// is replaced, and join says what the latest is then, so that nothing of the earlier is lost that its fetch would have
// settled. After an error some may be stored; sending them again does no harm.
func (f *Fetches) Publish(ctx context.Context, fetches []FetchMsg, join func(earlier, latest []byte) []byte) error {
	lanes := map[string]map[string]FetchMsg{} // by source and subject
	for _, one := range fetches {
		if err := f.checkSource(one.Source); err != nil {
			return err
		}
		if !ValidID(one.Type) || !ValidID(one.ID) {
			return fmt.Errorf("an id of %d bytes: %w", max(len(one.Type), len(one.ID)), ErrTooLarge)
		}
		if lanes[one.Source] == nil {
			lanes[one.Source] = map[string]FetchMsg{}
		}
		subject := layout.FetchSubject(one.Source, one.Type, one.ID)
		if earlier, ok := lanes[one.Source][subject]; ok {
			one.Data = join(earlier.Data, one.Data)
		}
		lanes[one.Source][subject] = one
	}
	for source, latest := range lanes {
		if err := f.publishLatest(ctx, source, latest, join); err != nil {
			return err
		}
	}
	return nil
}

// publishLatest puts the latest of each record in the place of the one that it knows to be there, and looks again where
// that has been replaced or taken out meanwhile, or was told by a copy of the stream that lags behind.
func (f *Fetches) publishLatest(
	ctx context.Context, source string, latest map[string]FetchMsg, join func(earlier, latest []byte) []byte,
) error {
	ctx, cancel := jet.BoundedBy(ctx, jet.CommitWait)
	defer cancel()
	for range jet.StaleTries {
		msgs, err := f.joined(ctx, source, latest, join)
		if err != nil {
			return fmt.Errorf("what waits in %s: %w", layout.Lane(layout.Fetches, source), jet.Ended(ctx, err))
		}
		err = f.srv.PublishAll(ctx, 1, layout.Fetches, msgs)
		if !errors.Is(err, ErrFenced) && !jet.IsOutrun(err) {
			return err
		}
		if err := jet.Pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return jet.ErrStale
}

// joined returns the messages of the latest, each joined with the one that it replaces, unless that is known to be done
// with.
func (f *Fetches) joined(
	ctx context.Context, source string, latest map[string]FetchMsg, join func(earlier, latest []byte) []byte,
) ([]*nats.Msg, error) {
	spec := f.spec(source)
	there := map[string]jet.Stored{}
	err := f.srv.MultiLastOf(ctx, 1, spec.Stream, slices.Collect(maps.Keys(latest)), func(m jet.Stored) { there[m.Subject] = m })
	if errors.Is(err, ErrDamaged) {
		f.check(true) // until the server reads the file anew nothing is put there
	}
	if err != nil {
		return nil, err
	}
	var done uint64
	if len(there) > 0 {
		c, err := f.srv.JS(0).Consumer(ctx, spec.Stream, spec.Name)
		if err != nil {
			return nil, err
		}
		done = c.CachedInfo().AckFloor.Stream
	}
	msgs := make([]*nats.Msg, 0, len(latest))
	for subject, one := range latest {
		earlier, data := there[subject], one.Data
		if earlier.Seq > done && !earlier.Damaged {
			data = join(earlier.Data, data)
		}
		m := jet.NewMsg(subject, data)
		setHeader(m, one.Header)
		m.Header[jet.HeaderExpected] = []string{strconv.FormatUint(earlier.Seq, 10)}
		msgs = append(msgs, m)
	}
	return msgs, nil
}

// Trim removes the fetches that are done.
func (f *Fetches) Trim(ctx context.Context) error { return f.trim(ctx, 0) }

// Each calls fn with every record of a source that is to be fetched, and with those that are done and have not been
// trimmed yet. It stops at fn's error.
func (f *Fetches) Each(ctx context.Context, source string, fn func(m FetchMsg, done bool) error) error {
	if err := f.checkSource(source); err != nil {
		return err
	}
	spec := f.spec(source)
	c, err := f.srv.JS(0).Consumer(ctx, spec.Stream, spec.Name)
	if err != nil {
		return fmt.Errorf("fetches of %s: %w", source, err)
	}
	done := c.CachedInfo().AckFloor.Stream
	err = f.srv.Walk(ctx, jet.Walk{Stream: spec.Stream, Filter: spec.Filter, Conn: 1}, func(m *nats.Msg, at *Msg) error {
		typ, id, ok := layout.FetchOf(m.Subject)
		if !ok {
			return fmt.Errorf("the subject %q is not ours", m.Subject)
		}
		if at.Damaged {
			f.lostMsg(at)
			return nil
		}
		return fn(FetchMsg{Source: source, Type: typ, ID: id, Data: at.Data}, at.Seq <= done)
	})
	if err != nil {
		return fmt.Errorf("fetches of %s: %w", source, err)
	}
	return nil
}

// Purge takes out the waiting fetches of a source's records, overwriting them in the files.
func (f *Fetches) Purge(ctx context.Context, source string, refs ...FetchRef) error {
	for _, r := range refs {
		if err := f.srv.Erase(ctx, layout.Lane(layout.Fetches, source), layout.FetchSubject(source, r.Type, r.ID)); err != nil {
			return fmt.Errorf("purge fetches: %w", err)
		}
	}
	return nil
}
