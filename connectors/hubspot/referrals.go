package hubspot

import (
	"context"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// referrals are references to an association between two contacts that came or went; id: both of them in order, and "left" where it
// went, because of one id the latest alone is fetched and a label that is changed is one that goes and one that comes. It also begins
// the ids of the facts: referrals/<who came>/<through whom>, the same for both sides, so that one removal takes back both.
const referrals = "referrals"

// Bounds on what one change leads to.
const (
	maxLevel     = 3    // as far as rules count: who was sent by one who was sent by one whom they sent
	maxReferrers = 5    // the newest through whom a contact came; mostly it is one
	maxReferred  = 100  // the newest of a contact's associations that are looked through for those whom it sent
	maxTurned    = 2000 // contacts whose referrals are read anew in one go, so that what they take back fits the list of it
)

// readsReferrals reports whether the settings say which associations are referrals.
func (c *Connector) readsReferrals() bool { return len(c.cfg.ReferralLabels) > 0 }

// tree is what has been read of who came through whom. An account makes its own labels, and of a pair of them only the one that leads
// upwards is known here; so whom a contact sent is seen from theirs.
type tree struct {
	c       *Connector
	through map[string][]string // through whom a contact came; whoever was looked at has an entry
	near    map[string][]string // all whom it is associated with
}

func (c *Connector) newTree() *tree {
	return &tree{c: c, through: map[string][]string{}, near: map[string][]string{}}
}

// look reads the associations of those contacts whose own have not been read yet.
func (t *tree) look(ctx context.Context, contacts []string) error {
	contacts = slices.DeleteFunc(unique(contacts), func(id string) bool { _, ok := t.through[id]; return ok })
	if len(contacts) == 0 {
		return nil
	}
	links, err := t.c.labelled(ctx, "contacts", "contacts", contacts)
	if err != nil {
		return err
	}
	for _, id := range contacts {
		var up, all []string
		for _, l := range links[id] {
			if l.to == id {
				continue
			}
			all = append(all, l.to)
			if slices.ContainsFunc(l.labels, t.c.isReferral) {
				up = append(up, l.to)
			}
		}
		t.through[id], t.near[id] = newest(up, maxReferrers), newest(all, maxReferred)
	}
	return nil
}

func (c *Connector) isReferral(label string) bool {
	return slices.ContainsFunc(c.cfg.ReferralLabels, func(want string) bool { return strings.EqualFold(strings.TrimSpace(want), label) })
}

// climb reads all that above needs, a level a call, and one more to see that the last referrer does not claim the contrary.
func (t *tree) climb(ctx context.Context, contacts []string) error {
	for range maxLevel + 1 {
		if err := t.look(ctx, contacts); err != nil {
			return err
		}
		var next []string
		for _, id := range contacts {
			next = append(next, t.through[id]...)
		}
		contacts = unique(next)
	}
	return nil
}

// above gives through whom a contact came: those of the first level, of the second, of the third. Nobody is in it twice, nor the
// contact itself, whatever circles people made. Two who each say that they came through the other say nothing.
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

// turn is when (ms) a contact's referrals became what they are, and when some of them may have ended; 0: not known, none.
type turn struct{ asOf, ended int64 }

func (t turn) later(u turn) turn {
	return turn{max(t.asOf, u.asOf), max(t.ended, u.ended)}
}

// spread adds to the contacts whose referrals changed all who came through them, as far as a level can reach: theirs changed too.
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

// facts are a contact's referrals, for itself and for those through whom it came. They happened when it came, and of what HubSpot
// keeps no time they are as old: a copy changes nothing.
func (t *tree) facts(o *object, asOf int64) []crm.Notice {
	var out []crm.Notice
	contact, created := string(o.ID), o.created()
	for level, list := range t.above(contact) {
		for _, up := range list {
			f := crm.Fact{
				ID: referrals + "/" + contact + "/" + up, Version: max(asOf, int64(created)), At: created, Kind: crm.KindReferral,
			}
			came, sent := f, f
			came.Contact, came.Referral = contact, &crm.Referral{Direction: crm.In, Other: up, Level: level + 1}
			sent.Contact, sent.Referral = up, &crm.Referral{Direction: crm.Out, Other: contact, Level: level + 1}
			out = append(out, crm.Notice{Fact: &came}, crm.Notice{Fact: &sent})
		}
	}
	return out
}

// referralsOf gives the referrals of contacts that were just read.
func (c *Connector) referralsOf(ctx context.Context, os []*object) ([]crm.Notice, error) {
	if !c.readsReferrals() {
		return nil, nil
	}
	ids := make([]string, len(os))
	for i, o := range os {
		ids[i] = string(o.ID)
	}
	t := c.newTree()
	if err := t.climb(ctx, ids); err != nil {
		return nil, err
	}
	var out []crm.Notice
	for _, o := range os {
		out = append(out, t.facts(o, 0)...)
	}
	return out, nil
}

// fetchReferrals reads anew who came through whom where an association between contacts came or went. One that went cannot be asked
// any more, and it took others with it that led through it: so all that was said before of whom it may concern is taken back, and what
// is still true is said again as of now.
func (c *Connector) fetchReferrals(ctx context.Context, refs []crm.Ref) ([]crm.Notice, error) {
	t := c.newTree()
	var ends []string
	for _, r := range refs {
		ends = append(ends, r.Contacts...)
		ends = append(ends, r.Left...)
	}
	if err := t.look(ctx, ends); err != nil {
		return nil, err
	}
	changed := map[string]turn{}
	for _, r := range refs {
		for _, contact := range r.Left {
			changed[contact] = changed[contact].later(turn{asOf: r.AsOf, ended: r.AsOf})
		}
		for _, contact := range r.Contacts { // who came; an association of another sort has none
			if slices.ContainsFunc(t.through[contact], func(up string) bool { return slices.Contains(r.Contacts, up) }) {
				changed[contact] = changed[contact].later(turn{asOf: r.AsOf})
			}
		}
	}
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
	os, err := c.read(ctx, "contacts", ids, []string{"createdate"}, nil)
	if err != nil {
		return nil, err
	}
	var out []crm.Notice
	for _, id := range ids {
		if ended := changed[id].ended; ended > 0 {
			out = append(out, crm.Notice{Removed: &crm.Removal{ID: referrals + "/" + id, Version: ended - 1}})
		}
	}
	for _, o := range os {
		out = append(out, t.facts(o, changed[string(o.ID)].asOf)...)
	}
	return out, nil
}

// decodeReferral asks for what became of an association between two contacts. HubSpot tells each side of it: both give the same
// reference. Whether it is a referral, and whose, is not in the event.
func (c *Connector) decodeReferral(out []crm.Notice, e *event) ([]crm.Notice, error) {
	if !c.readsReferrals() || e.FromObjectID == e.ToObjectID && e.ToObjectID != "" {
		return out, nil
	}
	ends := []string{string(e.FromObjectID), string(e.ToObjectID)}
	slices.Sort(ends)
	if ends[0] == "" {
		return out, errNoID
	}
	n := e.refNow(referrals, id(strings.Join(ends, "/")))
	if e.AssociationRemoved {
		n.Ref.ID += "/left"
		n.Ref.Left = ends
	} else {
		n.Ref.Contacts = ends
	}
	return append(out, n), nil
}
