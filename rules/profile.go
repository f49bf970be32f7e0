package rules

import (
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// profile is what rules know by name of a contact's properties.
type profile struct {
	created                             crm.Millis
	customer, staff, optOut, notProfile bool
	zone, country, ownerZone            string
	override                            string
	overrideAt, overrideUntil           crm.Millis
	oddAt                               crm.Millis // when the override was given a word that is none
	origin, segment                     string
	follow                              []followUp // agreed dates that properties name
}

// followUp is a date on which one of us is to come back.
type followUp struct {
	set, due crm.Millis // when it was agreed, and for when
	fact     string
	assumed  bool // they named no date: ours is void once they speak again
	theirs   bool // they are to come back to us
}

// Property is the value of a property of the contact, empty where it is not known.
func (r *Record) Property(name string) string {
	for i := range r.Profile {
		if p := r.Profile[i].Property; p != nil && p.Name == name {
			return p.Value
		}
	}
	return ""
}

// LastAt is the At of the newest message, call or item in the record; 0 where there is none.
func (r *Record) LastAt() crm.Millis {
	var last crm.Millis
	for _, l := range [...][]crm.Fact{r.Conduct, r.Items} {
		if len(l) > 0 {
			last = max(last, l[len(l)-1].At)
		}
	}
	return last
}

// known reports whether rules know a property by name, so that it is kept before others.
func known(f *crm.Fact) bool {
	return f.Property != nil && ownName(f.Property.Name)
}

// ownName reports whether a name is one that connectors translate the vendor's to.
func ownName(name string) bool {
	switch name {
	case crm.PropCreated, crm.PropCustomer, crm.PropStaff, crm.PropLifecycle, crm.PropLeadStatus, crm.PropTimeZone, crm.PropCountry, crm.PropOptOut,
		crm.PropDoNotProfile, crm.PropNextActivity, crm.PropOwner, crm.PropOwnerTimeZone, crm.PropOverride, crm.PropOverrideUntil, crm.PropOverrideOdd, crm.PropShown, crm.PropOrigin, crm.PropSegment:
		return true
	}
	return false
}

// read takes what rules know by name from the record. Agreed dates that were set after limit are left out.
func (p *profile) read(r *Record, followUps []string, limit crm.Millis) {
	for i := range r.Profile {
		f := &r.Profile[i]
		if f.Property == nil {
			continue
		}
		v := f.Property.Value
		switch f.Property.Name {
		case crm.PropCreated:
			p.created, _ = instantOf(v)
		case crm.PropCustomer:
			p.customer = isTrue(v)
		case crm.PropStaff:
			p.staff = isTrue(v)
		case crm.PropTimeZone:
			p.zone = v
		case crm.PropCountry:
			p.country = strings.ToUpper(v)
		case crm.PropOptOut:
			p.optOut = isTrue(v)
		case crm.PropDoNotProfile:
			p.notProfile = isTrue(v)
		case crm.PropOwnerTimeZone:
			p.ownerZone = v
		case crm.PropOverride:
			p.override, p.overrideAt = overrideOf(v), changed(f)
		case crm.PropOverrideUntil:
			until, day := instantOf(v)
			if day {
				until += dayMS // through the day that is named
			}
			p.overrideUntil = until
		case crm.PropOverrideOdd:
			p.oddAt = changed(f)
		case crm.PropOrigin:
			p.origin = v
		case crm.PropSegment:
			p.segment = v
		}
		if f.Property.Name == crm.PropNextActivity || len(followUps) > 0 && containsFold(followUps, f.Property.Name) {
			due, _ := instantOf(v)
			if set := changed(f); due != 0 && set <= limit {
				p.follow = append(p.follow, followUp{set: set, due: due, fact: f.ID})
			}
		}
	}
}

// changed is when a property got its value.
func changed(f *crm.Fact) crm.Millis {
	if f.Version > 0 {
		return crm.Millis(f.Version)
	}
	return f.At
}

func isTrue(v string) bool {
	b, _ := strconv.ParseBool(strings.ToLower(strings.TrimSpace(v)))
	return b
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

// instantOf reads an instant, or a date, of which it says so. What is neither gives 0.
func instantOf(v string) (m crm.Millis, day bool) {
	v = strings.TrimSpace(v)
	if v == "" {
		return 0, false
	}
	if t, err := time.Parse(time.RFC3339, v); err == nil {
		return crm.At(t), false
	}
	if t, err := time.Parse(time.DateOnly, v); err == nil {
		return crm.At(t), true
	}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil && n > 0 && n < int64(never) {
		return crm.Millis(n), false
	}
	return 0, false
}
