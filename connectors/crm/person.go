package crm

import "strings"

// Person is one prospect of a source as the CRM names it. A contact and a lead with one number are two people.
type Person struct {
	Kind string // the vendor's word, as contact or lead; empty where there is one kind, or the id tells
	ID   string
}

// String is the person as facts, settings and operators name it: lead/00Q5e000001AbCd, or the bare id where there is no
// kind.
func (p Person) String() string {
	if p.Kind == "" && !strings.Contains(p.ID, "/") {
		return p.ID
	}
	return p.Kind + "/" + p.ID
}

// ParsePerson reads what String writes.
func ParsePerson(s string) Person {
	kind, id, ok := strings.Cut(s, "/")
	if !ok {
		return Person{ID: s}
	}
	return Person{Kind: kind, ID: id}
}
