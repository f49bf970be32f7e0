package watermark

import (
	"context"
	"maps"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// unread knows the dead letters of one source that stand for what was not looked at: records that could not be
// fetched and events that could not be read. Their answer may lie there, so silence of the contacts concerned counts
// only up to them and nothing is announced against these contacts until a person has sent the letters again or
// discarded them.
type unread struct {
	Deps
	source string

	mu      sync.Mutex
	last    uint64 // the last one of all that there was
	letters map[uint64]queue.DeadLetter
	since   *Blind // of these letters; replaced, never changed
}

// Blind is from when on contacts have not been read for want of a dead letter's content.
type Blind struct {
	All time.Time // every contact of the source; zero: none
	By  map[string]time.Time
}

func newUnread(d Deps, source string) *unread {
	return &unread{Deps: d, source: source, letters: map[uint64]queue.DeadLetter{}, since: &Blind{}}
}

// look returns what the letters that are there now leave unread. Each of them is read once. While none comes or goes
// a look costs one request, else it asks which numbers there are.
func (u *unread) look(ctx context.Context) (*Blind, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	counts, last, err := u.Queue.DeadLetters.Count(ctx)
	if err != nil {
		return nil, err
	}
	there := 0
	for _, c := range counts {
		if c.Source == u.source && (c.Stage == StageFetch || c.Stage == StageRead) {
			there += int(c.Letters)
		}
	}
	if last == u.last && there == len(u.letters) {
		return u.since, nil
	}
	letters := make(map[uint64]queue.DeadLetter, there)
	for _, stage := range []string{StageFetch, StageRead} {
		if err := u.read(ctx, stage, letters); err != nil {
			return nil, err
		}
	}
	same := maps.EqualFunc(letters, u.letters, func(a, b queue.DeadLetter) bool { return a.Seq == b.Seq })
	if u.last, u.letters = last, letters; !same {
		u.since = u.gather()
	}
	return u.since, nil
}

// read puts the letters of a stage into letters, without what they hold: those that are known as they are known, and
// those from the first one on that is not as they stand.
func (u *unread) read(ctx context.Context, stage string, letters map[uint64]queue.DeadLetter) error {
	seqs, err := u.Queue.DeadLetters.Numbers(ctx, stage, u.source)
	if err != nil {
		return err
	}
	for _, seq := range seqs {
		d, ok := u.letters[seq]
		if !ok {
			return u.Queue.DeadLetters.Each(ctx, seq-1, stage, u.source, func(d queue.DeadLetter) error {
				if ref, err := stored.Decode[crm.Ref](d.Payload); stage == StageFetch && err == nil &&
					ref.Noticed != 0 {
					d.Time = ref.Noticed.Time()
				}
				d.Payload, d.Reason, d.Fix = nil, "", ""
				letters[d.Seq] = d
				return nil
			})
		}
		letters[seq] = d
	}
	return nil
}

// gather is what the letters leave unread together. An event that could not be read and names nobody holds nobody:
// most such events are of no contact, and whoever can sign could stop a source with one.
func (u *unread) gather() *Blind {
	b := &Blind{By: map[string]time.Time{}}
	for _, d := range u.letters {
		for _, contact := range d.Contacts {
			if t, ok := b.By[contact]; !ok || d.Time.Before(t) {
				b.By[contact] = d.Time
			}
		}
		if anybody(d) && (b.All.IsZero() || d.Time.Before(b.All)) {
			b.All = d.Time
		}
	}
	return b
}

// anybody reports whether a letter may concern any contact of its source.
func anybody(d queue.DeadLetter) bool {
	return d.Stage == StageFetch && len(d.Contacts) == 0 && !d.Nobody
}

// with joins two.
func (b *Blind) with(o *Blind) *Blind {
	if b == o {
		return b
	}
	sum := &Blind{All: b.All, By: maps.Clone(b.By)}
	if sum.All.IsZero() || !o.All.IsZero() && o.All.Before(sum.All) {
		sum.All = o.All
	}
	if sum.By == nil {
		return &Blind{All: sum.All, By: o.By}
	}
	for contact, t := range o.By {
		if was, ok := sum.By[contact]; !ok || t.Before(was) {
			sum.By[contact] = t
		}
	}
	return sum
}

// Of is the horizon of one contact: no further than the letters that may concern it.
func (v Horizon) Of(contact string) Horizon {
	if v.Hold == HoldBreaker && v.Let[contact] {
		v.Hold = ""
	}
	if v.Blind == nil {
		return v
	}
	for _, t := range []time.Time{v.Blind.All, v.Blind.By[contact]} {
		if t.IsZero() {
			continue
		}
		v.Read = minTime(v.Read, t)
		if v.Hold == "" {
			v.Hold = HoldLetter
		}
	}
	return v
}

// report shows what dead letters hold back, in the metrics and now and then in the log: nobody should learn of it by
// chance.
func (u *unread) report(b *Blind) {
	all := 0.0
	if !b.All.IsZero() {
		all = 1
	}
	u.Metrics.blindAll.WithLabelValues(u.source).Set(all)
	u.Metrics.blindContacts.WithLabelValues(u.source).Set(float64(len(b.By)))
	if all == 0 && len(b.By) == 0 {
		return
	}
	if _, ok := u.Troubles.pace.due("unread "+u.source, timing.RemindEvery); !ok {
		return
	}
	oldest := b.All
	for _, t := range b.By {
		if oldest.IsZero() || t.Before(oldest) {
			oldest = t
		}
	}
	u.Log.Error("dead letters hold decisions back: see winnow deadletters list, mend the cause and send them again, "+
		"or discard them",
		zap.String("source", u.source), zap.Int("contacts", len(b.By)), zap.Bool("whole_source", all == 1),
		zap.Time("oldest", oldest))
}
