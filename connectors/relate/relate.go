// Package relate decides whom a record of a CRM concerns, and as whose move it reaches each of them. A vendor tells
// what stands beside its records (Neighbours) and who wrote and got a mail (Mail); everything that follows from it is
// decided here, once for all vendors:
//
//   - a record concerns the people that it is filed with, and those for whom a reference asks
//   - what they wrote is the conduct of the one whose address it came from: whoever else it is filed with only had it from another
//   - a mail of somebody whom the CRM does not know as one of these people ends their silence and may ask, and is nobody's conduct
//   - what we wrote asks nothing of those who only had a copy
//   - who sent us whom reaches three levels (ReferralsOf, ReferralsChanged)
//   - an answer clears all contacts of the same deals; one that is filed with a deal alone clears its contacts too
//
// The steps of a fetch: Look, then Mails and Recall where the records are mails, the vendor's own reading of each
// record, oldest first, which may ask Sender and Ours, and Notices at the end.
package relate

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/people"
)

// Neighbours is what a vendor tells of what stands beside its records. People are written as in crm.Fact. Every method
// takes many ids at once, any number of them, and leaves out those that have none.
type Neighbours interface {
	// People returns the people that records of a type are filed with, by record; the type of deals is Relater.Deals.
	People(ctx context.Context, typ string, records []string) (map[string][]string, error)

	// DealsOf returns the deals that records of a type belong to, by record.
	DealsOf(ctx context.Context, typ string, records []string) (map[string][]string, error)

	// DealsWith returns the deals of people, by person, the newest first.
	DealsWith(ctx context.Context, people []string) (map[string][]string, error)

	// Addresses returns every mail address that the CRM knows of people, now and before.
	Addresses(ctx context.Context, people []string) (people.Book, error)
}

// Relater relates the records of one source. The zero Deals is a source whose deals are not read: nobody shares one.
type Relater struct {
	Neighbours Neighbours
	Deals      string           // the type of deals among references
	Now        func() time.Time // the clock by which what is remembered grows old
	// Wrote returns what is remembered of our newest messages to people; nil: nothing is.
	Wrote func(ctx context.Context, people []string) (map[string][]crm.Wrote, error)

	known addresses
}

// Bounds on whom an answer reaches: a reseller's contact can be in hundreds of deals.
const (
	maxDeals = 10 // the newest of a person
	maxPeers = 50 // for each person who answered, or each record of a stranger's
)

// Circle is whom the records of one fetch concern.
type Circle struct {
	r     *Relater
	typ   string
	asked map[string]crm.Ref
	// people are those whom each record concerns; filed are those among them with whom it is filed.
	people, filed map[string][]string

	staff *people.Staff
	mails map[string]Mail
	book  people.Book
	wrote map[string][]crm.Wrote // by person
}

// Look finds whom records of a type concern, all of which refs ask for. A record that is filed with nobody concerns the
// people of its deals where viaDeals is set.
func (r *Relater) Look(ctx context.Context, typ string, records []string, refs []crm.Ref,
	viaDeals bool,
) (*Circle, error) {
	filed, err := r.Neighbours.People(ctx, typ, records)
	if err != nil {
		return nil, err
	}
	return r.LookOn(ctx, typ, records, filed, refs, viaDeals)
}

// LookOn is Look where it is known already with whom the records are filed: a vendor that can ask for it by the ids
// alone does so while it reads the records. What filed holds beyond records makes no difference.
func (r *Relater) LookOn(ctx context.Context, typ string, records []string, filed map[string][]string,
	refs []crm.Ref, viaDeals bool,
) (*Circle, error) {
	c := r.Around(typ, filed, refs)
	if viaDeals {
		lone := slices.DeleteFunc(slices.Clone(records), func(record string) bool { return len(c.people[record]) > 0 })
		of, err := r.throughDeals(ctx, typ, lone)
		if err != nil {
			return nil, err
		}
		maps.Copy(c.people, of)
	}
	return c, nil
}

// Around is Look for records that name the people themselves with whom they are filed.
func (r *Relater) Around(typ string, filed map[string][]string, refs []crm.Ref) *Circle {
	c := &Circle{r: r, typ: typ, asked: ByRecord(refs), people: map[string][]string{}, filed: filed}
	for record, list := range filed {
		c.people[record] = slices.Clone(list)
	}
	for record, ref := range c.asked {
		for _, person := range ref.Contacts {
			if person != "" && !slices.Contains(c.people[record], person) && !slices.Contains(ref.Left, person) {
				c.people[record] = append(c.people[record], person)
			}
		}
	}
	return c
}

