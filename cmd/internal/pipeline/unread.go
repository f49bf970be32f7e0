package pipeline

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// remindEvery is how often the log says that dead letters hold decisions back.
const remindEvery = 6 * time.Hour

// unread knows the dead letters of one source that stand for what was not looked at: records that could not be fetched and events that
// could not be read. Their answer may lie there, so silence of the contacts concerned counts only up to them and nothing is announced
// against these contacts until a person has sent the letters again or discarded them.
type unread struct {
	p      *Pipeline
	source string

	mu      sync.Mutex
	last    uint64 // the last one of all that there was
	letters map[uint64]queue.DeadLetter
	since   *blind // of these letters; replaced, never changed
}

// blind is from when on contacts have not been read for want of a dead letter's content.
type blind struct {
	all time.Time // every contact of the source; zero: none
	by  map[string]time.Time
}

func newUnread(p *Pipeline, source string) *unread {
	return &unread{p: p, source: source, letters: map[uint64]queue.DeadLetter{}, since: &blind{}}
}

// look returns what the letters that are there now leave unread. Each of them is read once. While none comes or goes a look costs one
// request, else it asks which numbers there are.
func (u *unread) look(ctx context.Context) (*blind, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	counts, last, err := u.p.q.CountDeadLetters(ctx)
	if err != nil {
		return nil, err
	}
	there := 0
	for _, c := range counts {
		if c.Source == u.source && (c.Stage == stageFetch || c.Stage == stageRead) {
			there += int(c.Letters)
		}
	}
	if last == u.last && there == len(u.letters) {
		return u.since, nil
	}
	letters := make(map[uint64]queue.DeadLetter, there)
	for _, stage := range []string{stageFetch, stageRead} {
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

// read puts the letters of a stage into letters, without what they hold: those that are known as they are known, and those from the first
// one on that is not as they stand.
func (u *unread) read(ctx context.Context, stage string, letters map[uint64]queue.DeadLetter) error {
	seqs, err := u.p.q.DeadLetterNumbers(ctx, stage, u.source)
	if err != nil {
		return err
	}
	for _, seq := range seqs {
		d, ok := u.letters[seq]
		if !ok {
			return u.p.q.EachDeadLetter(ctx, seq-1, stage, u.source, func(d queue.DeadLetter) error {
				if ref, err := decode[crm.Ref](d.Payload); stage == stageFetch && err == nil && ref.Noticed != 0 {
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

// gather is what the letters leave unread together. An event that could not be read and names nobody holds nobody: most such events
// are of no contact, and whoever can sign could stop a source with one.
func (u *unread) gather() *blind {
	b := &blind{by: map[string]time.Time{}}
	for _, d := range u.letters {
		for _, contact := range d.Contacts {
			if t, ok := b.by[contact]; !ok || d.Time.Before(t) {
				b.by[contact] = d.Time
			}
		}
		if anybody(d) && (b.all.IsZero() || d.Time.Before(b.all)) {
			b.all = d.Time
		}
	}
	return b
}

// anybody reports whether a letter may concern any contact of its source.
func anybody(d queue.DeadLetter) bool {
	return d.Stage == stageFetch && len(d.Contacts) == 0 && !d.Nobody
}

// with joins two.
func (b *blind) with(o *blind) *blind {
	if b == o {
		return b
	}
	sum := &blind{all: b.all, by: maps.Clone(b.by)}
	if sum.all.IsZero() || !o.all.IsZero() && o.all.Before(sum.all) {
		sum.all = o.all
	}
	if sum.by == nil {
		return &blind{all: sum.all, by: o.by}
	}
	for contact, t := range o.by {
		if was, ok := sum.by[contact]; !ok || t.Before(was) {
			sum.by[contact] = t
		}
	}
	return sum
}

// of is the horizon of one contact: no further than the letters that may concern it.
func (v horizon) of(contact string) horizon {
	if v.blind == nil {
		return v
	}
	for _, t := range []time.Time{v.blind.all, v.blind.by[contact]} {
		if t.IsZero() {
			continue
		}
		v.read = minTime(v.read, t)
		if v.hold == "" {
			v.hold = holdLetter
		}
	}
	return v
}

// report shows what dead letters hold back, in the metrics and now and then in the log: nobody should learn of it by chance.
func (u *unread) report(b *blind) {
	all := 0.0
	if !b.all.IsZero() {
		all = 1
	}
	u.p.metrics.blindAll.WithLabelValues(u.source).Set(all)
	u.p.metrics.blindContacts.WithLabelValues(u.source).Set(float64(len(b.by)))
	if all == 0 && len(b.by) == 0 {
		return
	}
	if _, ok := u.p.pace.due("unread "+u.source, remindEvery); !ok {
		return
	}
	oldest := b.all
	for _, t := range b.by {
		if oldest.IsZero() || t.Before(oldest) {
			oldest = t
		}
	}
	u.p.log.Error("dead letters hold decisions back: see winnow deadletters list, mend the cause and send them again, or discard them",
		zap.String("source", u.source), zap.Int("contacts", len(b.by)), zap.Bool("whole_source", all == 1), zap.Time("oldest", oldest))
}

// concerned returns the contacts that a record concerns which could not be fetched: those it is wanted for, and those that the CRM
// associates with it. These are not all beside an error, which is a passing one, nor where the vendor cannot tell.
func (p *Pipeline) concerned(ctx context.Context, s Source, ref crm.Ref) (contacts []string, all bool, err error) {
	contacts = named(s, []crm.Notice{{Ref: &ref}})
	if s.CRM.Relate == nil {
		return contacts, false, nil
	}
	defer func() {
		if recover() != nil {
			all, err = false, nil // the record may be one that the connector cannot deal with
		}
	}()
	found, err := s.CRM.Relate.Concerned(ctx, ref)
	switch kind := connectors.KindOf(err); {
	case err == nil:
		return unique(append(contacts, found...)), true, nil
	case kind == connectors.RateLimited || kind == connectors.Unavailable:
		return contacts, false, err
	}
	return contacts, false, nil // the letter's own reason says more
}

func unique(ids []string) []string {
	slices.Sort(ids)
	return slices.Compact(ids)
}
