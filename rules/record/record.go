// Package record holds the state of one contact: the bounded set of facts known about it.
package record

import (
	"github.com/winnow-crm/winnow/connectors/crm"
)

// LastingID is the id of the fact as which Lasting travels from record to record.
const LastingID = "lasting"

// How many facts of each sort a record keeps. They are bounded apart, so that a flood of one sort cannot push out
// another.
const (
	MaxConduct   = 300
	MaxPeers     = 50
	MaxNotes     = 100
	MaxItems     = 150
	MaxProfile   = 200
	maxDecisions = 40
	maxLife      = 60
	maxReferrals = 60
	// of Conduct: how many of the newest keep the hashes of their lines, because a reply quotes what is new
	maxQuotable = 12
)

// Record is the state of one contact: the bounded set of facts known about it, in canonical order. The zero Record is a
// contact of whom nothing is known. Facts in it carry no Contact, because the record belongs to one.
type Record struct {
	Conduct []crm.Fact `cbor:"1,keyasint,omitempty" json:"conduct,omitempty"` // messages and calls, newest by At
	// what reaches it through a shared deal, newest by At
	Peers []crm.Fact `cbor:"2,keyasint,omitempty" json:"peers,omitempty"`
	// meetings, quotes, tasks, deals, newest by At
	Items     []crm.Fact `cbor:"3,keyasint,omitempty" json:"items,omitempty"`
	Profile   []crm.Fact `cbor:"4,keyasint,omitempty" json:"profile,omitempty"`   // the latest of each property, by ID
	Decisions []crm.Fact `cbor:"5,keyasint,omitempty" json:"decisions,omitempty"` // what was announced, newest by At
	// existence, merges, the wish to be forgotten, newest by At
	Life    []crm.Fact  `cbor:"6,keyasint,omitempty" json:"life,omitempty"`
	Lasting crm.Lasting `cbor:"7,keyasint,omitempty" json:"lasting,omitzero"`
	// what our own people wrote about it, newest by At
	Notes []crm.Fact `cbor:"8,keyasint,omitempty" json:"notes,omitempty"`
	// whom it sent us and through whom it came, newest by At
	Referrals []crm.Fact `cbor:"9,keyasint,omitempty" json:"referrals,omitempty"`
}
