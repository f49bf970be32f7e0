package stored

import (
	"github.com/winnow-crm/winnow/connectors/crm"
)

// The parts of stored things that are read without the rest. Their keys are those of the whole: a golden test holds
// them together.

// Standing is the part of a rating that a take-over has to see, and that is counted.
type Standing struct {
	Letter  string        `cbor:"1,keyasint"`
	Status  crm.Status    `cbor:"9,keyasint"`
	Model   string        `cbor:"19,keyasint"`
	Overdue bool          `cbor:"23,keyasint"`
	Held    string        `cbor:"21,keyasint"`
	Decide  *crm.Decision `cbor:"20,keyasint"`
}

// StandingOf is the Standing of a rating.
func StandingOf(r crm.Rating) Standing {
	return Standing{Letter: r.Letter, Status: r.Status, Model: r.Model, Overdue: r.Overdue}
}

// Glance is the part of a contact that a take-over has to see.
type Glance struct {
	Rating    Standing   `cbor:"2,keyasint"`
	Due       crm.Millis `cbor:"4,keyasint"`
	Offer     string     `cbor:"6,keyasint"`
	Redirect  string     `cbor:"8,keyasint"`
	Sent      bool       `cbor:"9,keyasint"`
	Forgotten bool       `cbor:"10,keyasint"`
	Awaits    Awaited    `cbor:"13,keyasint"`
	Rated     crm.Millis `cbor:"14,keyasint"`
}

// Held is the part of a stored fact by which it can be taken back.
type Held struct {
	ID      string       `cbor:"2,keyasint"`
	Version int64        `cbor:"3,keyasint"`
	Kind    crm.Kind     `cbor:"4,keyasint"`
	At      crm.Millis   `cbor:"5,keyasint"`
	Peer    string       `cbor:"6,keyasint"`
	Gone    bool         `cbor:"7,keyasint"`
	Meeting *crm.Meeting `cbor:"12,keyasint"`
	Task    *crm.Task    `cbor:"14,keyasint"`
}

// Holder is the part of a contact's record that can hold what is gone: properties and decisions are no records of the
// CRM. Where Base is not 0 there is more in a HeldBase.
type Holder struct {
	Record struct {
		Conduct   []Held `cbor:"1,keyasint"`
		Peers     []Held `cbor:"2,keyasint"`
		Items     []Held `cbor:"3,keyasint"`
		Notes     []Held `cbor:"8,keyasint"`
		Referrals []Held `cbor:"9,keyasint"`
	} `cbor:"1,keyasint"`
	Base uint64 `cbor:"15,keyasint"`
}
