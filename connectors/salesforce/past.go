package salesforce

import (
	"context"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// past is the type of the reference to all that there is of a person, whom its id names.
const past = "past"

// Past names all records of a contact or lead.
func (c *Org) Past(person string) crm.Ref { return crm.Ref{Type: past, ID: person} }

// filed are where records stand beside people: the object, its field that names the person, and the one that has the
// record of a type.
var filed = []struct{ object, who, typ, id string }{
	{"EmailMessageRelation", "RelationId", "EmailMessage", "EmailMessageId"},
	{"Task", "WhoId", "Task", "Id"},
	{"Event", "WhoId", "Event", "Id"},
	{"OpportunityContactRole", "ContactId", "Opportunity", "OpportunityId"},
	{"Quote", "ContactId", "Quote", "Id"},
	{"Lead", "ConvertedContactId", "Lead", "Id"},
}

// fetchPast asks for people and all that is filed with them, and with those who share an opportunity with them: what
// these write may be an answer.
func (c *records) fetchPast(ctx context.Context, refs []crm.Ref) (out []crm.Notice, err error) {
	depth := 0
	add := func(typ, id string, behalf ...string) {
		if id != "" && c.reads(typ) {
			out = append(out, crm.Notice{Ref: &crm.Ref{Type: typ, ID: id, Contacts: behalf, Depth: depth}})
		}
	}
	var direct []string
	for _, r := range refs {
		p := crm.ParsePerson(r.ID)
		direct, depth = append(direct, r.ID), max(depth, r.Depth+1)
		add(objectOf(p.Kind), p.ID)
	}
	who, err := c.relate.WithPeers(ctx, direct)
	if err != nil {
		return nil, err
	}
	contacts, all := c.idsOfPeople(who)
	for _, f := range filed {
		ids := all
		if f.who != "RelationId" && f.who != "WhoId" {
			ids = contacts // no lead stands there
		}
		if len(ids) == 0 || !c.reads(f.typ) {
			continue
		}
		rs, err := c.optional(f.object, func() ([]record, error) {
			return c.selectIn(ctx, f.object, crm.Unique([]string{"Id", f.who, f.id}), f.who, ids)
		})
		if err != nil {
			return nil, err
		}
		for _, r := range rs {
			if f.typ == "Opportunity" { // on whose behalf its quotes are read
				add(f.typ, full(r.text(f.id)), person(r.text(f.who)))
			} else {
				add(f.typ, full(r.text(f.id)))
			}
		}
	}
	return out, nil
}

// idsOfPeople are the ids of those who are contacts, and of all.
func (c *records) idsOfPeople(who []string) (contacts, all []string) {
	for _, w := range who {
		p := crm.ParsePerson(w)
		if all = append(all, p.ID); p.Kind == contact {
			contacts = append(contacts, p.ID)
		}
	}
	return contacts, all
}
