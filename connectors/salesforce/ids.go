package salesforce

import (
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// The kinds of people.
const (
	contact = "contact"
	lead    = "lead"
)

// The prefixes of ids tell the object. Source: Salesforce Help, "Standard Field Record ID Prefix Decoder".
const (
	contactPrefix     = "003"
	leadPrefix        = "00Q"
	opportunityPrefix = "006"
	orgPrefix         = "00D"
)

// full is an id with 18 characters: the last three say which of the others are capitals, five each. It is empty for
// what is no id. Source: Salesforce Help, "Convert 15-Character IDs to 18-Character IDs".
func full(id string) string {
	if len(id) != 15 && len(id) != 18 {
		return ""
	}
	for i := range len(id) {
		c := id[i]
		if c < '0' || c > '9' && c < 'A' || c > 'Z' && c < 'a' || c > 'z' {
			return ""
		}
	}
	if len(id) == 18 {
		return id
	}
	sum := make([]byte, 0, 3)
	for part := 0; part < 15; part += 5 {
		n := 0
		for bit, c := range []byte(id[part : part+5]) {
			if c >= 'A' && c <= 'Z' {
				n |= 1 << bit
			}
		}
		sum = append(sum, "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[n])
	}
	return id + string(sum)
}

func isOrg(id string) bool { return strings.HasPrefix(full(id), orgPrefix) }

// identify reads the id of a contact or a lead.
func identify(id string) (crm.Person, bool) {
	id = full(id)
	switch {
	case strings.HasPrefix(id, contactPrefix):
		return crm.Person{Kind: contact, ID: id}, true
	case strings.HasPrefix(id, leadPrefix):
		return crm.Person{Kind: lead, ID: id}, true
	}
	return crm.Person{}, false
}

// person is identify, as facts write it; empty for the id of anything else.
func person(id string) string {
	p, ok := identify(id)
	if !ok {
		return ""
	}
	return p.String()
}

// objectOf is the object of a kind of people.
func objectOf(kind string) string {
	if kind == lead {
		return "Lead"
	}
	return "Contact"
}
