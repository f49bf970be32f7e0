package pipeline

import (
	"time"

	"github.com/winnow-crm/winnow/queue"
)

// intakeDeps is what a Receiver and the Readers are made of.
type intakeDeps struct {
	Queue     *queue.Queue
	Sources   map[string]Source
	MaxBody   int64
	Grace     time.Duration
	Now       func() time.Time
	Accounts  accounts
	Publisher *publisher
	Letters   *letters
	Troubles  *troubles
	Metrics   *intakeMetrics
}

// accounts tells to which account of its vendor a source's credential belongs, "" where that is not known.
type accounts interface{ account(source string) string }
