package history

import (
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/record"
)

// Profile is what rules know by name of a contact's properties.
type Profile struct {
	created                             crm.Millis
	Customer, staff, optOut, notProfile bool
	zone, country, ownerZone            string
	Override                            string
	OverrideAt, OverrideUntil           crm.Millis
	OddAt                               crm.Millis // when the override was given a word that is none
	origin, Segment                     string
	follow                              []FollowUp // agreed dates that properties name
}

// FollowUp is a date on which one of us is to come back.
type FollowUp struct {
	set, Due crm.Millis // when it was agreed, and for when
	Fact     string
	assumed  bool // they named no date: ours is void once they speak again
	theirs   bool // they are to come back to us
	again    bool // they had put us off before: nothing stands still for it
}

// read takes what rules know by name from the record. Agreed dates that were set after limit are left out.
func (p *Profile) read(r *record.Record, followUps []string, limit crm.Millis) {
	for i := range r.Profile {
		f := &r.Profile[i]
		if f.Property == nil {
			continue
		}
		v := f.Property.Value
		switch f.Property.Name {
		case crm.PropCreated:
			p.created, _ = record.InstantOf(v)
		case crm.PropCustomer:
			p.Customer = record.IsTrue(v)
		case crm.PropStaff:
			p.staff = record.IsTrue(v)
		case crm.PropTimeZone:
			p.zone = v
		case crm.PropCountry:
			p.country = strings.ToUpper(v)
		case crm.PropOptOut:
			p.optOut = record.IsTrue(v)
		case crm.PropDoNotProfile:
			p.notProfile = record.IsTrue(v)
		case crm.PropOwnerTimeZone:
			p.ownerZone = v
		case crm.PropOverride:
			p.Override, p.OverrideAt = overrideOf(v), record.Changed(f)
		case crm.PropOverrideUntil:
			until, day := record.InstantOf(v)
			if day {
				until += calendar.DayMS // through the day that is named
			}
			p.OverrideUntil = until
		case crm.PropOverrideOdd:
			p.OddAt = record.Changed(f)
		case crm.PropOrigin:
			p.origin = v
		case crm.PropSegment:
			p.Segment = v
		}
		if f.Property.Name == crm.PropNextActivity || len(followUps) > 0 &&
			record.ContainsFold(followUps, f.Property.Name) {
			due, _ := record.InstantOf(v)
			if set := record.Changed(f); due != 0 && set <= limit {
				p.follow = append(p.follow, FollowUp{set: set, Due: due, Fact: f.ID})
			}
		}
	}
}

// overrideOf is an override in its one spelling, empty where it is none.
func overrideOf(v string) string {
	v = strings.TrimSpace(v)
	switch up := strings.ToUpper(v); up {
	case "A", "B", "C", "D":
		return up
	case "KEEP", "DISQUALIFIED":
		return strings.ToLower(v)
	}
	return ""
}
