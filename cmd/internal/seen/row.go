package seen

import (
	"hash/fnv"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// schema has the contacts in the order in which they came, and those that are alike in what pages are sorted by in the
// order of their tombs, which is the same in every list. The columns by which pages are sorted are whole numbers, 0 for
// never.
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
CREATE TABLE decision (contact INTEGER NOT NULL, source TEXT NOT NULL, at INTEGER NOT NULL, status TEXT NOT NULL,
	ground TEXT NOT NULL);
CREATE INDEX decision_of ON decision (contact);
CREATE INDEX decision_at ON decision (at, source, status, ground);
`

// filtered are the columns by which pages are filtered.
const filtered = "status, letter, source, owner, ball, overdue, owed_since, owed, ground, held, segment"

// indexes are those that pages are read by. Each way of sorting has one, which holds all that pages are filtered by
// too: a page is read in its order from where it begins, and contacts that do not match are passed without looking at
// them: a page of a million contacts of which none matches takes a tenth of a second or two. An index for each filter
// and each way of sorting would be faster still, and would cost the flow more than pages gain. Those that end the list
// find the few who have a rare value; these values seldom change.
var indexes = []struct{ name, on, where string }{
	{"by_changed", "changed, tomb, " + filtered, ""},
	{"by_amount", "amount, tomb, " + filtered, ""},
	{"by_score", "score, tomb, " + filtered, ""},
	{"by_owed", "owed_since, tomb, " + filtered, "owed_since > 0"},
	{"by_debtor", "owner, owed_since, tomb, overdue, owed, letter, status, source, amount", "owed_since > 0"},
	{"by_pending", "pending_until, tomb, " + filtered, "pending_until > 0"},
	{"by_recheck", "recheck, tomb, " + filtered, "recheck > 0"},
	{"by_override", "override_until, tomb, " + filtered, "override <> ''"},
	{"by_held", "changed, tomb, " + filtered, "held <> ''"},
	{"by_owner", "owner", ""},
	{"by_segment", "segment", "segment <> ''"},
	{"by_ground", "ground", "ground <> ''"},
}

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
