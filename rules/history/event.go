package history

import (
	"cmp"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Mark is a fact and its instant.
type Mark struct {
	At crm.Millis
	ID string
}

// Commitment is something they bound themselves to.
type Commitment struct {
	Mark
	Strength float64
	Held     bool
	Kind     CommitmentKind
}

// CommitmentKind is what they bound themselves to.
type CommitmentKind uint8

// The kinds of commitments.
const (
	Met      CommitmentKind = iota // a meeting was held
	Booked                         // one is booked
	Accepted                       // a quote
	Advanced                       // a deal moved on
	Bought
)

// Debt is something that we owe.
type Debt struct {
	Mark
	Kind DebtKind
	Due  crm.Millis // when it was; of an agreed date the day that was agreed on
}

// DebtKind is what we owe.
type DebtKind uint8

// The kinds of debts.
const (
	Promise DebtKind = iota
	Task
	AgreedDate
)

// Attempt is one try of ours to get an answer.
type Attempt struct {
	Mark
	delivered bool
	Counted   bool
	Why       string // why it does not count
}

// EventKind is what an event means for the next move.
type EventKind uint8

// Event is a fact at its instant, and what it means.
type Event struct {
	At   crm.Millis
	ID   string
	Kind EventKind
	Peer bool
	F    *crm.Fact
	Why  string // why it counts for nothing
}

// The kinds of events.
const (
	Void     EventKind = iota // counts for nothing
	Received                  // theirs
	Sent                      // ours, delivered
	Talked                    // both at once: a call that connected, a meeting held
	// ends a silence without being their message: a colleague's answer, a booking, an acceptance, what may be theirs
	Clearing
	Away      // out of office
	Left      // no longer with the company
	Tried     // ours, and nobody was reached
	Published // ours: a quote was published
	Settled   // ours or agreed: a booking, a deal won: answers a yes of theirs
	Anew      // the contact was opened again at its recheck date
)

// merge sorts events of which the first are sorted already, as a record's conduct is: what else there is, is less.
func merge(events []Event, first int) {
	if !slices.IsSortedFunc(events[:first], order) {
		first = 0
	}
	rest := slices.SortedFunc(slices.Values(events[first:]), order)
	for at := len(events) - 1; len(rest) > 0; at-- {
		last := len(rest) - 1
		if first > 0 && order(events[first-1], rest[last]) > 0 {
			first--
			events[at] = events[first]
			continue
		}
		events[at], rest = rest[last], rest[:last]
	}
}

func order(a, b Event) int {
	if a.At != b.At {
		return cmp.Compare(a.At, b.At)
	}
	if a.ID != b.ID {
		return strings.Compare(a.ID, b.ID)
	}
	return int(a.Kind) - int(b.Kind)
}
