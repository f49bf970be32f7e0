// Package cast is a company of prospects who play through eight months of simulated time against the sandbox HubSpot, each one true to a
// kind of customer that sales people tell of. They write their own mails, answer late or not at all, and each knows how Winnow ought to
// have judged them in the end.
package cast

import (
	"context"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/sandbox"
)

// Member is one prospect.
type Member struct {
	Name    string
	Story   string
	Profile map[string]string // the contact as it is created, at the first step's time
	Steps   []Step            // in the order of their playing
	Expect  Expectation

	Contact string // the CRM's id, set by Play
}

// Step is one thing that happens.
type Step struct {
	At time.Time
	// When, where set, holds this step and all that follow back until the contact's properties satisfy it. What follows is delayed by
	// as much.
	When func(props map[string]string) bool
	Do   func(s *sandbox.Sandbox, contact string)
}

// Expectation is how a member has to end.
type Expectation struct {
	Ratings string   // letters allowed at the end; empty: there must be no rating
	Ends    []string // statuses allowed at the end
	Passes  []string // statuses that occurred, in this order, others between them
	Never   []string // statuses that never occurred
	Reasons []string // ids of signals that were among the reasons at some time
}

// Clock is what simulated time is set on.
type Clock interface{ Set(t time.Time) }

// All is the cast with the usual seed.
func All() []Member { return New(1) }

// New is the cast. The seed moves the minutes at which things happen.
func New(seed uint64) []Member { return nil }

// Play plays the members' steps in the order of time. After each simulated day it calls settle, which returns when everything
// that the day set off has come to rest, and then onDay, which may be nil.
func Play(ctx context.Context, s *sandbox.Sandbox, members []Member, clock Clock, settle func(context.Context) error, onDay func(time.Time)) error {
	return nil
}

// Check returns what is wrong with how a member ended; nil if nothing is.
func Check(s *sandbox.Sandbox, m Member) error { return nil }
