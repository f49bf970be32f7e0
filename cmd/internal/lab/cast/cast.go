// Package cast is a company of prospects who play through eight months of simulated time in the sandbox of any CRM,
// each one true to a kind of customer that sales people tell of. They write their own mails, answer late or not at all,
// and each knows how Winnow ought to have judged them in the end.
//
// Nothing here knows how Winnow decides: the stories and what they have to lead to are written from the rule book
// alone.
package cast

import (
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

// Member is one prospect.
type Member struct {
	Name    string
	Story   string
	Profile world.Profile // the contact as it is created, at the time of the first step
	Steps   []Step        // in the order of their playing
	Expect  Expectation
	Beside  map[string]string // contacts around them, by first and last name, and who they are

	Contact string // the CRM's id, set by Play
}

// Step is one thing that happens.
type Step struct {
	At time.Time
	// When, where set, holds this step and all that follow back until what Winnow shows of the contact satisfies it,
	// which is looked at once a working day. What follows is late by as many days, and keeps to working days.
	When func(fields map[string]string) bool
	Do   func(s world.CRM, contact string)
}

// Expectation is how a member has to end.
type Expectation struct {
	Ratings string            // letters allowed at the end; empty: there must be no rating
	Ends    []string          // statuses allowed at the end; none: any
	Passes  []string          // statuses that occurred, in this order, others between them
	Never   []string          // statuses that never occurred
	Reasons []string          // ids of signals that were among the reasons at some time
	Fields  map[string]string // other fields at the end; "*" stands for any value
}

// Clock is what simulated time is set on.
type Clock interface{ Set(t time.Time) }

// The eight months.
var (
	Begin = time.Date(2026, 1, 12, 2, 0, 0, 0, time.UTC)
	End   = time.Date(2026, 9, 12, 2, 0, 0, 0, time.UTC)
)

// All is the cast with the usual seed.
func All() []Member { return New(1) }

// New is the cast. The seed moves the minutes at which things happen, and nothing else.
func New(seed uint64) []Member {
	var members []Member
	for i, write := range []func(*script){
		quickBuyer, oneWord, fifthQuote, noCallTime, forgotten, outOfOffice, factFinder, returner,
		silent, customer, optedOut, colleague, saysNo, autumn, twice, deadAddress,
	} {
		sc := newScript(seed, i)
		write(sc)
		members = append(members, sc.Member)
	}
	return members
}
