package salesforce

import (
	"context"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/people"
)

// neighbours tells what stands beside Salesforce's records.
type neighbours struct{ c *api }

// People reads a mail's relations, an opportunity's contact roles, and of other records the person that they name.
func (n neighbours) People(ctx context.Context, object string, records []string) (map[string][]string, error) {
	switch object {
	case "EmailMessage":
		return n.pairs(ctx, "EmailMessageRelation", "EmailMessageId", records, "RelationId", person)
	case "Opportunity":
		return n.pairs(ctx, "OpportunityContactRole", "OpportunityId", records, "ContactId", person)
	case "Quote":
		return n.pairs(ctx, "Quote", "Id", records, "ContactId", person)
	}
	return n.pairs(ctx, object, "Id", records, "WhoId", person)
}

// DealsOf reads which opportunity a record is about.
func (n neighbours) DealsOf(ctx context.Context, object string, records []string) (map[string][]string, error) {
	switch object {
	case "EmailMessage":
		return n.pairs(ctx, object, "Id", records, "RelatedToId", opportunity)
	case "Quote":
		return n.pairs(ctx, object, "Id", records, "OpportunityId", opportunity)
	case "Opportunity":
		return nil, nil
	}
	return n.pairs(ctx, object, "Id", records, "WhatId", opportunity)
}

// DealsWith reads the opportunities in which contacts have a role, the newest first. A lead has none.
func (n neighbours) DealsWith(ctx context.Context, who []string) (map[string][]string, error) {
	var contacts []string
	for _, w := range who {
		if p := crm.ParsePerson(w); p.Kind == contact {
			contacts = append(contacts, p.ID)
		}
	}
	of, err := n.pairs(ctx, "OpportunityContactRole", "ContactId", contacts, "OpportunityId", opportunity,
		" ORDER BY CreatedDate DESC, Id")
	if err != nil {
		return nil, err
	}
	out := make(map[string][]string, len(of))
	for id, deals := range of {
		out[crm.Person{Kind: contact, ID: id}.String()] = deals
	}
	return out, nil
}

// Addresses reads every field of contacts and leads that is an address.
func (n neighbours) Addresses(ctx context.Context, who []string) (people.Book, error) {
	book := people.Book{}
	byKind := map[string][]string{}
	for _, w := range who {
		p := crm.ParsePerson(w)
		byKind[p.Kind] = append(byKind[p.Kind], p.ID)
	}
	for kind, list := range byKind {
		object := objectOf(kind)
		s, err := n.c.describe(ctx, "fetch", object)
		if err != nil {
			return nil, err
		}
		names := []string{"Id"}
		for _, f := range s.fields {
			if f.Type == "email" {
				names = append(names, f.Name)
			}
		}
		rs, err := n.c.selectIn(ctx, object, names, "Id", list)
		if err != nil {
			return nil, err
		}
		for _, r := range rs {
			for _, name := range names[1:] {
				book.Add(person(r.id()), r.text(name))
			}
		}
	}
	return book, nil
}

// pairs reads which ids of one field stand beside those of another.
func (n neighbours) pairs(
	ctx context.Context, object, field string, ids []string, other string, as func(string) string, tail ...string,
) (map[string][]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	all := field == "Id" // the record is known: it may be an activity of long ago
	rs, err := n.c.selectFrom(ctx, object, []string{"Id", field, other}, field, ids, all, tail...)
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for _, r := range rs {
		if to := as(r.text(other)); to != "" {
			out[full(r.text(field))] = append(out[full(r.text(field))], to)
		}
	}
	return out, nil
}

// opportunity is an opportunity's id; empty for that of anything else.
func opportunity(id string) string {
	if id = full(id); strings.HasPrefix(id, opportunityPrefix) {
		return id
	}
	return ""
}
