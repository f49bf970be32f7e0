package hubspot

import (
	"context"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/relate"
)

// referrals are references to an association between two contacts that came or went; id: both of them in order, and
// "left" where it went, because of one id the latest alone is fetched and a label that is changed is one that goes and
// one that comes.
const referrals = relate.Referrals

// readsReferrals reports whether the settings say which associations are referrals.
func (c *Connector) readsReferrals() bool { return len(c.cfg.ReferralLabels) > 0 }

// referrers tells who came through whom. An account makes its own labels, and of a pair of them only the one that leads
// upwards is known here.
type referrers struct{ c *Connector }

func (r referrers) Links(ctx context.Context, contacts []string) (map[string]relate.Links, error) {
	links, err := r.c.labelled(ctx, "contacts", "contacts", contacts)
	if err != nil {
		return nil, err
	}
	out := make(map[string]relate.Links, len(links))
	for id, list := range links {
		var up, all []string
		for _, l := range list {
			all = append(all, l.to)
			if slices.ContainsFunc(l.labels, r.c.isReferral) {
				up = append(up, l.to)
			}
		}
		out[id] = relate.Links{Through: newest(up, len(up)), Near: newest(all, len(all))}
	}
	return out, nil
}

func (r referrers) Created(ctx context.Context, contacts []string) (map[string]crm.Millis, error) {
	os, err := r.c.read(ctx, "contacts", contacts, []string{"createdate"}, nil)
	return createdOf(os), err
}

func createdOf(os []*object) map[string]crm.Millis {
	out := make(map[string]crm.Millis, len(os))
	for _, o := range os {
		out[string(o.ID)] = o.created()
	}
	return out
}

func (c *Connector) isReferral(label string) bool {
	return slices.ContainsFunc(c.cfg.ReferralLabels, func(want string) bool {
		return strings.EqualFold(strings.TrimSpace(want), label)
	})
}

// referralsOf gives the referrals of contacts that were just read.
func (c *Connector) referralsOf(ctx context.Context, os []*object) ([]crm.Notice, error) {
	if !c.readsReferrals() {
		return nil, nil
	}
	return relate.ReferralsOf(ctx, referrers{c}, createdOf(os))
}

// decodeReferral asks for what became of an association between two contacts. HubSpot tells each side of it: both give
// the same reference. Whether it is a referral, and whose, is not in the event.
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