// People are those whom a record concerns.
func (c *Circle) People(record string) []string { return c.people[record] }

// Joined are the references by record on behalf of people who have newly joined or left it.
func Joined(refs []crm.Ref) map[string]crm.Ref {
	out := ByRecord(refs)
	maps.DeleteFunc(out, func(_ string, r crm.Ref) bool { return len(r.Contacts)+len(r.Left) == 0 })
	return out
}

// Onward asks for a record on behalf of the people for whom of asks, as for the quotes of a deal that they joined.
func Onward(of crm.Ref, typ, id string) crm.Notice {
	return crm.Notice{Ref: &crm.Ref{
		Type: typ, ID: id, Contacts: of.Contacts, Left: of.Left, AsOf: of.AsOf, Depth: of.Depth + 1,
	}}
}

// ByRecord are references of one type by the record that they name, those of one record joined.
func ByRecord(refs []crm.Ref) map[string]crm.Ref {
	out := make(map[string]crm.Ref, len(refs))
	for _, r := range refs {
		if old, ok := out[r.ID]; ok {
			r.AsOf = max(r.AsOf, old.AsOf)
			r.Contacts, r.Left = slices.Concat(old.Contacts, r.Contacts), slices.Concat(old.Left, r.Left)
		}
		out[r.ID] = r
	}
	return out
}

// Concerned returns all whom facts of a record could reach: the people that it concerns, those of its deals where there
// are none, and the others of their deals, for whom it may be an answer.
func (r *Relater) Concerned(ctx context.Context, ref crm.Ref, viaDeals bool) ([]string, error) {
	c, err := r.Look(ctx, ref.Type, []string{ref.ID}, []crm.Ref{ref}, viaDeals)
	if err != nil {
		return nil, err
	}
	direct := c.people[ref.ID]
	if len(direct) == 0 && r.Deals != "" {
		of, err := r.throughDeals(ctx, ref.Type, []string{ref.ID})
		if err != nil {
			return nil, err
		}
		direct = of[ref.ID]
	}
	return r.WithPeers(ctx, append(slices.Clone(direct), ref.Contacts...))
}

// WithPeers returns people and those who share a deal with them.
func (r *Relater) WithPeers(ctx context.Context, direct []string) ([]string, error) {
	peers, err := r.peersOf(ctx, direct)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(direct)
	for _, list := range peers {
		out = append(out, list...)
	}
	return crm.Unique(out), nil
}

// throughDeals returns the people of the deals that records belong to.
func (r *Relater) throughDeals(ctx context.Context, typ string, records []string) (map[string][]string, error) {
	if len(records) == 0 {
		return nil, nil
	}
	deals, err := r.Neighbours.DealsOf(ctx, typ, records)
	if err != nil || len(deals) == 0 {
		return nil, err
	}
	peopleOf, err := r.Neighbours.People(ctx, r.Deals, values(deals))
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for record, list := range deals {
		for _, deal := range list {
			for _, person := range peopleOf[deal] {
				if !slices.Contains(out[record], person) {
					out[record] = append(out[record], person)
				}
			}
		}
	}
	return out, nil
}

// peersOf returns, for each of some people, the others of their newest deals.
func (r *Relater) peersOf(ctx context.Context, who []string) (map[string][]string, error) {
	if len(who) == 0 || r.Deals == "" {
		return nil, nil
	}
	deals, err := r.Neighbours.DealsWith(ctx, crm.Unique(who))
	if err != nil || len(deals) == 0 {
		return nil, err
	}
	for person, list := range deals {
		deals[person] = list[:min(len(list), maxDeals)]
	}
	peopleOf, err := r.Neighbours.People(ctx, r.Deals, values(deals))
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for person, list := range deals {
		for _, deal := range list {
			for _, peer := range peopleOf[deal] {
				if peer != person && !slices.Contains(out[person], peer) && len(out[person]) < maxPeers {
					out[person] = append(out[person], peer)
				}
			}
		}
	}
	return out, nil
}

func values(m map[string][]string) []string {
	var out []string
	for _, v := range m {
		out = append(out, v...)
	}
	return crm.Unique(out)
}
