package relate

import (
	"context"
	"maps"
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Referrals is the type of references to an association between two people that came or went (Ref.Contacts, Ref.Left).
// It also begins the ids of the facts: referrals/<who came>/<through whom>, the same for both sides, so that one
// removal takes back both.
const Referrals = "referrals"

// Bounds on what one change leads to.
const (
	maxLevel     = 3   // as far as rules count: who was sent by one who was sent by one whom they sent
	maxReferrers = 5   // the newest through whom a contact came; mostly it is one
	maxReferred  = 100 // the newest of a contact's associations that are looked through for those whom it sent
	// contacts whose referrals are read anew in one go, so that what they take back fits the list of it
	maxTurned = 2000
)

// Links are with whom a person is linked, the newest first.
type Links struct {
	Through []string // those through whom it came
	Near    []string // all, those among them
}

// Referrers is what a vendor tells of who came through whom. Of a pair of links mostly the one that leads upwards is
// known alone; so whom a person sent is seen from theirs.
type Referrers interface {
	// Links returns those of people.
	Links(ctx context.Context, people []string) (map[string]Links, error)

	// Created returns when people came to the CRM.
	Created(ctx context.Context, people []string) (map[string]crm.Millis, error)
}

// tree is what has been read of who came through whom.
type tree struct {
	from    Referrers
	through map[string][]string // through whom a person came; whoever was looked at has an entry
	near    map[string][]string // all whom it is linked with
}

func newTree(from Referrers) *tree {
	return &tree{from: from, through: map[string][]string{}, near: map[string][]string{}}
}

// look reads the links of those people whose own have not been read yet.
func (t *tree) look(ctx context.Context, people []string) error {
	people = slices.DeleteFunc(crm.Unique(people), func(id string) bool { _, ok := t.through[id]; return ok })
	if len(people) == 0 {
		return nil
	}
	links, err := t.from.Links(ctx, people)
	if err != nil {
		return err
	}
	for _, id := range people {
		self := func(other string) bool { return other == id }
		up := slices.DeleteFunc(slices.Clone(links[id].Through), self)
		all := slices.DeleteFunc(slices.Clone(links[id].Near), self)
		t.through[id], t.near[id] = up[:min(len(up), maxReferrers)], all[:min(len(all), maxReferred)]
	}
	return nil
}

// climb reads all that above needs, a level a call, and one more to see that the last referrer does not claim the
// contrary.
func (t *tree) climb(ctx context.Context, people []string) error {
	for range maxLevel + 1 {
		if err := t.look(ctx, people); err != nil {
			return err
		}
		var next []string
		for _, id := range people {
			next = append(next, t.through[id]...)
		}
		people = crm.Unique(next)
	}
	return nil
}

// above gives through whom a contact came: those of the first level, of the second, of the third. Nobody is in it
// twice, nor the contact itself, whatever circles people made. Two who each say that they came through the other say
// nothing.
func (t *tree) above(contact string) (levels [maxLevel][]string) {
	seen, at := map[string]bool{contact: true}, []string{contact}
	for level := range levels {
		for _, id := range at {
			for _, up := range t.through[id] {
				if !seen[up] && !slices.Contains(t.through[up], id) {
					seen[up] = true
					levels[level] = append(levels[level], up)
				}
			}
		}
		at = levels[level]
	}
	return levels
}

// turn is when (ms) a person's referrals became what they are, and when some of them may have ended; 0: not known,
// none.
type turn struct{ asOf, ended int64 }

func (t turn) later(u turn) turn {
	return turn{max(t.asOf, u.asOf), max(t.ended, u.ended)}
}

// spread adds to the people whose referrals changed all who came through them, as far as a level can reach: theirs
// changed too.
func (t *tree) spread(ctx context.Context, changed map[string]turn) error {
	at := sortedKeys(changed)
	for range maxLevel - 1 {
		var near, next []string
		for _, id := range at {
			near = append(near, t.near[id]...)
		}
		if err := t.look(ctx, near); err != nil {
			return err
		}
		for _, id := range at {
			for _, down := range t.near[id] {
				if !slices.Contains(t.through[down], id) {
					continue
				}
				if _, ok := changed[down]; !ok {
					if len(changed) >= maxTurned {
						continue
					}
					next = append(next, down)
				}
				changed[down] = changed[down].later(changed[id])
			}
		}
		at = next
	}
	return nil
}

// facts are a person's referrals, for itself and for those through whom it came. They happened when it came, and of
// what CRMs keep no time they are as old: a copy changes nothing.
func (t *tree) facts(person string, created crm.Millis, asOf int64) []crm.Notice {
	var out []crm.Notice
	for level, list := range t.above(person) {
		for _, up := range list {
			f := crm.Fact{
				ID: Referrals + "/" + person + "/" + up, Version: max(asOf, int64(created)), At: created,
				Kind: crm.KindReferral,
			}
			came, sent := f, f
			came.Contact, came.Referral = person, &crm.Referral{Direction: crm.In, Other: up, Level: level + 1}
			sent.Contact, sent.Referral = up, &crm.Referral{Direction: crm.Out, Other: person, Level: level + 1}
			out = append(out, crm.Notice{Fact: &came}, crm.Notice{Fact: &sent})
		}
	}
	return out
}

// ReferralsOf gives the referrals of people who were just read, each with when it came.
func ReferralsOf(ctx context.Context, from Referrers, created map[string]crm.Millis) ([]crm.Notice, error) {
	ids := sortedKeys(created)
	t := newTree(from)
	if err := t.climb(ctx, ids); err != nil {
		return nil, err
	}
	var out []crm.Notice
	for _, id := range ids {
		out = append(out, t.facts(id, created[id], 0)...)
	}
	return out, nil
}

// ReferralsChanged reads anew who came through whom where links came or went. One that went cannot be asked any more,
// and it took others with it that led through it: so all that was said before of whom it may concern is taken back, and
// what is still true is said again as of now.
func ReferralsChanged(ctx context.Context, from Referrers, refs []crm.Ref) ([]crm.Notice, error) {
	t := newTree(from)
	var ends []string
	for _, r := range refs {
		ends = append(ends, r.Contacts...)
		ends = append(ends, r.Left...)
	}
	if err := t.look(ctx, ends); err != nil {
		return nil, err
	}
	changed := t.turned(refs)
	if len(changed) == 0 {
		return nil, nil
	}
	if err := t.spread(ctx, changed); err != nil {
		return nil, err
	}
	ids := sortedKeys(changed)
	if err := t.climb(ctx, ids); err != nil {
		return nil, err
	}
	created, err := from.Created(ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []crm.Notice
	for _, id := range ids {
		if ended := changed[id].ended; ended > 0 {
			out = append(out, crm.Notice{Removed: &crm.Removal{ID: Referrals + "/" + id, Version: ended - 1}})
		}
	}
	for _, id := range ids {
		if at, there := created[id]; there {
			out = append(out, t.facts(id, at, changed[id].asOf)...)
		}
	}
	return out, nil
}

// turned are the people whose referrals changed by what refs tell.
func (t *tree) turned(refs []crm.Ref) map[string]turn {
	changed := map[string]turn{}
	for _, r := range refs {
		for _, person := range r.Left {
			changed[person] = changed[person].later(turn{asOf: r.AsOf, ended: r.AsOf})
		}
		for _, person := range r.Contacts { // who came; a link of another sort has none
			if slices.ContainsFunc(t.through[person], func(up string) bool { return slices.Contains(r.Contacts, up) }) {
				changed[person] = changed[person].later(turn{asOf: r.AsOf})
			}
		}
	}
	return changed
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
