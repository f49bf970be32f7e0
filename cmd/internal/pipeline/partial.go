package pipeline

import (
	"github.com/winnow-crm/winnow/connectors/crm"
)

// The parts of stored things that are read without the rest. Their keys are those of the whole: a golden test holds them together.

// standing is the part of a rating that a take-over has to see, and that is counted.
type standing struct {
	Letter  string        `cbor:"1,keyasint"`
	Status  crm.Status    `cbor:"9,keyasint"`
	Model   string        `cbor:"19,keyasint"`
	Overdue bool          `cbor:"23,keyasint"`
	Held    string        `cbor:"21,keyasint"`
	Decide  *crm.Decision `cbor:"20,keyasint"`
}

func standingOf(r crm.Rating) standing {
	return standing{Letter: r.Letter, Status: r.Status, Model: r.Model, Overdue: r.Overdue}
}

// glance is the part of a contact that a take-over has to see.
type glance struct {
	Rating    standing   `cbor:"2,keyasint"`
	Due       crm.Millis `cbor:"4,keyasint"`
	Offer     string     `cbor:"6,keyasint"`
	Redirect  string     `cbor:"8,keyasint"`
	Sent      bool       `cbor:"9,keyasint"`
	Forgotten bool       `cbor:"10,keyasint"`
}

// held is the part of a stored fact by which it can be taken back.
type held struct {
	ID      string       `cbor:"2,keyasint"`
	Version int64        `cbor:"3,keyasint"`
	Kind    crm.Kind     `cbor:"4,keyasint"`
	At      crm.Millis   `cbor:"5,keyasint"`
	Peer    string       `cbor:"6,keyasint"`
	Gone    bool         `cbor:"7,keyasint"`
	Meeting *crm.Meeting `cbor:"12,keyasint"`
	Task    *crm.Task    `cbor:"14,keyasint"`
}

// holder is the part of a contact's record that can hold what is gone: properties and decisions are no records of the CRM.
type holder struct {
	Record struct {
		Conduct   []held `cbor:"1,keyasint"`
		Peers     []held `cbor:"2,keyasint"`
		Items     []held `cbor:"3,keyasint"`
		Notes     []held `cbor:"8,keyasint"`
		Referrals []held `cbor:"9,keyasint"`
	} `cbor:"1,keyasint"`
}
