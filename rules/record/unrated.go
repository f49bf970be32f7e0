package record

import (
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Why a contact is not rated.
const (
	UnratedOptedOut   = "opted_out"
	unratedNotProfile = "do_not_profile"
	unratedStaff      = "staff"
	unratedDeleted    = "deleted"
	unratedMerged     = "merged"
)

// Unrated says why the contact is not rated, empty if it is.
func (r *Record) Unrated() string {
	deleted, merged := false, false
	var version int64 = -1
	for i := range r.Life {
		f := &r.Life[i]
		if f.Existence != nil && f.Version >= version {
			deleted, version = f.Existence.Deleted, f.Version
		}
		merged = merged || f.Merge != nil && f.Merge.Into != ""
	}
	switch {
	case merged:
		return unratedMerged
	case deleted:
		return unratedDeleted
	case IsTrue(r.Property(crm.PropStaff)):
		return unratedStaff
	case IsTrue(r.Property(crm.PropDoNotProfile)):
		return unratedNotProfile
	case IsTrue(r.Property(crm.PropOptOut)):
		return UnratedOptedOut
	}
	return ""
}

// Missing are the contacts merged into this one whose facts have not all come yet: nothing is decided until they have.
func (r *Record) Missing() []string {
	var missing []string
	for i := range r.Life {
		m := r.Life[i].Merge
		if m == nil {
			continue
		}
		for _, loser := range m.From {
			if !r.merged(loser) && !slices.Contains(missing, loser) {
				missing = append(missing, loser)
			}
		}
	}
	return missing
}

func (r *Record) merged(loser string) bool {
	for i := range r.Life {
		if m := r.Life[i].Merge; m != nil && m.Done == loser {
			return true
		}
	}
	return false
}
