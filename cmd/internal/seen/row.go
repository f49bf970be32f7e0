package seen

import (
	"hash/fnv"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// The columns by which pages are sorted are whole numbers, 0 for never. Each way of sorting that all contacts are in
// has an index of its own and one behind each of the filters that divide them, so that a page is read in its order from
// where it begins; what most pages are filtered by besides stands behind it, so that those who do not match are passed
// without looking at them. What only few have gets an index of those few.
// schema has the contacts in the order in which they came, and those that are alike in what pages are sorted by in the
// order of their tombs, which is the same in every list.
const schema = `
CREATE TABLE contact (
	source TEXT NOT NULL, id TEXT NOT NULL, tomb INTEGER NOT NULL, letter TEXT NOT NULL, machine TEXT NOT NULL,
	status TEXT NOT NULL,
	ground TEXT NOT NULL, ball TEXT NOT NULL, owed TEXT NOT NULL, overdue INTEGER NOT NULL, held TEXT NOT NULL,
	owner TEXT NOT NULL,
	segment TEXT NOT NULL, override TEXT NOT NULL, override_until INTEGER NOT NULL, score INTEGER NOT NULL,
	amount INTEGER NOT NULL,
	owed_since INTEGER NOT NULL, pending_until INTEGER NOT NULL, recheck INTEGER NOT NULL, changed INTEGER NOT NULL,
	UNIQUE (source, id)
);
CREATE INDEX by_tomb ON contact (tomb);
CREATE INDEX by_changed ON contact (changed, tomb);
CREATE INDEX by_amount ON contact (amount, tomb);
CREATE INDEX by_score ON contact (score, tomb);
CREATE INDEX by_letter_changed ON contact (letter, changed, tomb, status);
CREATE INDEX by_letter_amount ON contact (letter, amount, tomb, status);
CREATE INDEX by_letter_score ON contact (letter, score, tomb, status);
CREATE INDEX by_status_changed ON contact (status, changed, tomb, letter);
CREATE INDEX by_status_amount ON contact (status, amount, tomb, letter);
CREATE INDEX by_status_score ON contact (status, score, tomb, letter);
CREATE INDEX by_owner_changed ON contact (owner, changed, tomb, letter, status);
CREATE INDEX by_owner_amount ON contact (owner, amount, tomb, letter, status);
CREATE INDEX by_owner_score ON contact (owner, score, tomb, letter, status);
CREATE INDEX by_ground ON contact (ground, changed, tomb) WHERE ground <> '';
CREATE INDEX by_segment ON contact (segment, changed, tomb) WHERE segment <> '';
CREATE INDEX by_held ON contact (held, changed, tomb) WHERE held <> '';
CREATE INDEX by_owed ON contact (owed_since, tomb, owner, overdue, owed, letter, status, source) WHERE owed_since > 0;
CREATE INDEX by_debtor ON contact (owner, owed_since, tomb, overdue, owed, amount) WHERE owed_since > 0;
CREATE INDEX by_pending ON contact (pending_until, tomb, owner, ground, letter, status, source) WHERE pending_until > 0;
CREATE INDEX by_recheck ON contact (recheck, tomb, owner, ground, letter, status, source) WHERE recheck > 0;
CREATE INDEX by_override ON contact (override_until, tomb) WHERE override <> '';
CREATE TABLE decision (contact INTEGER NOT NULL, source TEXT NOT NULL, at INTEGER NOT NULL, status TEXT NOT NULL,
	ground TEXT NOT NULL);
CREATE INDEX decision_of ON decision (contact);
CREATE INDEX decision_at ON decision (at, source, status, ground);
`

const upsert = `
INSERT INTO contact (source, id, tomb, letter, machine, status, ground, ball, owed, overdue, held, owner, segment,
	override, override_until,
	score, amount, owed_since, pending_until, recheck, changed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (source, id) DO UPDATE SET letter = excluded.letter, machine = excluded.machine, status = excluded.status,
	ground = excluded.ground, ball = excluded.ball, owed = excluded.owed, overdue = excluded.overdue,
	held = excluded.held,
	owner = excluded.owner, segment = excluded.segment, override = excluded.override,
	override_until = excluded.override_until,
	score = excluded.score, amount = excluded.amount, owed_since = excluded.owed_since,
	pending_until = excluded.pending_until,
	recheck = excluded.recheck, changed = excluded.changed
RETURNING rowid`

// row is one contact in the list.
type row struct {
	source, id    string
	tomb          int64
	gone          bool // nobody of that tomb is in the list any more
	shown         stored.Shown
	changed       crm.Millis
	overrideUntil crm.Millis
	decisions     []stored.ShownDecision
}

// rowOf is what the list shows of a record.
func (m *Model) rowOf(r queue.Record) (row, error) {
	out := row{source: r.Key.Source, id: r.Key.Contact, tomb: m.tombOf(r.Key)}
	if stored.IsTomb(r.Key) {
		out.gone = true
		return out, nil
	}
	s, err := stored.Decode[stored.Shown](r.Data)
	if err != nil {
		return row{}, err
	}
	if s.Forgotten || s.Redirect != "" || s.Rating.Unrated != "" || s.Rating.Letter == "" {
		out.gone = true
		return out, nil
	}
	out.shown, out.decisions = s, s.Record.Decisions
	out.changed = instant(s.Values[crm.FieldRatedAt])
	out.overrideUntil = instant(s.Property(crm.PropOverrideUntil))
	return out, nil
}

// values are those of upsert.
func (r *row) values() []any {
	v := &r.shown.Rating
	override := ""
	if v.Status == crm.Override {
		override = r.shown.Property(crm.PropOverride)
	}
	return []any{
		r.source, r.id, r.tomb, v.Letter, v.Machine, string(v.Status), string(v.Ground), string(v.Ball),
		string(v.Owes), v.Overdue, v.Held,
		r.shown.Property(
			crm.PropOwner,
		), r.shown.Property(crm.PropSegment), override, int64(r.overrideUntil), v.Score, r.shown.Amount(),
		int64(v.OwedSince), int64(v.PendingUntil), int64(v.RecheckOn), int64(r.changed),
	}
}

// instant reads what fields hold, 0 for what is none.
func instant(v string) crm.Millis {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, v); err == nil {
			return crm.At(t)
		}
	}
	return 0
}

func short(tomb string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(tomb)) // a hash never fails
	return int64(h.Sum64())
}
