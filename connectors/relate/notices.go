package relate

import (
	"context"
	"maps"
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Notices hands what records say to whom they concern. facts are by record, without ID and person.
func (c *Circle) Notices(ctx context.Context, facts map[string]crm.Fact) ([]crm.Notice, error) {
	var out []crm.Notice
	var answers []answer
	records := slices.Sorted(maps.Keys(facts))
	for _, record := range records {
		f := facts[record]
		f.ID = c.typ + "/" + record
		ref := c.asked[record]
		for _, person := range ref.Left {
			if !slices.Contains(c.people[record], person) {
				out = append(out, crm.Notice{Removed: &crm.Removal{ID: f.ID, Version: ref.AsOf, Contact: person}})
			}
		}
		for _, person := range c.people[record] {
			own := c.asOf(f, record, person)
			if own.Peer = c.from(record, &own, person); (own.Peer == "" || own.Peer == crm.Stranger) && Answered(&own) {
				answers = append(answers, answer{own, c.people[record]})
			}
			out = append(out, crm.Notice{Fact: &own})
		}
	}
	peers, err := c.r.peers(ctx, answers)
	if err != nil {
		return nil, err
	}
	alone, err := c.strangers(ctx, records, facts)
	return slices.Concat(out, peers, alone), err
}

// asOf is a record's fact for one of the people concerned, of the version from which on it is true.
func (c *Circle) asOf(f crm.Fact, record, person string) crm.Fact {
	ref := c.asked[record]
	f.Contact = person
	switch {
	case ref.AsOf == 0:
	case slices.Contains(ref.Contacts, person) && !slices.Contains(c.filed[record], person):
		f.Version = ref.AsOf // an event alone says so, and a later one may say the opposite
	default:
		f.Version = max(f.Version, ref.AsOf) // it may have been deleted, or taken from this person, and be back
	}
	if c.copied(record, &f, person) {
		f.Message = toAnother(*f.Message)
	}
	return f
}

// answer is a fact by which a person moved, and the people who have it from the record itself.
type answer struct {
	fact   crm.Fact
	direct []string
}

// Answered reports whether a fact is a move of theirs, so that nobody of the same deal is waited for any longer.
func Answered(f *crm.Fact) bool {
	switch {
	case f.Message != nil:
		return f.Message.Direction == crm.In && f.Message.Text.Class == crm.Human
	case f.Call != nil:
		return f.Call.Outcome == crm.Connected || f.Call.Direction == crm.In
	case f.Meeting != nil:
		return true
	}
	return false
}

// peers hands answers to the others of the same deals.
func (r *Relater) peers(ctx context.Context, answers []answer) ([]crm.Notice, error) {
	var who []string
	for _, a := range answers {
		who = append(who, a.fact.Contact)
	}
	of, err := r.peersOf(ctx, who)
	if err != nil {
		return nil, err
	}
	var out []crm.Notice
	for _, a := range answers {
		for _, peer := range of[a.fact.Contact] {
			if slices.Contains(a.direct, peer) {
				continue
			}
			f := a.fact
			f.ID, f.Contact = crm.PeerPrefix+f.ID, peer
			if f.Peer == "" {
				f.Peer = a.fact.Contact
			}
			out = append(out, crm.Notice{Fact: &f})
		}
	}
	return out, nil
}

// strangers hands on what somebody answered in a mail that is filed with a deal alone. It is nobody's conduct, and
// nobody of the deal is waited for any longer.
func (c *Circle) strangers(ctx context.Context, records []string, facts map[string]crm.Fact) ([]crm.Notice, error) {
	if c.r.Deals == "" {
		return nil, nil
	}
	lone := slices.DeleteFunc(slices.Clone(records), func(record string) bool {
		f := facts[record]
		return len(c.people[record]) > 0 || !Answered(&f)
	})
	reached, err := c.r.throughDeals(ctx, c.typ, lone)
	if err != nil {
		return nil, err
	}
	var out []crm.Notice
	for _, record := range lone {
		for _, person := range reached[record][:min(len(reached[record]), maxPeers)] {
			f := facts[record]
			f.ID, f.Contact, f.Peer = crm.PeerPrefix+c.typ+"/"+record, person, crm.Stranger
			f.Version = max(f.Version, c.asked[record].AsOf)
			out = append(out, crm.Notice{Fact: &f})
		}
	}
	return out, nil
}
