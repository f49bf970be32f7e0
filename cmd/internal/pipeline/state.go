package pipeline

import (
	"context"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// State is one small state in the store: its key, and the type of what stands there.
type State[T any] struct{ name string }

// pollState is how far a source has been polled.
func pollState(source string) State[polled] { return State[polled]{"poll." + source} }

// backfillState is how far a source's backfill is.
func backfillState(source string) State[filling] { return State[filling]{"backfill." + source} }

// breakerState is a source's mass-change breaker.
func breakerState(source string) State[breaker] { return State[breaker]{"breaker." + source} }

// removedState is the list of a source's records that are gone.
func removedState(source string) State[removals] { return State[removals]{"removed." + source} }

// accountState is the vendor's id of the account to which a source's credential belongs.
func accountState(source string) State[string] { return State[string]{"account." + source} }

// putOffState is for what a source needs a person; empty: for nothing.
func putOffState(source string) State[string] { return State[string]{"putoff." + source} }

// epochState counts the settings by which this store has been rated.
func epochState() State[epoch] { return State[epoch]{"epoch"} }

// anyRevision puts a state whatever stands there.
const anyRevision = ^uint64(0)

// get reads the state; the zero value where there is none.
func (s State[T]) get(ctx context.Context, q *queue.Queue) (v T, rev uint64, err error) {
	data, rev, err := q.States.Get(ctx, s.key())
	if err != nil || len(data) == 0 {
		return v, rev, err
	}
	v, err = decode[T](data)
	return v, rev, err
}

// put writes the state where its revision is the expected one; queue.ErrConflict where it is another.
func (s State[T]) put(ctx context.Context, q *queue.Queue, v T, expected uint64) error {
	_, err := q.States.Put(ctx, s.key(), encode(v), expected)
	return err
}

func (s State[T]) key() string { return strings.ReplaceAll(s.name, " ", "_") }

// polled is how far a source has been polled.
type polled struct {
	Cursor  string     `cbor:"1,keyasint,omitempty"`
	Through crm.Millis `cbor:"2,keyasint,omitempty"` // everything that changed before this has been seen
}

// filling is the state of a source's backfill.
type filling struct {
	Since  crm.Millis `cbor:"1,keyasint,omitempty"`
	Until  crm.Millis `cbor:"2,keyasint,omitempty"`
	Cursor string     `cbor:"3,keyasint,omitempty"`
	Read   int        `cbor:"4,keyasint,omitempty"`
	Total  int        `cbor:"5,keyasint,omitempty"`
	Stage  string     `cbor:"6,keyasint,omitempty"`
	Moved  crm.Millis `cbor:"7,keyasint,omitempty"`
	Done   bool       `cbor:"8,keyasint,omitempty"`
	Error  string     `cbor:"9,keyasint,omitempty"` // why it stands still
}

// moving reports whether a backfill runs: while it does, nothing is announced against the source's contacts. One that the CRM refuses
// to go on has read a part alone, in which the answers may be missing, however long that lasts. While no process ran, none could move.
func (f filling) moving(now, began time.Time) bool {
	return f.Since != 0 && !f.Done && (f.Error != "" || now.Sub(f.Moved.Time()) < BackfillIdle || now.Sub(began) < BackfillIdle)
}

// member is what a process says of itself to the others.
type member struct {
	Epoch uint64 `cbor:"1,keyasint"`
	Rates bool   `cbor:"2,keyasint"`
}

// epoch rises with each new hash of the settings, so that processes with different ones do not rate the same contacts in turns.
type epoch struct {
	Number uint64 `cbor:"1,keyasint"`
	Model  string `cbor:"2,keyasint"`
}
