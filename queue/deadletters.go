package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// KindMalformed is the kind of a dead letter that cannot be decoded. Nobody can say whom it concerns, so it is kept
// shorter.
const KindMalformed = "malformed"

// How long dead letters are kept.
const (
	deadFor      = 90 * 24 * time.Hour
	malformedFor = 30 * 24 * time.Hour
)

// DeadLetter is something that could not be used: what it was, why, and what mends it.
type DeadLetter struct {
	Seq  uint64    `cbor:"-"` // its number, for people and for Discard
	Time time.Time `cbor:"-"` // when it was buried

	Stage    string            `cbor:"1,keyasint"` // read, fetch, rate, write
	Source   string            `cbor:"2,keyasint"`
	Reason   string            `cbor:"3,keyasint"`
	Fix      string            `cbor:"4,keyasint,omitempty"`
	Kind     string            `cbor:"5,keyasint,omitempty"`
	Contacts []string          `cbor:"6,keyasint,omitempty"` // the contacts that it names
	Header   map[string]string `cbor:"7,keyasint,omitempty"`
	Payload  []byte            `cbor:"8,keyasint,omitempty"`
	// it names no contact because it concerns none; without this mark that is not known
	Nobody bool `cbor:"9,keyasint,omitempty"`
	// it does not expire: something waits for it to be settled
	Keep bool `cbor:"10,keyasint,omitempty"`
	// it holds words of a message, and expires like what is malformed
	Text bool `cbor:"11,keyasint,omitempty"`
	// how many it stands for, none of which is kept; 0: itself
	Count int    `cbor:"12,keyasint,omitempty"`
	Hash  string `cbor:"13,keyasint,omitempty"` // SHA-256 of the payload of the latest of these
}

// DeadLetters are what could not be used and waits for a person.
type DeadLetters struct {
	base
	sums *sums
}

// Bury stores a dead letter durably and returns its number. The same id again within ten minutes changes nothing; an
// empty id is never the same. Seq and Time are not looked at. What is beyond its source's share of the bytes is only
// counted, by the letter whose number is returned; a letter that counts others itself is stored as it is.
func (l *DeadLetters) Bury(ctx context.Context, d DeadLetter, id string) (uint64, error) {
	if layout.TokenLength(d.Stage) > maxSource || !ValidID(d.Source) {
		return 0, fmt.Errorf("bury: stage or source: %w", ErrTooLarge)
	}
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	if d.Count > 0 {
		return l.put(ctx, d, id)
	}
	if !l.fits(ctx, d.Source, len(d.Payload)) {
		return l.sum(ctx, d)
	}
	seq, err := l.put(ctx, d, id)
	if errors.Is(err, ErrFull) {
		return l.sum(ctx, d)
	}
	return seq, err
}

// put stores one letter.
func (l *DeadLetters) put(ctx context.Context, d DeadLetter, id string) (uint64, error) {
	b, err := cbor.Marshal(d)
	if err != nil {
		return 0, fmt.Errorf("bury: %w", err)
	}
	if len(b) > l.srv.MaxMessage() {
		return 0, fmt.Errorf("a dead letter of %d bytes: %w", len(b), ErrTooLarge)
	}
	keep := deadFor
	if d.Kind == KindMalformed || d.Text {
		keep = malformedFor
	}
	m := jet.NewMsg(layout.KindDead+"."+layout.Token(d.Stage)+"."+layout.Token(d.Source), b)
	if !d.Keep || d.Text {
		m.Header[jet.HeaderTTL] = []string{ttlHeader(keep)}
	}
	var opts []jetstream.PublishOpt
	if id != "" {
		opts = append(opts, jetstream.WithMsgID(id))
	}
	ack, err := l.srv.JS(0).PublishMsg(ctx, m, opts...)
	if err != nil {
		return 0, jet.PublishError(layout.DeadLetters, err)
	}
	return ack.Sequence, nil
}

// List returns up to most dead letters with numbers above after, oldest first. An empty stage or source stands for all.
func (l *DeadLetters) List(ctx context.Context, after uint64, most int, stage, source string) ([]DeadLetter, error) {
	if most <= 0 {
		return nil, nil
	}
	var all []DeadLetter
	err := l.each(ctx, after, most, stage, source, func(d DeadLetter) error {
		if all = append(all, d); len(all) == most {
			return errBound
		}
		return nil
	})
	if errors.Is(err, errBound) {
		err = nil
	}
	return all, err
}

