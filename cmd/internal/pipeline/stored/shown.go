package stored

import "github.com/winnow-crm/winnow/connectors/crm"

// Shown is the part of a contact that lists of contacts show.
type Shown struct {
	Record struct {
		Items     []ShownItem     `cbor:"3,keyasint"`
		Profile   []ShownProperty `cbor:"4,keyasint"`
		Decisions []ShownDecision `cbor:"5,keyasint"`
	} `cbor:"1,keyasint"`
	Rating struct {
		Letter       string        `cbor:"1,keyasint"`
		Machine      string        `cbor:"2,keyasint"`
		Unrated      string        `cbor:"3,keyasint"`
		Score        int           `cbor:"4,keyasint"`
		Status       crm.Status    `cbor:"9,keyasint"`
		Ground       crm.Ground    `cbor:"11,keyasint"`
		PendingUntil crm.Millis    `cbor:"12,keyasint"`
		RecheckOn    crm.Millis    `cbor:"13,keyasint"`
		Ball         crm.Ball      `cbor:"14,keyasint"`
		OwedSince    crm.Millis    `cbor:"15,keyasint"`
		Decide       *crm.Decision `cbor:"20,keyasint"`
		Held         string        `cbor:"21,keyasint"`
		Overdue      bool          `cbor:"23,keyasint"`
		Owes         crm.Owed      `cbor:"26,keyasint"`
	} `cbor:"2,keyasint"`
	Values    Values `cbor:"5,keyasint"`
	Redirect  string `cbor:"8,keyasint"`
	Forgotten bool   `cbor:"10,keyasint"`
}

// ShownItem is the part of a deal or a quote that says what it is worth.
type ShownItem struct {
	At    crm.Millis `cbor:"5,keyasint"`
	Gone  bool       `cbor:"7,keyasint"`
	Quote *struct {
		Amount int64 `cbor:"5,keyasint"`
	} `cbor:"13,keyasint"`
	Deal *struct {
		Won    crm.Millis `cbor:"3,keyasint"`
		Lost   crm.Millis `cbor:"4,keyasint"`
		Amount int64      `cbor:"5,keyasint"`
	} `cbor:"15,keyasint"`
}

// ShownProperty is a property of a contact.
type ShownProperty struct {
	Property *crm.Property `cbor:"16,keyasint"`
}

// ShownDecision is what was announced, and when.
type ShownDecision struct {
	At       crm.Millis    `cbor:"5,keyasint"`
	Decision *crm.Decision `cbor:"17,keyasint"`
}

// Property is a property's value, empty where there is none.
func (s *Shown) Property(name string) string {
	for i := range s.Record.Profile {
		if p := s.Record.Profile[i].Property; p != nil && p.Name == name {
			return p.Value
		}
	}
	return ""
}

// Amount is what is at stake: the open deals, or the newest quote where there are none. In minor units.
func (s *Shown) Amount() (sum int64) {
	var newest crm.Millis
	var quoted int64
	for i := range s.Record.Items {
		switch it := &s.Record.Items[i]; {
		case it.Gone:
		case it.Deal != nil && it.Deal.Won == 0 && it.Deal.Lost == 0:
			sum += it.Deal.Amount
		case it.Quote != nil && it.At >= newest:
			newest, quoted = it.At, it.Quote.Amount
		}
	}
	if sum == 0 {
		return quoted
	}
	return sum
}
