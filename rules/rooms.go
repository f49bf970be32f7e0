package rules

import (
	"github.com/winnow-crm/winnow/rules/record"
	"github.com/winnow-crm/winnow/rules/signals"
	"github.com/winnow-crm/winnow/rules/status"
)

// What the rooms share with whoever calls the rules, under the names by which the rest of the program knows it.
type (
	// Record is the state of one contact: the bounded set of facts known about it.
	Record = record.Record
	// Instant is when a contact is rated, and how much had been seen by then.
	Instant = status.Instant
	// Signal is one row of the rule book.
	Signal = signals.Signal
)