// Each calls fn with every dead letter with a number above after, oldest first, until an error of its own. An empty
// stage or source stands for all.
func (l *DeadLetters) Each(ctx context.Context, after uint64, stage, source string, fn func(DeadLetter) error) error {
	return l.each(ctx, after, 0, stage, source, fn)
}

func (l *DeadLetters) each(ctx context.Context, after uint64, most int, stage, source string,
	fn func(DeadLetter) error,
) error {
	w := jet.Walk{Stream: layout.DeadLetters, Filter: deadFilter(stage, source), After: after, Most: most}
	err := l.srv.Walk(ctx, w, func(_ *nats.Msg, at *Msg) error {
		if at.Damaged {
			l.lostMsg(at)
			return nil
		}
		d, err := decodeDead(at.Data, at.Seq, at.Time)
		if err != nil {
			return err
		}
		return fn(d)
	})
	if err != nil {
		return fmt.Errorf("dead letters: %w", err)
	}
	return nil
}

// Numbers returns the numbers of the dead letters that there are, in their order, and reads none of them. An empty
// stage or source stands for all.
func (l *DeadLetters) Numbers(ctx context.Context, stage, source string) (all []uint64, err error) {
	err = l.srv.Walk(ctx, jet.Walk{Stream: layout.DeadLetters, Filter: deadFilter(stage, source), Bare: true},
		func(_ *nats.Msg, at *Msg) error {
			all = append(all, at.Seq)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("numbers of dead letters: %w", err)
	}
	return all, nil
}

func deadFilter(stage, source string) string {
	return layout.KindDead + "." + orAll(stage) + "." + orAll(source)
}

func orAll(s string) string {
	if s == "" {
		return "*"
	}
	return layout.Token(s)
}

// Get returns one; ErrNotFound where there is none with that number.
func (l *DeadLetters) Get(ctx context.Context, seq uint64) (DeadLetter, error) {
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	m, err := l.srv.Next(ctx, layout.DeadLetters, layout.KindDead+".>", seq)
	if err != nil {
		return DeadLetter{}, fmt.Errorf("dead letter %d: %w", seq, err)
	}
	if m == nil || m.Seq != seq {
		return DeadLetter{}, fmt.Errorf("dead letter %d: %w", seq, ErrNotFound)
	}
	if m.Damaged {
		l.lost(layout.DeadLetters, m.Subject, m.Seq, m.Time)
		return DeadLetter{Seq: m.Seq, Time: m.Time}, fmt.Errorf("dead letter %d: %w", seq, ErrDamaged)
	}
	return decodeDead(m.Data, m.Seq, m.Time)
}

func decodeDead(b []byte, seq uint64, at time.Time) (d DeadLetter, err error) {
	if err := cbor.Unmarshal(b, &d); err != nil {
		return DeadLetter{}, fmt.Errorf("dead letter %d: %w", seq, err)
	}
	d.Seq, d.Time = seq, at
	return d, nil
}

// Discard overwrites one and deletes it; ErrNotFound where there is none with that number.
func (l *DeadLetters) Discard(ctx context.Context, seq uint64) error {
	if _, err := l.Get(ctx, seq); err != nil && !errors.Is(err, ErrDamaged) {
		return err
	}
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	if err := l.srv.EraseMsg(ctx, layout.DeadLetters, seq); err != nil {
		return fmt.Errorf("discard dead letter %d: %w", seq, err)
	}
	l.sums.discarded(seq)
	return nil
}

// DeadLetterCount is how many dead letters of one stage and source wait for a person.
type DeadLetterCount struct {
	Stage, Source string
	Letters       uint64
}

// Count counts the dead letters by stage and source. None of them has a number above last, and while last and the
// counts stay the same so do the letters.
func (l *DeadLetters) Count(ctx context.Context) (counts []DeadLetterCount, last uint64, err error) {
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	s, err := l.srv.JS(0).Stream(ctx, layout.DeadLetters)
	if err != nil {
		return nil, 0, fmt.Errorf("stream %s: %w", layout.DeadLetters, err)
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(layout.KindDead+".>"))
	if err != nil {
		return nil, 0, fmt.Errorf("stream %s: %w", layout.DeadLetters, err)
	}
	for subject, n := range info.State.Subjects {
		parts := strings.Split(subject, ".")
		if len(parts) != 3 {
			continue
		}
		stage, ok1 := layout.Untoken(parts[1])
		source, ok2 := layout.Untoken(parts[2])
		if ok1 && ok2 {
			counts = append(counts, DeadLetterCount{stage, source, n})
		}
	}
	return counts, info.State.LastSeq, nil
}
