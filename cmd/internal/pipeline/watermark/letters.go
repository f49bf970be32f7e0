package watermark

import (
	"context"
	"fmt"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// The stages at which something can end as a dead letter.
const (
	StageRead  = "read"
	StageFetch = "fetch"
	StageRate  = "rate"
	StageWrite = "write"
)

// Stages are those of dead letters, in the order of the flow.
func Stages() []string { return []string{StageRead, StageFetch, StageRate, StageWrite} }

// Letters are the dead letters: what cannot be used, with its reason and what a person can do.
type Letters struct {
	q     *queue.Queue
	tombs *stored.Tombs
	dead  *prometheus.CounterVec // stage, source, kind
	log   *zap.Logger
}

// NewLetters returns the dead letters of a store.
func NewLetters(q *queue.Queue, t *stored.Tombs, m *Metrics, log *zap.Logger) *Letters {
	return &Letters{q, t, m.dead, log}
}

// fixes says, by kind of error, what a person can do about a dead letter.
var fixes = map[connectors.Kind]string{
	connectors.Internal: "report it with its reason; after an update send it again: winnow deadletters resend",
	connectors.Malformed: "see whether the sender is the CRM this source is for; send it again after an update " +
		"that can read it, or discard it",
	connectors.NotFound: "the record is gone from the CRM: discard it",
	connectors.Conflict: "something else keeps the record busy: send it again when that is over",
	connectors.Garbled: "see what stands between Winnow and the CRM and answers in its place, then send it " +
		"again",
	connectors.Unavailable: "the CRM fails at this record and answers for others: see whether it opens there, " +
		"tell the CRM's support, then send it again",
	connectors.Rejected:        "relax the CRM's validation rule for Winnow's fields or for its app, then send it again",
	connectors.Unauthenticated: "renew the token or grant the scope, then send it again",
	connectors.Misconfigured:   "run winnow setup, then send it again",
}

// unreadFixes say it of a record that was to be read: no decision falls against those it may concern until the letter
// is settled.
var unreadFixes = map[connectors.Kind]string{
	connectors.Rejected: "see whether the record opens in the CRM and whether the app may read it, then send it again",
}

// textFix is said beside it of a letter that holds words of a message.
const textFix = "; it holds words of a message, and goes by itself after 30 days"

// fixOf is what a person can do about a dead letter of a stage.
func fixOf(stage string, kind connectors.Kind) string {
	if stage != StageFetch {
		return fixes[kind]
	}
	fix := fixes[kind]
	if unread, ok := unreadFixes[kind]; ok {
		fix = unread
	}
	return fix + "; until then nothing is announced against the contacts named, or against anyone of the source " +
		"where none is known: discard it only if nothing of theirs is in it"
}

// Bury keeps what cannot be used, with its reason and what a person can do. id makes a second burial of the same
// thing the same letter.
func (l *Letters) Bury(ctx context.Context, s Source, id string, d queue.DeadLetter, reason error,
	fields ...zap.Field,
) error {
	kind := connectors.KindOf(reason)
	d.Source, d.Reason, d.Kind, d.Fix = s.Name, reason.Error(), kind.String(), fixOf(d.Stage, kind)
	if d.Text {
		d.Fix += textFix
	}
	seq, err := l.q.DeadLetters.Bury(ctx, d, d.Stage+"."+id)
	if err != nil {
		return fmt.Errorf("bury: %w", err)
	}
	l.dead.WithLabelValues(d.Stage, s.Name, kind.String()).Inc()
	contacts := make([]string, len(d.Contacts))
	for i, contact := range d.Contacts {
		contacts[i] = l.tombs.Plain(contact)
	}
	l.log.Error("dead letter", append(fields, zap.String("stage", d.Stage), zap.String("source", s.Name),
		zap.Uint64("number", seq), zap.Strings("contacts", contacts), zap.Error(reason))...)
	return nil
}

// KindDamaged is the kind of a letter that stands for what the store has lost.
const KindDamaged = "damaged"

// Lost keeps in mind that something was lost which is being read again.
func (l *Letters) Lost(ctx context.Context, s Source, lost queue.Damage, d queue.DeadLetter) error {
	d.Source, d.Kind, d.Reason = s.Name, KindDamaged, "the store has lost "+lost.String()
	d.Fix = "look at the disk; it is read again from the CRM, and the letter goes when that is done"
	if s.CRM.Backfill == nil {
		d.Fix = "look at the disk; the history of this source cannot be read back: discard the letter when nothing " +
			"of it is missed"
	}
	return l.BuryAs(ctx, fmt.Sprintf("%s.%s.%d.%s", d.Kind, lost.Stream, lost.First, s.Name), d)
}

// BuryAs keeps a letter as it is, whose reason is no error of a connector.
func (l *Letters) BuryAs(ctx context.Context, id string, d queue.DeadLetter) error {
	if _, err := l.q.DeadLetters.Bury(ctx, d, id); err != nil {
		return fmt.Errorf("bury: %w", err)
	}
	l.dead.WithLabelValues(d.Stage, d.Source, d.Kind).Inc()
	return nil
}

// Named lists the contacts that notices are about, for the dead letter: erasing a contact has to find it.
func Named(s Source, notices []crm.Notice) []string {
	var ids []string
	add := func(contacts ...string) {
		for _, id := range contacts {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	for _, n := range notices {
		switch {
		case n.Fact != nil:
			add(n.Fact.Contact)
		case n.Ref != nil:
			add(n.Ref.Contacts...)
			add(n.Ref.Left...)
			if person, ok := s.CRM.PersonOf(*n.Ref); ok {
				add(person)
			}
		case n.Removed != nil && n.Removed.Contact != "":
			add(n.Removed.Contact)
		}
	}
	return ids
}

// OfPerson reports whether a record is a person's own, or has the person's id, as a list of the person's mails may
// have.
func OfPerson(s Source, ref crm.Ref, contact string) bool {
	if own, ok := s.CRM.PersonOf(ref); ok {
		return own == contact
	}
	return ref.ID == contact
}

// Without takes a contact out of a reference, and reports whether something is left to be fetched: what was to be
// read of the contact itself, and what was wanted for nobody else, is nobody's any more.
func Without(s Source, ref crm.Ref, contact string) (rest crm.Ref, left bool) {
	if OfPerson(s, ref, contact) {
		return crm.Ref{}, false
	}
	erased := func(id string) bool { return id == contact }
	ref.Contacts, ref.Left = slices.DeleteFunc(slices.Clone(ref.Contacts), erased),
		slices.DeleteFunc(slices.Clone(ref.Left), erased)
	return ref, len(ref.Contacts)+len(ref.Left) > 0
}

// Strike takes a contact out of the letter of a record that could not be fetched, or of one that stands for many, and
// reports whether others wait for it too.
func Strike(s Source, d *queue.DeadLetter, contact string) bool {
	if d.Count > 0 && len(d.Contacts) > 1 { // nothing is kept of what it stands for but whom that named
		d.Contacts = slices.DeleteFunc(slices.Clone(d.Contacts), func(id string) bool { return id == contact })
		return true
	}
	ref, err := stored.Decode[crm.Ref](d.Payload)
	// what is no reference waits for nobody
	if d.Stage != StageFetch || len(d.Contacts) < 2 || err != nil || OfPerson(s, ref, contact) {
		return false
	}
	ref, _ = Without(s, ref, contact)
	d.Contacts = slices.DeleteFunc(slices.Clone(d.Contacts), func(id string) bool { return id == contact })
	d.Payload = stored.Encode(ref)
	return true
}
