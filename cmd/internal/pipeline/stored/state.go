package stored

import (
	"context"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// State is one small state in the store: its key, and the type of what stands there.
type State[T any] struct{ name string }

// PollState is how far a source has been polled.
func PollState(source string) State[Polled] { return State[Polled]{"poll." + source} }

// BackfillState is how far a source's backfill is.
func BackfillState(source string) State[Filling] { return State[Filling]{"backfill." + source} }

// BreakerState is a source's mass-change breaker.
func BreakerState(source string) State[Breaker] { return State[Breaker]{"breaker." + source} }

// RemovedState is the list of a source's records that are gone.
func RemovedState(source string) State[Removals] { return State[Removals]{"removed." + source} }

// AccountState is the vendor's id of the account to which a source's credential belongs.
func AccountState(source string) State[string] { return State[string]{"account." + source} }

// PutOffState is for what a source needs a person; empty: for nothing.
func PutOffState(source string) State[string] { return State[string]{"putoff." + source} }

// ProvenState is the best proof that a source's deliveries have brought.
func ProvenState(source string) State[Proven] { return State[Proven]{"proven." + source} }

// EpochState counts the settings by which this store has been rated.
func EpochState() State[Epoch] { return State[Epoch]{"epoch"} }

// AnyRevision puts a state whatever stands there.
const AnyRevision = ^uint64(0)

// Get reads the state; the zero value where there is none.
func (s State[T]) Get(ctx context.Context, q *queue.Queue) (v T, rev uint64, err error) {
	data, rev, err := q.States.Get(ctx, s.key())
	if err != nil || len(data) == 0 {
		return v, rev, err
	}
	v, err = Decode[T](data)
	return v, rev, err
}

// Put writes the state where its revision is the expected one; queue.ErrConflict where it is another.
func (s State[T]) Put(ctx context.Context, q *queue.Queue, v T, expected uint64) error {
	_, err := q.States.Put(ctx, s.key(), Encode(v), expected)
	return err
}

func (s State[T]) key() string { return strings.ReplaceAll(s.name, " ", "_") }

// Proven is a proof that a source's deliveries have brought, as connectors.Proof has it.
type Proven struct {
	Rank int    `cbor:"1,keyasint,omitempty"`
	Name string `cbor:"2,keyasint,omitempty"`
}

// Polled is how far a source has been polled.
type Polled struct {
	Cursor  string     `cbor:"1,keyasint,omitempty"`
	Through crm.Millis `cbor:"2,keyasint,omitempty"` // everything that changed before this has been seen
}

// Filling is the state of a source's backfill.
type Filling struct {
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

// Moving reports whether a backfill runs: while it does, nothing is announced against the source's contacts. One that
// the CRM refuses to go on has read a part alone, in which the answers may be missing, however long that lasts. While
// no process ran, none could move.
func (f Filling) Moving(now, began time.Time) bool {
	return f.Since != 0 && !f.Done && (f.Error != "" || now.Sub(f.Moved.Time()) < timing.BackfillIdle ||
		now.Sub(began) < timing.BackfillIdle)
}

// Member is what a process says of itself to the others.
type Member struct {
	Epoch uint64 `cbor:"1,keyasint"`
	Rates bool   `cbor:"2,keyasint"`
	// Clock is what its machine's clock showed, in nanoseconds of Unix time; Skew how far that was ahead, if Told.
	Clock int64         `cbor:"3,keyasint,omitempty"`
	Skew  time.Duration `cbor:"4,keyasint,omitempty"`
	Told  bool          `cbor:"5,keyasint,omitempty"`
	Roles []string      `cbor:"6,keyasint,omitempty"` // that it has taken on
}

// Epoch rises with each new hash of the settings, so that processes with different ones do not rate the same contacts
// in turns; and with each new Form, so that none rates them which would lose what it cannot read.
type Epoch struct {
	Number uint64 `cbor:"1,keyasint"`
	Model  string `cbor:"2,keyasint"`
	Form   int    `cbor:"3,keyasint,omitempty"`
}

// Form counts the forms in which records are written: 1 since long ones have a base.
const Form = 1
